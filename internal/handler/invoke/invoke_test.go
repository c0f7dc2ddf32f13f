package invoke

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// typesAt is a registry of one type, whose function is at an endpoint.
type typesAt string

func (e typesAt) Lookup(context.Context, string, string, string, string) (registry.Type, error) {
	return registry.Type{Runtime: registry.Invoke, Code: &registry.Code{Endpoint: string(e), Function: "TypeFunction"}}, nil
}

func runtimeAt(t *testing.T, endpoint string) *Runtime {
	t.Helper()
	r := New(typesAt(endpoint), nil, provider.Credentials{}, slog.New(slog.DiscardHandler))
	t.Cleanup(r.Close)
	return r
}

// aCall is a call with the given action.
func aCall(t *testing.T, action schema.Action) handler.Call {
	t.Helper()
	s, _, err := schema.Parse([]byte(`{"typeName":"Own::Test::Thing","description":"x","additionalProperties":false,
		"properties":{"A":{"type":"string"},"N":{"type":"integer"}},"primaryIdentifier":["/properties/A"]}`))
	if err != nil {
		t.Fatal(err)
	}
	return handler.Call{
		Action: action, Token: "token", Account: "1", Region: "eu-west-1", TypeName: s.TypeName, TypeVersion: "00000001", Schema: s,
		Identifier: "a", Desired: []byte(`{"A":"a","N":1}`),
	}
}

// fakeFunction is a Lambda endpoint that answers every call in one way, and keeps the payloads.
type fakeFunction struct {
	*httptest.Server
	mu       sync.Mutex
	payloads []string
}

func serve(t *testing.T, answer http.HandlerFunc) *fakeFunction {
	t.Helper()
	f := &fakeFunction{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/2015-03-31/functions/TypeFunction/invocations" {
			t.Errorf("%s %s, %v", r.Method, r.URL.Path, err)
		}
		f.mu.Lock()
		f.payloads = append(f.payloads, string(body))
		f.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeFunction) calls() int { return len(f.got()) }

// got are the payloads of the calls so far.
func (f *fakeFunction) got() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.payloads)
}

// says answers with a status, a body and headers.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cuts the connection, in the middle of an answer if it has begun one.
func cuts(began string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, began)
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func TestACallGoesToItsFunction(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get(Forwarded) == "" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", r.Header)
		}
		says(200, `{"status":"SUCCESS","resourceModel":{"A":"a","N":"7"}}`)(w, r)
	})
	got, err := runtimeAt(t, f.URL+"/").Invoke(t.Context(), aCall(t, schema.Create))
	if err != nil || got.Status != handler.Success || string(schema.Encode(got.Model)) != `{"A":"a","N":7}` {
		t.Errorf("%+v, %v", got, err)
	}
	want, err := provider.Payload(aCall(t, schema.Create), provider.Extra{})
	if err != nil || f.calls() != 1 || f.got()[0] != string(want) {
		t.Errorf("payloads %s, want %s, %v", f.got(), want, err)
	}
}

