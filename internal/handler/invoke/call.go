package invoke

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/lambda"
)

const (
	// tries is how often one call is sent where nothing of it arrives; the engine, which holds
	// no slot meanwhile, goes on after that.
	tries      = 4
	firstPause = 100 * time.Millisecond
)

// failed is an error with its own words and the kind that the engine knows it by.
type failed struct {
	kind error
	text string
}

func (f *failed) Error() string { return f.text }
func (f *failed) Unwrap() error { return f.kind }

// refusal is an endpoint that did not call the function.
type refusal struct {
	f             function
	status        int
	name, message string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s answers the call of %s with status %d", r.f.endpoint, r.f.name, r.status)
	switch {
	case r.Is(handler.ErrNoFunction):
		text = fmt.Sprintf("%s has no function %s", r.f.endpoint, r.f.name)
	case r.status == http.StatusNotFound:
		text += ", which is not what a Lambda endpoint says"
	case r.status >= 300 && r.status < 400:
		text += ": redirects are not followed"
	}
	if r.name != "" {
		text += " (" + r.name + ")"
	}
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// Is tells callers of InvokeRaw what kind of refusal it is.
func (r *refusal) Is(target error) bool {
	switch target {
	case handler.ErrThrottled:
		return r.code() == handler.Throttling
	case handler.ErrNoFunction:
		return r.status == http.StatusNotFound && r.name == "ResourceNotFoundException"
	}
	return false
}

// code is the failure that the refusal is, where the call is worth another try.
func (r *refusal) code() handler.Code {
	switch {
	case r.status == http.StatusTooManyRequests, strings.HasPrefix(r.name, "TooManyRequests"), strings.HasPrefix(r.name, "Throttling"):
		return handler.Throttling
	case r.status >= 500:
		return handler.ServiceInternalError
	}
	return ""
}

// call makes one call. It is sent again, a few times, where nothing of it has left, and one that
// changes nothing (harmless) also where its answer was lost. Errors: a *refusal,
// handler.ErrUnreachable, ErrLostOutcome, or the cause of ctx.
func (r *Runtime) call(ctx context.Context, f function, payload []byte, harmless bool) (reply, error) {
	pause := firstPause
	for try := 1; ; try++ {
		got, err := r.send(ctx, f, payload)
		again := errors.Is(err, handler.ErrUnreachable) || harmless && errors.Is(err, handler.ErrLostOutcome)
		if try == tries || !again {
			return got, err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
			pause *= 2
		case <-ctx.Done():
			return reply{}, err // which says more than that time is up
		}
	}
}

// send makes one call once.
func (r *Runtime) send(ctx context.Context, f function, payload []byte) (reply, error) {
	// From the moment a connection is there, TLS and all, the call may arrive.
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := r.request(traced, f, payload)
	if err != nil {
		return reply{}, fmt.Errorf("invoke: %w", err)
	}
	answer, err := r.http.Do(request)
	if err != nil {
		return reply{}, broken(ctx, f, err, connected.Load())
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(answer.Body, provider.MaxSize+1))
	if err != nil {
		return reply{}, broken(ctx, f, err, true)
	}
	if answer.StatusCode != http.StatusOK {
		return reply{}, refused(f, answer, body)
	}
	if len(body) > provider.MaxSize {
		return reply{}, fmt.Errorf("invoke: %w", &lambda.FunctionError{
			Type: "Function.ResponseSizeTooLarge", Message: fmt.Sprintf("the answer has more than %d bytes", provider.MaxSize),
		})
	}
	output, _ := base64.StdEncoding.DecodeString(answer.Header.Get("X-Amz-Log-Result")) // what can be read of it
	return reply{answer.Header.Get("X-Amz-Function-Error") != "", body, strings.ToValidUTF8(string(output), "\uFFFD")}, nil
}

func (r *Runtime) request(ctx context.Context, f function, payload []byte) (*http.Request, error) {
	to := f.endpoint + "/2015-03-31/functions/" + url.PathEscape(f.name) + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "groundcontrol")
	request.Header.Set(Forwarded, "1")
	request.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	request.Header.Set("X-Amz-Log-Type", "Tail")
	r.sign(request, payload, f.region)
	return request, nil
}

// broken is what became of a call that the network did not carry.
func broken(ctx context.Context, f function, err error, connected bool) error {
	if ctx.Err() != nil {
		return fmt.Errorf("invoke: %s: %w", f.endpoint, context.Cause(ctx))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL, which is told
	}
	kind := handler.ErrUnreachable
	if connected {
		kind = handler.ErrLostOutcome
	}
	return &failed{kind, fmt.Sprintf("%s: %v", f.endpoint, err)}
}

// refused is an answer that is none of the function.
func refused(f function, answer *http.Response, body []byte) error {
	var says struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // either case
	}
	_ = json.Unmarshal(body, &says) // it may be anything
	name, _, _ := strings.Cut(cmp.Or(answer.Header.Get("X-Amzn-Errortype"), says.Type), ":")
	if i := strings.LastIndex(name, "#"); i >= 0 {
		name = name[i+1:]
	}
	return &refusal{f, answer.StatusCode, told(name), told(says.Message)}
}
