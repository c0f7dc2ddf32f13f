package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
	"example.org/groundcontrol/internal/store/sqlite"
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

func (s *stopped) Claim(ctx context.Context, c store.Claim) ([]operation.Request, error) {
	s.wait()
	return s.Store.Claim(ctx, c)
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

// life is a request from its submission to its end, and what is to become of it.
type life struct {
	name    string
	op      operation.Operation
	edit    func(*operation.Request)
	handler func() handlerFunc
	cancel  time.Duration // when to cancel, 0 for never
	want    operation.Status
	calls   int
	ledger  string // the model of the resource at the end, "" for none
}

const before, changed = `{"Id":"1","Name":"a"}`, `{"Id":"2","Name":"a"}` // what updates and deletes find, and what updates make

var lives = []life{
	{"create with callbacks", operation.Create, nil, stages(3, 2*time.Second, 0), 0, operation.Success, 4, `{"Name":"a"}`},
	{"create with retries", operation.Create, nil, stumbling(stages(2, time.Second, 0)), 0, operation.Success, 6, `{"Name":"a"}`},
	{"create that learns its identifier", operation.Create, unnamed, stages(2, 2*time.Second, 0), 0, operation.Success, 3, `{"Name":"a"}`},
	{"create with a call longer than its lease", operation.Create, nil, stages(0, 0, 45*time.Second), 0, operation.Success, 1, `{"Name":"a"}`},
	{"create that fails for good", operation.Create, nil, failing(1), 0, operation.Failed, 2, begun},
	{"update with callbacks", operation.Update, nil, stages(2, 2*time.Second, time.Second), 0, operation.Success, 3, changed},
	{"update with retries", operation.Update, nil, stumbling(stages(0, 0, 0)), 0, operation.Success, 2, changed},
	{"update that changes nothing", operation.Update, same, stages(0, 0, 0), 0, operation.Success, 0, before},
	{"update that fails for good", operation.Update, nil, failing(1), 0, operation.Failed, 2, before},
	{"delete with callbacks", operation.Delete, nil, stages(2, 2*time.Second, time.Second), 0, operation.Success, 3, ""},
	{"delete with retries", operation.Delete, nil, stumbling(stages(1, time.Second, 0)), 0, operation.Success, 4, ""},
	{"delete that fails for good", operation.Delete, nil, failing(0), 0, operation.Failed, 1, before},
	{"create cancelled while it waits", operation.Create, nil, stages(1, time.Hour, 0), 10 * time.Second, operation.CancelComplete, 1, begun},
	{"update cancelled while it waits", operation.Update, nil, stages(1, time.Hour, 0), 10 * time.Second, operation.CancelComplete, 1, before},
	{"create cancelled in a call that completes it", operation.Create, nil, stages(0, 0, 20*time.Second), 10 * time.Second, operation.CancelComplete, 1, `{"Name":"a"}`},
	{"update cancelled in a call that makes progress", operation.Update, nil, stages(1, time.Second, 20*time.Second), 10 * time.Second, operation.CancelComplete, 1, before},
	{"delete cancelled in a call that completes it", operation.Delete, nil, stages(0, 0, 20*time.Second), 10 * time.Second, operation.CancelComplete, 1, ""},
	{"delete cancelled in a call that fails", operation.Delete, nil, slowly(20*time.Second, failing(0)), 10 * time.Second, operation.CancelComplete, 1, before},
}

func unnamed(r *operation.Request) { r.Identifier = "" }

func same(r *operation.Request) { r.Input.Desired = nil }

// wait waits for d, or less where ctx ends, and reports which.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// stages answers IN_PROGRESS with the given delay n times, then SUCCESS. Every call takes a while.
func stages(n int, delay, took time.Duration) func() handlerFunc {
	return func() handlerFunc {
		return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			if !wait(ctx, took) {
				return handler.Answer{}, ctx.Err()
			}
			a := handler.Answer{Status: handler.Success}
			if len(c.Callback) < n {
				a.Status, a.Delay, a.Callback = handler.InProgress, delay, fmt.Appendf(nil, "%s1", c.Callback)
			}
			if c.Action == schema.Delete {
				return a, nil
			}
			var err error
			a.Model, err = schema.Decode(c.Desired)
			return a, err
		}
	}
}

