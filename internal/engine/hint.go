package engine

import (
	"context"
	"time"

	"example.org/groundcontrol/internal/store"
)

// hintPause is the shortest time between two looks for work that hints cause: several
// nodes look, and one of them gets it.
const hintPause = 100 * time.Millisecond

// listen follows what other nodes write, until ctx is done.
func (e *Engine) listen(ctx context.Context) {
	var looked time.Time // the last look for work, or the coming one
	told := func(hint store.Hint) {
		switch pause := hintPause - time.Since(looked); {
		case !hint.Free:
		case pause <= 0:
			looked = time.Now()
			e.nudge()
		case pause <= hintPause: // else the coming look has been asked for
			looked = looked.Add(hintPause)
			time.AfterFunc(pause, e.nudge)
		}
		e.look(ctx, hint.Tokens)
	}
	for ctx.Err() == nil {
		if err := e.Store.Watch(ctx, told); ctx.Err() == nil {
			e.Log.Warn("hints of other nodes are cut off; polling goes on", "err", err)
			sleep(ctx, e.Poll)
		}
	}
}

// look reads those of the requests that somebody here cares for; no tokens are all.
// Who waits for one is told; a call whose lease went to another node is ended.
func (e *Engine) look(ctx context.Context, tokens []string) {
	for _, id := range e.watch.among(tokens) {
		began := time.Now()
		if r, err := e.Store.Request(ctx, id.account, id.region, id.token); err == nil && isNews(r) {
			e.watch.tell(&r, began)
		}
	}
	for _, f := range e.inFlight(tokens) {
		r, err := e.Store.Request(ctx, f.request.Account, f.request.Region, f.request.Token)
		if err == nil && (r.Node != f.request.Node || r.Attempt != f.request.Attempt) {
			f.stop(errLeaseLost)
		}
	}
}

// inFlight returns the calls of this node among the tokens; no tokens are all.
func (e *Engine) inFlight(tokens []string) []*inFlight {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []*inFlight
	if len(tokens) == 0 {
		for _, f := range e.running {
			all = append(all, f)
		}
	}
	for _, t := range tokens {
		if f, ok := e.running[t]; ok {
			all = append(all, f)
		}
	}
	return all
}
