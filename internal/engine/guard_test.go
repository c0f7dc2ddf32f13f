package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

// looks is an observer of the watchdog.
type looks struct {
	mu     sync.Mutex
	queued []int
	oldest []time.Duration
	late   []int
}

func (*looks) Called(operation.Operation, operation.Kind, time.Duration)          {}
func (*looks) Ended(operation.Operation, operation.Status, string, time.Duration) {}

func (l *looks) Watched(queued int, oldest time.Duration, overdue int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued, l.oldest, l.late = append(l.queued, queued), append(l.oldest, oldest), append(l.late, overdue)
}

// lines is a log to read from.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// with returns the lines that hold the text.
func (l *lines) with(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func TestDeadlineEndsARequestThatGetsNoSlot(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		calls.Add(1)
		return lasting(5*time.Minute)(ctx, c)
	}
	edit := func(c *engine.Config) { c.Concurrency, c.CallLimit = 1, 10*time.Minute }
	world(t, h, edit, func(t *testing.T, _ store.Store, e *engine.Engine) {
		holder := submit(t, e, request("a"))
		r, err := e.Submit(t.Context(), request("b"), 45*time.Second)
		if err != nil || r.Status != operation.Pending {
			t.Fatalf("%s, %v", r.Status, err)
		}
		began := time.Now()
		r = finish(t, e, r)
		if took := time.Since(began); r.Status != operation.Failed || r.ErrorCode != operation.ServiceTimeout || took < 45*time.Second || took > 56*time.Second {
			t.Errorf("%s %s after %v, want ServiceTimeout after 45 s, or a look of the watchdog later", r.Status, r.ErrorCode, took)
		}
		if next := submit(t, e, request("b")); next.Status != operation.Pending { // the resource is free
			t.Errorf("the next request: %s", next.Status)
		}
		if holder = finish(t, e, holder); holder.Status != operation.Success || calls.Load() != 1 && calls.Load() != 2 {
			t.Errorf("the holder of the slot: %s, %d calls", holder.Status, calls.Load())
		}
	})
}

func TestADeadlineDoesNotEndACancelledCallThatRuns(t *testing.T) {
	edit := func(c *engine.Config) { c.CallLimit = 10 * time.Minute }
	world(t, lasting(3*time.Minute), edit, func(t *testing.T, _ store.Store, e *engine.Engine) {
		r, err := e.Submit(t.Context(), request("a"), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := e.Cancel(t.Context(), account, region, r.Token, "me"); err != nil {
			t.Fatal(err)
		}
		if r = finish(t, e, r); r.Status != operation.CancelComplete || r.EventTime.Sub(r.Accepted) != 3*time.Minute {
			t.Errorf("%s after %v", r.Status, r.EventTime.Sub(r.Accepted))
		}
	})
}

func TestWhatNobodyTakesIsToldOnce(t *testing.T) {
	const told = "a request makes no progress"
	var log lines
	var seen looks
	edit := func(c *engine.Config) {
		c.Concurrency, c.CallLimit, c.Observer = 1, 10*time.Minute, &seen
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	}
	world(t, lasting(5*time.Minute), edit, func(t *testing.T, _ store.Store, e *engine.Engine) {
		submit(t, e, request("a"))
		r := submit(t, e, request("b"))
		for i, c := range []struct {
			at            time.Duration
			queued, late  int
			oldest        time.Duration
			lines, looked int
		}{
			{5 * time.Second, 0, 0, 0, 0, 0},
			{25 * time.Second, 1, 0, 20 * time.Second, 0, 2},
			{35 * time.Second, 1, 0, 30 * time.Second, 0, 3}, // as long as a lease: it may be another node's
			{45 * time.Second, 1, 1, 40 * time.Second, 1, 4},
			{245 * time.Second, 1, 1, 240 * time.Second, 1, 24},
			{365 * time.Second, 0, 0, 0, 1, 36},
		} {
			time.Sleep(c.at - time.Since(r.Accepted))
			seen.mu.Lock()
			if n := len(seen.queued); n != c.looked || n > 0 && (seen.queued[n-1] != c.queued || seen.late[n-1] != c.late || seen.oldest[n-1] != c.oldest) {
				t.Errorf("step %d: look %d of %+v", i, n, &seen)
			}
			seen.mu.Unlock()
			if got := log.with(told); len(got) != c.lines || c.lines > 0 && !strings.Contains(got[0], "token="+r.Token) {
				t.Errorf("step %d: the log says %q", i, got)
			}
		}
		finish(t, e, r)
	})
}

// unreadable is a store that cannot read the queue of one account.
type unreadable struct{ store.Store }

func (s unreadable) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	if q.Account == "000000000000" {
		return nil, errors.New("a stored secret cannot be opened")
	}
	return s.Store.Waiting(ctx, q, before, max)
}

func TestQueueThatCannotBeReadHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unreadable{new(memory.Store)}
		e := node(t, s, lasting(5*time.Minute), func(c *engine.Config) { c.Concurrency, c.CallLimit = 1, 10*time.Minute })
		defer run(t, e)()
		submit(t, e, request("a"))
		first := request("b")
		first.Account = "000000000000" // before the other in every list
		submit(t, e, first)
		r, err := e.Submit(t.Context(), request("c"), 45*time.Second)
		if err != nil || r.Status != operation.Pending {
			t.Fatalf("%s, %v", r.Status, err)
		}
		time.Sleep(time.Minute)
		if r = get(t, s, r.Token); r.ErrorCode != operation.ServiceTimeout {
			t.Errorf("%s %q, want ServiceTimeout", r.Status, r.ErrorCode)
		}
	})
}
