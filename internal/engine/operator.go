package engine

import (
	"context"
	"errors"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// Resume makes a request that waits for its next call due now, on behalf of the
// operator by. It returns the request as it is then. Errors: store.ErrNotFound;
// operation.ErrIllegal with the request where it has ended, is being cancelled, or has
// a call in flight; store.ErrStale where others kept changing it.
func (e *Engine) Resume(ctx context.Context, account, region, token, by string) (operation.Request, error) {
	_, r, err := e.steer(ctx, account, region, token, operation.Event{Kind: operation.Resume, By: by})
	if err == nil {
		e.nudge()
	}
	return r, err
}

// Abort ends a request by force on behalf of the operator by, who says why. It
// returns the request as it is then, and what may be left behind (see
// [operation.Request.LeftBehind]). A call in flight on this node is ended; one on
// another node goes on until that node hears of it, at the latest when it is to extend
// the lease. Either way its answer counts no more, and the resource is free for the next
// request at once. Errors: store.ErrNotFound; operation.ErrIllegal with the request
// where it has ended; store.ErrStale where others kept changing it.
func (e *Engine) Abort(ctx context.Context, account, region, token, by, why string) (r operation.Request, left string, err error) {
	before, r, err := e.steer(ctx, account, region, token, operation.Event{Kind: operation.Abort, By: by, Message: why})
	if err != nil {
		return r, "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if f, ok := e.running[token]; ok {
		f.stop(errLeaseLost)
	}
	return r, before.LeftBehind(), nil
}

// steer applies ev, which comes from outside and may come at any time, to a request
// as it is stored, and again where the request was written by others meanwhile. It
// returns the request before and after; where an error came, what is known of it.
func (e *Engine) steer(ctx context.Context, account, region, token string, ev operation.Event) (before, after operation.Request, err error) {
	for range 10 {
		r, err := e.Store.Request(ctx, account, region, token)
		if err != nil {
			return r, r, err
		}
		ev.At = e.Store.Now()
		n, err := operation.Apply(r, ev)
		if err != nil {
			return r, r, err
		}
		began := time.Now()
		n, err = e.Store.Save(ctx, n, nil)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err == nil {
			e.saved(n, began)
		}
		return r, n, err
	}
	return operation.Request{}, operation.Request{}, store.ErrStale
}
