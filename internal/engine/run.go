package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	purgeEvery = 10 * time.Second
	purgeStep  = 200 // rows of one purge: a few milliseconds of the writer's time
	purgePause = 50 * time.Millisecond
)

// Run looks for work until ctx is done: requests that waited for a slot or a
// callback, and those that a dead node left behind. It also removes expired
// requests. Before it returns it waits for the calls in flight, for at most Grace;
// those that last longer are cut off and left for the next node.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { e.expire(ctx) })
	drained, stop := context.WithCancel(context.WithoutCancel(ctx))
	wg.Go(func() { e.keep(drained) })
	e.work(ctx)
	e.drain()
	stop()
	wg.Wait()
	close(e.stopped)
	return context.Cause(ctx)
}

func (e *Engine) work(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.wake:
		}
		timer.Reset(e.claim(ctx))
	}
}

// claim starts what is due, as far as slots are free, and returns when to look again.
func (e *Engine) claim(ctx context.Context) time.Duration {
	slots := e.slots.takeSome()
	if slots == 0 {
		e.slots.queue()
		return e.Poll // a slot that becomes free wakes us sooner
	}
	now := e.Store.Now()
	claimed, next, err := e.Store.Claim(ctx, e.Node, now, e.Lease, slots)
	if err != nil {
		e.slots.give(slots)
		if ctx.Err() == nil {
			e.Log.Error("cannot claim requests", "err", err)
		}
		return e.Poll
	}
	started := 0
	for _, r := range claimed {
		if r.Status.Ended() { // by its deadline, or as the remains of a cancelled call
			e.saved(r)
			continue
		}
		if r.Attempt == 1 { // no longer PENDING; later claims change nothing that clients see
			e.watch.tell(r)
		}
		started++
		e.start(r)
	}
	e.slots.give(slots - started)
	switch {
	case len(claimed) == slots:
		e.slots.queue() // there may be more
		e.nudge()
		return e.Poll
	case next.IsZero():
		return e.Poll
	}
	return min(max(next.Sub(e.Store.Now()), 0), e.Poll)
}

// expire removes requests whose time is over, in steps small enough that nobody
// waits for them.
func (e *Engine) expire(ctx context.Context) {
	every := min(purgeEvery, e.Retention)
	for pause := time.Duration(0); sleep(ctx, pause); {
		n, err := e.Store.Purge(ctx, e.Store.Now().Add(-e.Retention), purgeStep)
		if err != nil && !errors.Is(err, context.Canceled) {
			e.Log.Error("cannot remove expired requests", "err", err)
		}
		pause = every
		if n == purgeStep {
			pause = purgePause
		}
	}
}

// sleep waits for d and reports whether ctx is still live.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// drain waits for the calls in flight and cuts off those that outlast Grace.
func (e *Engine) drain() {
	done := make(chan struct{})
	go func() {
		e.calls.Wait()
		close(done)
	}()
	timer := time.NewTimer(e.Grace)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	e.mu.Lock()
	e.halted = true
	e.Log.Warn("handler calls are cut off by the shutdown", "calls", len(e.running))
	for _, f := range e.running {
		f.stop(errHalted)
	}
	e.mu.Unlock()
	<-done
}
