package control

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"example.org/groundcontrol/internal/registry"
)

// The operations on types are the server's: what is imported or set holds for every
// account, and each access key of the server may do it. Only what is registered, with code
// of its own, is the account's and region's that did it.

// Types finds resource types, and takes new ones in. A *registry.Registry is one.
type Types interface {
	Lookup(ctx context.Context, account, region, name, version string) (registry.Type, error)
	Types(account, region string) []registry.Summary
	Describe(ctx context.Context, account, region, name, version string) (registry.Summary, registry.Type, []byte, error)
	Import(ctx context.Context, texts [][]byte) ([]registry.Imported, error)
	PutCode(ctx context.Context, digest string, part int, data []byte) error
	CheckCode(ctx context.Context, c registry.Code) error
	SetDefault(ctx context.Context, account, region, name, version string) error
	Deregister(ctx context.Context, account, region, name, version string) error
	Register(ctx context.Context, account, region string, r registry.Registration) (registry.Imported, error)
	Outline(ctx context.Context, account, region, name, version string) (registry.Outline, error)
	Configure(ctx context.Context, account, region, name string, text []byte) error
	Configuration(ctx context.Context, account, region, name string) (registry.Configuration, error)
	ConfigurationSchema(ctx context.Context, account, region, name, version string) ([]byte, error)
}

// Behaviours keeps how simulated types behave where that was set.
type Behaviours interface {
	// Set makes text, one JSON object, the behaviour of a type; "" makes it behave as by
	// default. problem says what is wrong with text; then nothing has changed.
	Set(ctx context.Context, typeName, text string) (problem string, err error)
	// Behaviour returns what was set, nil for nothing.
	Behaviour(typeName string) json.RawMessage
}

// ImportTypes takes schema documents in, each as the default version of its type.
func (c *Control) ImportTypes(ctx context.Context, _ Caller, in ImportTypesInput) ([]registry.Imported, error) {
	texts := make([][]byte, len(in.Schemas))
	for i, s := range in.Schemas {
		texts[i] = []byte(s)
	}
	return c.Types.Import(ctx, texts)
}

// PutCode stores a part of the code of handlers, for RegisterType.
func (c *Control) PutCode(ctx context.Context, _ Caller, in PutCodeInput) (struct{}, error) {
	if in.Digest == nil || in.Part == nil || in.Data == nil {
		return struct{}{}, refuse(validation, "Digest, Part and Data must be given")
	}
	data, err := base64.StdEncoding.DecodeString(*in.Data)
	if err != nil {
		return struct{}{}, refuse(validation, "Data is not base64")
	}
	if err = c.Types.PutCode(ctx, *in.Digest, *in.Part, data); errors.Is(err, registry.ErrCode) {
		return struct{}{}, refuse(validation, "Part %d is no part of code: a digest is a SHA-256 in hex, a part has 1 byte to %d, and there are at most %d", *in.Part, registry.MaxPart, registry.MaxParts)
	}
	return struct{}{}, err
}

// RegisterType makes a schema and the code of its handlers, which PutCode has stored, the
// default version of a type that the caller's account sees in its region. In place of code
// the handlers may have an Endpoint and a Function.
func (c *Control) RegisterType(ctx context.Context, who Caller, in RegisterTypeInput) (registry.Imported, error) {
	if in.Endpoint != nil || in.Function != nil {
		return c.registerElsewhere(ctx, who, in)
	}
	if in.Schema == nil || in.Digest == nil || in.Parts == nil {
		return registry.Imported{}, refuse(validation, "Schema, Digest and Parts must be given")
	}
	code := registry.Code{Digest: *in.Digest, Parts: *in.Parts, Command: in.Command}
	if in.Runtime != nil {
		code.Runtime = *in.Runtime
	}
	if in.Handler != nil {
		code.Handler = *in.Handler
	}
	if err := c.Types.CheckCode(ctx, code); errors.Is(err, registry.ErrCode) {
		return registry.Imported{}, refuse(validation, "The code with digest %s is not there whole: store its %d parts first", shorten(code.Digest), code.Parts)
	} else if err != nil {
		return registry.Imported{}, err
	}
	return c.Types.Register(ctx, who.Account, who.Region, asRegistration(in, code))
}