func TestEveryAnswerOfAnEndpointHasItsMeaning(t *testing.T) {
	const lambdaError = "X-Amz-Function-Error"
	large := `{"status":"SUCCESS","resourceModel":{"A":"` + strings.Repeat("x", provider.MaxSize) + `"}}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   handler.Code // of an answer that is a failure
		kind   error        // of an error; nil for one that has none
		text   string       // that the answer's message or the error holds
		calls  int          // of a create; a read makes more where the answer is lost
	}{
		"a function error":                       {says(200, `{"errorType":"Oops","errorMessage":"it broke"}`, lambdaError, "Unhandled"), "", nil, "Oops: it broke", 1},
		"a function error in words":              {says(200, `it broke`, lambdaError, "Unhandled"), "", nil, "it broke", 1},
		"a function error that is not marked":    {says(200, `{"errorType":"Oops","errorMessage":"it broke"}`), "", nil, "Oops: it broke", 1},
		"a time-out of Lambda's":                 {says(200, `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 3.00 seconds"}`, lambdaError, "Unhandled"), "", context.DeadlineExceeded, "3.00 seconds", 1},
		"a time-out of Lambda's, as it once was": {says(200, `{"errorMessage":"2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"}`, lambdaError, "Unhandled"), "", context.DeadlineExceeded, "3.00 seconds", 1},
		"a time-out of an emulator's":            {says(200, `Task timed out after 3.00 seconds`), "", context.DeadlineExceeded, "3.00 seconds", 1},
		"throttled":                              {says(429, `{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}`, "x-amzn-ErrorType", "TooManyRequestsException"), handler.Throttling, nil, "status 429 (TooManyRequestsException): Rate Exceeded.", 1},
		"no function":                            {says(404, `{"Type":"User","Message":"Function not found: arn"}`, "x-amzn-ErrorType", "ResourceNotFoundException:http://x"), "", handler.ErrNoFunction, "has no function TypeFunction (ResourceNotFoundException): Function not found: arn", 1},
		"no endpoint":                            {says(404, `404 page not found`), "", nil, "with status 404, which is not what a Lambda endpoint says", 1},
		"no leave":                               {says(403, `{"message":"go"}`, "x-amzn-ErrorType", "AccessDeniedException"), "", nil, "with status 403 (AccessDeniedException): go", 1},
		"a redirect":                             {says(307, "", "Location", "/elsewhere"), "", nil, "redirects are not followed", 1},
		"trouble":                                {says(500, `{"Type":"Service"}`, "x-amzn-ErrorType", "ServiceException"), handler.ServiceInternalError, nil, "status 500 (ServiceException)", 1},
		"trouble before it":                      {says(502, `<html>`), handler.ServiceInternalError, nil, "status 502", 1},
		"too large":                              {says(200, large), "", nil, "Function.ResponseSizeTooLarge", 1},
		"rubbish":                                {says(200, `<html>`), "", handler.ErrInvalidAnswer, "not JSON", 1},
		"nothing":                                {says(200, ``), "", handler.ErrInvalidAnswer, "not JSON", 1},
		"cut off":                                {cuts(""), "", handler.ErrLostOutcome, "", 1},
		"cut off in mid-answer":                  {cuts("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":"), "", handler.ErrLostOutcome, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serve(t, c.answer)
			got, err := runtimeAt(t, f.URL).Invoke(t.Context(), aCall(t, schema.Create))
			if f.calls() != c.calls {
				t.Errorf("%d calls", f.calls())
			}
			if c.code != "" {
				if err != nil || got.Status != handler.Failed || got.ErrorCode != c.code || !strings.Contains(got.Message, c.text) || !strings.Contains(got.Message, f.URL) {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.text) || len(err.Error()) > 2*maxTold {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, kind := range []error{context.DeadlineExceeded, handler.ErrInvalidAnswer, handler.ErrLostOutcome, handler.ErrUnreachable, handler.ErrNoFunction, handler.ErrThrottled} {
				if errors.Is(err, kind) != (kind == c.kind) {
					t.Errorf("%v, of kind %v: %v", err, kind, errors.Is(err, kind))
				}
			}
		})
	}
}

func TestAReadIsMadeAgainWhereItsAnswerWasLost(t *testing.T) {
	var f *fakeFunction
	f = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if f.calls() < 3 {
			cuts("HTTP/1.1 200 OK\r\n")(w, r)
			return
		}
		says(200, `{"status":"SUCCESS","resourceModel":{"A":"a"}}`)(w, r)
	})
	if got, err := runtimeAt(t, f.URL).Invoke(t.Context(), aCall(t, schema.Read)); err != nil || got.Status != handler.Success || f.calls() != 3 {
		t.Errorf("%+v, %v after %d calls", got, err, f.calls())
	}
}

// reserved is an address that nobody listens on.
func reserved(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // that is the point
	return l.Addr().String()
}

