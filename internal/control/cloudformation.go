package control

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/registry"
)

// CloudFormation is the part of CloudFormation's API that is about resource types: its
// registry. Both fields are required. Its methods are safe for concurrent use.
//
// An account sees what it has registered itself, and what is built in or imported, which is
// public to it and cannot be changed here.
type CloudFormation struct {
	Control  *Control
	Packages Packages
}

// Packages finds resource providers.
type Packages interface {
	// Fetch reads the package at an address, of file, https or http. The error is for its
	// caller to read; what is fetched is bounded in size, and in time by ctx.
	Fetch(ctx context.Context, address string) (Package, error)
}

// Package is a resource provider as its author submits it.
type Package struct {
	Schema        []byte
	Configuration []byte // the schema of its configuration, nil for none
	Runtime       string // Lambda's name of what runs the code
	Handler       string // where it begins
	Code          []byte // zip
}

// cfnRegistry is the exception for nearly all that the registry refuses.
const cfnRegistry = "CFNRegistryException"

const resourceType = "RESOURCE"

// The shapes of CloudFormation's model that Cloud Control's does not have.
var (
	cfnTypeName = shape{min: 10, max: 204, pattern: `[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE){0,1}`, match: func(s string) bool {
		return isTypeName(strings.TrimSuffix(s, "::MODULE"))
	}}
	cfnTypeArn = shape{min: 1, max: 1024, pattern: `arn:aws[A-Za-z0-9-]{0,64}:cloudformation:[A-Za-z0-9-]{1,64}:([0-9]{12})?:type/.+`, match: func(s string) bool {
		_, ok := parseArn(s)
		return ok
	}}
	cfnToken     = shape{min: 1, max: 128, pattern: `[a-zA-Z0-9][-a-zA-Z0-9]*`, match: func(s string) bool { return only("-")(s) && s[0] != '-' }}
	cfnNextToken = shape{min: 1, max: 1024}
	cfnPackage   = shape{min: 1, max: 4096, pattern: `.+`, match: oneLine, sensitive: true} // an address may hold a key
	cfnLogGroup  = shape{min: 1, max: 512}
	cfnPrefix    = shape{min: 1, max: 204, pattern: `([A-Za-z0-9]{2,64}::){0,2}([A-Za-z0-9]{2,64}:?){0,1}`, match: only(":")}
	cfnPublisher = shape{min: 1, max: 40, pattern: `[0-9a-zA-Z-]{1,40}`, match: only("-")}
)

// enum checks a member with an enum value and returns it, or "" where it is absent.
func (c *constraints) enum(name string, v *string, set ...string) string {
	if v == nil {
		return ""
	}
	if !slices.Contains(set, *v) {
		c.fail(fmt.Sprintf("Value '%s' at '%s'", shorten(*v), name), "Member must satisfy enum value set: ["+strings.Join(set, ", ")+"]")
	}
	return *v
}

// resources refuses what is no resource type; there is nothing else here.
func resources(kind string) error {
	if kind != "" && kind != resourceType {
		return refuse(cfnRegistry, "Only resource types are known here: Type must be %s, not %s.", resourceType, kind)
	}
	return nil
}

// arn names a type, a version or a configuration of it.
type arn struct {
	region, account string // account is "" for a public type
	what            string // type or type-configuration
	kind            string // such as resource
	name            string
	last            string // the version, or the alias of the configuration; "" for none
}

func parseArn(text string) (a arn, ok bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "cloudformation" || parts[3] == "" {
		return a, false
	}
	path := strings.Split(parts[5], "/")
	if len(path) < 3 || len(path) > 4 {
		return a, false
	}
	a = arn{region: parts[3], account: parts[4], what: path[0], kind: path[1], name: strings.ReplaceAll(path[2], "-", "::")}
	if len(path) == 4 {
		a.last = path[3]
	}
	return a, a.what == "type" || a.what == "type-configuration"
}

func (a arn) String() string {
	s := "arn:aws:cloudformation:" + a.region + ":" + a.account + ":" + a.what + "/" + a.kind + "/" + strings.ReplaceAll(a.name, "::", "-")
	if a.last != "" {
		s += "/" + a.last
	}
	return s
}

