package engine_test

import (
	"context"
	"errors"
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
)

// heard is a store that says what it hears in another way.
type heard struct {
	store.Store
	watch func(ctx context.Context, told func(store.Hint), inner store.Store) error
}

func (h *heard) Watch(ctx context.Context, told func(store.Hint)) error {
	return h.watch(ctx, told, h.Store)
}

func TestStatusWakesWhenAnotherNodeEndsTheRequest(t *testing.T) {
	for _, c := range []struct {
		name  string
		watch func(ctx context.Context, told func(store.Hint), inner store.Store) error
		want  time.Duration // after the submission
	}{
		{"by a hint", func(ctx context.Context, told func(store.Hint), inner store.Store) error {
			return inner.Watch(ctx, told)
		}, 2300 * time.Millisecond},
		{"by a hint that names none", func(ctx context.Context, told func(store.Hint), inner store.Store) error {
			return inner.Watch(ctx, func(store.Hint) { told(store.Hint{Free: true}) })
		}, 2300 * time.Millisecond},
		{"by a poll where hints are lost", func(ctx context.Context, _ func(store.Hint), _ store.Store) error {
			<-ctx.Done()
			return ctx.Err()
		}, 3050 * time.Millisecond},
		{"by a poll where hints are cut off", func(context.Context, func(store.Hint), store.Store) error {
			return errors.New("the connection is gone")
		}, 3050 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(memory.Store)
				first := node(t, s, lasting(2300*time.Millisecond), nil)
				far := node(t, &heard{s, c.watch}, made, second)
				defer run(t, first)()
				defer run(t, far)()
				token := submit(t, first, request("a")).Token
				began := time.Now()
				time.Sleep(50 * time.Millisecond)
				r, err := far.Status(t.Context(), account, region, token, 30*time.Second)
				if took := time.Since(began); err != nil || r.Status != operation.Success || took != c.want {
					t.Errorf("%s after %v, %v; want SUCCESS after %v", r.Status, took, err, c.want)
				}
			})
		})
	}
}

func TestAHintStartsWhatAnotherNodeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		first := node(t, s, made, nil) // accepts, and runs nothing that waits: it is not told to run
		defer run(t, node(t, s, made, second))()
		time.Sleep(50 * time.Millisecond) // between two polls
		r := submit(t, first, request("a"))
		synctest.Wait()
		if r = get(t, s, r.Token); r.Status != operation.Success {
			t.Fatalf("%s", r.Status)
		}
		now := s.Now()
		w := operation.Accept(request("b"), operation.NewToken(now, [8]byte{1}), now, time.Hour)
		if _, err := s.Accept(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if r = get(t, s, w.Token); r.Status != operation.Success || r.Timeline.Entries[1].Node != "n2" {
			t.Errorf("%s, %+v", r.Status, r.Timeline.Entries)
		}
		time.Sleep(2 * time.Second) // what waits for a further call on the first node goes
	})
}

// tied is a store on which a node can read and accept, and change nothing later.
type tied struct{ store.Store }

var errTied = errors.New("out of reach")

func (s *tied) Save(_ context.Context, r operation.Request, _ *resource.Change) (operation.Request, error) {
	return r, errTied
}

func (s *tied) Claim(context.Context, store.Claim) ([]operation.Request, error) { return nil, errTied }

func TestCallWhoseLeaseWentToAnotherNodeIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		var ended atomic.Int64
		began := time.Now()
		defer run(t, node(t, s, lasting(5*time.Second), second))()
		first := node(t, &tied{s}, func(ctx context.Context, _ handler.Call) (handler.Answer, error) {
			<-ctx.Done()
			ended.Store(int64(time.Since(began)))
			return handler.Answer{}, ctx.Err()
		}, nil)
		defer run(t, first)()
		token := submit(t, first, request("a")).Token
		r := finish(t, first, get(t, s, token))
		if r.Status != operation.Success || r.Attempt != 2 || r.Lost != 1 || r.Retries != 0 {
			t.Errorf("%s, attempt %d, %d lost, %d retries", r.Status, r.Attempt, r.Lost, r.Retries)
		}
		if at := time.Duration(ended.Load()); at < 30*time.Second || at > 31*time.Second { // the next try to extend comes at 40 s
			t.Errorf("the call was ended after %v, want the lease's 30 s", at)
		}
	})
}

// slow is a store whose first Accept is written at once and answered late.
type slow struct {
	store.Store
	late time.Duration
	n    atomic.Int32
}

func (s *slow) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	got, err := s.Store.Accept(ctx, r)
	if s.n.Add(1) == 1 {
		time.Sleep(s.late)
	}
	return got, err
}

func TestCallIsNotMadeAfterItsLease(t *testing.T) {
	for _, c := range []struct {
		late  time.Duration
		calls int32 // of the first node
		by    string
	}{
		{29 * time.Second, 1, "n1"},
		{30 * time.Second, 0, "n2"},
		{35 * time.Second, 0, "n2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := new(memory.Store)
			var calls atomic.Int32
			h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
				calls.Add(1)
				return made(ctx, c)
			}
			first := node(t, &slow{Store: s, late: c.late}, h, func(c *engine.Config) { c.Concurrency = 1 })
			defer run(t, node(t, s, made, second))()
			token := submit(t, first, request("a")).Token
			time.Sleep(10 * time.Second)
			r := get(t, s, token)
			last := r.Timeline.Entries[len(r.Timeline.Entries)-2]
			if r.Status != operation.Success || calls.Load() != c.calls || last.Node != c.by {
				t.Errorf("%v late: %s by %s, %d calls of the first node", c.late, r.Status, last.Node, calls.Load())
			}
			if r := submit(t, first, request("b")); r.Status != operation.InProgress {
				t.Errorf("%v late: the slot was not given back: %s %q", c.late, r.Status, r.Message)
			}
			time.Sleep(2 * time.Second) // what waits for a further call on the first node goes
		})
	}
}

func TestALeaseIsKeptBesideACallThatDoesNotReturn(t *testing.T) {
	var calls, busy, most atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1) == 1 { // it does not listen: its lease is given up, and the call made again
			time.Sleep(125 * time.Second)
			return handler.Answer{}, ctx.Err()
		}
		most.Store(max(most.Load(), busy.Add(1)))
		defer busy.Add(-1)
		time.Sleep(55 * time.Second)
		return made(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		r := finish(t, e, submit(t, e, request("a")))
		if r.Status != operation.Success || r.Attempt != 2 || most.Load() != 1 {
			t.Errorf("%s, attempt %d, %d calls, %d at once", r.Status, r.Attempt, calls.Load(), most.Load())
		}
	})
}

func TestCallEndsWithTheLeaseThatCannotBeExtended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		cut := &stopped{Store: s}
		ended := make(chan time.Duration, 100)
		h := func(ctx context.Context, _ handler.Call) (handler.Answer, error) {
			began := time.Now()
			<-ctx.Done()
			ended <- time.Since(began)
			return handler.Answer{}, ctx.Err()
		}
		e := node(t, cut, h, func(c *engine.Config) { c.Lease = 10 * time.Second })
		stop := run(t, e)
		defer stop()
		submit(t, e, request("a"))
		synctest.Wait()
		gate := make(chan struct{})
		defer close(gate)
		cut.gate.Store(&gate) // the node is cut off from its database
		time.Sleep(time.Minute / 2)
		select {
		case after := <-ended:
			if after != 10*time.Second {
				t.Errorf("the call ended after %v, want the lease of 10s", after)
			}
		default:
			t.Error("the call goes on after its lease")
		}
	})
}
