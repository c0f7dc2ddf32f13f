package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// writeLimit is how long the engine tries to write an answer down.
const writeLimit = 20 * time.Second

var (
	errHalted    = errors.New("engine: shutting down")
	errLeaseLost = errors.New("engine: the lease is lost")
	errNoType    = errors.New("engine: nothing serves the type")
)

// inFlight is a call that this node is making.
type inFlight struct {
	request operation.Request // as it was leased
	since   time.Time
	stop    context.CancelCauseFunc
	limit   *time.Timer // ends the call when it has had its time
	lease   *time.Timer // ends the call when the lease is over: another node may make it then
}

// start makes the call that r was leased for. It takes over one slot, which it
// gives back when the handler has answered.
func (e *Engine) start(r operation.Request) {
	ctx, stop := context.WithCancelCause(context.Background())
	f := &inFlight{request: r, since: time.Now(), stop: stop}
	f.limit = time.AfterFunc(e.callLimit(r.TypeName), func() { f.stop(context.DeadlineExceeded) })
	e.mu.Lock()
	if e.halted {
		f.stop(errHalted)
	}
	if old, ok := e.running[r.Token]; ok { // a call of ours whose lease we could not extend
		old.stop(errLeaseLost)
	}
	f.lease = time.AfterFunc(r.LeaseUntil.Sub(e.Store.Now()), func() { f.stop(errLeaseLost) })
	e.running[r.Token] = f
	e.calls.Add(1)
	e.mu.Unlock()
	task := func() { e.finish(ctx, f) }
	select {
	case e.tasks <- task: // a goroutine whose stack has grown already
	default:
		go e.labour(task)
	}
}

// finish makes the call f.
func (e *Engine) finish(ctx context.Context, f *inFlight) {
	defer e.calls.Done()
	e.call(ctx, f.request)
	f.limit.Stop()
	f.lease.Stop()
	f.stop(nil)
	e.mu.Lock()
	if e.running[f.request.Token] == f {
		delete(e.running, f.request.Token)
	}
	e.mu.Unlock()
}

// labour runs task and then others, until none comes for a second or the engine
// stops. Calls need a deep stack, and growing one for each call is a good part of what
// a quick call costs.
func (e *Engine) labour(task func()) {
	idle := time.NewTimer(time.Second)
	defer idle.Stop()
	for {
		task()
		idle.Reset(time.Second)
		select {
		case task = <-e.tasks:
		case <-idle.C:
			return
		case <-e.stopped:
			return
		}
	}
}

// call asks the handler of r once, or once more where the ledger moved under the
// answer, and writes down what it said.
func (e *Engine) call(ctx context.Context, r operation.Request) {
	if !e.Store.Now().Before(r.LeaseUntil) { // this process was stopped for so long that others may have it
		e.free(r, 0)
		e.Log.Warn("a lease ran out before its call was made", "token", r.Token, "type", r.TypeName, "attempt", r.Attempt)
		return
	}
	if !e.slots.enter() {
		e.free(r, 0)
		_ = e.write(r, release(r, e.Store.Now(), 0), nil) // or the lease runs out
		return
	}
	for try := range 10 {
		began := time.Now()
		ev, change := e.ask(ctx, r, try > 0)
		if try == 0 {
			e.slots.leave()
			e.free(r, time.Since(began))
		}
		if errors.Is(context.Cause(ctx), errLeaseLost) {
			return // another node has it; what we heard counts no more
		}
		err := e.write(r, ev, change)
		if errors.Is(err, store.ErrMoved) {
			continue
		}
		e.Observer.Called(r.Operation, ev.Kind, ev.Took)
		switch {
		case errors.Is(err, operation.ErrLeaseLost), errors.Is(err, operation.ErrIllegal):
			return
		case err != nil:
			// The lease runs out, and whoever claims the request makes the call again.
			e.Log.Error("cannot write an answer down", "token", r.Token, "type", r.TypeName, "attempt", r.Attempt, "err", err)
		}
		return
	}
	e.Log.Error("the ledger keeps moving under a request", "token", r.Token, "type", r.TypeName)
}

// free gives the slot of r's call back, which took so long.
func (e *Engine) free(r operation.Request, took time.Duration) {
	if e.slots.give(store.QueueOf(r), 1, took) {
		e.nudge()
	}
}

