package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/wire"
)

// cfn is a type registry that answers whatever the test says: a value of the action's type,
// or its JSON text.
type cfn func(action string, caller control.Caller, in any) (any, error)

func answered[Out any](f cfn, name string, caller control.Caller, in any) (out Out, err error) {
	answer, err := f(name, caller, in)
	if text, ok := answer.(string); ok && err == nil {
		return out, json.Unmarshal([]byte(text), &out)
	}
	out, _ = answer.(Out)
	return out, err
}

func (f cfn) RegisterType(_ context.Context, c control.Caller, in control.CFNRegisterTypeInput) (control.CFNRegisterTypeOutput, error) {
	return answered[control.CFNRegisterTypeOutput](f, "RegisterType", c, in)
}

func (f cfn) DescribeTypeRegistration(_ context.Context, c control.Caller, in control.CFNDescribeTypeRegistrationInput) (control.CFNDescribeTypeRegistrationOutput, error) {
	return answered[control.CFNDescribeTypeRegistrationOutput](f, "DescribeTypeRegistration", c, in)
}

func (f cfn) ListTypeRegistrations(_ context.Context, c control.Caller, in control.CFNListTypeRegistrationsInput) (control.CFNListTypeRegistrationsOutput, error) {
	return answered[control.CFNListTypeRegistrationsOutput](f, "ListTypeRegistrations", c, in)
}

func (f cfn) DescribeType(_ context.Context, c control.Caller, in control.CFNDescribeTypeInput) (control.CFNDescribeTypeOutput, error) {
	return answered[control.CFNDescribeTypeOutput](f, "DescribeType", c, in)
}

func (f cfn) ListTypes(_ context.Context, c control.Caller, in control.CFNListTypesInput) (control.CFNListTypesOutput, error) {
	return answered[control.CFNListTypesOutput](f, "ListTypes", c, in)
}

func (f cfn) ListTypeVersions(_ context.Context, c control.Caller, in control.CFNListTypeVersionsInput) (control.CFNListTypeVersionsOutput, error) {
	return answered[control.CFNListTypeVersionsOutput](f, "ListTypeVersions", c, in)
}

func (f cfn) SetTypeDefaultVersion(_ context.Context, c control.Caller, in control.CFNVersionInput) (struct{}, error) {
	return answered[struct{}](f, "SetTypeDefaultVersion", c, in)
}

func (f cfn) DeregisterType(_ context.Context, c control.Caller, in control.CFNVersionInput) (struct{}, error) {
	return answered[struct{}](f, "DeregisterType", c, in)
}

func (f cfn) SetTypeConfiguration(_ context.Context, c control.Caller, in control.CFNSetTypeConfigurationInput) (control.CFNSetTypeConfigurationOutput, error) {
	return answered[control.CFNSetTypeConfigurationOutput](f, "SetTypeConfiguration", c, in)
}

func (f cfn) BatchDescribeTypeConfigurations(_ context.Context, c control.Caller, in control.CFNBatchDescribeTypeConfigurationsInput) (control.CFNBatchDescribeTypeConfigurationsOutput, error) {
	return answered[control.CFNBatchDescribeTypeConfigurationsOutput](f, "BatchDescribeTypeConfigurations", c, in)
}

func (f cfn) ActivateType(_ context.Context, c control.Caller, in control.CFNActivateTypeInput) (struct{}, error) {
	return answered[struct{}](f, "ActivateType", c, in)
}

func (f cfn) DeactivateType(_ context.Context, c control.Caller, in control.CFNActivateTypeInput) (struct{}, error) {
	return answered[struct{}](f, "DeactivateType", c, in)
}

func sdkCFN(t *testing.T, f cfn) *cloudformation.Client {
	t.Helper()
	s := httptest.NewServer(wire.New(wire.Config{Control: unasked(t), CloudFormation: f, Authenticate: verified(t), Log: quiet}))
	t.Cleanup(s.Close)
	return cloudformation.NewFromConfig(sdkConfig(s.URL))
}