// stumbling fails every second call of h with a retriable code.
func stumbling(h func() handlerFunc) func() handlerFunc {
	return func() handlerFunc {
		var calls atomic.Int32
		inner := h()
		return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			if calls.Add(1)%2 == 1 {
				return failure(handler.Throttling, "slow down"), nil
			}
			return inner(ctx, c)
		}
	}
}

// failing fails for good after n callbacks.
func failing(n int) func() handlerFunc {
	return func() handlerFunc {
		return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			if len(c.Callback) < n {
				return stages(n, 2*time.Second, 0)()(ctx, c)
			}
			return failure(handler.NotStabilized, "no"), nil
		}
	}
}

// slowly makes every call of h take longer.
func slowly(d time.Duration, h func() handlerFunc) func() handlerFunc {
	return func() handlerFunc {
		inner := h()
		return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			if !wait(ctx, d) {
				return handler.Answer{}, ctx.Err()
			}
			return inner(ctx, c)
		}
	}
}

// request is what the client asks for, with a client token.
func (l life) request() operation.Request {
	r := request("a")
	r.Operation, r.ClientToken = l.op, "ct"
	switch l.op {
	case operation.Update:
		r.Input, r.BaseRevision = operation.Input{Desired: []byte(changed), Previous: []byte(before)}, 1
	case operation.Delete:
		r.Input = operation.Input{}
	}
	if l.edit != nil {
		l.edit(&r)
	}
	return r
}

var resourceA = resource.Key{Account: account, Region: region, TypeName: "Test::Engine::Thing", Identifier: "a"}

