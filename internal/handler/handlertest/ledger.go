package handlertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// maxMoves is how often a call is made again because the ledger moved.
const maxMoves = 10

// Ledger is a ledger in memory, for runtimes that have no other backend. Its zero value is empty. It is safe for use by
// many goroutines.
type Ledger struct {
	mu      sync.Mutex
	entries map[resource.Key]resource.Resource
}

// Resource returns an entry, or store.ErrNotFound.
func (l *Ledger) Resource(_ context.Context, key resource.Key) (resource.Resource, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.entries[key]; ok {
		return r, nil
	}
	return resource.Resource{}, store.ErrNotFound
}

// Resources returns one page, ordered by identifier.
func (l *Ledger) Resources(_ context.Context, q store.ResourceQuery) (page store.ResourcePage, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, r := range l.entries {
		if key.Account == q.Account && key.Region == q.Region && key.TypeName == q.TypeName && key.Identifier > q.After {
			page.Resources = append(page.Resources, r)
		}
	}
	slices.SortFunc(page.Resources, func(a, b resource.Resource) int { return strings.Compare(a.Identifier, b.Identifier) })
	if len(page.Resources) > q.Limit {
		page.Resources, page.More = page.Resources[:q.Limit], true
	}
	return page, nil
}

// Keeping is the runtime with what the engine does about its answers: what they change is written into the ledger, and
// one that was computed from a ledger which moved meanwhile is asked for again.
func (l *Ledger) Keeping(r handler.Runtime) handler.Runtime { return keeping{l, r} }

type keeping struct {
	ledger  *Ledger
	runtime handler.Runtime
}

// Invoke makes one call; see handler.Runtime.
func (k keeping) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	for range maxMoves {
		a, err := k.runtime.Invoke(ctx, c)
		if err != nil || a.Status == handler.InProgress || c.Action == schema.Read || c.Action == schema.List {
			return a, err
		}
		r := operation.Request{
			Token: c.Token, Account: c.Account, Region: c.Region, Operation: operation.Operation(c.Action),
			TypeName: c.TypeName, TypeVersion: c.TypeVersion, Identifier: c.Identifier, Input: operation.Input{Desired: c.Desired},
		}
		ev, change := handler.Settle(c.Schema, r, handler.Outcome{Answer: a, At: c.Now})
		if a.Status == handler.Success && ev.Kind != operation.Succeed {
			return handler.Answer{}, fmt.Errorf("%w: %s", handler.ErrInvalidAnswer, ev.Message)
		}
		if change == nil || k.ledger.write(*change) {
			return a, nil
		}
		c.Moved = true
	}
	return handler.Answer{}, fmt.Errorf("handlertest: the ledger moved under %s %d times", c.Action, maxMoves)
}

// write takes a change in, unless the ledger is not where it expects it to be.
func (l *Ledger) write(c resource.Change) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := l.entries[c.Key]
	switch {
	case c.Expect != resource.AnyRevision && c.Expect != there.Revision:
		return false
	case c.Gone:
		delete(l.entries, c.Key)
		return true
	case l.entries == nil:
		l.entries = map[resource.Key]resource.Resource{}
	}
	c.Revision = there.Revision + 1
	l.entries[c.Key] = c.Resource
	return true
}