func TestTheSDKRoundTripsTheTypeRegistry(t *testing.T) {
	s := aws.String
	at := time.Date(2026, 11, 23, 12, 0, 0, 84_000_000, time.UTC)
	const xml = "q\" b\\ n\n é 💡 </Schema> & ]]>"
	type cc = cloudformation.Client
	for _, c := range []struct {
		name    string
		in, out any
		call    func(context.Context, *cc) (any, error)
		answer  any
	}{
		{
			"DescribeType",
			control.CFNDescribeTypeInput{Type: s("RESOURCE"), TypeName: s(typeName), VersionId: s("1"), Arn: s("a"), PublisherId: s("p"), PublicVersionNumber: s("n")},
			control.CFNDescribeTypeOutput{Arn: "a", Type: "RESOURCE", TypeName: typeName, IsDefaultVersion: true, Schema: xml, TimeCreated: at, IsActivated: ptr(true)},
			func(x context.Context, c *cc) (any, error) {
				return c.DescribeType(x, &cloudformation.DescribeTypeInput{Type: "RESOURCE", TypeName: s(typeName), VersionId: s("1"), Arn: s("a"), PublisherId: s("p"), PublicVersionNumber: s("n")})
			},
			&cloudformation.DescribeTypeOutput{Arn: s("a"), Type: "RESOURCE", TypeName: s(typeName), IsDefaultVersion: aws.Bool(true), Schema: s(xml), TimeCreated: &at, IsActivated: aws.Bool(true)},
		},
		{
			"ListTypes",
			control.CFNListTypesInput{Visibility: s("PUBLIC"), MaxResults: ptr(7), NextToken: s("n"), Filters: &control.CFNTypeFilters{Category: s("AWS_TYPES"), TypeNamePrefix: s("AWS::")}},
			control.CFNListTypesOutput{NextToken: "m", TypeSummaries: []control.CFNTypeSummary{{TypeName: "A::B::C", LastUpdated: at}, {TypeName: "A::B::D"}}},
			func(x context.Context, c *cc) (any, error) {
				return c.ListTypes(x, &cloudformation.ListTypesInput{Visibility: "PUBLIC", MaxResults: aws.Int32(7), NextToken: s("n"), Filters: &types.TypeFilters{Category: "AWS_TYPES", TypeNamePrefix: s("AWS::")}})
			},
			&cloudformation.ListTypesOutput{NextToken: s("m"), TypeSummaries: []types.TypeSummary{{TypeName: s("A::B::C"), LastUpdated: &at}, {TypeName: s("A::B::D")}}},
		},
		{
			"BatchDescribeTypeConfigurations",
			control.CFNBatchDescribeTypeConfigurationsInput{TypeConfigurationIdentifiers: []control.CFNTypeConfigurationIdentifier{{TypeArn: s("a")}, {Type: s("RESOURCE"), TypeName: s(typeName)}}},
			control.CFNBatchDescribeTypeConfigurationsOutput{Errors: []control.CFNTypeConfigurationError{{ErrorCode: "C", ErrorMessage: "m", TypeConfigurationIdentifier: control.CFNTypeConfigurationIdentifier{TypeArn: s("a")}}}},
			func(x context.Context, c *cc) (any, error) {
				return c.BatchDescribeTypeConfigurations(x, &cloudformation.BatchDescribeTypeConfigurationsInput{TypeConfigurationIdentifiers: []types.TypeConfigurationIdentifier{{TypeArn: s("a")}, {Type: "RESOURCE", TypeName: s(typeName)}}})
			},
			&cloudformation.BatchDescribeTypeConfigurationsOutput{
				Errors:                        []types.BatchDescribeTypeConfigurationsError{{ErrorCode: s("C"), ErrorMessage: s("m"), TypeConfigurationIdentifier: &types.TypeConfigurationIdentifier{TypeArn: s("a")}}},
				UnprocessedTypeConfigurations: []types.TypeConfigurationIdentifier{}, TypeConfigurations: []types.TypeConfigurationDetails{},
			},
		},
		{
			"ListTypeRegistrations",
			control.CFNListTypeRegistrationsInput{},
			control.CFNListTypeRegistrationsOutput{RegistrationTokenList: []string{"a", "b"}},
			func(x context.Context, c *cc) (any, error) {
				return c.ListTypeRegistrations(x, &cloudformation.ListTypeRegistrationsInput{})
			},
			&cloudformation.ListTypeRegistrationsOutput{RegistrationTokenList: []string{"a", "b"}},
		},
		{
			"DeregisterType",
			control.CFNVersionInput{Arn: s("a")},
			struct{}{},
			func(x context.Context, c *cc) (any, error) {
				return c.DeregisterType(x, &cloudformation.DeregisterTypeInput{Arn: s("a")})
			},
			&cloudformation.DeregisterTypeOutput{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := sdkCFN(t, func(name string, caller control.Caller, in any) (any, error) {
				if name != c.name || caller != testCaller {
					t.Errorf("asked for %s by %+v", name, caller)
				}
				if d := cmp.Diff(c.in, in); d != "" {
					t.Errorf("input (-want +got):\n%s", d)
				}
				return c.out, nil
			})
			answer, err := c.call(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.answer, answer, ignoreSDK); d != "" {
				t.Errorf("output (-want +got):\n%s", d)
			}
		})
	}
}

