package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// told reports whether the timeline of r has an entry of the kind, by whom.
func told(r operation.Request, what, by string) bool {
	return slices.ContainsFunc(r.Timeline.Entries, func(e operation.Entry) bool { return e.What == what && e.By == by })
}

func TestResumeMakesTheNextCallAtOnce(t *testing.T) {
	world(t, after(1, time.Minute), nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		r, err := e.Resume(t.Context(), account, region, token, "arn:me")
		if err != nil || r.Status != operation.InProgress || r.Node != "" {
			t.Fatalf("%s on %q, %v", r.Status, r.Node, err)
		}
		time.Sleep(time.Millisecond)
		if r := get(t, s, token); r.Status != operation.Success || r.Attempt != 2 || !told(r, "resume", "arn:me") {
			t.Errorf("%s, attempt %d, %+v", r.Status, r.Attempt, r.Timeline.Entries)
		}
		if r, err := e.Resume(t.Context(), account, region, token, "arn:me"); !errors.Is(err, operation.ErrIllegal) || r.Status != operation.Success {
			t.Errorf("resume of what has ended: %s, %v", r.Status, err)
		}
	})
}

func TestResumeCutsABackoffShort(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1) < 12 { // by then it waits half a minute
			return failure(handler.NetworkFailure, "no route"), nil
		}
		return made(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		synctest.Wait()
		for range 11 {
			if _, err := e.Resume(t.Context(), account, region, token, "arn:me"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if r := get(t, s, token); r.Status != operation.Success || r.EventTime.Sub(r.Accepted) > time.Second {
			t.Errorf("%s after %v", r.Status, r.EventTime.Sub(r.Accepted))
		}
	})
}

func TestResumeOfARunningCallIsRefused(t *testing.T) {
	slow := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		time.Sleep(10 * time.Second)
		return made(ctx, c)
	}
	world(t, slow, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		before := get(t, s, token)
		if r, err := e.Resume(t.Context(), account, region, token, "arn:me"); !errors.Is(err, operation.ErrIllegal) || r.Node != "n1" {
			t.Errorf("%s on %q, %v", r.Status, r.Node, err)
		}
		if after := get(t, s, token); after.Revision != before.Revision {
			t.Errorf("it was written: %+v", after)
		}
	})
}

func TestAbortEndsTheCallInFlightAndFreesTheResource(t *testing.T) {
	var cause error
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1) > 1 {
			return made(ctx, c)
		}
		<-ctx.Done()
		cause = context.Cause(ctx)
		return made(context.Background(), c) // too late
	}
	world(t, h, func(c *engine.Config) { c.Concurrency = 1 }, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		r, left, err := e.Abort(t.Context(), account, region, token, "arn:me", "it hangs")
		if err != nil || r.Status != operation.Failed || r.ErrorCode != operation.GeneralServiceException || !told(r, "abort", "arn:me") {
			t.Fatalf("%s %s, %v, %+v", r.Status, r.ErrorCode, err, r.Timeline.Entries)
		}
		if want := "a handler call was in flight and may still finish; resource 'a' may exist, whole or in part, and is no resource of the ledger"; left != want {
			t.Errorf("left behind: %s", left)
		}
		synctest.Wait()
		if cause == nil {
			t.Error("the call goes on")
		}
		if now := get(t, s, token); now.Revision != r.Revision {
			t.Errorf("the late answer changed the request: %+v", now)
		}
		key := resource.Key{Account: account, Region: region, TypeName: r.TypeName, Identifier: "a"}
		if is, err := s.Resource(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the late answer is in the ledger: %s, %v", is.Model, err)
		}
		next := submit(t, e, request("a")).Token // the lock and the slot are free
		synctest.Wait()
		if r := get(t, s, next); r.Status != operation.Success {
			t.Errorf("the next request: %s", r.Status)
		}
		if r, left, err := e.Abort(t.Context(), account, region, token, "arn:me", "again"); !errors.Is(err, operation.ErrIllegal) || r.Status != operation.Failed || left != "" {
			t.Errorf("a second abort: %s %q, %v", r.Status, left, err)
		}
	})
}

