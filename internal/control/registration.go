package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store"
)

const (
	// registrationKind is the kind of the documents that registrations are remembered in, by
	// account and region.
	registrationKind = "registrations"
	// maxRegistrations is how many are remembered of each.
	maxRegistrations = 100
	// fetchLimit is below what clients wait for an answer (60 s).
	fetchLimit = 45 * time.Second
)

// How registrations end.
const (
	complete     = "COMPLETE"
	failedStatus = "FAILED"
)

// registration is what became of one RegisterType.
type registration struct {
	Token, ClientToken string
	TypeName, Version  string // Version is "" where it failed
	Status             string
	Description        string
}

// RegisterType registers a version of a private type from its package. It answers when that
// is done or has failed, which DescribeTypeRegistration tells. As on AWS the first version
// becomes the default, and later ones do by SetTypeDefaultVersion only; the same package
// again is the same version.
func (c *CloudFormation) RegisterType(ctx context.Context, who Caller, in CFNRegisterTypeInput) (out CFNRegisterTypeOutput, err error) {
	var bad constraints
	kind := bad.enum("type", in.Type, "HOOK", "MODULE", resourceType)
	name := bad.required("typeName", in.TypeName, cfnTypeName)
	address := bad.required("schemaHandlerPackage", in.SchemaHandlerPackage, cfnPackage)
	bad.optional("executionRoleArn", in.ExecutionRoleArn, roleArn)
	clientToken := bad.optional("clientRequestToken", in.ClientRequestToken, cfnToken)
	if l := in.LoggingConfig; l != nil {
		bad.required("loggingConfig.logRoleArn", l.LogRoleArn, roleArn)
		bad.required("loggingConfig.logGroupName", l.LogGroupName, cfnLogGroup)
	}
	if err := bad.err(); err != nil {
		return out, err
	}
	if err := errors.Join(resources(kind), checkAddress(address)); err != nil {
		return out, err
	}
	all, _, err := c.registrations(ctx, who)
	if err != nil {
		return out, err
	}
	for _, r := range all {
		if clientToken != "" && r.ClientToken == clientToken && r.TypeName == name {
			return CFNRegisterTypeOutput{r.Token}, nil
		}
	}
	r := registration{Token: c.Control.Engine.NewToken(), ClientToken: clientToken, TypeName: name, Status: failedStatus}
	version, problem, err := c.register(ctx, who, name, address)
	if err != nil {
		return out, err
	}
	if r.Description = problem; problem == "" {
		r.Status, r.Version, r.Description = complete, version, "Registered as version "+version+"."
	}
	return CFNRegisterTypeOutput{r.Token}, c.remember(ctx, who, r)
}

// checkAddress refuses addresses of packages that cannot be read from here.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err == nil && (u.Scheme == "file" || u.Scheme == "https" || u.Scheme == "http"):
		return nil
	case err == nil && u.Scheme == "s3":
		return refuse(cfnRegistry, "SchemaHandlerPackage: packages are not read from S3 here. Run groundcontrol type register with the project or its zip, or name a zip with file:// (on the server's machine) or https://.")
	}
	return refuse(cfnRegistry, "SchemaHandlerPackage: want the address of a package, such as file:///tmp/my-org-thing.zip (on the server's machine) or https://host/my-org-thing.zip.")
}

// register brings a package in. It returns the version that it became, or why it became none.
func (c *CloudFormation) register(ctx context.Context, who Caller, name, address string) (version, problem string, err error) {
	fetching, cancel := context.WithTimeoutCause(ctx, fetchLimit, fmt.Errorf("it takes more than %v: bring it to the server's machine and name it with file://", fetchLimit))
	defer cancel()
	p, err := c.Packages.Fetch(fetching, address)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case fetching.Err() != nil:
		return "", "The package cannot be read: " + context.Cause(fetching).Error(), nil
	case err != nil:
		return "", "The package cannot be read: " + err.Error(), nil
	}
	var says struct {
		TypeName string `json:"typeName"`
	}
	if json.Unmarshal(p.Schema, &says) == nil && says.TypeName != name { // what is no JSON is refused below
		return "", fmt.Sprintf("The schema in the package is that of type '%s', not of '%s'.", shorten(says.TypeName), name), nil
	}
	code, err := c.putCode(ctx, p)
	if errors.Is(err, registry.ErrCode) {
		return "", "There is no code in the package, or too much.", nil
	}
	if err != nil {
		return "", "", err
	}
	is, err := c.Control.Types.Register(ctx, who.Account, who.Region, registry.Registration{
		Schema: p.Schema, Configuration: p.Configuration, Code: code, KeepDefault: true,
	})
	if err == nil && is.Outcome == registry.Refused {
		return "", "The schema is refused: " + strings.Join(is.Problems, "; "), nil
	}
	return is.Version, "", err
}