func TestErrorsOfTheTypeRegistryHaveTheirNamesAndStatus(t *testing.T) {
	for name, want := range map[string]struct {
		code   string
		status int
	}{
		"ValidationException":                {"ValidationError", 400},
		"CFNRegistryException":               {"CFNRegistryException", 400},
		"TypeNotFoundException":              {"TypeNotFoundException", 404},
		"TypeConfigurationNotFoundException": {"TypeConfigurationNotFoundException", 404},
		"NoSuchName":                         {"InternalFailure", 500},
	} {
		client := sdkCFN(t, func(string, control.Caller, any) (any, error) { return nil, &control.Error{Name: name, Text: "why"} })
		_, err := client.DescribeType(t.Context(), &cloudformation.DescribeTypeInput{})
		r, ok := errors.AsType[httpError](err)
		if !ok || r.HTTPStatusCode() != want.status || !strings.Contains(err.Error(), want.code) || want.status < 500 && !strings.Contains(err.Error(), "why") {
			t.Errorf("%s: %v", name, err)
		}
		if _, typed := errors.AsType[*types.TypeNotFoundException](err); typed != (name == "TypeNotFoundException") {
			t.Errorf("%s: %v is typed", name, err)
		}
	}
}

func TestFormsThatCannotBeReadAreRefused(t *testing.T) {
	h := wire.New(wire.Config{Control: unasked(t), Authenticate: anyone, Log: quiet, CloudFormation: cfn(func(name string, _ control.Caller, in any) (any, error) {
		t.Errorf("asked for %s with %+v", name, in)
		return nil, nil
	})})
	for more, want := range map[string]string{
		"Type=%zz":                      "MalformedQueryString",
		strings.Repeat("a", 300) + "=1": "MalformedQueryString",
		strings.Repeat("&a=1&b=2", 9) + "&MaxResults=x": "ValidationError",
		func() string {
			v := url.Values{}
			for i := range 2000 {
				v.Set("a"+strings.Repeat("b", i%50)+string(rune('a'+i/50)), "1")
			}
			return v.Encode()
		}(): "MalformedQueryString",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=ListTypes&Version=2010-05-15&"+more))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "<Code>"+want+"</Code>") {
			t.Errorf("%.40s: %d %s, want %s", more, w.Code, w.Body, want)
		}
	}
}
