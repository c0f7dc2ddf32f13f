package wire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/wire"
)

func (f fake) Invoke(_ context.Context, c control.Caller, in control.InvokeInput) (control.Invoked, error) {
	return call[control.Invoked](f, "Invoke", c, in)
}

// invoked is an answer of a function in every test that looks at something else.
var invoked = control.Invoked{Answer: []byte(`{ "status": "SUCCESS",  "n": "1"}`), Output: strings.Repeat("x", 5000) + "end"}

// post sends payload to a function and returns the answer and its body.
func post(t *testing.T, h http.Handler, path, payload string, headers ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(payload))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func handlerOf(c wire.Control, a wire.Authenticate, unsigned func(*http.Request) auth.Identity) http.Handler {
	return wire.New(wire.Config{Control: c, Authenticate: a, Unsigned: unsigned, Log: quiet})
}

func TestInvokePassesPayloadAndAnswerUntouched(t *testing.T) {
	var in control.InvokeInput
	var who control.Caller
	h := handlerOf(fake(func(_ string, caller control.Caller, got any) (any, error) {
		who, in = caller, got.(control.InvokeInput)
		return invoked, nil
	}), verified(t), nil)
	const payload = "{ \"a\" : 1.0,\n\"region\":\"of-no-concern-1\"}"
	r := httptest.NewRequest(http.MethodPost, "http://localhost/2015-03-31/functions/My%3A%3AOrg%3A%3AThing/invocations?Qualifier=00000002", strings.NewReader(payload))
	r.Header.Set("X-Amz-Log-Type", "Tail")
	auth.Sign(r, []byte(payload), testKey, "eu-west-1", "lambda", time.Now())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.String() != string(invoked.Answer) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if in.Function != "My::Org::Thing" || in.Qualifier != "00000002" || string(in.Payload) != payload || in.DryRun || in.Forwarded {
		t.Errorf("control was asked for %+v, payload %s", in, in.Payload)
	}
	if who != testCaller {
		t.Errorf("by %+v", who)
	}
	if tail, err := base64.StdEncoding.DecodeString(w.Header().Get("X-Amz-Log-Result")); err != nil || len(tail) != 4096 || !bytes.HasSuffix(tail, []byte("xend")) {
		t.Errorf("log of %d bytes, %v", len(tail), err)
	}
	if got := w.Header(); got.Get("X-Amz-Executed-Version") != "$LATEST" || got["X-Amz-Function-Error"] != nil {
		t.Errorf("headers %v", got)
	}
}

func TestInvokeTellsFunctionErrorsFromAnswers(t *testing.T) {
	const report = `{"errorMessage":"no","errorType":"Oops"}`
	h := handlerOf(fake(func(string, control.Caller, any) (any, error) {
		return control.Invoked{Answer: []byte(report), Failed: true}, nil
	}), anyone, nil)
	r, body := post(t, h, "/2015-03-31/functions/TypeFunction/invocations", `{}`)
	if r.StatusCode != 200 || r.Header.Get("X-Amz-Function-Error") != "Unhandled" || body != report || r.Header["X-Amz-Log-Result"] != nil {
		t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
	}
}

func TestInvokeRefusesAsLambdaDoes(t *testing.T) {
	const path = "/2015-03-31/functions/TypeFunction/invocations"
	large := `"` + strings.Repeat("x", 6<<20) + `"`
	for name, c := range map[string]struct {
		payload string
		headers []string
		err     error
		deny    bool
		status  int
		want    string
		body    string
	}{
		"no function":    {`{}`, nil, &control.Error{Name: "ResourceNotFoundException", Text: "Function not found: x"}, false, 404, "ResourceNotFoundException", `{"Type":"User","Message":"Function not found: x"}`},
		"no answer":      {`{}`, nil, &control.Error{Name: "ServiceException", Text: "no"}, false, 502, "ServiceException", `{"Type":"Service","Message":"no"}`},
		"our fault":      {`{}`, nil, errors.New("secret"), false, 500, "ServiceException", ""},
		"throttled":      {`{}`, nil, nil, true, 429, "TooManyRequestsException", `{"Type":"User","Message":"Rate Exceeded."}`},
		"no JSON":        {`{`, nil, nil, false, 400, "InvalidRequestContentException", ""},
		"too large":      {large, nil, nil, false, 413, "RequestEntityTooLargeException", ""},
		"asynchronously": {`{}`, []string{"X-Amz-Invocation-Type", "Event"}, nil, false, 400, "InvalidParameterValueException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			h := wire.New(wire.Config{
				Control: fake(func(string, control.Caller, any) (any, error) {
					asked = true
					return invoked, c.err
				}),
				Authenticate: anyone, Log: quiet,
				Allow: func(_, operation string) bool { return !c.deny || operation != "Invoke" },
			})
			r, body := post(t, h, path, c.payload, c.headers...)
			if r.StatusCode != c.status || c.body != "" && body != c.body || strings.Contains(body, "secret") {
				t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
			}
			if got := errorType(r.Header); got != c.want {
				t.Errorf("the error is %s, want %s", got, c.want)
			}
			if asked != (c.err != nil) {
				t.Errorf("control was asked: %v", asked)
			}
		})
	}
}

