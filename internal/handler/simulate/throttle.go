package simulate

import (
	"sync"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/limit"
)

// maxThrottles is how many different rates there are before all of them are forgotten.
const maxThrottles = 1024

// throttles count the calls of behaviours with a Throttle. The zero value has seen none.
type throttles struct {
	mu     sync.RWMutex
	byRate map[string]*limit.Limiter // by the rate as it is written
}

// allow takes the call into account and reports whether its rate has room for it. A call
// that is repeated because the ledger moved was counted before.
func (t *throttles) allow(text string, c handler.Call) bool {
	if text == "" || c.Moved {
		return true
	}
	l := t.of(text)
	return l == nil || l.Allow(c.Account, c.Region+" "+c.TypeName+" "+string(c.Action), c.Now)
}

// of returns the limiter of a rate, nil where it is none.
func (t *throttles) of(text string) *limit.Limiter {
	t.mu.RLock()
	l := t.byRate[text]
	t.mu.RUnlock()
	if l != nil {
		return l
	}
	rate, err := limit.ParseRate(text)
	if err != nil {
		return nil // Validate refuses it
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if l = t.byRate[text]; l != nil {
		return l
	}
	if t.byRate == nil || len(t.byRate) >= maxThrottles {
		t.byRate = map[string]*limit.Limiter{}
	}
	l = limit.New(map[string]limit.Rate{"*": rate})
	t.byRate[text] = l
	return l
}
