package control

import (
	"context"
	"errors"

	"example.org/groundcontrol/internal/registry"
)

// defaultAlias is the one name that a configuration can have: it is what handlers get.
const defaultAlias = "default"

var cfnAlias = shape{min: 1, max: 256, pattern: `^[a-zA-Z0-9]{1,256}$`, match: isAlnum}

// noConfiguration is the exception for a configuration that is not there.
const noConfiguration = "TypeConfigurationNotFoundException"

func configurationArn(who Caller, name string) string {
	return arn{region: who.Region, account: who.Account, what: "type-configuration", kind: "resource", name: name, last: defaultAlias}.String()
}

// SetTypeConfiguration sets the configuration of a type in the caller's account and region.
func (c *CloudFormation) SetTypeConfiguration(ctx context.Context, who Caller, in CFNSetTypeConfigurationInput) (out CFNSetTypeConfigurationOutput, err error) {
	var bad constraints
	text := bad.required("configuration", in.Configuration, configuration)
	alias := bad.optional("configurationAlias", in.ConfigurationAlias, cfnAlias)
	t, err := named{in.Type, in.TypeName, in.TypeArn, nil}.target(bad, who)
	if err != nil {
		return out, err
	}
	if alias != "" && alias != defaultAlias {
		return out, refuse(cfnRegistry, "ConfigurationAlias must be %s: a type has one configuration.", defaultAlias)
	}
	t.version = ""
	if _, _, _, err := c.find(ctx, t); err != nil {
		return out, err
	}
	return CFNSetTypeConfigurationOutput{configurationArn(who, t.name)}, c.Control.configure(ctx, who, t.name, []byte(text), cfnRegistry)
}

// BatchDescribeTypeConfigurations returns configurations of the caller's account and region.
// They are secret: whoever has a key of the account can read them, as on AWS.
func (c *CloudFormation) BatchDescribeTypeConfigurations(ctx context.Context, who Caller, in CFNBatchDescribeTypeConfigurationsInput) (out CFNBatchDescribeTypeConfigurationsOutput, err error) {
	if n := len(in.TypeConfigurationIdentifiers); n < 1 || n > 100 {
		return out, refuse(validation, "TypeConfigurationIdentifiers must have 1 to 100 members, not %d", n)
	}
	for _, id := range in.TypeConfigurationIdentifiers {
		one, err := c.typeConfiguration(ctx, who, id)
		e, refused := errors.AsType[*Error](err)
		switch {
		case refused && e.Name == validation:
			return CFNBatchDescribeTypeConfigurationsOutput{}, err
		case refused:
			out.Errors = append(out.Errors, CFNTypeConfigurationError{e.Name, e.Text, id})
		case err != nil:
			return CFNBatchDescribeTypeConfigurationsOutput{}, err
		default:
			out.TypeConfigurations = append(out.TypeConfigurations, one)
		}
	}
	return out, nil
}

func (c *CloudFormation) typeConfiguration(ctx context.Context, who Caller, id CFNTypeConfigurationIdentifier) (out CFNTypeConfiguration, err error) {
	var bad constraints
	alias := bad.optional("typeConfigurationIdentifiers.typeConfigurationAlias", id.TypeConfigurationAlias, cfnAlias)
	text := bad.optional("typeConfigurationIdentifiers.typeConfigurationArn", id.TypeConfigurationArn, cfnConfigurationArn)
	var t target
	if id.TypeConfigurationArn != nil {
		if err := bad.err(); err != nil {
			return out, err
		}
		a, _ := parseArn(text)
		if alias = a.last; a.region != who.Region || a.account != who.Account {
			return out, refuse(noConfiguration, "The configuration with arn '%s' cannot be found.", shorten(text))
		}
		t = target{name: a.name, scope: who}
	} else if t, err = (named{id.Type, id.TypeName, id.TypeArn, nil}).target(bad, who); err != nil {
		return out, err
	}
	t.version = ""
	s, _, _, err := c.find(ctx, t)
	if err != nil {
		return out, err
	}
	is, err := c.Control.Types.Configuration(ctx, who.Account, who.Region, t.name)
	if errors.Is(err, registry.ErrNoConfiguration) || alias != "" && alias != defaultAlias {
		return out, refuse(noConfiguration, "The type '%s' has no configuration set.", t.name)
	}
	if err != nil {
		return out, err
	}
	return CFNTypeConfiguration{
		Arn: configurationArn(who, t.name), Alias: defaultAlias, Configuration: string(is.Text), LastUpdated: is.Set,
		TypeArn: typeArn(who, s.Private, t.name, ""), TypeName: t.name, IsDefaultConfiguration: true,
	}, nil
}

var cfnConfigurationArn = shape{min: 1, max: 1024, pattern: `arn:aws[A-Za-z0-9-]{0,64}:cloudformation:[A-Za-z0-9-]{1,64}:([0-9]{12})?:type-configuration/.+`, match: func(s string) bool {
	a, ok := parseArn(s)
	return ok && a.what == "type-configuration"
}}