// ask makes one handler call and settles what it answered. moved tells that the
// ledger was not where the answer before took it to be.
func (e *Engine) ask(ctx context.Context, r operation.Request, moved bool) (operation.Event, *resource.Change) {
	o := handler.Outcome{Limit: e.callLimit(r.TypeName), Backoff: backoff(r.Retries)}
	began := time.Now()
	var s *schema.Schema
	switch kind, runtime, err := e.find(ctx, r); {
	case errors.Is(err, errNoType):
		o.Err = err
	case err != nil: // the store did not answer: it will
		e.Log.Error("cannot look up a type", "token", r.Token, "type", r.TypeName, "err", err)
		o.Answer = handler.Answer{Status: handler.Failed, ErrorCode: handler.ServiceInternalError, Message: "The type could not be looked up"}
	default:
		s = kind.Schema
		if unchanged(r) && r.Input.Model != nil {
			ev, change, err := handler.Adopt(s, r, e.Store.Now())
			if err == nil {
				return ev, change
			}
			o.Err = err
			break
		}
		if unchanged(r) {
			return operation.Event{
				Kind: operation.Succeed, At: e.Store.Now(), Node: r.Node, Attempt: r.Attempt, Identifier: r.Identifier, Model: r.Input.Previous,
			}, nil
		}
		call := invocation(r, s, e.Store.Now())
		call.Moved = moved
		o.Answer, o.Err = e.invoke(ctx, runtime, call)
		if o.Err == nil && alreadyMade(r, o.Answer) {
			o.Answer = e.mine(ctx, runtime, call, o.Answer)
		}
	}
	if o.Err != nil && ctx.Err() != nil {
		o.Err = context.Cause(ctx) // what the call was ended for, in whatever words it says so
	}
	o.Took = time.Since(began)
	o.At = e.Store.Now()
	if errors.Is(o.Err, errHalted) {
		ev := release(r, o.At, o.Took)
		ev.Output, ev.Outward = o.Answer.Output, o.Answer.Outward
		return ev, nil
	}
	return handler.Settle(s, r, o)
}

// alreadyMade reports whether a says of a create that the resource is there, where a call
// before this one may have made it.
func alreadyMade(r operation.Request, a handler.Answer) bool {
	return r.Operation == operation.Create && r.Input.Callback == nil &&
		a.Status == handler.Failed && a.ErrorCode == handler.AlreadyExists && mayHaveWorked(r)
}

// mayHaveWorked reports whether a call of r may have done something that it did not tell of: its
// answer never came, or it failed otherwise than by being turned away.
func mayHaveWorked(r operation.Request) bool {
	return r.Timeline.Dropped > 0 || slices.ContainsFunc(r.Timeline.Entries, func(e operation.Entry) bool {
		failed := e.What == "call" && (e.Outcome == string(operation.Retry) || e.Outcome == string(operation.Release))
		return e.What == "lost" || failed && e.Code != string(handler.Throttling) && e.Code != string(handler.ResourceConflict)
	})
}

// mine reads the resource that a create c of ours found there. Where it is as c wants it, the
// create has succeeded: AWS tells clients of AlreadyExists there, which is its own doing.
// Otherwise what the handler said stands.
func (e *Engine) mine(ctx context.Context, runtime handler.Runtime, c handler.Call, said handler.Answer) handler.Answer {
	if c.Identifier == "" || !c.Schema.Supports(schema.Read) {
		return said
	}
	id, err := c.Schema.ParseIdentifier(c.Identifier)
	if err != nil {
		return said
	}
	read := c
	read.Action, read.Desired, read.Previous, read.Token = schema.Read, schema.Encode(id.Model), nil, e.NewToken()
	found, err := e.invoke(ctx, runtime, read)
	if err != nil || found.Status != handler.Success {
		return said
	}
	wanted, err := schema.Decode(c.Desired)
	if err != nil || !c.Schema.Holds(found.Model, c.Schema.WithoutWriteOnly(wanted)) {
		return said
	}
	found.Message = said.Message
	found.Output, found.Outward = said.Output+found.Output, append(said.Outward, found.Outward...)
	return found
}

// release leaves the call of r to others.
func release(r operation.Request, at time.Time, took time.Duration) operation.Event {
	return operation.Event{Kind: operation.Release, At: at, Node: r.Node, Attempt: r.Attempt, Took: took, Message: r.Message}
}

// invoke makes the call. A runtime that panics fails this call; it must not take the
// process with it, which would meet the same request again at its next start.
func (e *Engine) invoke(ctx context.Context, runtime handler.Runtime, c handler.Call) (a handler.Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("a handler runtime panicked", "token", c.Token, "type", c.TypeName, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("the handler runtime panicked")
		}
	}()
	return runtime.Invoke(ctx, c)
}

// find returns the type of r and the runtime that serves it. The error is errNoType where
// there is none, and any other where that could not be found out.
func (e *Engine) find(ctx context.Context, r operation.Request) (registry.Type, handler.Runtime, error) {
	t, err := e.Types.Lookup(ctx, r.Account, r.Region, r.TypeName, r.TypeVersion)
	if errors.Is(err, registry.ErrTypeNotFound) {
		return t, nil, fmt.Errorf("%w: type %s version %s: %w", errNoType, r.TypeName, r.TypeVersion, err)
	}
	if err != nil {
		return t, nil, err
	}
	runtime, ok := e.Runtimes[t.Runtime]
	if !ok {
		return t, nil, fmt.Errorf("%w: type %s is served by runtime %q, which this server does not have", errNoType, t.Name, t.Runtime)
	}
	return t, runtime, nil
}

// unchanged reports whether r is an update whose patch makes no difference: it
// succeeds without a call.
func unchanged(r operation.Request) bool {
	return r.Operation == operation.Update && r.Input.Desired == nil
}

