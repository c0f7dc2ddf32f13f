package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/wire"
)

const goodBody = `{"TypeName": "AWS::Logs::LogGroup", "DesiredState": "{}"}`

// signed makes a call as our own command line does; change comes before the signature and
// later after it.
type signed struct {
	name, body    string
	target        string // CloudApiService.CreateResource if empty
	change, later func(*http.Request)
	key           *auth.Key
	service       string
	at            time.Duration // from now
	unsigned      bool

	status int
	want   string // the whole body, or "" for success
}

func (c signed) request(t testing.TB, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "CloudApiService.CreateResource")
	if c.target != "" {
		r.Header.Set("X-Amz-Target", c.target)
	}
	if c.change != nil {
		c.change(r)
	}
	key, service := testKey, "cloudcontrolapi"
	if c.key != nil {
		key = *c.key
	}
	if c.service != "" {
		service = c.service
	}
	if !c.unsigned {
		auth.Sign(r, []byte(c.body), key, "eu-west-1", service, time.Now().Add(c.at))
	}
	if c.later != nil {
		c.later(r)
	}
	return r
}

const (
	notJSON  = `{"__type":"com.amazon.coral.service#SerializationException"}`
	tooDeep  = `{"__type":"com.amazon.coral.service#SerializationException","message":"The request body is nested too deeply."}`
	unknown  = `{"__type":"com.amazon.coral.service#UnknownOperationException"}`
	nowhere  = `{"__type":"com.amazon.coral.service#UnknownOperationException","message":"The request names no operation. It must be a POST to the path / with an X-Amz-Target header, or carry an Action."}`
	tooLarge = `{"__type":"com.amazon.coral.service#RequestEntityTooLargeException","message":"The request body is longer than 4 MiB."}`
	missing  = `{"__type":"com.amazon.coral.service#MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`
	badKey   = `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}`
	badSign  = `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`
	badScope = `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Credential should be scoped to correct service: 'cloudcontrolapi'. "}`
)

func kinds(text string) string {
	return `{"__type":"com.amazon.coral.service#SerializationException","message":"` + text + `"}`
}

