package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"example.org/groundcontrol/internal/server"
	"example.org/groundcontrol/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api is an API that answers as the test says.
type api func(w http.ResponseWriter, r *http.Request, call *wire.Call)

func (a api) Serve(w http.ResponseWriter, r *http.Request, call *wire.Call) { a(w, r, call) }

// hello reads the body and answers.
func hello(w http.ResponseWriter, r *http.Request, call *wire.Call) {
	_, err := io.Copy(io.Discard, r.Body)
	*call = wire.Call{
		RequestID: "id-1", Operation: "CreateResource", Status: http.StatusOK,
		Account: "123456789012", Region: "eu-west-1", In: 7, Out: 5,
	}
	if err == nil {
		_, _ = io.WriteString(w, "hello")
	}
}

var quiet = slog.New(slog.DiscardHandler)

func get(s http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader("secret body")))
	return w
}

func TestRoutes(t *testing.T) {
	var ready error
	s := server.New(server.Config{
		API: api(hello), Log: quiet, Ready: func() error { return ready },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "numbers") }),
	})
	check := func(method, path string, status int, body string) {
		t.Helper()
		if w := get(s, method, path); w.Code != status || w.Body.String() != body {
			t.Errorf("%s %s: got %d %q, want %d %q", method, path, w.Code, w.Body, status, body)
		}
	}
	check("GET", "/healthz", 200, "ok\n")
	check("GET", "/readyz", 200, "ok\n")
	check("GET", "/metrics", 200, "numbers")
	check("POST", "/", 200, "hello")
	check("GET", "/", 200, "hello")
	check("POST", "/healthz", 200, "hello")
	check("GET", "/any/other//path", 200, "hello")
	ready = errors.New("the store is still opening")
	check("GET", "/readyz", 503, "the store is still opening\n")
	check("GET", "/healthz", 200, "ok\n")
}