// typeArn is the arn of a type, or of a version of it.
func typeArn(who Caller, private bool, name, version string) string {
	a := arn{region: who.Region, what: "type", kind: "resource", name: name, last: version}
	if private {
		a.account = who.Account
	}
	return a.String()
}

// target is a type, or a version of one, that a call names.
type target struct {
	name, version string
	// scope is who sees it: the caller, or nobody in particular where an arn names a public type.
	scope Caller
	own   bool // an arn says that it is the caller's
}

// named is how a call names a target.
type named struct{ Type, TypeName, Arn, VersionId *string }

// target checks what names a target, and before that refuses what else is bad.
func (n named) target(bad constraints, who Caller) (t target, err error) {
	kind := bad.enum("type", n.Type, "HOOK", "MODULE", resourceType)
	t = target{name: bad.optional("typeName", n.TypeName, cfnTypeName), scope: who}
	text := bad.optional("arn", n.Arn, cfnTypeArn)
	t.version = bad.optional("versionId", n.VersionId, typeVersionID)
	if err := bad.err(); err != nil {
		return t, err
	}
	if n.Arn != nil {
		return t.byArn(who, text)
	}
	if n.Type == nil || n.TypeName == nil {
		return t, refuse(validation, "Either the Arn, or both Type and TypeName must be given")
	}
	return t, resources(kind)
}

func (t target) byArn(who Caller, text string) (target, error) {
	a, _ := parseArn(text)
	if err := resources(strings.ToUpper(a.kind)); err != nil {
		return t, err
	}
	if a.what != "type" || a.region != who.Region || a.account != "" && a.account != who.Account {
		return t, refuse("TypeNotFoundException", "The type with arn '%s' cannot be found.", shorten(text))
	}
	t.name, t.own = a.name, a.account != ""
	if a.last != "" {
		t.version = a.last
	}
	if !t.own {
		t.scope = Caller{}
	}
	return t, nil
}

// find describes a target.
func (c *CloudFormation) find(ctx context.Context, t target) (registry.Summary, registry.Type, []byte, error) {
	s, is, text, err := c.Control.Types.Describe(ctx, t.scope.Account, t.scope.Region, t.name, t.version)
	if err == nil && t.own && !s.Private {
		err = registry.ErrTypeNotFound
	}
	if errors.Is(err, registry.ErrTypeNotFound) && t.version != "" {
		err = refuse("TypeNotFoundException", "The type '%s' with version '%s' cannot be found.", t.name, t.version)
	} else if errors.Is(err, registry.ErrTypeNotFound) {
		err = noType(t.name)
	}
	return s, is, text, err
}

// private describes a target that the caller may change.
func (c *CloudFormation) private(ctx context.Context, t target) (registry.Summary, error) {
	s, _, _, err := c.find(ctx, t)
	if err == nil && !s.Private {
		err = refuse(cfnRegistry, "The type '%s' is public: no account can change it here. An operator of the server can, with groundcontrol type set-default and deregister.", t.name)
	}
	return s, err
}

// A next token is where a list goes on, which its bearer has seen.
func toCFNToken(last string) string { return base64.StdEncoding.EncodeToString([]byte(last)) }

// fromCFNToken reads a next token; it is "" for none.
func fromCFNToken(token string) (string, error) {
	last, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil || strings.ContainsAny(token, "\r\n") { // which base64 reads past
		return "", &Error{Name: validation, Text: "Invalid NextToken"}
	}
	return string(last), nil
}

// ActivateType refuses: there is nothing to activate.
func (c *CloudFormation) ActivateType(context.Context, Caller, CFNActivateTypeInput) (struct{}, error) {
	return struct{}{}, refuse(cfnRegistry, "Types are not activated here: each public type that the server knows is active for every account. An operator brings others in with groundcontrol type import.")
}

// DeactivateType refuses, as ActivateType does.
func (c *CloudFormation) DeactivateType(context.Context, Caller, CFNActivateTypeInput) (struct{}, error) {
	return struct{}{}, refuse(cfnRegistry, "Public types are not deactivated here: each is active for every account. An operator takes imported ones away with groundcontrol type deregister.")
}
