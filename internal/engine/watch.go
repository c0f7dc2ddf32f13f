package engine

import (
	"sync"

	"example.org/groundcontrol/internal/operation"
)

// watchers tells those who wait for a request what became of it. The zero value is
// ready for use.
type watchers struct {
	mu      sync.Mutex
	byToken map[string]map[chan operation.Request]struct{}
}

// add returns a channel that gets the next state of the request, and a function to
// stop listening.
func (w *watchers) add(token string) (changed <-chan operation.Request, forget func()) {
	ch := make(chan operation.Request, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byToken == nil {
		w.byToken = map[string]map[chan operation.Request]struct{}{}
	}
	if w.byToken[token] == nil {
		w.byToken[token] = map[chan operation.Request]struct{}{}
	}
	w.byToken[token][ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byToken[token], ch)
		if len(w.byToken[token]) == 0 {
			delete(w.byToken, token)
		}
	}
}

// tell hands r to everybody who waits for it. Who was told already and has not
// looked yet keeps what it was told: it asks again.
func (w *watchers) tell(r operation.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.byToken[r.Token] {
		select {
		case ch <- r:
		default:
		}
	}
}