// putCode stores the code of a package.
func (c *CloudFormation) putCode(ctx context.Context, p Package) (registry.Code, error) {
	sum := sha256.Sum256(p.Code)
	code := registry.Code{Digest: hex.EncodeToString(sum[:]), Runtime: p.Runtime, Handler: p.Handler}
	for part := range slices.Chunk(p.Code, registry.MaxPart) {
		if err := c.Control.Types.PutCode(ctx, code.Digest, code.Parts, part); err != nil {
			return code, err
		}
		code.Parts++
	}
	return code, nil
}

// registrations returns what is remembered, oldest first, and the revision of the document.
func (c *CloudFormation) registrations(ctx context.Context, who Caller) (all []registration, revision int64, err error) {
	d, err := c.Control.Store.Document(ctx, registrationKind, who.Account+"/"+who.Region)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(d.Body, &all)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("control: registrations: %w", err)
	}
	return all, d.Revision, nil
}

// remember adds r, and forgets the oldest beyond what is remembered.
func (c *CloudFormation) remember(ctx context.Context, who Caller, r registration) error {
	for range 10 {
		all, revision, err := c.registrations(ctx, who)
		if err != nil {
			return err
		}
		all = append(all, r)
		body, err := json.Marshal(all[max(0, len(all)-maxRegistrations):])
		if err == nil {
			err = c.Control.Store.Write(ctx, []store.Document{{Kind: registrationKind, Name: who.Account + "/" + who.Region, Body: body, Revision: revision}})
		}
		if errors.Is(err, store.ErrStale) {
			continue // another registration was quicker
		}
		if err != nil {
			return fmt.Errorf("control: remember a registration: %w", err)
		}
		return nil
	}
	return errors.New("control: remember a registration: others go on at the same time")
}

// DescribeTypeRegistration tells what became of a registration, on any node and after a
// restart, as long as it is among the last ones of the account and region.
func (c *CloudFormation) DescribeTypeRegistration(ctx context.Context, who Caller, in CFNDescribeTypeRegistrationInput) (out CFNDescribeTypeRegistrationOutput, err error) {
	var bad constraints
	token := bad.required("registrationToken", in.RegistrationToken, cfnToken)
	if err := bad.err(); err != nil {
		return out, err
	}
	all, _, err := c.registrations(ctx, who)
	if err != nil {
		return out, err
	}
	i := slices.IndexFunc(all, func(r registration) bool { return r.Token == token })
	if i < 0 {
		return out, refuse(cfnRegistry, "No registration with token '%s' is known: the last %d are remembered.", token, maxRegistrations)
	}
	r := all[i]
	out = CFNDescribeTypeRegistrationOutput{ProgressStatus: r.Status, Description: r.Description, TypeArn: typeArn(who, true, r.TypeName, "")}
	if r.Version != "" {
		out.TypeVersionArn = typeArn(who, true, r.TypeName, r.Version)
	}
	return out, nil
}

// ListTypeRegistrations lists the tokens of registrations, newest first.
func (c *CloudFormation) ListTypeRegistrations(ctx context.Context, who Caller, in CFNListTypeRegistrationsInput) (out CFNListTypeRegistrationsOutput, err error) {
	var bad constraints
	kind := bad.enum("type", in.Type, "HOOK", "MODULE", resourceType)
	name := bad.optional("typeName", in.TypeName, cfnTypeName)
	of := bad.optional("typeArn", in.TypeArn, cfnTypeArn)
	status := bad.enum("registrationStatusFilter", in.RegistrationStatusFilter, complete, failedStatus, "IN_PROGRESS")
	most := bad.maxResults(in.MaxResults, 100)
	token := bad.optional("nextToken", in.NextToken, cfnNextToken)
	if err := bad.err(); err != nil {
		return out, err
	}
	if err := resources(kind); err != nil {
		return out, err
	}
	if in.TypeArn != nil {
		t, err := target{}.byArn(who, of)
		if err != nil {
			return out, err
		}
		name = t.name
	}
	after, err := fromCFNToken(token)
	if err != nil {
		return out, err
	}
	all, _, err := c.registrations(ctx, who)
	if err != nil {
		return out, err
	}
	slices.Reverse(all)
	if i := slices.IndexFunc(all, func(r registration) bool { return r.Token == after }); i >= 0 {
		all = all[i+1:]
	} else if after != "" {
		return out, nil // it is forgotten, and with it what is older
	}
	for _, r := range all {
		if name != "" && name != r.TypeName || status != "" && status != r.Status {
			continue
		}
		if len(out.RegistrationTokenList) == most {
			out.NextToken = toCFNToken(out.RegistrationTokenList[most-1])
			break
		}
		out.RegistrationTokenList = append(out.RegistrationTokenList, r.Token)
	}
	return out, nil
}