func TestAbortOnAnotherNodeEndsTheCallWithItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		ended := make(chan time.Time, 1)
		first := node(t, s, func(ctx context.Context, _ handler.Call) (handler.Answer, error) {
			<-ctx.Done()
			ended <- time.Now()
			return handler.Answer{}, ctx.Err()
		}, nil)
		defer run(t, first)()
		other := node(t, s, made, second)
		token := submit(t, first, request("a")).Token
		time.Sleep(time.Second)
		began := time.Now()
		if _, _, err := other.Abort(t.Context(), account, region, token, "arn:me", "it hangs"); err != nil {
			t.Fatal(err)
		}
		if after := (<-ended).Sub(began); after > 20*time.Second {
			t.Errorf("the call went on for %v, want no longer than its node takes to look", after)
		}
		synctest.Wait()
		if r := get(t, s, token); r.Status != operation.Failed || r.Message == "" || r.Lost != 0 {
			t.Errorf("%s %q", r.Status, r.Message)
		}
	})
}

func TestAbortOfARequestThatWaitsMakesNoFurtherCall(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		calls.Add(1)
		return after(1, time.Minute)(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Second)
		if _, _, err := e.Abort(t.Context(), account, region, token, "arn:me", "not wanted"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if r := get(t, s, token); r.Status != operation.Failed || calls.Load() != 1 {
			t.Errorf("%s after %d calls", r.Status, calls.Load())
		}
	})
}

// Each write of the life of a request that is aborted while its call runs fails in turn,
// before and after it took effect.
func TestAbortWithEveryWriteFaulted(t *testing.T) {
	for _, late := range []bool{false, true} {
		for at, fired := int32(0), true; fired && at < 50; at++ {
			t.Run(fmt.Sprintf("after=%v/write=%d", late, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &storetest.Faulty{Store: new(memory.Store), At: at, After: late}
					abortedLife(t, f)
					fired = f.Fired()
				})
			})
		}
	}
}

func abortedLife(t *testing.T, f *storetest.Faulty) {
	e := node(t, f, func(ctx context.Context, _ handler.Call) (handler.Answer, error) {
		<-ctx.Done()
		return handler.Answer{}, ctx.Err()
	}, nil)
	defer run(t, e)()
	var token string
	for token == "" { // as a client that tries again
		r := request("a")
		r.ClientToken = "ct"
		if got, err := e.Submit(t.Context(), r, time.Hour); err == nil {
			token = got.Token
		}
	}
	time.Sleep(15 * time.Second) // the lease was extended
	for range 3 {
		if _, _, err := e.Abort(t.Context(), account, region, token, "arn:me", "it hangs"); err == nil || errors.Is(err, operation.ErrIllegal) {
			break
		}
	}
	time.Sleep(time.Minute)
	r := get(t, f, token)
	aborts := 0
	for _, entry := range r.Timeline.Entries {
		if entry.What == "abort" {
			aborts++
		}
	}
	if r.Status != operation.Failed || r.ErrorCode != operation.GeneralServiceException || aborts != 1 {
		t.Errorf("%s %s after %d aborts: %+v", r.Status, r.ErrorCode, aborts, r.Timeline.Entries)
	}
	if _, err := e.Submit(t.Context(), request("a"), time.Hour); err != nil && !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("the next request on the resource: %v", err)
	}
}

func TestOperatorsReachOnlyRequestsOfTheirOwn(t *testing.T) {
	world(t, after(1, time.Minute), nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		synctest.Wait()
		before := get(t, s, token)
		_, resumed := e.Resume(t.Context(), "000000000002", region, token, "arn:them")
		_, _, aborted := e.Abort(t.Context(), account, "eu-west-1", token, "arn:them", "why not")
		if !errors.Is(resumed, store.ErrNotFound) || !errors.Is(aborted, store.ErrNotFound) {
			t.Errorf("resume: %v, abort: %v", resumed, aborted)
		}
		if after := get(t, s, token); after.Revision != before.Revision {
			t.Errorf("it was written: %+v", after)
		}
	})
}