// errorType is the name of the exception, whose header is spelt as AWS does.
func errorType(h http.Header) string {
	for name, values := range h {
		if strings.EqualFold(name, "x-amzn-ErrorType") {
			return strings.Join(values, ", ")
		}
	}
	return ""
}

func TestADryRunOfInvokeAnswersNothing(t *testing.T) {
	h := handlerOf(fake(func(_ string, _ control.Caller, in any) (any, error) {
		if !in.(control.InvokeInput).DryRun {
			t.Error("it is no dry run")
		}
		return control.Invoked{}, nil
	}), anyone, nil)
	if r, body := post(t, h, "/2015-03-31/functions/TypeFunction/invocations", "", "X-Amz-Invocation-Type", "DryRun"); r.StatusCode != 204 || body != "" {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}

func TestUnsignedCallsOfInvokeNeedLeave(t *testing.T) {
	const path = "http://localhost/2015-03-31/functions/TypeFunction/invocations"
	root := func(*http.Request) auth.Identity {
		return auth.Identity{Account: "210987654321", Region: "us-west-2", Arn: "arn"}
	}
	stranger := testKey
	stranger.AccessKeyID = "AKIDEXAMPLE0000000009"
	forger := testKey
	forger.SecretAccessKey = "a guess"
	for name, c := range map[string]struct {
		key     *auth.Key
		leave   func(*http.Request) auth.Identity
		payload string
		headers []string
		status  int
		want    string // the caller's account and region, or a part of the error
	}{
		"without leave":                   {nil, nil, `{}`, nil, 403, "--invoke-unsigned"},
		"a stranger without leave":        {&stranger, nil, `{}`, nil, 403, "--invoke-unsigned"},
		"with leave":                      {nil, root, `{}`, nil, 200, "210987654321 us-west-2"},
		"the payload says where":          {nil, root, `{"region":"eu-north-1"}`, nil, 200, "210987654321 eu-north-1"},
		"the payload says nonsense":       {nil, root, `{"region":"../x"}`, nil, 400, "region of the payload"},
		"a stranger":                      {&stranger, root, `{"region":"eu-north-1"}`, nil, 200, "210987654321 eu-north-1"},
		"a wrong signature of a key":      {&forger, root, `{}`, nil, 403, "signature"},
		"a page in a browser":             {nil, root, `{}`, []string{"Origin", "http://evil.example"}, 403, "browser"},
		"a signed call is its key's, yet": {&testKey, root, `{"region":"eu-north-1"}`, nil, 200, "123456789012 eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			h := handlerOf(fake(func(_ string, who control.Caller, _ any) (any, error) {
				got = who.Account + " " + who.Region
				return invoked, nil
			}), verified(t), c.leave)
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(c.payload))
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Set(c.headers[i], c.headers[i+1])
			}
			if c.key != nil {
				auth.Sign(r, []byte(c.payload), *c.key, "eu-west-1", "lambda", time.Now())
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if c.status != 200 {
				got += w.Body.String()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Where nobody signs anything, a page in a browser could call what it likes: such a call needs no
// header that browsers ask about first.
func TestPagesDoNotInvokeWithAuthenticationOff(t *testing.T) {
	h := handlerOf(unasked(t), anyone, nil)
	if r, body := post(t, h, "/2015-03-31/functions/TypeFunction/invocations", `{}`, "Origin", "null"); r.StatusCode != 403 || !strings.Contains(body, "browser") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}

// Leave for Invoke is leave for nothing else, and paths beside Invoke's stay what they were.
func TestOnlyInvokeGoesUnsigned(t *testing.T) {
	h := handlerOf(unasked(t), verified(t), func(*http.Request) auth.Identity { return auth.Identity{Account: "1"} })
	r, body := post(t, h, "/", `{}`, "X-Amz-Target", "CloudApiService.ListResourceRequests", "Content-Type", "application/x-amz-json-1.0")
	if r.StatusCode != 400 || !strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	for _, path := range []string{"/2015-03-31/functions//invocations", "/2015-03-31/functions/a/b/invocations", "/2015-03-31/functions/a", "/2015-03-31/functions/%zz/invocations/"} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{}`))
		r.URL.Path = path
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "UnknownOperationException") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
