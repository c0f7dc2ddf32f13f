package lambda

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A child is killed as soon as its call is given up, so that only a race lets its answer
// come late: this test makes the requests itself.
func TestLateAnswerIsRefusedAndChangesNothing(t *testing.T) {
	c, err := newChild(Function{Dir: t.TempDir()}, Config{}.withDefaults(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.clean()
	api := c.routes()
	request := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(method, base+path, strings.NewReader(body)))
		return w
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	next := func() *call {
		call := newCall(ctx, []byte("{}"))
		offered := make(chan error, 1)
		go func() { offered <- c.offer(ctx, call, time.Minute) }()
		w := request(http.MethodGet, "/invocation/next", "")
		if err := <-offered; err != nil || w.Header().Get("Lambda-Runtime-Aws-Request-Id") != call.id {
			t.Fatalf("next: %v, %v", w, err)
		}
		return call
	}

	first := next()
	if !c.abandon(first) {
		t.Fatal("an unanswered call could not be given up")
	}
	for _, end := range []string{"response", "error"} {
		if w := request(http.MethodPost, "/invocation/"+first.id+"/"+end, "1"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "InvalidRequestID") {
			t.Errorf("late %s: %v", end, w)
		}
	}
	second := next()
	if w := request(http.MethodPost, "/invocation/"+first.id+"/response", "1"); w.Code != http.StatusBadRequest {
		t.Errorf("answer for the call before: %v", w)
	}
	if w := request(http.MethodPost, "/invocation/"+second.id+"/response", "2"); w.Code != http.StatusAccepted {
		t.Errorf("answer in time: %v", w)
	}
	if body, err := c.await(ctx, second); string(body) != "2" || err != nil {
		t.Errorf("second call: %q, %v", body, err)
	}
	if len(first.answered) != 0 || c.abandon(second) {
		t.Error("a late answer was taken, or an answered call given up")
	}

	// A call may be given up before the child's request has taken it.
	third := newCall(ctx, nil)
	if !c.abandon(third) || c.begin(third) {
		t.Error("a call that was given up began")
	}
}
