// Package follow keeps the documents of a store at hand, decoded, as they change: what
// is set up on one node is known to all others a moment later.
package follow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/store"
)

// Every is how often Run looks for what other nodes have written.
const Every = time.Second

// page is how many changes are read at once.
const page = 500

// Documents is what stands under each name of a kind. It is made by New and safe for
// concurrent use; reading takes no lock.
type Documents[T any] struct {
	docs   store.Documents
	kind   string
	decode func(name string, body []byte) (T, error)

	mu    sync.Mutex // held by who refreshes
	after int64
	now   atomic.Pointer[map[string]entry[T]]
}

type entry[T any] struct {
	value    T
	revision int64
}

// New follows a kind of document. It knows nothing until the first Refresh.
func New[T any](docs store.Documents, kind string, decode func(name string, body []byte) (T, error)) *Documents[T] {
	d := &Documents[T]{docs: docs, kind: kind, decode: decode}
	d.now.Store(&map[string]entry[T]{})
	return d
}

// Get returns what stands under a name, and its revision for a write: 0 where nothing does.
func (d *Documents[T]) Get(name string) (value T, revision int64) {
	e := (*d.now.Load())[name]
	return e.value, e.revision
}

// All returns everything by name. The map is the caller's own.
func (d *Documents[T]) All() map[string]T {
	now := *d.now.Load()
	all := make(map[string]T, len(now))
	for name, e := range now {
		all[name] = e.value
	}
	return all
}

// Refresh takes in what has changed. A document that cannot be decoded, which a newer
// version of this program may have written, leaves its name as it was; the error names it
// and is returned once.
func (d *Documents[T]) Refresh(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var bad []error
	for {
		changes, err := d.docs.Changes(ctx, d.kind, d.after, page)
		if err != nil {
			return errors.Join(append(bad, fmt.Errorf("follow %s: %w", d.kind, err))...)
		}
		bad = append(bad, d.take(changes)...)
		if len(changes) < page {
			return errors.Join(bad...)
		}
	}
}

func (d *Documents[T]) take(changes []store.Document) (bad []error) {
	if len(changes) == 0 {
		return nil
	}
	now := maps.Clone(*d.now.Load())
	for _, c := range changes {
		d.after = c.Revision
		if len(c.Body) == 0 {
			delete(now, c.Name)
			continue
		}
		value, err := d.decode(c.Name, c.Body)
		if err != nil {
			bad = append(bad, fmt.Errorf("follow %s: document %s: %w", d.kind, c.Name, err))
			continue
		}
		now[c.Name] = entry[T]{value, c.Revision}
	}
	d.now.Store(&now)
	return bad
}

// Run refreshes until ctx is done; failed is told of what went wrong.
func (d *Documents[T]) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.Refresh(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}
}
