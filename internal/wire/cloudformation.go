package wire

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"example.org/groundcontrol/internal/control"
)

// CloudFormation is what the actions of CloudFormation's type registry do. Errors are as for
// [Control]. A *control.CloudFormation is one.
type CloudFormation interface {
	RegisterType(context.Context, control.Caller, control.CFNRegisterTypeInput) (control.CFNRegisterTypeOutput, error)
	DescribeTypeRegistration(context.Context, control.Caller, control.CFNDescribeTypeRegistrationInput) (control.CFNDescribeTypeRegistrationOutput, error)
	ListTypeRegistrations(context.Context, control.Caller, control.CFNListTypeRegistrationsInput) (control.CFNListTypeRegistrationsOutput, error)
	DescribeType(context.Context, control.Caller, control.CFNDescribeTypeInput) (control.CFNDescribeTypeOutput, error)
	ListTypes(context.Context, control.Caller, control.CFNListTypesInput) (control.CFNListTypesOutput, error)
	ListTypeVersions(context.Context, control.Caller, control.CFNListTypeVersionsInput) (control.CFNListTypeVersionsOutput, error)
	SetTypeDefaultVersion(context.Context, control.Caller, control.CFNVersionInput) (struct{}, error)
	DeregisterType(context.Context, control.Caller, control.CFNVersionInput) (struct{}, error)
	SetTypeConfiguration(context.Context, control.Caller, control.CFNSetTypeConfigurationInput) (control.CFNSetTypeConfigurationOutput, error)
	BatchDescribeTypeConfigurations(context.Context, control.Caller, control.CFNBatchDescribeTypeConfigurationsInput) (control.CFNBatchDescribeTypeConfigurationsOutput, error)
	ActivateType(context.Context, control.Caller, control.CFNActivateTypeInput) (struct{}, error)
	DeactivateType(context.Context, control.Caller, control.CFNActivateTypeInput) (struct{}, error)
}

var cloudFormationServices = []string{"cloudformation"}

// action serves one action of CloudFormation: it authenticates, runs it, and leaves its answer
// in x.out.
type action func(x *exchange, f form) error

// cloudFormation is the table of actions.
func cloudFormation(c CloudFormation) map[string]action {
	if c == nil {
		return nil
	}
	table := map[string]action{}
	act(table, "RegisterType", c.RegisterType)
	act(table, "DescribeTypeRegistration", c.DescribeTypeRegistration)
	act(table, "ListTypeRegistrations", c.ListTypeRegistrations)
	act(table, "DescribeType", c.DescribeType)
	act(table, "ListTypes", c.ListTypes)
	act(table, "ListTypeVersions", c.ListTypeVersions)
	act(table, "SetTypeDefaultVersion", c.SetTypeDefaultVersion)
	act(table, "DeregisterType", c.DeregisterType)
	act(table, "SetTypeConfiguration", c.SetTypeConfiguration)
	act(table, "BatchDescribeTypeConfigurations", c.BatchDescribeTypeConfigurations)
	act(table, "ActivateType", c.ActivateType)
	act(table, "DeactivateType", c.DeactivateType)
	return table
}

// act adds an action made of its parts. The order in which it looks for faults is that of
// route.
func act[In, Out any](table map[string]action, name string, run func(context.Context, control.Caller, In) (Out, error)) {
	table[name] = func(x *exchange, f form) error {
		caller, _, err := x.caller(cloudFormationServices)
		if err != nil {
			return err
		}
		if !x.h.allow(caller.Account, name) {
			return errThrottled
		}
		in := new(In)
		if err := f.fill("", reflect.ValueOf(in).Elem()); err != nil {
			return err
		}
		out, err := run(x.r.Context(), caller, *in)
		if err != nil {
			return err
		}
		b := append(x.out, "<"+name+`Response xmlns="`+cloudFormationSpace+`">`...)
		b = appendXML(b, name+"Result", reflect.ValueOf(out))
		b = append(b, "<ResponseMetadata>"...)
		b = appendElement(b, "RequestId", x.call.RequestID)
		x.out = append(b, "</ResponseMetadata></"+name+"Response>"...)
		return nil
	}
}

// registryActions are the names of the actions, sorted.
func registryActions() []string {
	return slices.Sorted(maps.Keys(cloudFormation(new(control.CloudFormation)))) // which is not called
}

func (x *exchange) serveCloudFormation(q query) error {
	run, ok := x.h.actions[q.action]
	if !ok {
		return &control.Error{
			Name: invalidAction,
			Text: "Could not find operation " + q.action + " for version " + q.version + ": of CloudFormation there is the type registry here, and no stacks.",
		}
	}
	x.call.Operation = q.action
	body := ""
	if x.r.Method == http.MethodPost {
		body = string(x.body)
	}
	f, err := readForm(body, x.r.URL.RawQuery)
	if err != nil {
		return err
	}
	return run(x, f)
}
