// Package memory is a store that lives in memory, for tests.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// Store is a store.Store in memory. The zero value is empty and ready.
type Store struct {
	mu        sync.Mutex
	requests  map[string]operation.Request // by token
	resources map[resource.Key]resource.Resource
	watchers  map[chan string]struct{}
	marks     map[string][]byte
	documents map[documentKey]store.Document
	revision  int64 // of the document written last
}

type documentKey struct{ kind, name string }

var _ store.Store = (*Store)(nil)

// Now is the clock of the process.
func (s *Store) Now() time.Time { return time.Now().UTC() }

// Accept implements store.Store.
func (s *Store) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.replay(r.Account, r.Region, r.ClientToken, r.Accepted); ok {
		if !bytes.Equal(old.InputHash, r.InputHash) {
			return old, store.ErrTokenConflict
		}
		return old, nil
	}
	if old, ok := s.holder(r); ok {
		return old, store.ErrBusy
	}
	if r.Operation == operation.Update && s.resources[key(r)].Revision != r.BaseRevision {
		return r, store.ErrMoved
	}
	r.Revision = 1
	s.put(r)
	return r, nil
}

// Save implements store.Store.
func (s *Store) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests[r.Token].Revision != r.Revision || r.Revision == 0 {
		return r, store.ErrStale
	}
	if !r.Status.Ended() {
		if _, ok := s.holder(r); ok {
			return r, store.ErrBusy
		}
	}
	if change != nil && change.Unfinished {
		if old := s.resources[change.Key]; old.Revision != 0 && !old.Unfinished {
			change = nil // it is another's
		}
	}
	if change != nil {
		old := s.resources[change.Key]
		if !change.Unfinished && change.Expect != resource.AnyRevision && change.Expect != old.Revision {
			return r, store.ErrMoved
		}
		if s.resources == nil {
			s.resources = map[resource.Key]resource.Resource{}
		}
		if change.Gone {
			delete(s.resources, change.Key)
		} else {
			is := change.Resource
			is.Revision = old.Revision + 1
			is.Created = old.Created
			if old.Revision == 0 {
				is.Created = is.Updated
			}
			s.resources[change.Key] = is
		}
	}
	r.Revision++
	s.put(r)
	return r, nil
}

// Queues implements store.Work.
func (s *Store) Queues(ctx context.Context, after store.Queue, max int) ([]store.Head, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := map[store.Queue]time.Time{}
	for _, r := range s.requests {
		q := store.QueueOf(r)
		if at, ok := first[q]; !r.Status.Ended() && compare(q, after) > 0 && (!ok || r.Claimable().Before(at)) {
			first[q] = r.Claimable()
		}
	}
	var heads []store.Head
	for _, q := range slices.SortedFunc(maps.Keys(first), compare) {
		heads = append(heads, store.Head{Queue: q, Claimable: first[q]})
	}
	return heads[:min(max, len(heads))], nil
}

func compare(a, b store.Queue) int {
	scope := func(q store.Queue) string { return q.Account + "/" + q.Region }
	return cmp.Or(strings.Compare(scope(a), scope(b)), strings.Compare(a.TypeName, b.TypeName))
}

// queue returns the live requests of q that are claimable before the given time,
// longest due first.
func (s *Store) queue(q store.Queue, before time.Time) []operation.Request {
	return s.sorted(func(r operation.Request) bool {
		return !r.Status.Ended() && store.QueueOf(r) == q && r.Claimable().Before(before)
	}, func(a, b operation.Request) int {
		return cmp.Or(a.Claimable().Compare(b.Claimable()), strings.Compare(a.Token, b.Token))
	})
}

// Waiting implements store.Work.
func (s *Store) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.queue(q, before)
	return all[:min(max, len(all))], nil
}

// Place implements store.Work.
func (s *Store) Place(ctx context.Context, r operation.Request, max int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(max, len(s.queue(store.QueueOf(r), r.Claimable()))), nil
}

// Claim implements store.Work.
func (s *Store) Claim(ctx context.Context, c store.Claim) (claimed []operation.Request, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, share := range c.Shares {
		due := s.queue(share.Queue, c.Now.Add(1))
		for _, r := range due[:min(share.Max, len(due))] {
			n, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: c.Now, Node: c.Node, Lease: c.Lease})
			if err != nil {
				return claimed, err
			}
			n.Revision++
			s.put(n)
			claimed = append(claimed, n)
		}
	}
	return claimed, nil
}

