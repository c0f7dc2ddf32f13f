package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

// call is one HTTP request, signed as an AWS client does where nothing else is said. The
// zero value of a field is what a client of ours would send.
type call struct {
	target  string // after "CloudApiService."; or all of it, with a dot
	body    string
	method  string
	path    string
	header  map[string]string // on top; an empty value takes the header away. Not signed.
	signed  map[string]string // the same, but signed
	key     *auth.Key
	region  string
	service string
	at      time.Duration // from now
	plain   bool          // not signed
	after   func(*http.Request)
}

// reply is an answer of the server.
type reply struct {
	status    int
	exception string // of __type, with the namespace
	message   string
	header    http.Header
	body      string
}

// send sends a call and reads the answer.
func (s *server) send(t *testing.T, c call) reply {
	t.Helper()
	got, err := ask(s.request(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// request is a call as it is sent.
func (s *server) request(t *testing.T, c call) *http.Request {
	t.Helper()
	or := func(v *string, otherwise string) {
		if *v == "" {
			*v = otherwise
		}
	}
	or(&c.method, http.MethodPost)
	or(&c.path, "/")
	or(&c.region, region)
	or(&c.service, "cloudcontrolapi")
	if c.key == nil {
		c.key = &s.key
	}
	if c.target != "" && !strings.Contains(c.target, ".") {
		c.target = "CloudApiService." + c.target
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, s.endpoint+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	if c.target != "" {
		r.Header.Set("X-Amz-Target", c.target)
	}
	set(r.Header, c.signed)
	if !c.plain {
		auth.Sign(r, []byte(c.body), *c.key, c.region, c.service, time.Now().Add(c.at))
	}
	set(r.Header, c.header)
	if c.after != nil {
		c.after(r)
	}
	return r
}

// ask sends a request and reads the answer.
func ask(r *http.Request) (reply, error) {
	answer, err := httpClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return reply{}, err
	}
	var e map[string]any
	_ = json.Unmarshal(body, &e) // XML is looked at as text
	got := reply{status: answer.StatusCode, header: answer.Header, body: string(body)}
	got.exception, _ = e["__type"].(string)
	for _, member := range []string{"message", "Message"} {
		if text, ok := e[member].(string); ok {
			got.message = text
		}
	}
	return got, nil
}

func set(h http.Header, values map[string]string) {
	for name, value := range values {
		if value == "" {
			h.Del(name)
		} else {
			h.Set(name, value)
		}
	}
}

// The names of exceptions as they stand in __type.
const (
	serialization = "com.amazon.coral.service#SerializationException"
	invalid       = "com.amazon.coral.validate#ValidationException"
	unknownTarget = "com.amazon.coral.service#UnknownOperationException"
	modelled      = "com.amazon.cloudapiservice#"
	service       = "com.amazon.coral.service#"
)

// wantReply checks an exception. In the text, <uuid> and <time> stand for any such.
func wantReply(t *testing.T, got reply, exception, message string) {
	t.Helper()
	text := uuid.ReplaceAllString(got.message, "<uuid>")
	text = timestamp.ReplaceAllString(text, "<time>")
	if got.exception != exception || got.message != message && text != message {
		t.Errorf("got  %s: %q\nwant %s: %q", got.exception, got.message, exception, message)
	}
	if got.status != http.StatusBadRequest {
		t.Errorf("status %d, want 400: %s", got.status, got.body)
	}
	if _, name, _ := strings.Cut(exception, "#"); got.header.Get("X-Amzn-Errortype") != name {
		t.Errorf("x-amzn-ErrorType is %q", got.header.Get("X-Amzn-Errortype"))
	}
	if !uuid.MatchString(got.header.Get("X-Amzn-Requestid")) || got.header.Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("header %v", got.header)
	}
}
