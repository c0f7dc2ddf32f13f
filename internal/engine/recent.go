package engine

import (
	"sync"

	"example.org/groundcontrol/internal/operation"
)

// recentBytes bounds what recent holds, by the size of the models.
const recentBytes = 4 << 20

// recent remembers requests that ended a short while ago: clients ask for them most.
// An ended request never changes, so a copy of it is never wrong. The zero value is
// ready for use.
type recent struct {
	mu      sync.RWMutex
	byToken map[string]*operation.Request // nobody changes them
	order   []string                      // oldest first, from head
	head    int
	bytes   int
}

func size(r *operation.Request) int { return len(r.Model) + len(r.Message) + 1024 }

func (c *recent) get(token string) (*operation.Request, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok := c.byToken[token]
	return r, ok
}

func (c *recent) put(r *operation.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byToken == nil {
		c.byToken = map[string]*operation.Request{}
	}
	if _, ok := c.byToken[r.Token]; ok {
		return
	}
	c.byToken[r.Token] = r
	c.order = append(c.order, r.Token)
	for c.bytes += size(r); c.bytes > recentBytes; c.head++ {
		oldest := c.order[c.head]
		c.bytes -= size(c.byToken[oldest])
		delete(c.byToken, oldest)
		c.order[c.head] = ""
	}
	if c.head > len(c.order)/2 {
		c.order = append(c.order[:0], c.order[c.head:]...)
		c.head = 0
	}
}
