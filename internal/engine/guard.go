package engine

import (
	"context"
	"errors"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// watched is what the watchdog saw in one look at the queues.
type watched struct {
	queued  int           // due requests that wait for a slot, up to watchStep of each queue
	oldest  time.Duration // how long the first of these has waited
	overdue int           // of these, requests that no node took for longer than a lease
}

// watchStep bounds what the watchdog reads of one queue.
const watchStep = 100

// guard looks for requests past their expected progress, until ctx is done.
func (e *Engine) guard(ctx context.Context) {
	told := map[string]bool{} // tokens that the log has
	for sleep(ctx, e.Watchdog) {
		w, err := e.inspect(ctx, told)
		if err != nil && ctx.Err() == nil {
			e.Log.Error("the watchdog cannot look at the queues", "err", err)
		}
		if err == nil {
			e.Observer.Watched(w.queued, w.oldest, w.overdue)
		}
	}
}

// inspect looks at every queue once. It ends requests whose deadline passed while all
// slots were taken, and names in the log, once, those that nobody takes.
func (e *Engine) inspect(ctx context.Context, told map[string]bool) (w watched, err error) {
	now := e.Store.Now()
	seen := map[string]bool{}
	for after := (store.Queue{}); ; {
		heads, err := e.Store.Queues(ctx, after, maxQueues)
		if err != nil {
			return w, err
		}
		for _, h := range heads {
			after = h.Queue
			if !h.Claimable.Before(now) {
				continue
			}
			waiting, err := e.Store.Waiting(ctx, h.Queue, now, watchStep)
			if err != nil && ctx.Err() == nil { // one queue that cannot be read must not hide the others
				e.Log.Error("the watchdog cannot read a queue", "account", h.Account, "type", h.TypeName, "err", err)
			}
			for _, r := range waiting {
				e.check(ctx, r, now, &w, told, seen)
			}
		}
		if len(heads) < maxQueues {
			break
		}
	}
	for token := range told {
		if !seen[token] {
			delete(told, token)
		}
	}
	return w, nil
}

func (e *Engine) check(ctx context.Context, r operation.Request, now time.Time, w *watched, told, seen map[string]bool) {
	if !now.Before(r.Deadline) {
		e.timeOut(ctx, r, now)
		return
	}
	late := now.Sub(r.Claimable())
	w.queued++
	w.oldest = max(w.oldest, min(late, now.Sub(r.Accepted)))
	if late <= e.Lease {
		return
	}
	w.overdue++
	seen[r.Token] = true
	if !told[r.Token] && len(told) < 10*watchStep {
		told[r.Token] = true
		e.Log.Warn("a request makes no progress: no node has a slot for it",
			"token", r.Token, "type", r.TypeName, "account", r.Account, "status", string(r.Status), "attempt", r.Attempt, "late", late.Round(time.Second).String())
	}
}

// timeOut ends a request whose deadline has passed, unless another node was faster.
func (e *Engine) timeOut(ctx context.Context, r operation.Request, now time.Time) {
	n, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: now, Node: e.Node, Lease: e.Lease})
	if err != nil || !n.Status.Ended() {
		return
	}
	began := time.Now()
	if n, err = e.Store.Save(ctx, n, nil); err != nil {
		if !errors.Is(err, store.ErrStale) {
			e.Log.Error("cannot end a request after its deadline", "token", r.Token, "err", err)
		}
		return
	}
	e.saved(n, began)
}
