// Package engine runs requests: it accepts them into the store, calls their
// handlers, writes down what came of it, and gives nothing up. It promises that no
// request is lost, none is stuck, and none is run by two nodes at once.
//
// What a request may do next is decided by package operation; what is stored, by
// the store's compare and swap. The engine holds no state of a request that the
// store does not: a process that dies at any instruction loses nothing.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store"
)

// Config is what an Engine works with. Store, Types, Runtimes, Log and Node are
// required; the rest has defaults.
type Config struct {
	Store    store.Store
	Types    Types
	Runtimes map[string]handler.Runtime // by the name in registry.Type
	Log      *slog.Logger
	Node     string // unique among live nodes, new for each process

	Concurrency int           // handler calls at once; default 256
	Lease       time.Duration // how long a node is trusted without a sign of life; default 30 s
	CallLimit   time.Duration // of one handler call; default 60 s (the handler contract's)
	// CallLimits is the limit of one call of a type's handlers; 0 is CallLimit. Nil is 0 for all.
	CallLimits func(typeName string) time.Duration
	Poll       time.Duration // how often to look for work that other nodes left; default 1 s
	Grace      time.Duration // how long a shutdown waits for calls in flight; default 10 s
	Retention  time.Duration // how long after acceptance an ended request is kept; default 7 days
	Watchdog   time.Duration // how often to look for requests past their expected progress; default 10 s
	Limits     Limits        // default: none
	Observer   Observer      // default: nobody

	// Stopping is closed when the node is about to stop: answers that Status holds are
	// given at once. Nil is never.
	Stopping <-chan struct{}
}

// Types finds the resource types of requests.
type Types interface {
	// Lookup returns the type, or registry.ErrTypeNotFound. Other errors pass: asked again it
	// may answer.
	Lookup(ctx context.Context, account, region, name, version string) (registry.Type, error)
}

// Observer is told what the engine does, for metrics. Its methods must not block.
type Observer interface {
	// Called is told of each handler call: how it ended ("succeed", "progress" …) and how long it took.
	Called(op operation.Operation, outcome operation.Kind, took time.Duration)
	// Ended is told of each request that ended on this node.
	Ended(op operation.Operation, status operation.Status, errorCode string, after time.Duration)
	// Watched is told what the watchdog saw, each time it has looked: how many due requests
	// wait for a slot (long queues count in part), how long the first of them has, and how many
	// no node took for longer than a lease.
	Watched(queued int, oldest time.Duration, overdue int)
}

type nobody struct{}

func (nobody) Watched(int, time.Duration, int) {}

func (nobody) Called(operation.Operation, operation.Kind, time.Duration)          {}
func (nobody) Ended(operation.Operation, operation.Status, string, time.Duration) {}

// Engine runs requests on one node. Its methods are safe for concurrent use.
type Engine struct {
	Config
	slots *slots
	wake  chan struct{} // there may be something to claim
	tasks chan func()   // calls for goroutines that wait for one
	// stopped is closed when Run returns.
	stopped chan struct{}
	watch   watchers
	recent  recent
	// behind is the queue that the last look for work ended at, where it did not see all.
	behind store.Queue
	calls  sync.WaitGroup

	mu      sync.Mutex
	running map[string]*inFlight // calls of this node by token
	halted  bool
}

// New returns an engine; Run, which may be called once, makes it look for work.
func New(c Config) *Engine {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Lease, 30*time.Second)
	set(&c.CallLimit, time.Minute)
	set(&c.Poll, time.Second)
	set(&c.Grace, 10*time.Second)
	set(&c.Retention, 7*24*time.Hour)
	set(&c.Watchdog, 10*time.Second)
	if c.Concurrency == 0 {
		c.Concurrency = 256
	}
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	return &Engine{
		Config: c, slots: newSlots(c.Concurrency, c.Limits), wake: make(chan struct{}, 1), tasks: make(chan func()), stopped: make(chan struct{}),
		running: map[string]*inFlight{},
	}
}

// Submit accepts a request and starts it, or leaves it PENDING where no slot is
// free. deadline is how long it may take from now. The answer and the errors are
// those of store.Accept.
//
// Submit goes on when ctx ends: a request that may have been stored is started.
func (e *Engine) Submit(ctx context.Context, r operation.Request, deadline time.Duration) (got operation.Request, err error) {
	now := e.Store.Now()
	r = operation.Accept(r, newToken(now), now, deadline)
	q := store.QueueOf(r)
	wait := e.slots.take(q)
	mine := wait == ""
	if mine {
		r, err = operation.Apply(r, operation.Event{Kind: operation.Claim, At: now, Node: e.Node, Lease: e.Lease})
		if err != nil {
			e.slots.give(q, 1, 0)
			return r, fmt.Errorf("engine: accept: %w", err)
		}
	} else {
		r.Message = "Waiting for a free handler slot: " + wait
	}
	ctx = context.WithoutCancel(ctx)
	got, err = e.Store.Accept(ctx, r)
	if err != nil && !refused(err) {
		// It may have been stored all the same. Then it is ours to run, and the client
		// need not know that there was trouble.
		if stored, rerr := e.Store.Request(ctx, r.Account, r.Region, r.Token); rerr == nil {
			got, err = stored, nil
		}
	}
	switch {
	case mine && err == nil && got.Token == r.Token: // another token is a replay
		e.start(got)
	case mine:
		e.slots.give(q, 1, 0)
	default:
		e.nudge()
		got = e.placed(ctx, got)
	}
	return got, err
}

