package wire_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/wire"
)

// fake is a control that answers whatever the test says: a value of the operation's type.
type fake func(operation string, caller control.Caller, in any) (any, error)

func call[Out any](f fake, name string, caller control.Caller, in any) (Out, error) {
	out, err := f(name, caller, in)
	typed, _ := out.(Out)
	return typed, err
}

func (f fake) CreateResource(_ context.Context, c control.Caller, in control.CreateResourceInput) (operation.Request, error) {
	return call[operation.Request](f, "CreateResource", c, in)
}

func (f fake) UpdateResource(_ context.Context, c control.Caller, in control.UpdateResourceInput) (operation.Request, error) {
	return call[operation.Request](f, "UpdateResource", c, in)
}

func (f fake) DeleteResource(_ context.Context, c control.Caller, in control.DeleteResourceInput) (operation.Request, error) {
	return call[operation.Request](f, "DeleteResource", c, in)
}

// got is what GetResource returns besides its error.
type got struct {
	TypeName    string
	Description control.Description
}

func (f fake) GetResource(_ context.Context, c control.Caller, in control.GetResourceInput) (string, control.Description, error) {
	g, err := call[got](f, "GetResource", c, in)
	return g.TypeName, g.Description, err
}

func (f fake) ListResources(_ context.Context, c control.Caller, in control.ListResourcesInput) (control.ResourceList, error) {
	return call[control.ResourceList](f, "ListResources", c, in)
}

func (f fake) GetResourceRequestStatus(_ context.Context, c control.Caller, in control.GetResourceRequestStatusInput) (operation.Request, error) {
	return call[operation.Request](f, "GetResourceRequestStatus", c, in)
}

func (f fake) CancelResourceRequest(_ context.Context, c control.Caller, in control.CancelResourceRequestInput) (operation.Request, error) {
	return call[operation.Request](f, "CancelResourceRequest", c, in)
}

func (f fake) ListResourceRequests(_ context.Context, c control.Caller, in control.ListResourceRequestsInput) (control.RequestList, error) {
	return call[control.RequestList](f, "ListResourceRequests", c, in)
}

func (f fake) ListRequests(_ context.Context, c control.Caller, in control.ListResourceRequestsInput) (control.DetailList, error) {
	return call[control.DetailList](f, "ListRequests", c, in)
}

func (f fake) DescribeRequest(_ context.Context, c control.Caller, in control.DescribeRequestInput) (control.Detail, error) {
	return call[control.Detail](f, "DescribeRequest", c, in)
}

func (f fake) ResumeRequest(_ context.Context, c control.Caller, in control.ResumeRequestInput) (control.Detail, error) {
	return call[control.Detail](f, "ResumeRequest", c, in)
}

func (f fake) FailRequest(_ context.Context, c control.Caller, in control.FailRequestInput) (control.Aborted, error) {
	return call[control.Aborted](f, "FailRequest", c, in)
}

// unasked is a control that nothing may reach.
func unasked(t *testing.T) fake {
	return func(name string, _ control.Caller, in any) (any, error) {
		t.Errorf("control was asked for %s with %+v", name, in)
		return nil, nil
	}
}

var testKey = auth.Key{
	AccessKeyID: "AKIDEXAMPLE0000000001", SecretAccessKey: "a secret", Account: "123456789012",
	Arn: "arn:aws:iam::123456789012:user/test", UserID: "AIDATEST",
}

var testCaller = control.Caller{Account: "123456789012", Region: "eu-west-1", Arn: "arn:aws:iam::123456789012:user/test"}

// anyone lets every call through as the test key's owner.
func anyone(*http.Request, []byte, ...string) (auth.Identity, error) {
	return auth.Identity{Account: testKey.Account, Region: "eu-west-1", Arn: testKey.Arn, UserID: testKey.UserID}, nil
}

// verified checks signatures for real.
func verified(t testing.TB) wire.Authenticate {
	t.Helper()
	keys, err := auth.NewKeys(testKey)
	if err != nil {
		t.Fatal(err)
	}
	v := &auth.Verifier{Keys: keys}
	return func(r *http.Request, body []byte, services ...string) (auth.Identity, error) {
		return v.Verify(r, body, time.Now(), services...)
	}
}

var quiet = slog.New(slog.DiscardHandler)

func newServer(t *testing.T, c wire.Control, a wire.Authenticate) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(wire.New(wire.Config{Control: c, Authenticate: a, Log: quiet}))
	t.Cleanup(s.Close)
	return s
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ptr[T any](v T) *T { return &v }

func (f fake) ImportTypes(_ context.Context, c control.Caller, in control.ImportTypesInput) ([]registry.Imported, error) {
	return call[[]registry.Imported](f, "ImportTypes", c, in)
}

func (f fake) ListOrphans(_ context.Context, c control.Caller, in control.ListOrphansInput) (control.OrphanList, error) {
	return call[control.OrphanList](f, "ListOrphans", c, in)
}

func (f fake) AdoptResource(_ context.Context, c control.Caller, in control.OrphanInput) (operation.Request, error) {
	return call[operation.Request](f, "AdoptResource", c, in)
}

func (f fake) ReapResource(_ context.Context, c control.Caller, in control.OrphanInput) (operation.Request, error) {
	return call[operation.Request](f, "ReapResource", c, in)
}

func (f fake) ListTypeCalls(_ context.Context, c control.Caller, in control.ListTypeCallsInput) (control.TypeCalls, error) {
	return call[control.TypeCalls](f, "ListTypeCalls", c, in)
}

func (f fake) ListTypes(_ context.Context, c control.Caller, in control.ListTypesInput) ([]registry.Summary, error) {
	return call[[]registry.Summary](f, "ListTypes", c, in)
}

func (f fake) DescribeType(_ context.Context, c control.Caller, in control.DescribeTypeInput) (control.TypeDetail, error) {
	return call[control.TypeDetail](f, "DescribeType", c, in)
}

func (f fake) SimulateType(_ context.Context, c control.Caller, in control.SimulateTypeInput) (control.TypeDetail, error) {
	return call[control.TypeDetail](f, "SimulateType", c, in)
}

func (f fake) PutCode(_ context.Context, c control.Caller, in control.PutCodeInput) (struct{}, error) {
	return call[struct{}](f, "PutCode", c, in)
}

func (f fake) RegisterType(_ context.Context, c control.Caller, in control.RegisterTypeInput) (registry.Imported, error) {
	return call[registry.Imported](f, "RegisterType", c, in)
}

func (f fake) SetDefaultTypeVersion(_ context.Context, c control.Caller, in control.TypeVersionInput) (control.TypeDetail, error) {
	return call[control.TypeDetail](f, "SetDefaultTypeVersion", c, in)
}

func (f fake) DeregisterType(_ context.Context, c control.Caller, in control.TypeVersionInput) (struct{}, error) {
	return call[struct{}](f, "DeregisterType", c, in)
}

func (f fake) ConfigureType(_ context.Context, c control.Caller, in control.ConfigureTypeInput) (struct{}, error) {
	return call[struct{}](f, "ConfigureType", c, in)
}
