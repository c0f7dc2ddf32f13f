package control

import (
	"context"
	"errors"
	"strings"
	"time"

	"example.org/groundcontrol/internal/registry"
)

// The categories of types. Third-party types that all see count as activated.
const (
	registered = "REGISTERED"
	activated  = "ACTIVATED"
	thirdParty = "THIRD_PARTY"
	awsTypes   = "AWS_TYPES"
)

// DescribeType describes a type, or one version of it, with its schema.
func (c *CloudFormation) DescribeType(ctx context.Context, who Caller, in CFNDescribeTypeInput) (out CFNDescribeTypeOutput, err error) {
	var bad constraints
	bad.optional("publisherId", in.PublisherId, cfnPublisher)
	t, err := named{in.Type, in.TypeName, in.Arn, in.VersionId}.target(bad, who)
	if err != nil {
		return out, err
	}
	if in.PublisherId != nil || in.PublicVersionNumber != nil {
		return out, refuse(cfnRegistry, "Publishers and their version numbers are not known here: name the type by Type and TypeName, or by its Arn.")
	}
	s, is, text, err := c.find(ctx, t)
	if err != nil {
		return out, err
	}
	o, err := c.Control.Types.Outline(ctx, t.scope.Account, t.scope.Region, t.name, is.Version)
	if err != nil {
		return out, err
	}
	declared, err := c.Control.Types.ConfigurationSchema(ctx, t.scope.Account, t.scope.Region, t.name, is.Version)
	if err != nil {
		return out, err
	}
	out = CFNDescribeTypeOutput{
		Type: resourceType, TypeName: s.Name, DefaultVersionId: s.Version, IsDefaultVersion: is.Version == s.Version,
		Description: o.Description, Schema: string(text), ConfigurationSchema: string(declared), ProvisioningType: string(o.Provisioning),
		DeprecatedStatus: "LIVE", Visibility: "PUBLIC", SourceUrl: o.Source, DocumentationUrl: o.Documentation, IsActivated: isActivated(s),
	}
	version := ""
	if s.Private {
		out.Visibility, version = "PRIVATE", is.Version // as AWS answers: public types have no arns of versions
	}
	out.Arn = typeArn(who, s.Private, s.Name, version)
	out.TimeCreated = imported(s, is.Version)
	out.LastUpdated = out.TimeCreated
	return out, nil
}

// imported is when a version came; zero for one that is built in.
func imported(s registry.Summary, version string) time.Time {
	for _, v := range s.Versions {
		if v.ID == version {
			return v.Imported
		}
	}
	return time.Time{}
}

func isAWS(name string) bool {
	return strings.HasPrefix(name, "AWS::") || strings.HasPrefix(name, "Alexa::")
}

// isActivated is nil for what is not a public type of a third party.
func isActivated(s registry.Summary) *bool {
	if s.Private || isAWS(s.Name) {
		return nil
	}
	yes := true
	return &yes
}

// ListTypes lists types by name. As on AWS, Visibility decides first: PRIVATE, the default,
// are those that the account has registered or (which is all of them) activated.
func (c *CloudFormation) ListTypes(ctx context.Context, who Caller, in CFNListTypesInput) (out CFNListTypesOutput, err error) {
	var bad constraints
	visibility := bad.enum("visibility", in.Visibility, "PRIVATE", "PUBLIC")
	provisioning := bad.enum("provisioningType", in.ProvisioningType, string(registry.FullyMutable), string(registry.Immutable), string(registry.NonProvisionable))
	deprecated := bad.enum("deprecatedStatus", in.DeprecatedStatus, "DEPRECATED", "LIVE")
	kind := bad.enum("type", in.Type, "HOOK", "MODULE", resourceType)
	var category, prefix string
	if f := in.Filters; f != nil {
		category = bad.enum("filters.category", f.Category, activated, awsTypes, registered, thirdParty)
		prefix = bad.optional("filters.typeNamePrefix", f.TypeNamePrefix, cfnPrefix)
		bad.optional("filters.publisherId", f.PublisherId, cfnPublisher)
	}
	most := bad.maxResults(in.MaxResults, 100)
	token := bad.optional("nextToken", in.NextToken, cfnNextToken)
	if err := bad.err(); err != nil {
		return out, err
	}
	if err := resources(kind); err != nil {
		return out, err
	}
	after, err := fromCFNToken(token)
	if err != nil {
		return out, err
	}
	if deprecated == "DEPRECATED" || in.Filters != nil && in.Filters.PublisherId != nil {
		return out, nil // what is deregistered is gone, and nobody has published anything
	}
	scope, other := who, activated
	if visibility == "PUBLIC" {
		scope, other = Caller{}, thirdParty
	}
	for _, s := range c.Control.Types.Types(scope.Account, scope.Region) {
		is := other
		switch {
		case s.Private:
			is = registered
		case isAWS(s.Name):
			is = awsTypes
		}
		if s.Name <= after || is == awsTypes && visibility != "PUBLIC" || category != "" && category != is || !strings.HasPrefix(s.Name, prefix) {
			continue
		}
		o, err := c.Control.Types.Outline(ctx, scope.Account, scope.Region, s.Name, "")
		switch {
		case errors.Is(err, registry.ErrTypeNotFound): // it went meanwhile
			continue
		case err != nil:
			return CFNListTypesOutput{}, err
		case provisioning != "" && provisioning != string(o.Provisioning):
			continue
		}
		if len(out.TypeSummaries) == most {
			out.NextToken = toCFNToken(out.TypeSummaries[most-1].TypeName)
			break
		}
		out.TypeSummaries = append(out.TypeSummaries, CFNTypeSummary{
			Type: resourceType, TypeName: s.Name, DefaultVersionId: s.Version, TypeArn: typeArn(who, s.Private, s.Name, ""),
			LastUpdated: imported(s, s.Version), Description: o.Description, IsActivated: isActivated(s),
		})
	}
	return out, nil
}

