package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
	"example.org/groundcontrol/internal/store/storetest"
)

func second(c *engine.Config) { c.Node = "n2" }

func TestLongCallKeepsItsLease(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		calls.Add(1)
		time.Sleep(55 * time.Second) // longer than the lease, shorter than the limit of a call
		return made(ctx, c)
	}
	world(t, h, func(c *engine.Config) { c.Lease = 10 * time.Second }, func(t *testing.T, s store.Store, e *engine.Engine) {
		defer run(t, node(t, s, h, second))()
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Minute)
		if r := get(t, s, token); r.Status != operation.Success || r.Attempt != 1 || calls.Load() != 1 {
			t.Errorf("%s, attempt %d, %d calls", r.Status, r.Attempt, calls.Load())
		}
	})
}

// stopped is a store whose node was stopped: while it is, no verb comes back.
type stopped struct {
	store.Store
	gate atomic.Pointer[chan struct{}]
}

func (s *stopped) wait() {
	if g := s.gate.Load(); g != nil {
		<-*g
	}
}

func (s *stopped) Save(ctx context.Context, r operation.Request, c *resource.Change) (operation.Request, error) {
	s.wait()
	return s.Store.Save(context.WithoutCancel(ctx), r, c)
}

func (s *stopped) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	s.wait()
	return s.Store.Request(context.WithoutCancel(ctx), account, region, token)
}

func (s *stopped) Claim(ctx context.Context, n string, now time.Time, lease time.Duration, max int) ([]operation.Request, time.Time, error) {
	s.wait()
	return s.Store.Claim(ctx, n, now, lease, max)
}

func TestNodeThatWakesAfterItsLeaseChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		frozen := &stopped{Store: s}
		gate := make(chan struct{})
		frozen.gate.Store(&gate)
		first := node(t, frozen, after(1, time.Second), nil)
		stop := run(t, first)
		defer stop()
		defer close(gate)
		token := submit(t, first, request("a")).Token
		var mu sync.Mutex
		var got []string
		heard := func() string {
			mu.Lock()
			defer mu.Unlock()
			return fmt.Sprint(got)
		}
		h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			mu.Lock()
			got = append(got, string(c.Callback))
			mu.Unlock()
			if c.Token != token {
				t.Errorf("bearer token %s, want %s", c.Token, token)
			}
			return after(1, time.Second)(ctx, c)
		}
		defer run(t, node(t, s, h, second))()
		time.Sleep(29 * time.Second)
		if r := get(t, s, token); r.Node != "n1" || heard() != "[]" {
			t.Fatalf("inside the lease it belongs to %s after calls with %s", r.Node, heard())
		}
		time.Sleep(5 * time.Second)
		r := get(t, s, token)
		if r.Status != operation.Success || r.Lost != 1 || heard() != "[ 1]" {
			t.Fatalf("%s, %d lost, calls with %s", r.Status, r.Lost, heard())
		}
		frozen.gate.Store(nil) // the first node wakes with its old answer in hand
		go func() { gate <- struct{}{} }()
		time.Sleep(10 * time.Second)
		if now := get(t, s, token); now.Revision != r.Revision {
			t.Errorf("the late answer changed the request: %+v", now)
		}
	})
}

func TestShutdownWaitsForCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		e := node(t, s, func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			time.Sleep(5 * time.Second)
			return made(ctx, c)
		}, nil)
		stop := run(t, e)
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		stop()
		if r := get(t, s, token); r.Status != operation.Success {
			t.Errorf("%s, want SUCCESS", r.Status)
		}
	})
}

func TestShutdownLeavesLongCallsToTheNextNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		e := node(t, s, func(ctx context.Context, _ handler.Call) (handler.Answer, error) {
			<-ctx.Done()
			return handler.Answer{}, ctx.Err()
		}, nil)
		stop := run(t, e)
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the shutdown took %v, want the grace of 10 s", took)
		}
		if r := get(t, s, token); r.Status != operation.InProgress || r.Node != "" {
			t.Fatalf("%s, leased to %q", r.Status, r.Node)
		}
		next := node(t, s, made, second)
		defer run(t, next)()
		time.Sleep(time.Millisecond)
		if r := get(t, s, token); r.Status != operation.Success || r.Attempt != 2 {
			t.Errorf("%s, attempt %d", r.Status, r.Attempt)
		}
	})
}

// TestEveryWriteFaulted fails each write of the lives below in turn, before and
// after it took effect, until a run goes through untouched. The request must end
// as it should every time, and only one handler may be at work at any moment.
func TestEveryWriteFaulted(t *testing.T) {
	lives := map[string]struct {
		handler handlerFunc
		cancel  time.Duration // when to cancel, 0 for never
		want    operation.Status
	}{
		"create with callbacks": {after(3, 2*time.Second), 0, operation.Success},
		"create with retries":   {flaky(), 0, operation.Success},
		"failure": {func(context.Context, handler.Call) (handler.Answer, error) {
			return failure(handler.NotStabilized, "no"), nil
		}, 0, operation.Failed},
		"cancel while it waits": {after(1, time.Hour), 10 * time.Second, operation.CancelComplete},
		"cancel while it runs": {func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			time.Sleep(20 * time.Second)
			return made(ctx, c)
		}, 10 * time.Second, operation.CancelComplete},
	}
	for name, life := range lives {
		for _, after := range []bool{false, true} {
			for at, fired := int32(0), true; fired && at < 200; at++ {
				t.Run(fmt.Sprintf("%s/after=%v/write=%d", name, after, at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						f := &storetest.Faulty{Store: new(memory.Store), At: at, After: after}
						fired = live(t, f, life.handler, life.cancel, life.want)
					})
				})
			}
		}
	}
}

// flaky fails every second call of a request with a retriable code.
func flaky() handlerFunc {
	var calls atomic.Int32
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1)%2 == 1 {
			return failure(handler.Throttling, "slow down"), nil
		}
		return after(2, time.Second)(ctx, c)
	}
}

// live runs one request from its submission to its end and reports whether the
// store's fault was reached.
func live(t *testing.T, f *storetest.Faulty, h handlerFunc, cancel time.Duration, want operation.Status) bool {
	var busy atomic.Int32
	alone := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if busy.Add(1) > 1 {
			t.Error("two handlers at work on one resource")
		}
		defer busy.Add(-1)
		return h(ctx, c)
	}
	e := node(t, f, alone, nil)
	defer run(t, e)()
	var token string
	for token == "" { // a client that gets an error tries again, with its client token
		r := request("a")
		r.ClientToken = "ct"
		if got, err := e.Submit(t.Context(), r, time.Hour); err == nil {
			token = got.Token
		}
	}
	if cancel > 0 {
		time.Sleep(cancel)
		for {
			_, err := e.Cancel(t.Context(), account, region, token, "me")
			if errors.Is(err, operation.ErrIllegal) {
				t.Fatal("it ended before it was cancelled")
			}
			if err == nil {
				break
			}
		}
	}
	var r operation.Request
	for range 600 {
		if r = get(t, f, token); r.Status.Ended() {
			break
		}
		time.Sleep(time.Second)
	}
	if r.Status != want {
		t.Errorf("%s %s %q, want %s", r.Status, r.ErrorCode, r.Message, want)
	}
	// Whatever happened, the resource is free for the next request.
	r = request("a")
	r.Operation = operation.Delete
	if _, err := e.Submit(t.Context(), r, time.Hour); err != nil && !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("the next request on the resource: %v", err)
	}
	return f.Fired()
}
