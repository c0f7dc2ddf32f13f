// Package invoke serves registered types whose handlers run elsewhere, behind an endpoint that
// speaks the Invoke operation of AWS Lambda's API: Lambda itself, an emulator of it, or another
// server of ours.
package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// Forwarded is a header of every call that this package makes. A server of ours that gets it
// does not pass the call on once more, for that could go round in circles.
const Forwarded = "Groundcontrol-Forwarded"

// maxTold bounds how much of what an endpoint says of itself is repeated.
const maxTold = 1024

// Types is what the runtime asks of the registry; a *registry.Registry is one.
type Types interface {
	Lookup(ctx context.Context, account, region, name, version string) (registry.Type, error)
}

// Runtime is the handler.Runtime of such types. It is safe for use by many goroutines.
type Runtime struct {
	types Types
	extra provider.Source
	key   provider.Credentials
	log   *slog.Logger
	http  http.Client
}

var (
	_ handler.Runtime    = (*Runtime)(nil)
	_ handler.RawInvoker = (*Runtime)(nil)
)

// New returns a runtime. extra gives what calls carry besides themselves. Calls to AWS itself are
// signed with key, those to other hosts are not signed; nor is any where key is the zero value.
func New(types Types, extra provider.Source, key provider.Credentials, log *slog.Logger) *Runtime {
	return &Runtime{types: types, extra: extra, key: key, log: log, http: http.Client{
		Transport: &http.Transport{ // no proxy: the endpoint is what was registered
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     time.Minute,
			ForceAttemptHTTP2:   true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives up the connections that no call uses.
func (r *Runtime) Close() { r.http.CloseIdleConnections() }

// Invoke makes one call; see handler.Runtime. A function that fails as one gave no answer; one that
// says it ran out of time gives context.DeadlineExceeded. Where the endpoint cannot be
// reached or the answer is lost the error is handler.ErrUnreachable or ErrLostOutcome. An
// endpoint that throttles, or is itself in trouble, is a failure worth another try.
func (r *Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	f, err := r.function(ctx, handler.Target{Account: c.Account, Region: c.Region, TypeName: c.TypeName, TypeVersion: c.TypeVersion})
	if err != nil {
		return handler.Answer{}, err
	}
	extra, err := r.extra.For(ctx, c)
	if err != nil {
		return provider.Refused(err), nil
	}
	payload, err := provider.Payload(c, extra)
	if err != nil {
		return handler.Answer{}, fmt.Errorf("invoke: payload: %w", err)
	}
	got, err := r.call(ctx, f, payload, c.Action == schema.Read || c.Action == schema.List)
	if refusal, ok := errors.AsType[*refusal](err); ok && refusal.code() != "" {
		return handler.Answer{Status: handler.Failed, ErrorCode: refusal.code(), Message: refusal.Error()}, nil
	}
	said := handler.Answer{Output: provider.Redact(got.output, c, extra)}
	if err != nil {
		return said, err
	}
	if err := got.failure(); err != nil {
		r.log.Warn("a handler failed as a function", "type", c.TypeName, "version", c.TypeVersion, "token", c.Token, "err", err)
		return said, err
	}
	answer, warnings, err := provider.Answer(c, got.body)
	for _, w := range warnings {
		r.log.Warn("a handler's answer is odd", "type", c.TypeName, "version", c.TypeVersion, "token", c.Token, "what", w)
	}
	answer.Output = said.Output
	return answer, err
}

// InvokeRaw makes one call; see handler.RawInvoker.
func (r *Runtime) InvokeRaw(ctx context.Context, t handler.Target, payload []byte) (handler.Raw, error) {
	f, err := r.function(ctx, t)
	if err != nil {
		return handler.Raw{}, err
	}
	got, err := r.call(ctx, f, payload, false)
	if err != nil {
		return handler.Raw{}, err
	}
	return handler.Raw{Body: got.body, Failed: got.failure() != nil, Output: got.output}, nil
}

// function is where the handlers of a type are called.
type function struct {
	endpoint, name, region string
}

func (r *Runtime) function(ctx context.Context, t handler.Target) (function, error) {
	typ, err := r.types.Lookup(ctx, t.Account, t.Region, t.TypeName, t.TypeVersion)
	if err != nil {
		return function{}, err
	}
	if typ.Code == nil || typ.Code.Endpoint == "" {
		return function{}, fmt.Errorf("invoke: type %s has no endpoint", t.TypeName)
	}
	return function{strings.TrimRight(typ.Code.Endpoint, "/"), typ.Code.Function, t.Region}, nil
}

// reply is an answer of the function, as far as the endpoint can tell.
type reply struct {
	failed bool // the endpoint says that the function has failed
	body   []byte
	output string
}

// timedOut is how Lambda says that a function took too long.
const timedOut = "Task timed out after "

// failure is how the function failed, or nil. Some emulators do not mark a failure; a report of
// one then is no ProgressEvent.
func (r reply) failure() error {
	if !r.failed && strings.HasPrefix(string(r.body), timedOut) { // no JSON
		return fmt.Errorf("%w: %.100s", context.DeadlineExceeded, r.body)
	}
	var report struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
		Status       any    `json:"status"`
	}
	isJSON := json.Unmarshal(r.body, &report) == nil
	switch {
	case !r.failed && (!isJSON || report.Status != nil || report.ErrorMessage == ""):
		return nil
	case !isJSON:
		report.ErrorMessage = string(r.body)
	}
	err := &lambda.FunctionError{Type: told(report.ErrorType), Message: told(report.ErrorMessage)}
	if err.Type == "Sandbox.Timedout" || strings.Contains(err.Message, timedOut) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

// told is a text of the endpoint as an error may repeat it.
func told(text string) string {
	return fmt.Sprintf("%.*s", maxTold, strings.ToValidUTF8(text, "\uFFFD"))
}