// ListTypeVersions lists the versions of a type, oldest first.
func (c *CloudFormation) ListTypeVersions(ctx context.Context, who Caller, in CFNListTypeVersionsInput) (out CFNListTypeVersionsOutput, err error) {
	var bad constraints
	deprecated := bad.enum("deprecatedStatus", in.DeprecatedStatus, "DEPRECATED", "LIVE")
	bad.optional("publisherId", in.PublisherId, cfnPublisher)
	most := bad.maxResults(in.MaxResults, 100)
	token := bad.optional("nextToken", in.NextToken, cfnNextToken)
	t, err := named{in.Type, in.TypeName, in.Arn, nil}.target(bad, who)
	if err != nil {
		return out, err
	}
	after, err := fromCFNToken(token)
	if err != nil {
		return out, err
	}
	t.version = "" // an arn may be of a version
	s, _, _, err := c.find(ctx, t)
	if err != nil || deprecated == "DEPRECATED" {
		return out, err
	}
	for _, v := range s.Versions {
		if v.ID <= after {
			continue
		}
		if len(out.TypeVersionSummaries) == most {
			out.NextToken = toCFNToken(out.TypeVersionSummaries[most-1].VersionId)
			break
		}
		o, err := c.Control.Types.Outline(ctx, t.scope.Account, t.scope.Region, t.name, v.ID)
		if err != nil {
			return CFNListTypeVersionsOutput{}, err
		}
		out.TypeVersionSummaries = append(out.TypeVersionSummaries, CFNTypeVersionSummary{
			Type: resourceType, TypeName: s.Name, VersionId: v.ID, IsDefaultVersion: v.ID == s.Version,
			Arn: typeArn(who, s.Private, s.Name, v.ID), TimeCreated: v.Imported, Description: o.Description,
		})
	}
	return out, nil
}

// SetTypeDefaultVersion makes a version of a private type its default.
func (c *CloudFormation) SetTypeDefaultVersion(ctx context.Context, who Caller, in CFNVersionInput) (struct{}, error) {
	t, err := named{in.Type, in.TypeName, in.Arn, in.VersionId}.target(nil, who)
	if err != nil {
		return struct{}{}, err
	}
	if t.version == "" {
		return struct{}{}, refuse(validation, "The version must be given: by VersionId, or by the Arn of a version")
	}
	if _, err := c.private(ctx, t); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, asCFN(c.Control.Types.SetDefault(ctx, who.Account, who.Region, t.name, t.version), t)
}

// DeregisterType takes a version of a private type away, and with its only version the type.
// As on AWS, a type with several versions goes version by version.
func (c *CloudFormation) DeregisterType(ctx context.Context, who Caller, in CFNVersionInput) (struct{}, error) {
	t, err := named{in.Type, in.TypeName, in.Arn, in.VersionId}.target(nil, who)
	if err != nil {
		return struct{}{}, err
	}
	s, err := c.private(ctx, t)
	if err != nil {
		return struct{}{}, err
	}
	if t.version == "" && len(s.Versions) > 1 {
		return struct{}{}, refuse(cfnRegistry, "The type '%s' has %d versions: deregister each by its VersionId, the default version %s as the last. groundcontrol type deregister takes all away at once.", t.name, len(s.Versions), s.Version)
	}
	if t.version == "" {
		t.version = s.Version // the only one, so that none that comes meanwhile goes with it
	}
	return struct{}{}, asCFN(c.Control.Types.Deregister(ctx, who.Account, who.Region, t.name, t.version), t)
}

// asCFN is what clients of CloudFormation see of an error about a version.
func asCFN(err error, t target) error {
	err = ofVersion(err, t.name, t.version)
	if e, ok := errors.AsType[*Error](err); ok && e.Name == validation {
		return &Error{Name: cfnRegistry, Text: e.Text}
	}
	return err
}