func TestWithoutMetricsThePathIsTheAPIs(t *testing.T) {
	s := server.New(server.Config{API: api(hello), Log: quiet})
	if w := get(s, "GET", "/metrics"); w.Body.String() != "hello" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

func TestEachCallIsOneLineInTheAccessLog(t *testing.T) {
	line := func(a api) map[string]any {
		t.Helper()
		var log bytes.Buffer
		s := server.New(server.Config{API: a, Log: quiet, Access: slog.New(slog.NewJSONHandler(&log, nil))})
		r := httptest.NewRequest("POST", "/?X-Amz-Signature=secret", strings.NewReader("secret"))
		r.Header.Set("Authorization", "secret")
		s.ServeHTTP(httptest.NewRecorder(), r)
		if strings.Contains(log.String(), "secret") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("log %s", &log)
		}
		var got map[string]any
		if err := json.Unmarshal(log.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if took, ok := got["took"].(float64); !ok || took < 0 {
			t.Errorf("took %v", got["took"])
		}
		delete(got, "took")
		delete(got, "time")
		return got
	}
	want := map[string]any{
		"level": "INFO", "msg": "request", "request_id": "id-1", "operation": "CreateResource", "status": 200.,
		"account": "123456789012", "region": "eu-west-1", "in": 7., "out": 5.,
	}
	if d := cmp.Diff(want, line(hello)); d != "" {
		t.Errorf("success (-want +got):\n%s", d)
	}
	want = map[string]any{
		"level": "INFO", "msg": "request", "request_id": "id-2", "error": "UnknownOperationException", "status": 400., "in": 0., "out": 0.,
	}
	refused := func(_ http.ResponseWriter, _ *http.Request, call *wire.Call) {
		*call = wire.Call{RequestID: "id-2", Error: "UnknownOperationException", Status: 400}
	}
	if d := cmp.Diff(want, line(refused)); d != "" {
		t.Errorf("refusal (-want +got):\n%s", d)
	}
}

func TestAnAccessLogAboveInfoIsOff(t *testing.T) {
	var log bytes.Buffer
	access := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	get(server.New(server.Config{API: api(hello), Log: quiet, Access: access}), "POST", "/")
	if log.Len() > 0 {
		t.Errorf("log %s", &log)
	}
}

func TestHealthIsNotInTheAccessLog(t *testing.T) {
	var log bytes.Buffer
	s := server.New(server.Config{API: api(hello), Log: quiet, Access: slog.New(slog.NewTextHandler(&log, nil))})
	get(s, "GET", "/healthz")
	get(s, "GET", "/readyz")
	if log.Len() > 0 {
		t.Errorf("log %s", &log)
	}
}

// observer notes what it is told, but for the time.
type observer struct{ told []string }

func (o *observer) Answered(operation, exception string, _ time.Duration) {
	o.told = append(o.told, operation+" "+exception)
}

func TestTheObserverIsToldOfEachCall(t *testing.T) {
	var o observer
	s := server.New(server.Config{API: api(hello), Log: quiet, Observer: &o})
	get(s, "POST", "/")
	get(s, "GET", "/healthz")
	s.API = api(func(http.ResponseWriter, *http.Request, *wire.Call) { panic("x") })
	get(s, "POST", "/")
	if d := cmp.Diff([]string{"CreateResource ", " ServiceInternalErrorException"}, o.told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func TestAPanicIsA500WithTheRequestID(t *testing.T) {
	var log, access bytes.Buffer
	s := httptest.NewServer(server.New(server.Config{
		API: api(func(_ http.ResponseWriter, _ *http.Request, call *wire.Call) {
			call.RequestID, call.Operation = "id-3", "GetResource"
			panic("the cause")
		}),
		Log: slog.New(slog.NewJSONHandler(&log, nil)), Access: slog.New(slog.NewJSONHandler(&access, nil)),
	}))
	defer s.Close()
	r, err := s.Client().Post(s.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	want := `{"__type":"com.amazon.cloudapiservice#ServiceInternalErrorException","Message":"The server failed to handle the request. The cause is in its log under request id id-3"}`
	if r.StatusCode != 500 || string(body) != want || err != nil || r.Header.Get("x-amzn-RequestId") != "id-3" {
		t.Errorf("got %d %s %v %v", r.StatusCode, body, r.Header, err)
	}
	s.Close()
	for _, part := range []string{`"request_id":"id-3"`, `"operation":"GetResource"`, `"cause":"the cause"`, `server_test.go`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log has no %s: %s", part, &log)
		}
	}
	if !strings.Contains(access.String(), `"error":"ServiceInternalErrorException","status":500`) {
		t.Errorf("access log %s", &access)
	}
}

func TestAPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	for name, cause := range map[string]any{"any": "x", "on purpose": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(server.New(server.Config{Log: quiet, API: api(func(w http.ResponseWriter, _ *http.Request, call *wire.Call) {
				call.Status = http.StatusOK
				w.Header().Set("Content-Length", "10")
				_, _ = io.WriteString(w, "half")
				panic(cause)
			})}))
			defer s.Close()
			r, err := s.Client().Post(s.URL, "", nil)
			if err == nil {
				defer r.Body.Close()
				_, err = io.ReadAll(r.Body)
			}
			if err == nil {
				t.Error("the client took half an answer for a whole one")
			}
		})
	}
}

func BenchmarkAccessLog(b *testing.B) {
	for name, access := range map[string]*slog.Logger{
		"none": nil, "off": quiet, "JSON": slog.New(slog.NewJSONHandler(io.Discard, nil)),
	} {
		b.Run(name, func(b *testing.B) {
			s := server.New(server.Config{API: api(func(_ http.ResponseWriter, _ *http.Request, call *wire.Call) {
				*call = wire.Call{RequestID: "id-1", Operation: "CreateResource", Status: 200, Account: "123456789012", Region: "eu-west-1"}
			}), Log: quiet, Access: access})
			r := httptest.NewRequest("POST", "/", nil)
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(nil, r)
			}
		})
	}
}
