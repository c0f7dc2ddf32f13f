package control

import (
	"context"
	"encoding/json"
	"errors"

	"example.org/groundcontrol/internal/registry"
)

// The operations on types are the server's: what is imported or set holds for every
// account, and each access key of the server may do it.

// Types finds resource types, and takes new ones in. A *registry.Registry is one.
type Types interface {
	Lookup(ctx context.Context, account, region, name, version string) (registry.Type, error)
	Types(account, region string) []registry.Summary
	Describe(ctx context.Context, account, region, name, version string) (registry.Summary, registry.Type, []byte, error)
	Import(ctx context.Context, texts [][]byte) ([]registry.Imported, error)
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
	return TypeDetail{summary, t.Version, t.Runtime, string(schema), c.Behaviours.Behaviour(name)}, err
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
