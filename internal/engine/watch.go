package engine

import (
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
)

// watchers tells those who wait for a request what became of it. The zero value is
// ready for use.
type watchers struct {
	mu      sync.Mutex
	byToken map[string]map[chan operation.Request]listener
}

// listener is who waits for a request, and since when.
type listener struct {
	identity
	since time.Time
}

// identity names a request as a store wants it.
type identity struct{ account, region, token string }

// add returns a channel that gets the next state of the request, or the zero request
// where it has to be read (see tell), and a function to stop listening.
func (w *watchers) add(id identity) (changed <-chan operation.Request, forget func()) {
	ch := make(chan operation.Request, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byToken == nil {
		w.byToken = map[string]map[chan operation.Request]listener{}
	}
	if w.byToken[id.token] == nil {
		w.byToken[id.token] = map[chan operation.Request]listener{}
	}
	w.byToken[id.token][ch] = listener{id, time.Now()}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byToken[id.token], ch)
		if len(w.byToken[id.token]) == 0 {
			delete(w.byToken, id.token)
		}
	}
}

// tell hands r, which was stored at the time asOf or later, to everybody who waits for
// it. Who has begun to wait since then may know of what other nodes made of r meanwhile:
// it gets the zero request, unless r has ended, which nothing changes. Who was told
// already and has not looked yet keeps what it was told: it asks again.
func (w *watchers) tell(r operation.Request, asOf time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch, l := range w.byToken[r.Token] {
		if l.account != r.Account || l.region != r.Region {
			continue // waits for a request that is not there
		}
		news := r
		if l.since.After(asOf) && !r.Status.Ended() {
			news = operation.Request{}
		}
		select {
		case ch <- news:
		default:
		}
	}
}

// among returns which of the tokens somebody waits for; no tokens are all.
func (w *watchers) among(tokens []string) []identity {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []identity
	some := func(token string) {
		for _, l := range w.byToken[token] {
			ids = append(ids, l.identity)
		}
	}
	if len(tokens) == 0 {
		for token := range w.byToken {
			some(token)
		}
	}
	for _, token := range tokens {
		some(token)
	}
	return ids
}
