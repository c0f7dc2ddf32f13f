package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

func claimOnce(t *testing.T, s store.Store) {
	for i := range 40 {
		accept(t, s, pending(i, name("r", i)))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for range 100 { // a store that claims for ever must fail, not hang
				got, err := s.Claim(t.Context(), taking(name("n", w), t0.Add(time.Minute), 3))
				if err != nil {
					t.Error(err)
					return
				}
				if len(got) == 0 {
					return
				}
				if len(got) > 3 {
					t.Errorf("asked for 3, got %d", len(got))
				}
				mu.Lock()
				for _, r := range got {
					seen[r.Token]++
					if r.Node != name("n", w) || r.Status != operation.InProgress || r.Attempt != 1 {
						t.Errorf("claimed for %s: %s attempt %d of %s", name("n", w), r.Status, r.Attempt, r.Node)
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 40 {
		t.Errorf("%d requests claimed, want 40", len(seen))
	}
	for token, n := range seen {
		if n != 1 {
			t.Errorf("%s claimed %d times", token, n)
		}
		if r := request(t, s, token); r.Revision != 2 || r.Status != operation.InProgress {
			t.Errorf("stored: %s at revision %d", r.Status, r.Revision)
		}
	}
}

func claimOrder(t *testing.T, s store.Store) {
	for _, n := range []int{3, 1, 2, 0} {
		accept(t, s, pending(n, name("r", n)))
	}
	for i := range 4 {
		got, err := s.Claim(t.Context(), taking("n", t0.Add(time.Minute), 1))
		must(t, err)
		if len(got) != 1 || got[0].Identifier != name("r", i) {
			t.Fatalf("claim %d: %+v", i, got)
		}
	}
}

// taking claims of the queue that pending and leased stand in.
func taking(node string, now time.Time, max int) store.Claim {
	return store.Claim{Node: node, Now: now, Lease: time.Minute, Shares: []store.Share{{Queue: queue("A::B::C"), Max: max}}}
}

func queue(typeName string) store.Queue {
	return store.Queue{Account: account, Region: region, TypeName: typeName}
}

func heads(t *testing.T, s store.Store, after store.Queue, max int) []store.Head {
	t.Helper()
	h, err := s.Queues(t.Context(), after, max)
	must(t, err)
	return h
}

func claimShares(t *testing.T, s store.Store) {
	for i, typeName := range []string{"A::B::C", "A::B::C", "A::B::C", "A::B::D", "A::B::D", "A::B::E"} {
		r := pending(i, name("r", i))
		r.TypeName = typeName
		accept(t, s, r)
	}
	c := taking("n", t0.Add(time.Minute), 2)
	c.Shares = append(c.Shares, store.Share{Queue: queue("A::B::D"), Max: 9}, store.Share{Queue: queue("A::B::none"), Max: 9})
	got, err := s.Claim(t.Context(), c)
	must(t, err)
	n := map[string]int{}
	for _, r := range got {
		n[r.TypeName]++
	}
	if want := map[string]int{"A::B::C": 2, "A::B::D": 2}; !maps.Equal(n, want) {
		t.Errorf("claimed %v, want %v", n, want)
	}
	if got, err := s.Claim(t.Context(), store.Claim{Node: "n", Now: t0.Add(time.Minute), Lease: time.Minute}); err != nil || len(got) > 0 {
		t.Errorf("without shares: %d claimed, %v", len(got), err)
	}
}

func queueHeads(t *testing.T, s store.Store) {
	if h := heads(t, s, store.Queue{}, 10); len(h) != 0 {
		t.Errorf("empty store: %v", h)
	}
	put := func(n int, account, region, typeName string) {
		r := pending(n, name("r", n))
		r.Account, r.Region, r.TypeName = account, region, typeName
		accept(t, s, r)
	}
	put(4, account, region, "A::B::C")
	put(3, account, region, "A::B::C")
	put(5, account, region, "A::B::D")
	put(1, account, "us-east-1", "A::B::C")
	put(2, "000000000002", region, "A::B::C")
	end(t, s, accept(t, s, leased(t, 0, "ended")))
	accept(t, s, leased(t, 6, "leased"))
	want := []store.Head{
		{Queue: queue("A::B::C"), Claimable: t0.Add(3 * time.Second)},
		{Queue: queue("A::B::D"), Claimable: t0.Add(5 * time.Second)},
		{Queue: store.Queue{Account: account, Region: "us-east-1", TypeName: "A::B::C"}, Claimable: t0.Add(time.Second)},
		{Queue: store.Queue{Account: "000000000002", Region: region, TypeName: "A::B::C"}, Claimable: t0.Add(2 * time.Second)},
	}
	for max := 1; max <= 5; max++ {
		var got []store.Head
		var after store.Queue
		for range 5 {
			h := heads(t, s, after, max)
			got = append(got, h...)
			if len(h) < max {
				break
			}
			after = h[len(h)-1].Queue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", max, diff)
		}
	}
	_, err := s.Claim(t.Context(), taking("n", t0.Add(10*time.Second), 2))
	must(t, err)
	want[0].Claimable = t0.Add(66 * time.Second) // what is left is leased, one since before
	if diff := cmp.Diff(want, heads(t, s, store.Queue{}, 10)); diff != "" {
		t.Errorf("after a claim (-want +got):\n%s", diff)
	}
}

func waiting(t *testing.T, s store.Store) {
	for _, n := range []int{3, 1, 2, 0} {
		accept(t, s, pending(n, name("r", n)))
	}
	other := pending(4, "other")
	other.TypeName = "A::B::D"
	accept(t, s, other)
	for _, c := range []struct {
		before, max int
		want        []string
	}{
		{0, 9, nil},
		{2, 9, []string{"r000", "r001"}},
		{9, 9, []string{"r000", "r001", "r002", "r003"}},
		{9, 1, []string{"r000"}},
	} {
		got, err := s.Waiting(t.Context(), queue("A::B::C"), t0.Add(time.Duration(c.before)*time.Second), c.max)
		must(t, err)
		var ids []string
		for _, r := range got {
			ids = append(ids, r.Identifier)
			same(t, "waiting", r, request(t, s, r.Token))
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("before %d s, at most %d: %v, want %v", c.before, c.max, ids, c.want)
		}
	}
}

func place(t *testing.T, s store.Store) {
	var all []operation.Request
	for n := range 4 {
		all = append(all, accept(t, s, pending(n, name("r", n))))
	}
	for n, r := range all {
		for max := range 5 {
			got, err := s.Place(t.Context(), r, max)
			must(t, err)
			if got != min(n, max) {
				t.Errorf("request %d, up to %d: %d are before it", n, max, got)
			}
		}
	}
}

func watchEnds(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(store.Hint) {}) }()
	accept(t, s, pending(1, "a")) // not disturbed by whoever watches
	cancel(nil)
	select {
	case err := <-done:
		wantErr(t, "watch", err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("Watch does not return when its context ends")
	}
}

func claimTakeOver(t *testing.T, s store.Store) {
	first := accept(t, s, leased(t, 0, "a"))
	for i, step := range []struct {
		at   time.Duration
		want int
	}{{0, 0}, {time.Minute - time.Nanosecond, 0}, {time.Minute, 1}, {time.Minute, 0}} {
		got, err := s.Claim(t.Context(), taking("n2", t0.Add(step.at), 10))
		if err != nil || len(got) != step.want {
			t.Fatalf("step %d: %d claimed, %v; want %d", i, len(got), err, step.want)
		}
	}
	_, err := s.Save(t.Context(), apply(t, first, succeed(first)), nil)
	wantErr(t, "late answer of the lost lease", err, store.ErrStale)
	if r := request(t, s, first.Token); r.Node != "n2" || r.Attempt != 2 || r.Lost != 1 {
		t.Errorf("attempt %d of %s, %d lost", r.Attempt, r.Node, r.Lost)
	}
}

func claimDeadline(t *testing.T, s store.Store) {
	r := accept(t, s, pending(0, "a"))
	got, err := s.Claim(t.Context(), taking("n", r.Deadline, 10))
	must(t, err)
	if len(got) != 1 || got[0].Status != operation.Failed || got[0].ErrorCode != operation.ServiceTimeout {
		t.Fatalf("claimed %+v", got)
	}
	if h := heads(t, s, store.Queue{}, 10); len(h) != 0 {
		t.Errorf("queues %v, want none", h)
	}
	same(t, "stored", request(t, s, r.Token), got[0])
	accept(t, s, pending(2, "a")) // the lock is free
}

func cancelledContext(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Accept(ctx, pending(0, "a"))
	wantErr(t, "accept", err, context.Canceled)
	r := accept(t, s, leased(t, 1, "a")) // the lock was not taken
	_, err = s.Save(ctx, apply(t, r, succeed(r)), nil)
	wantErr(t, "save", err, context.Canceled)
	same(t, "stored", request(t, s, r.Token), r)
	if _, err := s.Claim(ctx, taking("n", t0.Add(time.Hour), 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("claim: %v", err)
	}
	if _, err := s.Purge(ctx, t0.Add(time.Hour), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("purge: %v", err)
	}
	for what, read := range map[string]func() error{
		"request":    func() error { _, err := s.Request(ctx, account, region, r.Token); return err },
		"replay":     func() error { _, err := s.Replay(ctx, account, region, "ct", t0); return err },
		"requests":   func() error { _, err := s.Requests(ctx, query()); return err },
		"resource":   func() error { _, err := s.Resource(ctx, resourceKey("a")); return err },
		"unfinished": func() error { _, err := s.Unfinished(ctx, account, region, resource.Key{}, 1); return err },
		"resources":  func() error { _, err := s.Resources(ctx, resourceQuery(1)); return err },
		"live":       func() error { _, err := s.Live(ctx); return err },
		"mark":       func() error { _, err := s.Mark(ctx, "m", nil); return err },
		"write":      func() error { return s.Write(ctx, []store.Document{{Kind: "k", Name: "n", Body: []byte("b")}}) },
		"document":   func() error { _, err := s.Document(ctx, "k", "n"); return err },
		"changes":    func() error { _, err := s.Changes(ctx, "k", 0, 1); return err },
		"queues":     func() error { _, err := s.Queues(ctx, store.Queue{}, 1); return err },
		"waiting":    func() error { _, err := s.Waiting(ctx, queue("A::B::C"), t0, 1); return err },
		"place":      func() error { _, err := s.Place(ctx, r, 1); return err },
	} {
		wantErr(t, what, read(), context.Canceled)
	}
}

func query() store.RequestQuery {
	return store.RequestQuery{Account: account, Region: region, Limit: 100}
}

func resourceQuery(limit int) store.ResourceQuery {
	return store.ResourceQuery{Account: account, Region: region, TypeName: "A::B::C", Limit: limit}
}
