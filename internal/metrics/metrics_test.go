package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/metrics"
	"example.org/groundcontrol/internal/operation"
)

var quiet = slog.New(slog.DiscardHandler)

// scrape returns the values of the samples whose line begins with prefix, without the zeros.
func scrape(t *testing.T, m *metrics.Metrics, prefix string) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	got := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if i := strings.LastIndexByte(line, ' '); strings.HasPrefix(line, prefix) && line[i+1:] != "0\n" {
			got[strings.TrimPrefix(line[:i], prefix)] = strings.TrimSpace(line[i+1:])
		}
	}
	return got
}

func check(t *testing.T, m *metrics.Metrics, prefix string, want map[string]string) {
	t.Helper()
	if d := cmp.Diff(want, scrape(t, m, prefix)); d != "" {
		t.Errorf("%s (-want +got):\n%s", prefix, d)
	}
}

func TestAPICallsCountByOperationAndOutcome(t *testing.T) {
	m := metrics.New(metrics.Config{Log: quiet, Operations: []string{"GetResource"}, Exceptions: []string{"ValidationException"}})
	m.Answered("GetResource", "", 3*time.Millisecond)
	m.Answered("GetResource", "", 3*time.Millisecond)
	m.Answered("GetResource", "ValidationException", time.Second)
	m.Answered("GetResource", "made up by a client", time.Second)
	m.Answered("made up by a client", "", time.Second)
	m.Answered("", "ValidationException", time.Second)
	check(t, m, "groundcontrol_api_requests_total", map[string]string{
		`{operation="GetResource",outcome="success"}`:             "2",
		`{operation="GetResource",outcome="ValidationException"}`: "1",
		`{operation="GetResource",outcome="unknown"}`:             "1",
		`{operation="unknown",outcome="success"}`:                 "1",
		`{operation="unknown",outcome="ValidationException"}`:     "1",
	})
	check(t, m, "groundcontrol_api_request_duration_seconds_count", map[string]string{
		`{operation="GetResource"}`: "4", `{operation="unknown"}`: "2",
	})
	check(t, m, `groundcontrol_api_request_duration_seconds_bucket{operation="GetResource",le="0.005"}`, map[string]string{"": "2"})
}

func TestRequestsCountByHowTheyEnd(t *testing.T) {
	m := metrics.New(metrics.Config{Log: quiet})
	m.Ended(operation.Create, operation.Success, "", 2*time.Second)
	m.Ended(operation.Create, operation.Failed, "AlreadyExists", time.Second)
	m.Ended(operation.Delete, operation.Failed, operation.ServiceTimeout, time.Second)
	m.Ended(operation.Delete, operation.CancelComplete, "", time.Second)
	m.Ended("MOVE", "LOST", "made up by a handler", time.Second)
	check(t, m, "groundcontrol_requests_ended_total", map[string]string{
		`{error_code="",operation="CREATE",status="SUCCESS"}`:              "1",
		`{error_code="AlreadyExists",operation="CREATE",status="FAILED"}`:  "1",
		`{error_code="ServiceTimeout",operation="DELETE",status="FAILED"}`: "1",
		`{error_code="",operation="DELETE",status="CANCEL_COMPLETE"}`:      "1",
		`{error_code="unknown",operation="unknown",status="unknown"}`:      "1",
	})
	check(t, m, "groundcontrol_request_duration_seconds_sum", map[string]string{
		`{operation="CREATE"}`: "3", `{operation="DELETE"}`: "2", `{operation="unknown"}`: "1",
	})
}

func TestHandlerCallsAreTimedByOutcome(t *testing.T) {
	m := metrics.New(metrics.Config{Log: quiet})
	for _, op := range operation.Operations {
		for _, kind := range []operation.Kind{operation.Succeed, operation.Progress, operation.Retry, operation.Fail, operation.Release} {
			m.Called(op, kind, time.Second)
		}
	}
	m.Called("MOVE", "made up", time.Second)
	m.Called("", "", time.Second)
	got := scrape(t, m, "groundcontrol_handler_call_duration_seconds_count")
	for labels, n := range got {
		want := "1"
		if labels == `{operation="unknown",outcome="unknown"}` {
			want = "2"
		}
		if n != want {
			t.Errorf("%s is %s, want %s", labels, n, want)
		}
	}
	if len(got) != 3*5+1 {
		t.Errorf("%d series, want %d: %v", len(got), 3*5+1, got)
	}
}

func TestCommitsAreCountedByTheirSize(t *testing.T) {
	m := metrics.New(metrics.Config{Log: quiet})
	m.Committed(1)
	m.Committed(100)
	check(t, m, "groundcontrol_commit_batch_size_", map[string]string{
		"sum": "101", "count": "2", `bucket{le="1"}`: "1", `bucket{le="2"}`: "1", `bucket{le="4"}`: "1", `bucket{le="8"}`: "1", `bucket{le="16"}`: "1",
		`bucket{le="32"}`: "1", `bucket{le="64"}`: "1", `bucket{le="128"}`: "2", `bucket{le="256"}`: "2", `bucket{le="512"}`: "2", `bucket{le="+Inf"}`: "2",
	})
}

func TestLiveRequestsAreAskedForAtEachScrape(t *testing.T) {
	pending := 0
	m := metrics.New(metrics.Config{Log: quiet, Live: func(ctx context.Context) (map[operation.Status]int, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a scrape may wait for ever")
		}
		pending++
		return map[operation.Status]int{operation.Pending: pending, operation.InProgress: 7, operation.Success: 9}, nil
	}})
	check(t, m, "groundcontrol_live_requests", map[string]string{`{status="PENDING"}`: "1", `{status="IN_PROGRESS"}`: "7"})
	check(t, m, "groundcontrol_queue_depth", map[string]string{"": "2"})
}

func TestAStoreThatFailsHidesNothingElse(t *testing.T) {
	var log bytes.Buffer
	m := metrics.New(metrics.Config{
		Log:  slog.New(slog.NewTextHandler(&log, nil)),
		Live: func(context.Context) (map[operation.Status]int, error) { return nil, errors.New("out of order") },
	})
	m.Committed(1)
	check(t, m, "groundcontrol_live_requests", map[string]string{})
	check(t, m, "groundcontrol_commit_batch_size_count", map[string]string{"": "1"})
	if !strings.Contains(log.String(), "out of order") {
		t.Errorf("log %s", &log)
	}
}

func TestTheBuildAndTheProcessAreShown(t *testing.T) {
	m := metrics.New(metrics.Config{Log: quiet, Version: "v1"})
	check(t, m, "groundcontrol_build_info", map[string]string{`{version="v1"}`: "1"})
	if len(scrape(t, m, "go_goroutines")) != 1 {
		t.Error("no Go collector")
	}
}

func BenchmarkMetrics(b *testing.B) {
	m := metrics.New(metrics.Config{Log: quiet, Operations: []string{"CreateResource", "GetResource"}})
	b.Run("Answered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Answered("CreateResource", "", time.Millisecond)
		}
	})
	b.Run("Called", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Called(operation.Create, operation.Succeed, time.Millisecond)
		}
	})
	b.Run("Ended", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Ended(operation.Create, operation.Success, "", time.Millisecond)
		}
	})
}
