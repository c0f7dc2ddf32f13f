package control

import (
	"context"
	"errors"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// configuration is what a type's configuration may be; it is secret.
var configuration = shape{min: 1, max: 204800, sensitive: true}

// ConfigureType sets the configuration of a type in the caller's account and region, or
// removes it. Nothing of it is ever shown here.
func (c *Control) ConfigureType(ctx context.Context, who Caller, in ConfigureTypeInput) (struct{}, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	text := bad.optional("configuration", in.Configuration, configuration)
	if err := bad.err(); err != nil {
		return struct{}{}, err
	}
	var set []byte
	if in.Configuration != nil {
		set = []byte(text)
	}
	return struct{}{}, c.configure(ctx, who, name, set, validation)
}

// configure sets the configuration, or removes it where text is nil. A refusal is of the
// given name, unless it says that the type is not there.
func (c *Control) configure(ctx context.Context, who Caller, name string, text []byte, refusal string) error {
	err := c.Types.Configure(ctx, who.Account, who.Region, name, text)
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return &Error{Name: refusal, Text: e.Text}
	}
	switch {
	case errors.Is(err, registry.ErrTypeNotFound):
		return noType(name)
	case errors.Is(err, registry.ErrNotConfigurable):
		return refuse(refusal, "The type '%s' declares no configuration: its schema has no member typeConfiguration, and no configuration schema was registered with it.", name)
	case errors.Is(err, registry.ErrNoConfiguration):
		return refuse(refusal, "The type '%s' has no configuration set.", name)
	}
	return err
}
