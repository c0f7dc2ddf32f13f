package main_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/testsdk"
)

var httpClient = testsdk.Client(2*patience, 32)

// str is a pointer to a text, as the SDK wants it.
func str(s string) *string { return &s }

func config(s *server, k auth.Key, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &s.endpoint, HTTPClient: httpClient,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// client is the SDK's client with what tests need again and again. Its methods end
// the test where a call fails that should not.
type client struct {
	*cloudcontrol.Client
	t *testing.T
}

func (s *server) client(t *testing.T) client { return s.clientOf(t, s.key, region) }

func (s *server) clientOf(t *testing.T, k auth.Key, region string) client {
	return client{cloudcontrol.NewFromConfig(config(s, k, region)), t}
}

func (c client) create(typeName, desired string) *types.ProgressEvent {
	c.t.Helper()
	out, err := c.CreateResource(c.t.Context(), &cloudcontrol.CreateResourceInput{TypeName: &typeName, DesiredState: &desired})
	if err != nil {
		c.t.Fatalf("create %s: %v", typeName, err)
	}
	return out.ProgressEvent
}

func (c client) update(typeName, id, patch string) *types.ProgressEvent {
	c.t.Helper()
	out, err := c.UpdateResource(c.t.Context(), &cloudcontrol.UpdateResourceInput{TypeName: &typeName, Identifier: &id, PatchDocument: &patch})
	if err != nil {
		c.t.Fatalf("update %s: %v", typeName, err)
	}
	return out.ProgressEvent
}

func (c client) delete(typeName, id string) *types.ProgressEvent {
	c.t.Helper()
	out, err := c.DeleteResource(c.t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: &typeName, Identifier: &id})
	if err != nil {
		c.t.Fatalf("delete %s: %v", typeName, err)
	}
	return out.ProgressEvent
}

func (c client) status(token string) *types.ProgressEvent {
	c.t.Helper()
	out, err := c.GetResourceRequestStatus(c.t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: &token})
	if err != nil {
		c.t.Fatalf("status: %v", err)
	}
	return out.ProgressEvent
}

func (c client) cancel(token string) *types.ProgressEvent {
	c.t.Helper()
	out, err := c.CancelResourceRequest(c.t.Context(), &cloudcontrol.CancelResourceRequestInput{RequestToken: &token})
	if err != nil {
		c.t.Fatalf("cancel: %v", err)
	}
	return out.ProgressEvent
}

// waited returns the event of SUCCESS that the SDK's own waiter sees.
func (c client) waited(e *types.ProgressEvent) *types.ProgressEvent {
	c.t.Helper()
	w := cloudcontrol.NewResourceRequestSuccessWaiter(c.Client, func(o *cloudcontrol.ResourceRequestSuccessWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 50*time.Millisecond
	})
	out, err := w.WaitForOutput(c.t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: e.RequestToken}, patience)
	if err != nil {
		c.t.Fatalf("wait for %s of %s: %v: %s", e.Operation, *e.TypeName, err, describe(c.status(*e.RequestToken)))
	}
	return out.ProgressEvent
}

// until asks for the status until it is as wanted.
func (c client) until(token, what string, wanted func(*types.ProgressEvent) bool) *types.ProgressEvent {
	c.t.Helper()
	var e *types.ProgressEvent
	eventually(c.t, what, func() bool {
		e = c.status(token)
		return wanted(e)
	})
	return e
}

// ended is the last event of a request.
func (c client) ended(e *types.ProgressEvent) *types.ProgressEvent {
	c.t.Helper()
	return c.until(*e.RequestToken, "the request has ended", func(e *types.ProgressEvent) bool {
		return e.OperationStatus == types.OperationStatusSuccess || e.OperationStatus == types.OperationStatusFailed ||
			e.OperationStatus == types.OperationStatusCancelComplete
	})
}

// idle is the event of a live request that waits for its next call. It is taken from the
// list, which is never held.
func (c client) idle(e *types.ProgressEvent) *types.ProgressEvent {
	c.t.Helper()
	eventually(c.t, "the request waits for its next call", func() bool {
		for _, listed := range c.requests(types.OperationStatusInProgress) {
			if *listed.RequestToken == *e.RequestToken && listed.RetryAfter != nil {
				e = &listed
				return true
			}
		}
		return false
	})
	return e
}

// requests are the newest hundred requests with one of the statuses; with none given, of all.
func (c client) requests(of ...types.OperationStatus) []types.ProgressEvent {
	c.t.Helper()
	most := int32(100)
	out, err := c.ListResourceRequests(c.t.Context(), &cloudcontrol.ListResourceRequestsInput{
		MaxResults: &most, ResourceRequestStatusFilter: &types.ResourceRequestStatusFilter{OperationStatuses: of},
	})
	if err != nil {
		c.t.Fatalf("list requests: %v", err)
	}
	return out.ResourceRequestStatusSummaries
}

func (c client) get(typeName, id string) map[string]any {
	c.t.Helper()
	out, err := c.GetResource(c.t.Context(), &cloudcontrol.GetResourceInput{TypeName: &typeName, Identifier: &id})
	if err != nil {
		c.t.Fatalf("get %s %s: %v", typeName, id, err)
	}
	return decoded(c.t, out.ResourceDescription.Properties)
}

// missing checks that a resource does not exist.
func (c client) missing(typeName, id string) {
	c.t.Helper()
	_, err := c.GetResource(c.t.Context(), &cloudcontrol.GetResourceInput{TypeName: &typeName, Identifier: &id})
	wantException[*types.ResourceNotFoundException](c.t, err, typeName+" Handler returned status FAILED: Resource of type '"+typeName+
		"' with identifier '"+id+"' was not found. (HandlerErrorCode: NotFound, RequestToken: <uuid>)")
}

func decoded(t *testing.T, text *string) map[string]any {
	t.Helper()
	if text == nil {
		t.Fatal("there is no model")
	}
	var model map[string]any
	if err := json.Unmarshal([]byte(*text), &model); err != nil {
		t.Fatalf("%v in %s", err, *text)
	}
	return model
}

func describe(e *types.ProgressEvent) string {
	text, _ := json.Marshal(e) // a plain struct always can
	return string(text)
}

func wantDiff(t *testing.T, what string, got, want any, options ...cmp.Option) {
	t.Helper()
	if d := cmp.Diff(want, got, options...); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// wantException checks that an error is the SDK's own for an exception of the model,
// with a text and status 400. A request token that cannot be known is <uuid> in the text.
func wantException[E interface {
	error
	ErrorMessage() string
}](t *testing.T, err error, text string) {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Errorf("got  %T %v\nwant %T %s", err, err, e, text)
		return
	}
	wantText(t, err, e.ErrorMessage(), text)
}

// wantRefusal is wantException for names that are not in the SDK's model.
func wantRefusal(t *testing.T, err error, name, text string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != name {
		t.Errorf("got  %v\nwant %s %s", err, name, text)
		return
	}
	wantText(t, err, e.ErrorMessage(), text)
}

func wantInvalid(t *testing.T, err error, text string) {
	t.Helper()
	wantRefusal(t, err, "ValidationException", text)
}

func wantText(t *testing.T, err error, got, want string) {
	t.Helper()
	if got != want && uuid.ReplaceAllString(got, "<uuid>") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || e.HTTPStatusCode() != http.StatusBadRequest {
		t.Errorf("not a 400: %v", err)
	}
}

// discard is for calls whose answer is of no interest.
func discard[T any](_ T, err error) error { return err }

// quoted is a text as JSON.
func quoted(s string) string {
	text, _ := json.Marshal(s) // a string always can
	return string(text)
}