// invocation is the call that r stands at.
func invocation(r operation.Request, s *schema.Schema, now time.Time) handler.Call {
	desired := r.Input.Desired
	if r.Input.Model != nil {
		desired = r.Input.Model
	}
	return handler.Call{
		Action: schema.Action(r.Operation), Token: r.Token, Account: r.Account, Region: r.Region, RoleArn: r.RoleArn,
		TypeName: r.TypeName, TypeVersion: r.TypeVersion, Schema: s, Identifier: r.Identifier,
		Desired: desired, Previous: r.Input.Previous, Callback: r.Input.Callback, Retries: r.Retries, Now: now,
	}
}

// write applies ev to the request, read again where it has changed since, and saves
// it with the change of the ledger. Errors: store.ErrMoved where the answer has to
// be worked out again; operation.ErrLeaseLost and ErrIllegal where it came too late.
func (e *Engine) write(r operation.Request, ev operation.Event, change *resource.Change) error {
	until := time.Now().Add(writeLimit)
	for try := 0; ; try++ {
		n, err := operation.Apply(r, ev)
		if err != nil {
			return err
		}
		// Not the call's context: an answer we have is written down even while we shut down.
		began := time.Now()
		n, err = e.Store.Save(context.Background(), n, change)
		switch {
		case err == nil:
			e.saved(n, began)
			if !n.Status.Ended() {
				e.nudge() // Run is to know when it is due
			}
			return nil
		case errors.Is(err, store.ErrMoved) && n.Status == operation.CancelComplete:
			// No further call is made for a cancelled request, so this answer cannot be worked
			// out again: it did not happen.
			ev, change = failed(ev, handler.ResourceConflict, "The resource was changed by another operation"), nil
		case errors.Is(err, store.ErrMoved):
			return err
		case errors.Is(err, store.ErrBusy):
			ev, change = failed(ev, handler.AlreadyExists, fmt.Sprintf("Another operation on resource '%s' is in progress", ev.Identifier)), nil
		case time.Now().After(until):
			return err
		case !errors.Is(err, store.ErrStale):
			time.Sleep(min(10*time.Millisecond<<min(try, 10), time.Second))
		}
		if r, err = e.reread(r, until); err != nil {
			return err
		}
	}
}

// reread gets the request as it is stored now, trying until the store answers.
func (e *Engine) reread(r operation.Request, until time.Time) (operation.Request, error) {
	for try := 0; ; try++ {
		n, err := e.Store.Request(context.Background(), r.Account, r.Region, r.Token)
		if err == nil || errors.Is(err, store.ErrNotFound) || time.Now().After(until) {
			return n, err
		}
		time.Sleep(min(10*time.Millisecond<<min(try, 10), time.Second))
	}
}

// failed is ev as a failure that names no identifier: the resource is another request's.
func failed(ev operation.Event, code handler.Code, message string) operation.Event {
	return operation.Event{
		Kind: operation.Fail, At: ev.At, Node: ev.Node, Attempt: ev.Attempt, Took: ev.Took, ErrorCode: code.Public(), Message: message,
		Output: ev.Output, Outward: ev.Outward,
	}
}

// keep extends the leases of calls that last, until ctx is done; quick calls never
// need it.
func (e *Engine) keep(ctx context.Context) {
	for sleep(ctx, e.Lease/3) {
		var long []*inFlight
		e.mu.Lock()
		for _, f := range e.running {
			if time.Since(f.since) >= e.Lease/3 {
				long = append(long, f)
			}
		}
		e.mu.Unlock()
		for _, f := range long {
			if time.Since(f.since) > e.callLimit(f.request.TypeName)+e.Lease {
				// Its runtime does not return when it is told to. Others take the request over, and
				// its deadline ends it at last.
				e.Log.Error("a handler call outlasts its time limit; its lease is given up",
					"token", f.request.Token, "type", f.request.TypeName, "attempt", f.request.Attempt, "since", f.since)
				continue
			}
			e.extend(ctx, f)
		}
	}
}

// extend extends one lease. Where it is lost the call is ended.
func (e *Engine) extend(ctx context.Context, f *inFlight) {
	r := f.request
	now, err := e.Store.Request(ctx, r.Account, r.Region, r.Token)
	if err == nil {
		ev := operation.Event{Kind: operation.Extend, At: e.Store.Now(), Node: r.Node, Attempt: r.Attempt, Lease: e.Lease}
		if now, err = operation.Apply(now, ev); err != nil {
			f.stop(errLeaseLost)
			return
		}
		if now, err = e.Store.Save(ctx, now, nil); err == nil {
			f.lease.Reset(now.LeaseUntil.Sub(e.Store.Now()))
		}
	}
	// A stale write was beaten by a cancel or by the answer itself: next time round.
	if err != nil && !errors.Is(err, store.ErrStale) && ctx.Err() == nil {
		e.Log.Warn("cannot extend a lease", "token", r.Token, "err", err)
	}
}

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// backoff is how long to wait before the next try after so many: doubling, with
// half of it by chance, so that those who failed together do not come back together.
func backoff(retries int) time.Duration {
	d := min(firstBackoff<<min(retries, 10), maxBackoff)
	return d/2 + rand.N(d/2)
}
