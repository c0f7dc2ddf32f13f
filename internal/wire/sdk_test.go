package wire_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/wire"
)

func sdkConfig(url string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider(testKey.AccessKeyID, testKey.SecretAccessKey, ""),
	}
}

func sdk(t *testing.T, c wire.Control) *cloudcontrol.Client {
	return cloudcontrol.NewFromConfig(sdkConfig(newServer(t, c, verified(t)).URL))
}

const (
	typeName = "AWS::Logs::LogGroup"
	token    = "0199f3c2-7a01-7000-8000-000000000001"
	odd      = "q\" b\\ n\n t\t nul\x00 del\x7f é \u2028 💡 </script>" // must come through as it is
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 84_999_999, time.UTC)

// ended is a request with every member that clients see, and what they see of it.
func ended(status operation.Status, op operation.Operation) (operation.Request, *types.ProgressEvent) {
	r := operation.Request{
		Token: token, Operation: op, TypeName: typeName, Identifier: odd, Status: status, Message: odd,
		Model: []byte(`{"A":"` + "é" + `\u0000"}`), EventTime: noon, Input: operation.Input{Desired: []byte(`"secret"`)},
	}
	e := &types.ProgressEvent{
		TypeName: aws.String(typeName), RequestToken: aws.String(token), Operation: types.Operation(op),
		OperationStatus: types.OperationStatus(status), EventTime: aws.Time(noon.Truncate(time.Millisecond)),
		Identifier: aws.String(odd), StatusMessage: aws.String(odd),
	}
	return r, e
}

func TestTheSDKSeesEachStateOfARequest(t *testing.T) {
	var r operation.Request
	client := sdk(t, fake(func(string, control.Caller, any) (any, error) { return r, nil }))
	check := func(name string, given operation.Request, want *types.ProgressEvent) {
		t.Run(name, func(t *testing.T) {
			r = given
			out, err := client.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: aws.String(token)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, out.ProgressEvent, cmpopts.IgnoreUnexported(types.ProgressEvent{})); d != "" {
				t.Errorf("event (-want +got):\n%s", d)
			}
		})
	}
	for _, op := range operation.Operations {
		given, want := ended(operation.Success, op)
		if op != operation.Delete {
			want.ResourceModel = aws.String(string(given.Model))
		}
		check("success of "+string(op), given, want)
	}

	given, want := ended(operation.Failed, operation.Create)
	given.ErrorCode, want.ErrorCode = "AlreadyExists", types.HandlerErrorCodeAlreadyExists
	check("failed", given, want)

	given, want = ended(operation.InProgress, operation.Create)
	given.ErrorCode, given.Node = "Throttling", "n1" // left from a call that is tried again
	given.DueAt = noon.Add(time.Second)
	check("a call in flight has neither error code nor RetryAfter", given, want)
	given.Node = ""
	want.RetryAfter = aws.Time(noon.Add(time.Second).Truncate(time.Millisecond))
	check("waiting for the next call", given, want)
	given.DueAt, want.RetryAfter = noon, nil
	check("due at once", given, want)

	for _, s := range []operation.Status{operation.Pending, operation.CancelInProgress, operation.CancelComplete} {
		given, want = ended(s, operation.Update)
		given.Identifier, given.Message, want.Identifier, want.StatusMessage = "", "", nil, nil
		check(string(s)+" with nothing that may be absent", given, want)
	}
}

