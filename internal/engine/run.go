package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

const (
	purgeEvery = 2 * time.Second
	minPurge   = 100 // rows of one purge: a few milliseconds of the writer's time
	maxPurge   = 800 // the same while the store is behind

	maxQueues = 1000                  // that one look for work sees
	raced     = 20 * time.Millisecond // until the next look where others took what was there
)

// Run looks for work until ctx is done: requests that waited for a slot or a
// callback, and those that a dead node left behind. It also removes expired
// requests. Before it returns it waits for the calls in flight, for at most Grace;
// those that last longer are cut off and left for the next node.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { e.expire(ctx) })
	wg.Go(func() { e.listen(ctx) })
	wg.Go(func() { e.listenForWork(ctx) })
	wg.Go(func() { e.guard(ctx) })
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
	heads, err := e.Store.Queues(ctx, e.behind, maxQueues)
	whole := e.behind == store.Queue{} && len(heads) < maxQueues
	e.behind = store.Queue{}
	if len(heads) == maxQueues {
		e.behind = heads[len(heads)-1].Queue
	}
	now := e.Store.Now()
	var claimed []operation.Request
	shares := e.slots.share(heads, now, whole)
	began := time.Now()
	if err == nil && len(shares) > 0 {
		claimed, err = e.Store.Claim(ctx, store.Claim{Node: e.Node, Now: now, Lease: e.Lease, Shares: shares})
	}
	e.take(shares, claimed, began)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			e.Log.Error("cannot claim requests", "err", err)
		}
		return e.Poll
	case len(claimed) > 0 || e.behind != store.Queue{}:
		return 0 // there may be more
	case len(shares) > 0:
		return raced
	}
	return e.untilNext(heads, now)
}

// take starts the requests that a claim has brought, which began at the given time, on
// the slots that were taken for their shares, and gives the others back.
func (e *Engine) take(shares []store.Share, claimed []operation.Request, began time.Time) {
	left := map[store.Queue]int{}
	for _, s := range shares {
		left[s.Queue] = s.Max
	}
	for _, r := range claimed {
		if r.Status.Ended() { // by its deadline, or as the remains of a cancelled call
			e.saved(r, began)
			continue
		}
		if isNews(r) { // no longer PENDING
			e.watch.tell(r, began)
		}
		left[store.QueueOf(r)]--
		e.start(r)
	}
	for q, n := range left {
		if n > 0 {
			e.slots.drained(q)
		}
		e.slots.give(q, n, 0)
	}
}

// untilNext is when the first of the queues is due that is not yet: those that are
// due wait for a slot, and a slot that becomes free wakes us.
func (e *Engine) untilNext(heads []store.Head, now time.Time) time.Duration {
	wait := e.Poll
	for _, h := range heads {
		if h.Claimable.After(now) {
			wait = min(wait, h.Claimable.Sub(now))
		}
	}
	return wait
}

// expire removes requests whose time is over, in steps small enough that nobody
// waits for them; larger ones while there is more than they can remove.
func (e *Engine) expire(ctx context.Context) {
	every := min(purgeEvery, e.Retention)
	step := minPurge
	for pause := time.Duration(0); sleep(ctx, pause); {
		began := time.Now()
		n, err := e.Store.Purge(ctx, e.Store.Now().Add(-e.Retention), step)
		if err != nil && !errors.Is(err, context.Canceled) {
			e.Log.Error("cannot remove expired requests", "err", err)
		}
		if n < step {
			pause, step = every, minPurge
			continue
		}
		pause = min(time.Since(began), every) // half of the time is for others
		step = min(2*step, maxPurge)
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
