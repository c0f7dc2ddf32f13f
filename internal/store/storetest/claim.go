package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
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
				got, _, err := s.Claim(t.Context(), name("n", w), t0.Add(time.Minute), time.Minute, 3)
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
		got, _, err := s.Claim(t.Context(), "n", t0.Add(time.Minute), time.Minute, 1)
		must(t, err)
		if len(got) != 1 || got[0].Identifier != name("r", i) {
			t.Fatalf("claim %d: %+v", i, got)
		}
	}
}

func claimNext(t *testing.T, s store.Store) {
	check := func(at int, max, claimed int, want time.Time) {
		t.Helper()
		got, next, err := s.Claim(t.Context(), "n", t0.Add(time.Duration(at)*time.Second), time.Minute, max)
		if err != nil || len(got) != claimed || !next.Equal(want) {
			t.Errorf("at %d s: %d claimed, next %v, %v; want %d, %v", at, len(got), next, err, claimed, want)
		}
	}
	check(0, 1, 0, time.Time{})
	for i := range 3 {
		accept(t, s, pending(10+i, name("r", i)))
	}
	check(9, 5, 0, t0.Add(10*time.Second))
	check(11, 1, 1, t0.Add(11*time.Second)) // one more is due already
	check(11, 5, 1, t0.Add(12*time.Second))
	check(12, 5, 1, t0.Add(71*time.Second)) // what is left is leased
}

func claimTakeOver(t *testing.T, s store.Store) {
	first := accept(t, s, leased(t, 0, "a"))
	for i, step := range []struct {
		at   time.Duration
		want int
	}{{0, 0}, {time.Minute - time.Nanosecond, 0}, {time.Minute, 1}, {time.Minute, 0}} {
		got, _, err := s.Claim(t.Context(), "n2", t0.Add(step.at), time.Minute, 10)
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
	got, next, err := s.Claim(t.Context(), "n", r.Deadline, time.Minute, 10)
	must(t, err)
	if len(got) != 1 || got[0].Status != operation.Failed || got[0].ErrorCode != operation.ServiceTimeout || !next.IsZero() {
		t.Fatalf("claimed %+v, next %v", got, next)
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
	if _, _, err := s.Claim(ctx, "n", t0.Add(time.Hour), time.Minute, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("claim: %v", err)
	}
	if _, err := s.Purge(ctx, t0.Add(time.Hour), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("purge: %v", err)
	}
	for what, read := range map[string]func() error{
		"request":   func() error { _, err := s.Request(ctx, account, region, r.Token); return err },
		"replay":    func() error { _, err := s.Replay(ctx, account, region, "ct", t0); return err },
		"requests":  func() error { _, err := s.Requests(ctx, query()); return err },
		"resource":  func() error { _, err := s.Resource(ctx, resourceKey("a")); return err },
		"resources": func() error { _, err := s.Resources(ctx, resourceQuery(1)); return err },
		"live":      func() error { _, err := s.Live(ctx); return err },
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