func TestTheSDKRoundTripsEachMember(t *testing.T) {
	request, event := ended(operation.InProgress, operation.Create)
	s := aws.String
	type ctx = context.Context
	type cc = cloudcontrol.Client
	for _, c := range []struct {
		name   string
		in     any // for control
		out    any // from control
		call   func(ctx, *cc) (any, error)
		answer any
	}{
		{
			"CreateResource",
			control.CreateResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), DesiredState: s(odd)},
			request,
			func(x ctx, c *cc) (any, error) {
				return c.CreateResource(x, &cloudcontrol.CreateResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), DesiredState: s(odd)})
			},
			&cloudcontrol.CreateResourceOutput{ProgressEvent: event},
		},
		{
			"UpdateResource",
			control.UpdateResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), Identifier: s(odd), PatchDocument: s("[]")},
			request,
			func(x ctx, c *cc) (any, error) {
				return c.UpdateResource(x, &cloudcontrol.UpdateResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), Identifier: s(odd), PatchDocument: s("[]")})
			},
			&cloudcontrol.UpdateResourceOutput{ProgressEvent: event},
		},
		{
			"DeleteResource",
			control.DeleteResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), Identifier: s(odd)},
			request,
			func(x ctx, c *cc) (any, error) {
				return c.DeleteResource(x, &cloudcontrol.DeleteResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), ClientToken: s("c"), Identifier: s(odd)})
			},
			&cloudcontrol.DeleteResourceOutput{ProgressEvent: event},
		},
		{
			"GetResource",
			control.GetResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), Identifier: s(odd)},
			got{typeName, control.Description{Identifier: odd, Properties: odd}},
			func(x ctx, c *cc) (any, error) {
				return c.GetResource(x, &cloudcontrol.GetResourceInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), Identifier: s(odd)})
			},
			&cloudcontrol.GetResourceOutput{TypeName: s(typeName), ResourceDescription: &types.ResourceDescription{Identifier: s(odd), Properties: s(odd)}},
		},
		{
			"ListResources",
			control.ListResourcesInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), NextToken: s("n"), MaxResults: ptr(7), ResourceModel: s("{}")},
			control.ResourceList{TypeName: typeName, NextToken: odd, Descriptions: []control.Description{{Identifier: "a", Properties: "{}"}, {Identifier: "b"}}},
			func(x ctx, c *cc) (any, error) {
				return c.ListResources(x, &cloudcontrol.ListResourcesInput{TypeName: s(typeName), TypeVersionId: s("1"), RoleArn: s("r"), NextToken: s("n"), MaxResults: aws.Int32(7), ResourceModel: s("{}")})
			},
			&cloudcontrol.ListResourcesOutput{TypeName: s(typeName), NextToken: s(odd), ResourceDescriptions: []types.ResourceDescription{{Identifier: s("a"), Properties: s("{}")}, {Identifier: s("b")}}},
		},
		{
			"GetResourceRequestStatus",
			control.GetResourceRequestStatusInput{RequestToken: s(token)},
			request,
			func(x ctx, c *cc) (any, error) {
				return c.GetResourceRequestStatus(x, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: s(token)})
			},
			&cloudcontrol.GetResourceRequestStatusOutput{ProgressEvent: event},
		},
		{
			"CancelResourceRequest",
			control.CancelResourceRequestInput{RequestToken: s(token)},
			request,
			func(x ctx, c *cc) (any, error) {
				return c.CancelResourceRequest(x, &cloudcontrol.CancelResourceRequestInput{RequestToken: s(token)})
			},
			&cloudcontrol.CancelResourceRequestOutput{ProgressEvent: event},
		},
		{
			"ListResourceRequests",
			control.ListResourceRequestsInput{MaxResults: ptr(100), NextToken: s("bg=="), ResourceRequestStatusFilter: &control.RequestStatusFilter{
				Operations: []string{"CREATE", "NOPE"}, OperationStatuses: []string{"SUCCESS"},
			}},
			control.RequestList{Requests: []operation.Request{request, request}, NextToken: "bg=="},
			func(x ctx, c *cc) (any, error) {
				return c.ListResourceRequests(x, &cloudcontrol.ListResourceRequestsInput{
					MaxResults: aws.Int32(100), NextToken: s("bg=="), ResourceRequestStatusFilter: &types.ResourceRequestStatusFilter{
						Operations: []types.Operation{"CREATE", "NOPE"}, OperationStatuses: []types.OperationStatus{"SUCCESS"},
					},
				})
			},
			&cloudcontrol.ListResourceRequestsOutput{ResourceRequestStatusSummaries: []types.ProgressEvent{*event, *event}, NextToken: s("bg==")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := sdk(t, fake(func(name string, caller control.Caller, in any) (any, error) {
				if name != c.name || caller != testCaller {
					t.Errorf("control was asked for %s by %+v", name, caller)
				}
				if d := cmp.Diff(c.in, in); d != "" {
					t.Errorf("input (-want +got):\n%s", d)
				}
				return c.out, nil
			}))
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

// ignoreSDK leaves out what the SDK adds to outputs for its own use.
var ignoreSDK = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && (f.Name() == "ResultMetadata" || f.Name() == "noSmithyDocumentSerde")
}, cmp.Ignore())