// maxPlace is how far ahead a waiting request looks.
const maxPlace = 1000

// placed tells in the message of a PENDING request how many wait ahead of it, and in
// its DueAt when it will probably have a slot. Other requests come back as they are.
func (e *Engine) placed(ctx context.Context, r operation.Request) operation.Request {
	if r.Status != operation.Pending || r.Message == "" {
		return r
	}
	ahead, err := e.Store.Place(ctx, r, maxPlace)
	if err != nil {
		return r // what is stored is true too
	}
	switch ahead {
	case 0:
		r.Message += ". It is the first in its queue"
	case 1:
		r.Message += ". One request is ahead of it"
	case maxPlace:
		r.Message += fmt.Sprintf(". %d requests or more are ahead of it", ahead)
	default:
		r.Message += fmt.Sprintf(". %d requests are ahead of it", ahead)
	}
	r.DueAt = e.Store.Now().Add(max(e.slots.wait(store.QueueOf(r), ahead), time.Second))
	return r
}

// callLimit is how long one call of a type's handlers may take.
func (e *Engine) callLimit(typeName string) time.Duration {
	if e.CallLimits != nil {
		if limit := e.CallLimits(typeName); limit > 0 {
			return limit
		}
	}
	return e.CallLimit
}

// NewToken returns a fresh token in the form of a request token, for calls that
// make no request.
func (e *Engine) NewToken() string { return newToken(e.Store.Now()) }

func newToken(now time.Time) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return operation.NewToken(now, random)
}

// refused reports whether err is a refusal by the store's contract: nothing was stored.
func refused(err error) bool {
	return errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrTokenConflict) || errors.Is(err, store.ErrMoved)
}

// Status returns the request, or store.ErrNotFound. While the request is live the
// answer is held until something happens to it, or for at most hold. The message of
// one that is PENDING tells its place in the queue.
func (e *Engine) Status(ctx context.Context, account, region, token string, hold time.Duration) (operation.Request, error) {
	if r, ok := e.recent.get(token); ok && r.Account == account && r.Region == region {
		return *r, nil
	}
	l := e.watch.add(identity{account, region, token})
	defer e.watch.remove(l)
	r, err := e.held(ctx, l.news, account, region, token, hold)
	if err != nil {
		return r, err
	}
	return e.placed(ctx, r), nil
}

func (e *Engine) held(ctx context.Context, changed <-chan *operation.Request, account, region, token string, hold time.Duration) (r operation.Request, err error) {
	read := func() error {
		r, err = e.Store.Request(ctx, account, region, token)
		return err
	}
	// While its call runs on this node there is news to wait for: no need to read.
	if hold <= 0 || !e.calling(account, region, token) {
		if read() != nil || r.Status.Ended() || hold <= 0 {
			return r, err
		}
	}
	first := r.Revision
	until := time.Now().Add(hold)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for left := hold; left > 0; left = time.Until(until) {
		timer.Reset(min(left, e.Poll))
		select {
		case news := <-changed:
			if news != nil {
				return *news, nil
			}
		case <-ctx.Done():
			return r, ctx.Err() // the client is gone
		case <-e.Stopping:
			err = read()
			return r, err
		case <-timer.C:
		}
		// Another node may have moved it, and its hint may be lost.
		if read() != nil || r.Status.Ended() || first != 0 && r.Revision != first && isNews(r) {
			return r, err
		}
	}
	return r, err
}

// isNews reports whether the last write of r changed what clients see: that a further
// call began, or goes on, does not.
func isNews(r operation.Request) bool {
	return r.Status != operation.InProgress || r.Node == "" || r.Attempt == 1
}

// calling reports whether this node is making a call for the request.
func (e *Engine) calling(account, region, token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.running[token]
	return ok && f.request.Account == account && f.request.Region == region
}

// Cancel asks for the end of a request on behalf of the caller by. It returns the
// request as it is then; cancelling what is cancelled already changes nothing.
// Errors: store.ErrNotFound; operation.ErrIllegal with the request where it has
// ended in another way; store.ErrStale where others kept changing it.
func (e *Engine) Cancel(ctx context.Context, account, region, token, by string) (operation.Request, error) {
	r, n, err := e.steer(ctx, account, region, token, operation.Event{Kind: operation.Cancel, By: by})
	if errors.Is(err, operation.ErrIllegal) && (r.Status == operation.CancelInProgress || r.Status == operation.CancelComplete) {
		return r, nil
	}
	return n, err
}

// saved tells everybody on this node what a request has become, by a write that began
// at the given time.
func (e *Engine) saved(r operation.Request, began time.Time) {
	if r.Status.Ended() {
		e.recent.put(&r)
		e.Observer.Ended(r.Operation, r.Status, r.ErrorCode, r.EventTime.Sub(r.Accepted))
	}
	e.watch.tell(&r, began)
}

// nudge makes Run look for work.
func (e *Engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