// Watch implements store.Work. All who watch are told of all writes: engines that
// share the store are nodes to each other.
func (s *Store) Watch(ctx context.Context, told func(store.Hint)) error {
	ch := make(chan string, 1024)
	s.mu.Lock()
	if s.watchers == nil {
		s.watchers = map[chan string]struct{}{}
	}
	s.watchers[ch] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, ch)
	}()
	for {
		select {
		case token := <-ch:
			s.mu.Lock()
			r := s.requests[token]
			s.mu.Unlock()
			told(store.Hint{Tokens: []string{token}, Free: r.Token != "" && r.Free()})
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Request implements store.Store.
func (s *Store) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return operation.Request{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[token]
	if !ok || r.Account != account || r.Region != region {
		return operation.Request{}, store.ErrNotFound
	}
	return r, nil
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	if err := ctx.Err(); err != nil {
		return operation.Request{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.replay(account, region, clientToken, now); ok {
		return r, nil
	}
	return operation.Request{}, store.ErrNotFound
}

// Requests implements store.Store.
func (s *Store) Requests(ctx context.Context, q store.RequestQuery) (store.RequestPage, error) {
	if err := ctx.Err(); err != nil {
		return store.RequestPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.sorted(func(r operation.Request) bool {
		return r.Account == q.Account && r.Region == q.Region &&
			(len(q.Operations) == 0 || slices.Contains(q.Operations, r.Operation)) &&
			(len(q.Statuses) == 0 || slices.Contains(q.Statuses, r.Status)) &&
			!r.Expired(q.EndedSince) && (q.After == "" || r.Token < q.After)
	}, func(a, b operation.Request) int { return strings.Compare(b.Token, a.Token) })
	for i := range all {
		all[i].Input = operation.Input{}
	}
	if len(all) > q.Limit {
		return store.RequestPage{Requests: all[:q.Limit], More: true}, nil
	}
	return store.RequestPage{Requests: all}, nil
}

// Resource implements store.Store.
func (s *Store) Resource(ctx context.Context, k resource.Key) (resource.Resource, error) {
	if err := ctx.Err(); err != nil {
		return resource.Resource{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	is, ok := s.resources[k]
	if !ok {
		return resource.Resource{}, store.ErrNotFound
	}
	return is, nil
}

// Resources implements store.Store.
func (s *Store) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	if err := ctx.Err(); err != nil {
		return store.ResourcePage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page store.ResourcePage
	keys := slices.SortedFunc(maps.Keys(s.resources), func(a, b resource.Key) int { return strings.Compare(a.Identifier, b.Identifier) })
	for _, k := range keys {
		if k.Account != q.Account || k.Region != q.Region || k.TypeName != q.TypeName || q.After != "" && k.Identifier <= q.After || s.resources[k].Unfinished {
			continue
		}
		if len(page.Resources) == q.Limit {
			page.More = true
			break
		}
		page.Resources = append(page.Resources, s.resources[k])
	}
	return page, nil
}

// Unfinished implements store.Store.
func (s *Store) Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	order := func(a, b resource.Key) int {
		return cmp.Or(strings.Compare(a.TypeName, b.TypeName), strings.Compare(a.Identifier, b.Identifier))
	}
	var all []resource.Resource
	for _, k := range slices.SortedFunc(maps.Keys(s.resources), order) {
		if len(all) < max && k.Account == account && k.Region == region && s.resources[k].Unfinished && order(after, k) < 0 {
			all = append(all, s.resources[k])
		}
	}
	return all, nil
}

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, before time.Time, max int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.sorted(func(r operation.Request) bool { return r.Expired(before) },
		func(a, b operation.Request) int { return a.Accepted.Compare(b.Accepted) })
	old = old[:min(max, len(old))]
	for _, r := range old {
		delete(s.requests, r.Token)
	}
	return len(old), nil
}

// Live implements store.Store.
func (s *Store) Live(ctx context.Context) (map[operation.Status]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[operation.Status]int{}
	for _, r := range s.requests {
		if !r.Status.Ended() {
			n[r.Status]++
		}
	}
	return n, nil
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string, value []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks == nil {
		s.marks = map[string][]byte{}
	}
	if _, there := s.marks[name]; !there {
		s.marks[name] = bytes.Clone(value)
	}
	return bytes.Clone(s.marks[name]), nil
}

// Write implements store.Documents.
func (s *Store) Write(ctx context.Context, docs []store.Document) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range docs {
		is := s.documents[documentKey{d.Kind, d.Name}]
		if len(is.Body) == 0 {
			is.Revision = 0
		}
		if is.Revision != d.Revision {
			return store.ErrStale
		}
	}
	if s.documents == nil {
		s.documents = map[documentKey]store.Document{}
	}
	for _, d := range docs {
		s.revision++
		d.Revision, d.Body = s.revision, bytes.Clone(d.Body)
		s.documents[documentKey{d.Kind, d.Name}] = d
	}
	return nil
}

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, kind, name string) (store.Document, error) {
	if err := ctx.Err(); err != nil {
		return store.Document{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.documents[documentKey{kind, name}]
	if len(d.Body) == 0 {
		return store.Document{}, store.ErrNotFound
	}
	d.Body = bytes.Clone(d.Body)
	return d, nil
}

// Changes implements store.Documents.
func (s *Store) Changes(ctx context.Context, kind string, after int64, max int) ([]store.Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []store.Document
	for _, d := range s.documents {
		if d.Kind == kind && d.Revision > after {
			d.Body = bytes.Clone(d.Body)
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b store.Document) int { return cmp.Compare(a.Revision, b.Revision) })
	return all[:min(len(all), max)], nil
}

// Close implements store.Store; there is nothing to release.
func (s *Store) Close() error { return nil }

func key(r operation.Request) resource.Key {
	return resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier}
}

func (s *Store) put(r operation.Request) {
	if s.requests == nil {
		s.requests = map[string]operation.Request{}
	}
	s.requests[r.Token] = r
	for ch := range s.watchers {
		select {
		case ch <- r.Token:
		default: // a hint may be lost
		}
	}
}

// holder returns the live request, other than r, that holds r's resource.
func (s *Store) holder(r operation.Request) (operation.Request, bool) {
	if r.Identifier == "" {
		return operation.Request{}, false
	}
	for _, o := range s.requests {
		if !o.Status.Ended() && key(o) == key(r) && o.Token != r.Token {
			return o, true
		}
	}
	return operation.Request{}, false
}

func (s *Store) replay(account, region, clientToken string, now time.Time) (operation.Request, bool) {
	if clientToken == "" {
		return operation.Request{}, false
	}
	for _, o := range s.requests {
		if o.ClientToken == clientToken && o.Account == account && o.Region == region && now.Sub(o.Accepted) < operation.ClientTokenLife {
			return o, true
		}
	}
	return operation.Request{}, false
}

func (s *Store) sorted(keep func(operation.Request) bool, order func(a, b operation.Request) int) []operation.Request {
	var all []operation.Request
	for _, r := range s.requests {
		if keep(r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, order)
	return all
}
