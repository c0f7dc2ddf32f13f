package engine

import (
	"slices"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
)

// watchers tells those who wait for a request what became of it. The zero value is
// ready for use.
type watchers struct {
	mu      sync.Mutex
	byToken map[string][]*listener
}

// listener is who waits for a request, and since when.
type listener struct {
	identity
	since time.Time
	news  chan *operation.Request
}

// identity names a request as a store wants it.
type identity struct{ account, region, token string }

// add returns a listener whose channel gets the next state of the request, or nil
// where it has to be read (see tell). Whoever adds it also removes it.
func (w *watchers) add(id identity) *listener {
	l := &listener{id, time.Now(), make(chan *operation.Request, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byToken == nil {
		w.byToken = map[string][]*listener{}
	}
	w.byToken[id.token] = append(w.byToken[id.token], l)
	return l
}

func (w *watchers) remove(l *listener) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.byToken[l.token]
	if i := slices.Index(all, l); i >= 0 {
		all = slices.Delete(all, i, i+1)
	}
	if len(all) == 0 {
		delete(w.byToken, l.token)
		return
	}
	w.byToken[l.token] = all
}

// tell hands r, which was stored at the time asOf or later, to everybody who waits for
// it; nobody may change it from then on. Who has begun to wait since then may know of what
// other nodes made of r meanwhile: it gets nil, unless r has ended, which nothing changes.
// Who was told already and has not looked yet keeps what it was told: it asks again.
func (w *watchers) tell(r *operation.Request, asOf time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.byToken[r.Token] {
		if l.account != r.Account || l.region != r.Region {
			continue // waits for a request that is not there
		}
		news := r
		if l.since.After(asOf) && !r.Status.Ended() {
			news = nil
		}
		select {
		case l.news <- news:
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