// prepare puts into s what an update or a delete finds there.
func (l life) prepare(t *testing.T, s store.Store) {
	t.Helper()
	if l.op == operation.Create {
		return
	}
	now := s.Now()
	r := operation.Accept(request("a"), operation.NewToken(now, [8]byte{1}), now, time.Hour)
	for _, step := range []func() error{
		func() (err error) {
			r, err = operation.Apply(r, operation.Event{Kind: operation.Claim, At: now, Node: "n0", Lease: time.Minute})
			return err
		},
		func() (err error) { r, err = s.Accept(t.Context(), r); return err },
		func() (err error) {
			r, err = operation.Apply(r, operation.Event{Kind: operation.Succeed, At: now, Node: "n0", Attempt: 1, Model: []byte(before)})
			return err
		},
		func() error {
			is := resource.Resource{Key: resourceA, TypeVersion: r.TypeVersion, Model: []byte(before), Updated: now, Request: r.Token}
			_, err := s.Save(t.Context(), r, &resource.Change{Resource: is})
			return err
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// witness counts the calls of a handler, and fails the test where there are two at once.
type witness struct {
	t     *testing.T
	calls atomic.Int32
	busy  atomic.Int32
}

func (w *witness) watch(h handlerFunc) handlerFunc {
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		w.calls.Add(1)
		if w.busy.Add(1) > 1 {
			w.t.Error("two handlers at work on one resource")
		}
		defer w.busy.Add(-1)
		return h(ctx, c)
	}
}

// ask is how a client reaches a server, with how long it waits for an answer.
type ask func(patience time.Duration, verb func(*engine.Engine) (operation.Request, error)) (operation.Request, error)

// insist asks e again where a fault of its store came back.
func insist(e *engine.Engine) ask {
	return func(_ time.Duration, verb func(*engine.Engine) (operation.Request, error)) (r operation.Request, err error) {
		for range 5 {
			if r, err = verb(e); !errors.Is(err, storetest.ErrInjected) {
				break
			}
		}
		return r, err
	}
}

// lead plays the client's part until the request has ended, and returns it as it is in s.
func (l life) lead(t *testing.T, s store.Store, ask ask) operation.Request {
	t.Helper()
	submit := func(r operation.Request) operation.Request {
		t.Helper()
		got, err := ask(time.Second, func(e *engine.Engine) (operation.Request, error) { return e.Submit(t.Context(), r, time.Hour) })
		if err != nil {
			t.Fatalf("submit of a %s: %v", r.Operation, err)
		}
		return got
	}
	token := submit(l.request()).Token
	if l.cancel > 0 {
		time.Sleep(l.cancel)
		_, err := ask(11*time.Second, func(e *engine.Engine) (operation.Request, error) {
			return e.Cancel(t.Context(), account, region, token, "me")
		})
		if err != nil {
			t.Fatalf("cancel: %v", err)
		}
	}
	for range 100 {
		r, err := ask(11*time.Second, func(e *engine.Engine) (operation.Request, error) {
			return e.Status(t.Context(), account, region, token, 10*time.Second)
		})
		if err != nil {
			t.Fatalf("status: %v", err)
		}
		if r.Status.Ended() {
			break
		}
	}
	r := get(t, s, token)
	if r.Status != l.want || (r.ErrorCode == "") == (l.want == operation.Failed) || len(r.Timeline.Entries) < 2 {
		t.Fatalf("%s %s %q, want %s; %+v", r.Status, r.ErrorCode, r.Message, l.want, r.Timeline.Entries)
	}
	if again := submit(l.request()); again.Token != token || again.Status != l.want {
		t.Errorf("the client token now stands for %s, %s; it was %s", again.Token, again.Status, token)
	}
	return r
}

// next submits a further request on the resource: whatever happened, it is free.
func (l life) next(t *testing.T, ask ask) {
	t.Helper()
	r := request("a")
	r.Operation, r.ClientToken, r.Input = operation.Delete, "next", operation.Input{}
	got, err := ask(time.Second, func(e *engine.Engine) (operation.Request, error) { return e.Submit(t.Context(), r, time.Hour) })
	if err != nil || got.Identifier != "a" {
		t.Errorf("the next request on the resource: %v", err)
	}
}

// begun is what the ledger has of a create that made progress and did not succeed.
const begun = `unfinished {"Name":"a"}`

// entry is the model that the ledger has for the resource, "" for none.
func entry(t *testing.T, s store.Store) string {
	t.Helper()
	is, err := s.Resource(t.Context(), resourceA)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if is.Unfinished {
		return "unfinished " + string(is.Model)
	}
	return string(is.Model)
}

// faulted leads the life on a store that fails one write, and reports whether it did.
func (l life) faulted(t *testing.T, f *storetest.Faulty, edit func(*engine.Config)) bool {
	l.prepare(t, f.Store)
	w := &witness{t: t}
	e := node(t, f, w.watch(l.handler()), edit)
	defer run(t, e)()
	r := l.lead(t, f, insist(e))
	if n := int(w.calls.Load()); n != l.calls { // a lost write is no reason for a second call
		t.Errorf("%d handler calls, want %d; %+v", n, l.calls, r.Timeline.Entries)
	}
	if is := entry(t, f); is != l.ledger {
		t.Errorf("the ledger has %q, want %q", is, l.ledger)
	}
	l.next(t, insist(e))
	return f.Fired()
}

// TestEveryWriteFaulted fails each write of the lives in turn, before and after it
// took effect, until a run goes through untouched.
func TestEveryWriteFaulted(t *testing.T) {
	for _, l := range lives {
		t.Run(l.name, func(t *testing.T) {
			for _, after := range []bool{false, true} {
				eachWrite(t, after, func(t *testing.T, at int32) (fired bool) {
					synctest.Test(t, func(t *testing.T) {
						fired = l.faulted(t, &storetest.Faulty{Store: new(memory.Store), At: at, After: after}, nil)
					})
					return fired
				})
			}
		})
	}
}

// eachWrite plays the life with a fault at each write, until one is not reached.
func eachWrite(t *testing.T, after bool, play func(t *testing.T, at int32) (fired bool)) {
	for at, fired := int32(0), true; fired; at++ {
		if at == 100 {
			t.Fatal("the life has no end")
		}
		if !t.Run(fmt.Sprintf("after=%v/write=%d", after, at), func(t *testing.T) { fired = play(t, at) }) {
			return
		}
	}
}

// TestEveryWriteFaultedOnDisk is one of the lives in real time, on the SQLite store.
func TestEveryWriteFaultedOnDisk(t *testing.T) {
	l := life{"", operation.Update, nil, stages(2, 10*time.Millisecond, 0), 0, operation.Success, 3, changed}
	quick := func(c *engine.Config) { c.Lease, c.Poll = 400*time.Millisecond, 50*time.Millisecond }
	for _, after := range []bool{false, true} {
		eachWrite(t, after, func(t *testing.T, at int32) bool {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "gc.db"), sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			return l.faulted(t, &storetest.Faulty{Store: s, At: at, After: after}, quick)
		})
	}
}

// mortal is the store of a node that dies at one of its writes: from then on no verb
// comes back, until the machine wakes.
type mortal struct {
	store.Store
	at    int32 // the write, counted from 0
	after bool  // it took effect

	n    atomic.Int32
	dead chan struct{}
	wake chan struct{}
	when time.Time // of death
}

func (m *mortal) alive() {
	select {
	case <-m.dead:
		<-m.wake
	default:
	}
}

func (m *mortal) die() {
	m.when = time.Now()
	close(m.dead)
	<-m.wake
}

func (m *mortal) died() bool {
	select {
	case <-m.dead:
		return true
	default:
		return false
	}
}

func write[T any](m *mortal, verb func() (T, error)) (T, error) {
	m.alive()
	now := m.n.Add(1)-1 == m.at
	if now && !m.after {
		m.die()
	}
	got, err := verb()
	if now && m.after {
		m.die()
	}
	return got, err
}

func (m *mortal) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	return write(m, func() (operation.Request, error) { return m.Store.Accept(ctx, r) })
}