func TestWhatIsRefusedAndWhatIsNot(t *testing.T) {
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	otherKey := auth.Key{AccessKeyID: "AKIDUNKNOWN000000000", SecretAccessKey: "x"}
	otherSecret := auth.Key{AccessKeyID: testKey.AccessKeyID, SecretAccessKey: "x"}
	status := "CloudApiService.GetResourceRequestStatus"
	requests := "CloudApiService.ListResourceRequests"
	for _, c := range []signed{
		{name: "good", body: goodBody, status: 200},
		{name: "Pulumi's scope", body: goodBody, service: "cloudapiservice", status: 200},
		{name: "wrong content type", body: goodBody, change: set("Content-Type", "text/plain"), status: 400, want: `{"__type":"com.amazon.coral.service#UnknownOperationException","message":"The Content-Type is not that of a JSON call: send application/x-amz-json-1.0."}`},
		{name: "another JSON content type", body: goodBody, change: set("Content-Type", "application/json; charset=utf-8"), status: 200},
		{name: "no content type", body: goodBody, change: func(r *http.Request) { r.Header.Del("Content-Type") }, status: 200},
		{name: "a query string beside the target", body: goodBody, change: func(r *http.Request) { r.URL.RawQuery = "Action=CreateResource" }, status: 200},
		{name: "unknown members and null", body: `{"X":[1,{"y":null}],"RoleArn":null,"typeName":1}`, status: 200},
		{name: "of duplicate members the last counts", body: `{"TypeName":"a","TypeName":"b"}`, status: 200},

		{name: "unknown target", body: goodBody, target: "CloudApiService.Nope", status: 400, want: unknown},
		{name: "target of another service", body: goodBody, target: "DynamoDB_20120810.ListTables", status: 400, want: unknown},
		{name: "target in the wrong case", body: goodBody, target: "cloudapiservice.CreateResource", status: 400, want: unknown},
		{name: "empty target", body: goodBody, change: set("X-Amz-Target", ""), status: 400, want: unknown},
		{name: "unknown target, unsigned", body: goodBody, target: "Nope", unsigned: true, status: 400, want: unknown},
		{name: "no target", body: goodBody, change: func(r *http.Request) { r.Header.Del("X-Amz-Target") }, status: 400, want: nowhere},
		{name: "another method", body: goodBody, change: func(r *http.Request) { r.Method = http.MethodPut }, status: 400, want: unknown},
		{name: "another path", body: goodBody, change: func(r *http.Request) { r.URL.Path = "/v1" }, status: 400, want: nowhere},

		{name: "empty body", body: "", status: 400, want: notJSON},
		{name: "broken JSON", body: `{"TypeName": `, status: 400, want: notJSON},
		{name: "broken JSON comes before an unknown target", body: `{`, target: "Nope", status: 400, want: notJSON},
		{name: "broken JSON comes before no signature", body: `{`, unsigned: true, status: 400, want: notJSON},
		{name: "array", body: `[]`, status: 400, want: notJSON},
		{name: "string", body: `"{}"`, status: 400, want: notJSON},
		{name: "null", body: `null`, status: 400, want: notJSON},
		{name: "two values", body: `{} {}`, status: 400, want: notJSON},
		{name: "trailing comma", body: `{"a":1,}`, status: 400, want: notJSON},
		{name: "comment", body: `{/* */}`, status: 400, want: notJSON},
		{name: "byte order mark", body: "\uFEFF{}", status: 400, want: notJSON},
		{name: "raw control character", body: "{\"TypeName\":\"a\nb\"}", status: 400, want: notJSON},
		{name: "not UTF-8", body: "{\"TypeName\":\"\xff\"}", status: 400, want: notJSON},
		{name: "a form in place of JSON", body: "Action=CreateResource", status: 400, want: notJSON},
		{name: "10,000 deep", body: `{"X":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}", status: 400, want: tooDeep},
		{name: "10,000 deep for an unknown target", body: strings.Repeat(`{"X":`, 10000), target: "Nope", status: 400, want: tooDeep},
		{name: "100 deep", body: strings.Repeat(`{"X":`, 99) + "{}" + strings.Repeat("}", 99), status: 200},

		{name: "unsigned", body: goodBody, unsigned: true, status: 400, want: missing},
		{name: "unsigned comes before a wrong kind", body: `{"TypeName":1}`, unsigned: true, status: 400, want: missing},
		{name: "wrong key", body: goodBody, key: &otherKey, status: 400, want: badKey},
		{name: "wrong secret", body: goodBody, key: &otherSecret, status: 400, want: badSign},
		{name: "target changed under way", body: goodBody, later: set("X-Amz-Target", "CloudApiService.DeleteResource"), status: 400, want: badSign},
		{name: "wrong scope", body: goodBody, service: "sts", status: 400, want: badScope},

		{name: "2 MB", body: `{"DesiredState":"` + strings.Repeat(`\u0041`, 333_000) + `"}`, status: 200},
		{name: "just 4 MiB", body: "{}" + strings.Repeat(" ", wire.MaxBody-2), status: 200},
		{name: "above 4 MiB", body: "{}" + strings.Repeat(" ", wire.MaxBody-1), status: 400, want: tooLarge},
		{name: "above 4 MiB, in chunks", body: "{}" + strings.Repeat(" ", wire.MaxBody-1), later: chunked, status: 400, want: tooLarge},
		{name: "in chunks", body: goodBody, later: chunked, status: 200},

		{name: "integer for string", body: `{"TypeName":1}`, status: 400, want: kinds("class java.lang.Integer can not be converted to an String")},
		{name: "number for string", body: `{"TypeName":1e2}`, status: 400, want: kinds("class java.lang.Double can not be converted to an String")},
		{name: "boolean for string", body: `{"TypeName":false}`, status: 400, want: kinds("class java.lang.Boolean can not be converted to an String")},
		{name: "object for string", body: `{"DesiredState":{"A":1}}`, status: 400, want: kinds("Start of structure or map found where not expected.")},
		{name: "list for string", body: `{"DesiredState":["A"]}`, status: 400, want: kinds("Start of list found where not expected")},
		{name: "the first wrong kind is told", body: `{"RoleArn":true,"TypeName":1}`, status: 400, want: kinds("class java.lang.Boolean can not be converted to an String")},
		{name: "broken JSON comes before a wrong kind", body: `{"TypeName":1,}`, status: 400, want: notJSON},
		{name: "half of a surrogate pair", body: `{"DesiredState":"\ud83d"}`, status: 400, want: kinds("A string holds half of a surrogate pair.")},
		{name: "string for a filter", body: `{"ResourceRequestStatusFilter":"x"}`, target: requests, status: 400, want: kinds("Expected structure or null")},
		{name: "string for a list", body: `{"ResourceRequestStatusFilter":{"Operations":"CREATE"}}`, target: requests, status: 400, want: kinds("Expected list or null")},
		{name: "integer in a list of strings", body: `{"ResourceRequestStatusFilter":{"Operations":["CREATE",1]}}`, target: requests, status: 400, want: kinds("class java.lang.Integer can not be converted to an String")},
		{name: "string for integer", body: `{"MaxResults":"1"}`, target: requests, status: 400, want: kinds("class java.lang.String can not be converted to an Integer")},
		{name: "fraction for integer", body: `{"MaxResults":1.5}`, target: requests, status: 400, want: kinds("class java.lang.Double can not be converted to an Integer")},
		{name: "an integer written as a number", body: `{"MaxResults":2.0e1}`, target: requests, status: 200},
		{name: "a zero byte in a string", body: `{"RequestToken":"a\u0000"}`, target: status, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			reached := false
			s := newServer(t, fake(func(string, control.Caller, any) (any, error) { reached = true; return nil, nil }), verified(t))
			r, err := s.Client().Do(c.request(t, s.URL))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body := readAll(t, r.Body)
			if r.StatusCode != c.status || c.want != "" && body != c.want {
				t.Errorf("got %d %s\nwant %d %s", r.StatusCode, body, c.status, c.want)
			}
			if reached != (c.status == 200) {
				t.Errorf("control was reached: %v", reached)
			}
			checkHeaders(t, r, body)
		})
	}
}

func chunked(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(r.Body) }

// checkHeaders checks what each JSON answer must have.
func checkHeaders(t *testing.T, r *http.Response, body string) {
	t.Helper()
	if id := r.Header.Get("x-amzn-RequestId"); len(id) != 36 || strings.Count(id, "-") != 4 {
		t.Errorf("request id %q", id)
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-amz-json-1.0" {
		t.Errorf("content type %q", got)
	}
	if r.ContentLength != int64(len(body)) {
		t.Errorf("content length %d for %d bytes", r.ContentLength, len(body))
	}
	var e struct {
		Type string `json:"__type"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Errorf("body %q: %v", body, err)
	}
	_, name, _ := strings.Cut(e.Type, "#")
	if got := r.Header.Get("x-amzn-ErrorType"); got != name {
		t.Errorf("error type %q, in the body %q", got, e.Type)
	}
}

func TestASkewedClockIsTold(t *testing.T) {
	s := newServer(t, unasked(t), verified(t))
	for at, words := range map[time.Duration]string{-time.Hour: "Signature expired: ", time.Hour: "Signature not yet current: "} {
		r, err := s.Client().Do(signed{body: goodBody, at: at}.request(t, s.URL))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body := readAll(t, r.Body)
		if r.StatusCode != 400 || !strings.HasPrefix(body, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"`+words) {
			t.Errorf("%v: got %d %s", at, r.StatusCode, body)
		}
	}
}

func TestTheSpecsStatusAndShapeOfEachError(t *testing.T) {
	for name, want := range map[string]string{
		"ResourceNotFoundException":       `400 {"__type":"com.amazon.cloudapiservice#ResourceNotFoundException","Message":"t"}`,
		"UnsupportedActionException":      `400 {"__type":"com.amazon.cloudapiservice#UnsupportedActionException","Message":"t"}`,
		"InvalidCredentialsException":     `400 {"__type":"com.amazon.cloudapiservice#InvalidCredentialsException","Message":"t"}`,
		"ConcurrentOperationException":    `400 {"__type":"com.amazon.cloudapiservice#ConcurrentOperationException","Message":"t"}`,
		"ValidationException":             `400 {"__type":"com.amazon.coral.validate#ValidationException","message":"t"}`,
		"ThrottlingException":             `400 {"__type":"com.amazon.coral.availability#ThrottlingException","message":"t"}`,
		"AccessDeniedException":           `400 {"__type":"com.amazon.coral.service#AccessDeniedException","Message":"t"}`,
		"ExpiredTokenException":           `400 {"__type":"com.amazon.coral.service#ExpiredTokenException","message":"t"}`,
		"ConcurrentModificationException": `500 {"__type":"com.amazon.cloudapiservice#ConcurrentModificationException","Message":"t"}`,
		"HandlerFailureException":         `502 {"__type":"com.amazon.cloudapiservice#HandlerFailureException","Message":"t"}`,
		"HandlerInternalFailureException": `502 {"__type":"com.amazon.cloudapiservice#HandlerInternalFailureException","Message":"t"}`,
		"NetworkFailureException":         `502 {"__type":"com.amazon.cloudapiservice#NetworkFailureException","Message":"t"}`,
		"ServiceInternalErrorException":   `502 {"__type":"com.amazon.cloudapiservice#ServiceInternalErrorException","Message":"t"}`,
		"ServiceUnavailableException":     `503 {"__type":"com.amazon.coral.service#ServiceUnavailableException","message":"t"}`,
	} {
		h := wire.New(wire.Config{Log: quiet, Authenticate: anyone, Control: fake(func(string, control.Caller, any) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", &control.Error{Name: name, Text: "t"})
		})})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed{body: goodBody, unsigned: true}.request(t, "/"))
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAFaultOfOursTellsTheClientOnlyTheRequestID(t *testing.T) {
	for name, err := range map[string]error{
		"any error":          errors.New("disk full at /secret"),
		"an unknown refusal": &control.Error{Name: "SecretException", Text: "at /secret"},
		"a time-out of ours": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h := wire.New(wire.Config{
				Log: slog.New(slog.NewJSONHandler(&log, nil)), Authenticate: anyone,
				Control: fake(func(string, control.Caller, any) (any, error) { return operation.Request{}, err }),
			})
			w := httptest.NewRecorder()
			call := wire.Call{RequestID: "the-id"}
			h.Serve(w, signed{body: goodBody, unsigned: true}.request(t, "/"), &call)
			want := `{"__type":"com.amazon.cloudapiservice#ServiceInternalErrorException","Message":"The server failed to handle the request. The cause is in its log under request id the-id"}`
			if w.Code != 500 || w.Body.String() != want {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			for _, part := range []string{`"request_id":"the-id"`, `"operation":"CreateResource"`, err.Error()} {
				if !strings.Contains(log.String(), part) {
					t.Errorf("the log has no %s: %s", part, &log)
				}
			}
			if call.Error != "ServiceInternalErrorException" || call.Status != 500 {
				t.Errorf("call %+v", call)
			}
		})
	}
}

func TestAFaultOfAuthenticationIsOurs(t *testing.T) {
	broken := func(*http.Request, []byte, ...string) (auth.Identity, error) {
		return auth.Identity{}, errors.New("no keys")
	}
	h := wire.New(wire.Config{Log: quiet, Authenticate: broken, Control: unasked(t)})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed{body: goodBody, unsigned: true}.request(t, "/"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "no keys") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAClientThatLeavesIsNoFault(t *testing.T) {
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	h := wire.New(wire.Config{
		Log: slog.New(slog.NewTextHandler(&log, nil)), Authenticate: anyone,
		Control: fake(func(string, control.Caller, any) (any, error) { cancel(); return nil, ctx.Err() }),
	})
	var call wire.Call
	h.Serve(httptest.NewRecorder(), signed{body: goodBody, unsigned: true}.request(t, "/").WithContext(ctx), &call)
	if call.Error != "Aborted" || log.Len() > 0 {
		t.Errorf("call %+v, log %s", call, &log)
	}
}

func TestACallTellsWhatItWas(t *testing.T) {
	h := wire.New(wire.Config{Log: quiet, Authenticate: anyone, Control: fake(func(string, control.Caller, any) (any, error) { return nil, nil })})
	w := httptest.NewRecorder()
	call := wire.Call{RequestID: "id"}
	h.Serve(w, signed{body: goodBody, unsigned: true}.request(t, "/"), &call)
	want := wire.Call{
		RequestID: "id", Operation: "CreateResource", Status: 200, Account: "123456789012", Region: "eu-west-1",
		In: len(goodBody), Out: w.Body.Len(),
	}
	if call != want {
		t.Errorf("got %+v\nwant %+v", call, want)
	}
}
