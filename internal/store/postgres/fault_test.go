package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/testpg"
)

// TestServerRestartsUnderLoad stops, kills and starts the server while clients write.
// Whatever a verb answered must be so afterwards; a verb that failed either took effect
// or did not, wholly.
func TestServerRestartsUnderLoad(t *testing.T) {
	server := testpg.New(t, testpg.Options{})
	s := open(t, server.Database(t))
	heard, stop := watch(t, s)
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var sure, doubtful []operation.Request // as the store said they are; as they may be
	var failed atomic.Int64
	note := func(r operation.Request, err error) bool {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			sure = append(sure, r)
			return true
		}
		failed.Add(1)
		for _, contract := range []error{store.ErrBusy, store.ErrMoved, store.ErrStale, store.ErrTokenConflict, store.ErrNotFound} {
			if errors.Is(err, contract) {
				t.Errorf("an answer that is none: %v", err)
			}
		}
		doubtful = append(doubtful, r)
		return false
	}
	var wg sync.WaitGroup
	done := atomic.Int64{}
	for c := range 16 {
		wg.Go(func() {
			for i := 0; i < 1000000 && ctx.Err() == nil; i++ {
				id := fmt.Sprint(c, "/", i)
				r := request(t, s.Now(), id, id)
				got, err := s.Accept(t.Context(), r)
				if !note(r, err) {
					continue
				}
				n, change := succeeded(t, got)
				got, err = s.Save(t.Context(), n, change)
				if err != nil {
					got = n
				}
				note(got, err)
				done.Add(1)
			}
		})
	}
	progress := func() { // all clients have gone on
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for before, i := done.Load(), 0; done.Load() < before+200; i++ {
			if i == 3000 {
				t.Fatal("no progress for 30 s")
			}
			<-tick.C
		}
	}
	for round := range 4 {
		progress()
		if round%2 == 0 {
			server.Stop(t)
		} else {
			server.Crash(t)
		}
		server.Start(t)
		if !waitFor(heard, "", time.Minute) {
			t.Error("after a reconnect Watch does not tell that anything may have changed")
		}
	}
	progress()
	cancel()
	wg.Wait()
	last := map[string]operation.Request{}
	for _, r := range sure {
		if last[r.Token].Revision <= r.Revision {
			last[r.Token] = r
		}
	}
	for _, r := range sure {
		if r = last[r.Token]; r.Token == "" {
			continue
		}
		delete(last, r.Token)
		got, err := s.Request(t.Context(), account, region, r.Token)
		if err != nil || got.Revision < r.Revision {
			t.Fatalf("%s: answered %s at revision %d, stored %s at %d, %v", r.Identifier, r.Status, r.Revision, got.Status, got.Revision, err)
		}
		whole(t, s, got)
	}
	undone := 0
	for _, r := range doubtful {
		switch got, err := s.Request(t.Context(), account, region, r.Token); {
		case errors.Is(err, store.ErrNotFound):
			undone++
			if _, err := s.Resource(t.Context(), key(r.Identifier)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: no request and a resource: %v", r.Identifier, err)
			}
		case err != nil:
			t.Error(err)
		default:
			whole(t, s, got)
		}
	}
	t.Logf("%d verbs done, %d failed, of these %d accepts did not take effect", len(sure), failed.Load(), undone)
}

// whole checks that a request and its resource agree, and that a live one can go on.
func whole(t *testing.T, s store.Store, r operation.Request) {
	t.Helper()
	_, err := s.Resource(t.Context(), key(r.Identifier))
	if ended := r.Status.Ended(); ended != (err == nil) || err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%s is %s, its resource: %v", r.Identifier, r.Status, err)
	}
	if !r.Status.Ended() {
		end(t, s, r)
	}
}

// TestConnectionsThatBreakAreReplaced ends every connection of an idle store from the server's side.
func TestConnectionsThatBreakAreReplaced(t *testing.T) {
	url := testpg.Database(t)
	s := open(t, url)
	for i := range 5 {
		r := accept(t, s, request(t, s.Now(), fmt.Sprint(i), ""))
		query(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if _, err := s.Request(t.Context(), account, region, r.Token); err != nil {
			t.Errorf("read: %v", err)
		}
		end(t, s, r)
		query(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if _, err := s.Claim(t.Context(), store.Claim{
			Node: "n", Now: s.Now(), Lease: time.Minute, Shares: []store.Share{{Queue: store.QueueOf(r), Max: 1}},
		}); err != nil {
			t.Errorf("claim: %v", err)
		}
	}
}

func TestCallerThatLeavesTheQueueHasWrittenNothing(t *testing.T) {
	s := open(t, testpg.Database(t))
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		r := request(t, s.Now(), fmt.Sprint(i), "")
		answered := make(chan error, 1)
		go func() {
			_, err := s.Accept(ctx, r)
			answered <- err
		}()
		cancel()
		err := <-answered
		_, rerr := s.Request(t.Context(), account, region, r.Token)
		switch {
		case err == nil && rerr == nil:
		case errors.Is(err, context.Canceled) && errors.Is(rerr, store.ErrNotFound):
		default:
			t.Errorf("accept: %v, then read: %v", err, rerr)
		}
	}
}