func (m *mortal) Save(ctx context.Context, r operation.Request, c *resource.Change) (operation.Request, error) {
	return write(m, func() (operation.Request, error) { return m.Store.Save(ctx, r, c) })
}

func (m *mortal) Claim(ctx context.Context, c store.Claim) ([]operation.Request, error) {
	return write(m, func() ([]operation.Request, error) { return m.Store.Claim(ctx, c) })
}

func (m *mortal) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	m.alive()
	return m.Store.Request(ctx, account, region, token)
}

func (m *mortal) Queues(ctx context.Context, after store.Queue, max int) ([]store.Head, error) {
	m.alive()
	return m.Store.Queues(ctx, after, max)
}

func (m *mortal) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	m.alive()
	return m.Store.Waiting(ctx, q, before, max)
}

func (m *mortal) Purge(ctx context.Context, before time.Time, max int) (int, error) {
	m.alive()
	return m.Store.Purge(ctx, before, max)
}

// handler is h as it runs on the node: with the node it ends.
func (m *mortal) handler(h handlerFunc) handlerFunc {
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			select {
			case <-m.dead:
				stop()
			case <-ctx.Done():
			}
		}()
		return h(ctx, c)
	}
}

// failover asks the first engine and, where it does not answer, the other from then on.
func failover(first, other *engine.Engine) ask {
	type answer struct {
		r   operation.Request
		err error
	}
	return func(patience time.Duration, verb func(*engine.Engine) (operation.Request, error)) (operation.Request, error) {
		got, e := make(chan answer, 1), first
		go func() {
			r, err := verb(e)
			got <- answer{r, err}
		}()
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case a := <-got:
			return a.r, a.err
		case <-timer.C:
			first = other
			return verb(other)
		}
	}
}