func TestAnEndpointThatIsNotUpYetIsWaitedFor(t *testing.T) {
	address := reserved(t)
	var server http.Server
	up := make(chan struct{})
	time.AfterFunc(firstPause/4, func() {
		defer close(up)
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("somebody took the port: %v", err)
			return
		}
		server.Handler = says(200, `{"status":"SUCCESS","resourceModel":{"A":"a"}}`)
		go func() { _ = server.Serve(l) }()
	})
	defer func() { <-up; _ = server.Close() }()
	if got, err := runtimeAt(t, "http://"+address).Invoke(t.Context(), aCall(t, schema.Create)); err != nil || got.Status != handler.Success {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnEndpointThatIsNotThereIsUnreachable(t *testing.T) {
	plain := serve(t, says(200, "{}"))
	for name, endpoint := range map[string]string{
		"refused": "http://" + reserved(t), "no such host": "http://nowhere.invalid", "no TLS": "https" + strings.TrimPrefix(plain.URL, "http"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := runtimeAt(t, endpoint).Invoke(t.Context(), aCall(t, schema.Create))
			if !errors.Is(err, handler.ErrUnreachable) || !strings.HasPrefix(err.Error(), endpoint+": ") {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	over := make(chan struct{})
	f := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	for limit := 50 * time.Millisecond; f.calls() == 0 && limit < 10*time.Minute; limit *= 4 { // longer on a machine that does not get as far
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := runtimeAt(t, f.URL).Invoke(ctx, aCall(t, schema.Create))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a limit of %v: %v", limit, err)
		}
	}
	if f.calls() != 1 {
		t.Errorf("%d calls", f.calls())
	}
}

func TestARawCallIsNotTouched(t *testing.T) {
	const payload, answer = `{ "anything" : 1.0 }`, `{ "N":"1",  "x": null }`
	f := serve(t, says(200, answer, "X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte("printed\n"))))
	got, err := runtimeAt(t, f.URL).InvokeRaw(t.Context(), handler.Target{}, []byte(payload))
	if err != nil || string(got.Body) != answer || got.Failed || got.Output != "printed\n" || f.got()[0] != payload {
		t.Errorf("%+v, %v for %s", got, err, f.got())
	}
	const report = `{"errorType":"Oops","errorMessage":"no","stackTrace":["a"]}`
	f = serve(t, says(200, report, "X-Amz-Function-Error", "Unhandled"))
	if got, err = runtimeAt(t, f.URL).InvokeRaw(t.Context(), handler.Target{}, []byte(payload)); err != nil || !got.Failed || string(got.Body) != report {
		t.Errorf("%+v, %v", got, err)
	}
	f = serve(t, says(429, "{}"))
	if _, err = runtimeAt(t, f.URL).InvokeRaw(t.Context(), handler.Target{}, []byte(payload)); !errors.Is(err, handler.ErrThrottled) {
		t.Error(err)
	}
	if _, err = runtimeAt(t, "http://"+reserved(t)).InvokeRaw(t.Context(), handler.Target{}, nil); !errors.Is(err, handler.ErrUnreachable) {
		t.Error(err)
	}
}

func TestOnlyCallsToAWSAreSigned(t *testing.T) {
	key := provider.Credentials{AccessKeyID: "AKIDEXAMPLE0000000001", SecretAccessKey: "s", SessionToken: "session"}
	for endpoint, scope := range map[string]string{
		"https://lambda.us-west-2.amazonaws.com":                       "/us-west-2/lambda/",
		"https://lambda.cn-north-1.amazonaws.com.cn":                   "/cn-north-1/lambda/",
		"https://vpce-1.lambda.eu-north-1.vpce.amazonaws.com":          "/eu-north-1/lambda/",
		"https://gateway.amazonaws.com":                                "/eu-west-1/lambda/",
		"http://127.0.0.1:3001":                                        "",
		"https://amazonaws.com.example":                                "",
		"https://notamazonaws.com":                                     "",
		"https://lambda.us-west-2.amazonaws.com.evil.example/base/url": "",
	} {
		for _, key := range []provider.Credentials{key, {}} {
			r := New(typesAt(endpoint), nil, key, slog.New(slog.DiscardHandler))
			request, err := r.request(t.Context(), function{endpoint, "arn:aws:lambda:us-west-2:1:function:f", "eu-west-1"}, []byte("{}"))
			if err != nil {
				t.Fatal(err)
			}
			got := request.Header.Get("Authorization")
			if signed := scope != "" && key.AccessKeyID != ""; (got != "") != signed || signed && (!strings.Contains(got, scope) || !strings.Contains(got, "x-amz-security-token")) {
				t.Errorf("%s: %q", endpoint, got)
			}
			if got == "" && request.Header.Get("X-Amz-Security-Token") != "" {
				t.Errorf("%s gets a session token", endpoint)
			}
		}
	}
}

// The payload of a repeat is the one of before, with the same token.
func TestARepeatHasTheSameToken(t *testing.T) {
	f := serve(t, cuts(""))
	r := runtimeAt(t, f.URL)
	for range 2 {
		if _, err := r.Invoke(t.Context(), aCall(t, schema.Delete)); !errors.Is(err, handler.ErrLostOutcome) {
			t.Fatal(err)
		}
	}
	var payload struct{ BearerToken string }
	got := f.got()
	if err := json.Unmarshal([]byte(got[0]), &payload); err != nil || payload.BearerToken != "token" || got[0] != got[1] {
		t.Errorf("%s, %v", got, err)
	}
}

func TestAFunctionErrorReadsAsThatOfAChild(t *testing.T) {
	err := reply{failed: true, body: []byte(`{"errorType":"Runtime.ExitError","errorMessage":"exit status 3"}`)}.failure()
	if e, ok := errors.AsType[*lambda.FunctionError](err); !ok || e.Type != "Runtime.ExitError" || err.Error() != "Runtime.ExitError: exit status 3" {
		t.Error(err)
	}
}
