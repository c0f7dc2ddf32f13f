package storetest

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

func saveStale(t *testing.T, s store.Store) {
	r := accept(t, s, leased(t, 1, "a"))
	saved, err := s.Save(t.Context(), apply(t, r, operation.Event{Kind: operation.Cancel, At: t0.Add(2 * time.Second)}), nil)
	must(t, err)
	if saved.Revision != 2 || saved.Status != operation.CancelInProgress {
		t.Fatalf("saved: revision %d, %s", saved.Revision, saved.Status)
	}
	_, err = s.Save(t.Context(), apply(t, r, succeed(r)), nil)
	wantErr(t, "answer computed from the old revision", err, store.ErrStale)
	same(t, "after the refused write", request(t, s, r.Token), saved)
}

func saveUnknown(t *testing.T, s store.Store) {
	r := leased(t, 1, "a")
	r.Revision = 1
	_, err := s.Save(t.Context(), r, change(r, `{}`, 0))
	wantErr(t, "save", err, store.ErrStale)
	_, err = s.Resource(t.Context(), resourceKey("a"))
	wantErr(t, "its ledger entry", err, store.ErrNotFound)
}

func saveUnderLoad(t *testing.T, s store.Store) {
	r := accept(t, s, leased(t, 1, "a"))
	var wg sync.WaitGroup
	var won atomic.Int32
	for i := range 32 {
		wg.Go(func() {
			mine := r
			mine.Retries = i
			switch _, err := s.Save(t.Context(), mine, nil); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrStale):
				t.Errorf("got %v, want ErrStale", err)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d writes went through on one revision", n)
	}
}

func saveIdentifier(t *testing.T, s store.Store) {
	accept(t, s, pending(1, "a"))
	r := accept(t, s, leased(t, 2, ""))
	progress := operation.Event{Kind: operation.Progress, At: t0.Add(3 * time.Second), Node: "n1", Attempt: 1, Identifier: "a"}
	_, err := s.Save(t.Context(), apply(t, r, progress), nil)
	wantErr(t, "identifier of another live request", err, store.ErrBusy)
	same(t, "after the refused write", request(t, s, r.Token), r)

	progress.Identifier = "b"
	r, err = s.Save(t.Context(), apply(t, r, progress), nil)
	must(t, err)
	_, err = s.Accept(t.Context(), pending(4, "b"))
	wantErr(t, "request on the identifier just learnt", err, store.ErrBusy)

	// A request that ends takes no lock: its identifier may belong to a live one.
	r = claim(t, s, "n2", 10, 10)
	fail := operation.Event{Kind: operation.Fail, At: t0.Add(11 * time.Second), Node: r.Node, Attempt: r.Attempt, ErrorCode: "AlreadyExists"}
	other := accept(t, s, leased(t, 5, ""))
	gone := apply(t, other, operation.Event{Kind: operation.Fail, At: t0.Add(6 * time.Second), Node: "n1", Attempt: 1, Identifier: "b", ErrorCode: "AlreadyExists"})
	_, err = s.Save(t.Context(), gone, nil)
	must(t, err)
	_, err = s.Save(t.Context(), apply(t, r, fail), nil)
	must(t, err)
}

// claim claims for node at t0 + n seconds and returns the claimed request whose
// identifier is "b".
func claim(t *testing.T, s store.Store, node string, n, max int) operation.Request {
	t.Helper()
	got, err := s.Claim(t.Context(), taking(node, t0.Add(time.Duration(n)*time.Second), max))
	must(t, err)
	for _, r := range got {
		if r.Identifier == "b" {
			return r
		}
	}
	t.Fatalf("%d claimed, none with identifier b", len(got))
	return operation.Request{}
}

func ledger(t *testing.T, s store.Store) {
	step := func(n int, op operation.Operation, base int64, c func(r operation.Request) *resource.Change) {
		t.Helper()
		r := leased(t, n, "a")
		r.Operation, r.BaseRevision = op, base
		r = accept(t, s, r)
		_, err := s.Save(t.Context(), apply(t, r, succeed(r)), c(r))
		must(t, err)
	}
	want := resource.Resource{
		Key: resourceKey("a"), TypeVersion: "00000001", Model: []byte(`{"v":1}`), WriteOnly: []byte(`{"s":1}`),
		Revision: 1, Created: t0.Add(1 * time.Second), Updated: t0.Add(1 * time.Second), Request: pending(1, "").Token,
	}
	is := func() {
		t.Helper()
		got, err := s.Resource(t.Context(), resourceKey("a"))
		must(t, err)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
	}
	step(1, operation.Create, 0, func(r operation.Request) *resource.Change {
		c := change(r, `{"v":1}`, 0)
		c.WriteOnly = []byte(`{"s":1}`)
		return c
	})
	is()
	step(2, operation.Update, 1, func(r operation.Request) *resource.Change { return change(r, `{"v":2}`, 1) })
	want.Model, want.WriteOnly, want.Revision, want.Updated, want.Request = []byte(`{"v":2}`), nil, 2, t0.Add(2*time.Second), pending(2, "").Token
	is()
	step(3, operation.Update, 2, func(r operation.Request) *resource.Change { return change(r, `{"v":3}`, resource.AnyRevision) })
	want.Model, want.Revision, want.Updated, want.Request = []byte(`{"v":3}`), 3, t0.Add(3*time.Second), pending(3, "").Token
	is()
	step(4, operation.Delete, 0, func(r operation.Request) *resource.Change {
		c := change(r, "", 3)
		c.Gone = true
		return c
	})
	_, err := s.Resource(t.Context(), resourceKey("a"))
	wantErr(t, "deleted resource", err, store.ErrNotFound)
	step(5, operation.Create, 0, func(r operation.Request) *resource.Change { return change(r, `{"v":5}`, 0) })
	want.Model, want.Revision, want.Request = []byte(`{"v":5}`), 1, pending(5, "").Token
	want.Created, want.Updated = t0.Add(5*time.Second), t0.Add(5*time.Second)
	is()
}

func ledgerMoved(t *testing.T, s store.Store) {
	made(t, s, 0, "a", `{"v":1}`)
	r := accept(t, s, leased(t, 1, "a"))
	for _, expect := range []int64{0, 2} {
		_, err := s.Save(t.Context(), apply(t, r, succeed(r)), change(r, `{"v":2}`, expect))
		wantErr(t, "save", err, store.ErrMoved)
		same(t, "the request", request(t, s, r.Token), r)
	}
	if is, err := s.Resource(t.Context(), resourceKey("a")); err != nil || string(is.Model) != `{"v":1}` {
		t.Errorf("ledger: %s, %v", is.Model, err)
	}
}

func ledgerStale(t *testing.T, s store.Store) {
	made(t, s, 0, "a", `{"v":1}`)
	r := accept(t, s, leased(t, 1, "a"))
	stale := r
	stale.Revision = 7
	_, err := s.Save(t.Context(), apply(t, stale, succeed(stale)), change(r, `{"v":2}`, 1))
	wantErr(t, "save", err, store.ErrStale)
	if is, err := s.Resource(t.Context(), resourceKey("a")); err != nil || string(is.Model) != `{"v":1}` || is.Revision != 1 {
		t.Errorf("ledger: %s at %d, %v", is.Model, is.Revision, err)
	}
}

func purge(t *testing.T, s store.Store) {
	ended := []operation.Request{}
	for i := range 5 {
		ended = append(ended, end(t, s, accept(t, s, leased(t, i, name("e", i)))))
	}
	old := accept(t, s, leased(t, 5, "live"))
	before := t0.Add(4 * time.Second)
	for i, want := range []int{3, 1, 0} {
		if n, err := s.Purge(t.Context(), before, 3); err != nil || n != want {
			t.Errorf("step %d: %d, %v; want %d", i, n, err, want)
		}
	}
	for i, r := range ended {
		_, err := s.Request(t.Context(), account, region, r.Token)
		if want := map[bool]error{true: store.ErrNotFound}[i < 4]; !errors.Is(err, want) {
			t.Errorf("request %d: %v, want %v", i, err, want)
		}
	}
	if _, err := s.Purge(t.Context(), t0.Add(time.Hour), 100); err != nil {
		t.Error(err)
	}
	request(t, s, old.Token)
}

func purgeClientToken(t *testing.T, s store.Store) {
	end(t, s, accept(t, s, withClientToken(leased(t, 0, "a"), "ct")))
	if n, err := s.Purge(t.Context(), t0.Add(time.Second), 10); err != nil || n != 1 {
		t.Fatalf("purged %d, %v", n, err)
	}
	r := withClientToken(pending(2, "b"), "ct")
	if got := accept(t, s, r); got.Token != r.Token {
		t.Errorf("the client token stands for %s", got.Token)
	}
}

func live(t *testing.T, s store.Store) {
	accept(t, s, pending(0, "a"))
	accept(t, s, pending(1, "b"))
	r := accept(t, s, leased(t, 2, "c"))
	_, err := s.Save(t.Context(), apply(t, r, operation.Event{Kind: operation.Cancel, At: t0.Add(3 * time.Second)}), nil)
	must(t, err)
	end(t, s, accept(t, s, leased(t, 3, "d")))
	got, err := s.Live(t.Context())
	must(t, err)
	want := map[operation.Status]int{operation.Pending: 2, operation.CancelInProgress: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func marks(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	got := make([][]byte, 16)
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = s.Mark(t.Context(), "one", []byte{0, byte(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, b := range got {
		if len(b) != 2 || !bytes.Equal(b, got[0]) {
			t.Errorf("%v and %v", b, got[0])
		}
	}
	if b, err := s.Mark(t.Context(), "two", []byte("2")); err != nil || string(b) != "2" {
		t.Errorf("another name: %q, %v", b, err)
	}
}