// bereaved leads the life on two nodes of which the first dies at one of its writes,
// and reports whether it did. What it was doing the other one takes up, in time; when
// it wakes it changes nothing.
func (l life) bereaved(t *testing.T, at int32, after bool) bool {
	s := new(memory.Store)
	l.prepare(t, s)
	m := &mortal{Store: s, at: at, after: after, dead: make(chan struct{}), wake: make(chan struct{})}
	w := &witness{t: t}
	var taken time.Time // of the first call after the death
	h := l.handler()
	first := node(t, m, m.handler(w.watch(h)), nil)
	other := node(t, s, w.watch(func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if m.died() && taken.IsZero() {
			taken = time.Now()
		}
		return h(ctx, c)
	}), second)
	stop := run(t, first)
	defer run(t, other)()
	defer stop()
	wake := sync.OnceFunc(func() { close(m.wake) })
	defer wake()
	r := l.lead(t, s, failover(first, other))
	wake()
	if !m.died() {
		return false
	}
	if taken.IsZero() {
		taken = r.EventTime
	}
	if late := taken.Sub(m.when); late > 30*time.Second+2*time.Second {
		t.Errorf("the other node takes over after %v", late)
	}
	if n := int(w.calls.Load()); n > l.calls+2 { // the one cut off, and the one that stumbled for it
		t.Errorf("%d handler calls, want %d or a little more; %+v", n, l.calls, r.Timeline.Entries)
	}
	is := entry(t, s)
	if is != l.ledger && (l.cancel == 0 || is != l.found()) { // the call that would have told died
		t.Errorf("the ledger has %q, want %q", is, l.ledger)
	}
	time.Sleep(2 * time.Minute)
	if now := get(t, s, r.Token); now.Revision != r.Revision || entry(t, s) != is {
		t.Errorf("the node that woke changed the request to %s, the ledger to %q", now.Status, entry(t, s))
	}
	l.next(t, failover(other, first))
	return true
}

// found is what the ledger has before the life.
func (l life) found() string {
	if l.op == operation.Create {
		return ""
	}
	return before
}

func TestAnotherNodeFinishesWhatADeadOneLeft(t *testing.T) {
	for _, l := range lives {
		t.Run(l.name, func(t *testing.T) {
			for _, after := range []bool{false, true} {
				eachWrite(t, after, func(t *testing.T, at int32) (died bool) {
					synctest.Test(t, func(t *testing.T) { died = l.bereaved(t, at, after) })
					return died
				})
			}
		})
	}
}

// slowAnswer is a store that says only after a while that something was written.
type slowAnswer struct{ store.Store }

func (s slowAnswer) Save(ctx context.Context, r operation.Request, c *resource.Change) (operation.Request, error) {
	n, err := s.Store.Save(ctx, r, c)
	time.Sleep(5 * time.Second)
	return n, err
}

// A node that hears late that its write was done tells those who have come since of what
// other nodes have made of it, not of its own write.
func TestHeldStatusIsNoOlderThanTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		first := node(t, slowAnswer{s}, after(2, time.Second), func(c *engine.Config) { c.Poll = time.Hour }) // claims nothing
		token := submit(t, first, request("a")).Token
		again := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
			a, err := after(2, time.Second)(ctx, c)
			a.Delay = time.Minute
			return a, err
		}
		defer run(t, node(t, s, again, second))()
		time.Sleep(4 * time.Second)
		if r := get(t, s, token); r.Message != "2" {
			t.Fatalf("the second node has not come to it: %s %q", r.Status, r.Message)
		}
		r, err := first.Status(t.Context(), account, region, token, 10*time.Second)
		if err != nil || r.Message != "2" {
			t.Errorf("told %s %q, %v", r.Status, r.Message, err)
		}
	})
}