func TestEachExceptionIsTypedInTheSDK(t *testing.T) {
	typed := map[string]error{
		"AlreadyExistsException": &types.AlreadyExistsException{}, "ClientTokenConflictException": &types.ClientTokenConflictException{},
		"ConcurrentOperationException": &types.ConcurrentOperationException{}, "GeneralServiceException": &types.GeneralServiceException{},
		"HandlerFailureException": &types.HandlerFailureException{}, "HandlerInternalFailureException": &types.HandlerInternalFailureException{},
		"InvalidCredentialsException": &types.InvalidCredentialsException{}, "InvalidRequestException": &types.InvalidRequestException{},
		"NetworkFailureException": &types.NetworkFailureException{}, "NotStabilizedException": &types.NotStabilizedException{},
		"NotUpdatableException": &types.NotUpdatableException{}, "PrivateTypeException": &types.PrivateTypeException{},
		"ResourceConflictException": &types.ResourceConflictException{}, "ResourceNotFoundException": &types.ResourceNotFoundException{},
		"ServiceInternalErrorException": &types.ServiceInternalErrorException{}, "ServiceLimitExceededException": &types.ServiceLimitExceededException{},
		"ThrottlingException": &types.ThrottlingException{}, "TypeNotFoundException": &types.TypeNotFoundException{},
		"UnsupportedActionException": &types.UnsupportedActionException{},
	}
	if len(typed) != 19 {
		t.Fatalf("%d typed exceptions, AWS's model has 19 for CreateResource", len(typed))
	}
	elsewhere := map[string]bool{ // of Lambda, and of CloudFormation
		"InvalidParameterValueException": true, "InvalidRequestContentException": true, "ServiceException": true, "TooManyRequestsException": true,
		"CFNRegistryException": true, "TypeConfigurationNotFoundException": true,
	}
	for _, name := range wire.Errors() {
		if !strings.HasSuffix(name, "Exception") || elsewhere[name] {
			continue // of other protocols, or never sent
		}
		t.Run(name, func(t *testing.T) {
			client := sdk(t, fake(func(string, control.Caller, any) (any, error) { return nil, &control.Error{Name: name, Text: odd} }))
			_, err := client.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: aws.String(typeName), DesiredState: aws.String("{}")})
			checkAPIError(t, err, name, odd)
			if want := typed[name]; want != nil && !errors.As(err, reflect.New(reflect.TypeOf(want)).Interface()) {
				t.Errorf("%v is no %T", err, want)
			}
		})
	}
	for name, run := range map[string]func(*cloudcontrol.Client) error{
		"RequestTokenNotFoundException": func(c *cloudcontrol.Client) error {
			_, err := c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: aws.String(token)})
			return err
		},
		"ConcurrentModificationException": func(c *cloudcontrol.Client) error {
			_, err := c.CancelResourceRequest(t.Context(), &cloudcontrol.CancelResourceRequestInput{RequestToken: aws.String(token)})
			return err
		},
	} {
		err := run(sdk(t, fake(func(string, control.Caller, any) (any, error) { return nil, &control.Error{Name: name, Text: "t"} })))
		checkAPIError(t, err, name, "t")
		_, notFound := errors.AsType[*types.RequestTokenNotFoundException](err)
		_, concurrent := errors.AsType[*types.ConcurrentModificationException](err)
		if !notFound && !concurrent {
			t.Errorf("%v is not typed", err)
		}
	}
}

func checkAPIError(t *testing.T, err error, name, text string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("not an API error: %v", err)
	}
	if e.ErrorCode() != name || e.ErrorMessage() != text {
		t.Errorf("got %q %q, want %q %q", e.ErrorCode(), e.ErrorMessage(), name, text)
	}
}

func TestTheSDKLearnsWhoItIs(t *testing.T) {
	url := newServer(t, unasked(t), verified(t)).URL
	out, err := sts.NewFromConfig(sdkConfig(url)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	want := &sts.GetCallerIdentityOutput{Account: &testKey.Account, Arn: &testKey.Arn, UserId: &testKey.UserID}
	if d := cmp.Diff(want, out, ignoreSDK); d != "" {
		t.Errorf("output (-want +got):\n%s", d)
	}
	for _, c := range []struct {
		name, id, secret, code string
	}{
		{"unknown key", "AKIDUNKNOWN000000000", testKey.SecretAccessKey, "InvalidClientTokenId"},
		{"wrong secret", testKey.AccessKeyID, "wrong", "SignatureDoesNotMatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := sdkConfig(url)
			config.Credentials = credentials.NewStaticCredentialsProvider(c.id, c.secret, "")
			_, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != c.code || e.ErrorFault() == smithy.FaultServer {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if r, ok := errors.AsType[httpError](err); !ok || r.HTTPStatusCode() != http.StatusForbidden {
				t.Errorf("%v has no status 403", err)
			}
		})
	}
}

type httpError interface {
	error
	HTTPStatusCode() int
}