func asRegistration(in RegisterTypeInput, code registry.Code) registry.Registration {
	r := registry.Registration{Schema: []byte(*in.Schema), Code: code}
	if in.ConfigurationSchema != nil {
		r.Configuration = []byte(*in.ConfigurationSchema)
	}
	return r
}

// SetDefaultTypeVersion makes a version of a type its default.
func (c *Control) SetDefaultTypeVersion(ctx context.Context, who Caller, in TypeVersionInput) (TypeDetail, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	version := bad.required("typeVersionId", in.TypeVersionId, typeVersionID)
	if err := bad.err(); err != nil {
		return TypeDetail{}, err
	}
	if err := c.Types.SetDefault(ctx, who.Account, who.Region, name, version); err != nil {
		return TypeDetail{}, ofVersion(err, name, version)
	}
	return c.DescribeType(ctx, who, DescribeTypeInput{TypeName: &name})
}

// DeregisterType takes a version of a type away, or all of it.
func (c *Control) DeregisterType(ctx context.Context, who Caller, in TypeVersionInput) (struct{}, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	version := bad.optional("typeVersionId", in.TypeVersionId, typeVersionID)
	if err := bad.err(); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, ofVersion(c.Types.Deregister(ctx, who.Account, who.Region, name, version), name, version)
}

// ofVersion is what clients see of an error of the registry about a version.
func ofVersion(err error, name, version string) error {
	switch {
	case errors.Is(err, registry.ErrTypeNotFound) && version != "":
		return refuse("TypeNotFoundException", "The type '%s' has no version %s that was imported or registered.", name, version)
	case errors.Is(err, registry.ErrTypeNotFound):
		return refuse("TypeNotFoundException", "The type '%s' was not imported or registered.", name)
	case errors.Is(err, registry.ErrLastVersion):
		return refuse(validation, "Version %s is the default version of %s: make another one the default first", version, name)
	}
	return err
}

// ListTypes returns all types, sorted by name.
func (c *Control) ListTypes(_ context.Context, who Caller, _ ListTypesInput) ([]registry.Summary, error) {
	return c.Types.Types(who.Account, who.Region), nil
}

// DescribeType returns one type with its schema as it was imported.
func (c *Control) DescribeType(ctx context.Context, who Caller, in DescribeTypeInput) (TypeDetail, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	version := bad.optional("typeVersionId", in.TypeVersionId, typeVersionID)
	if err := bad.err(); err != nil {
		return TypeDetail{}, err
	}
	summary, t, schema, err := c.Types.Describe(ctx, who.Account, who.Region, name, version)
	if errors.Is(err, registry.ErrTypeNotFound) {
		return TypeDetail{}, noType(name)
	}
	d := TypeDetail{Summary: summary, Described: t.Version, Runtime: t.Runtime, Schema: string(schema), Behaviour: c.Behaviours.Behaviour(name)}
	if t.Code != nil {
		d.Endpoint, d.Function = t.Code.Endpoint, t.Code.Function
	}
	return d, err
}

// SimulateType sets how a simulated type behaves.
func (c *Control) SimulateType(ctx context.Context, who Caller, in SimulateTypeInput) (TypeDetail, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	text := bad.optional("behaviour", in.Behaviour, document)
	if err := bad.err(); err != nil {
		return TypeDetail{}, err
	}
	t, err := c.Types.Lookup(ctx, who.Account, who.Region, name, "")
	switch {
	case errors.Is(err, registry.ErrTypeNotFound):
		return TypeDetail{}, noType(name)
	case err != nil:
		return TypeDetail{}, err
	case t.Runtime != registry.Simulate:
		return TypeDetail{}, refuse(validation, "Type %s is not simulated: it is served by runtime %s", name, t.Runtime)
	}
	problem, err := c.Behaviours.Set(ctx, name, text)
	switch {
	case problem != "":
		return TypeDetail{}, refuse(validation, "Invalid behaviour: %s", problem)
	case err != nil:
		return TypeDetail{}, err
	}
	return c.DescribeType(ctx, who, DescribeTypeInput{TypeName: &name})
}

func noType(name string) *Error {
	return refuse("TypeNotFoundException", "The type '%s' cannot be found.", name)
}
