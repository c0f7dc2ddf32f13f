package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/sqlite"
	"example.org/groundcontrol/internal/store/storetest"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	// Each store gets a copy of one that is empty: to make the tables costs more than most tests.
	path := filepath.Join(t.TempDir(), "empty.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		path := filepath.Join(t.TempDir(), "gc.db")
		if err := os.WriteFile(path, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		return open(t, path)
	})
}

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func request(t testing.TB, n int, id string) operation.Request {
	t.Helper()
	at := t0.Add(time.Duration(n) * time.Millisecond)
	r := operation.Accept(operation.Request{
		Account: "1", Region: "r", Operation: operation.Create, TypeName: "A::B::C", TypeVersion: "00000001", Identifier: id,
	}, operation.NewToken(at, [8]byte{byte(n >> 8), byte(n)}), at, time.Hour)
	r, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: at, Node: "n1", Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func succeed(t testing.TB, r operation.Request) (operation.Request, *resource.Change) {
	t.Helper()
	n, err := operation.Apply(r, operation.Event{Kind: operation.Succeed, At: r.Accepted, Node: r.Node, Attempt: r.Attempt, Model: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	key := resource.Key{Account: "1", Region: "r", TypeName: "A::B::C", Identifier: r.Identifier}
	return n, &resource.Change{Resource: resource.Resource{Key: key, Model: []byte(`{}`), Request: r.Token}}
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gc.db")
	s := open(t, path)
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("a second opening: %v, want ErrInUse", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Error(err)
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "gc.db"))
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Accept(t.Context(), request(t, 1, "a")); err == nil {
		t.Error("a closed store accepts")
	}
}

func TestRequestsSurviveAndLeasesOfTheProcessBeforeAreOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gc.db")
	s := open(t, path)
	r, err := s.Accept(t.Context(), request(t, 1, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	got, err := s.Claim(t.Context(), store.Claim{
		Node: "n2", Now: t0.Add(time.Second), Lease: time.Minute, Shares: []store.Share{{Queue: store.QueueOf(r), Max: 10}},
	}) // long before the lease ran out
	if err != nil || len(got) != 1 || got[0].Token != r.Token || got[0].Attempt != 2 || got[0].Lost != 1 {
		t.Errorf("claimed %+v, %v", got, err)
	}
}

func TestOnlyTheOwnerCanRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "gc.db"))
	defer s.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 && info.Size() > 0 {
			t.Errorf("%s has mode %v", filepath.Base(f), info.Mode())
		}
	}
}

func TestWritersShareSyncs(t *testing.T) {
	var commits, verbs atomic.Int64
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "gc.db"), sqlite.Options{Committed: func(n int) {
		commits.Add(1)
		verbs.Add(int64(n))
	}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 10 {
				if _, err := s.Accept(t.Context(), request(t, 10*i+j, "")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if verbs.Load() != 640 || commits.Load() > 320 {
		t.Errorf("%d verbs in %d transactions", verbs.Load(), commits.Load())
	}
}

// TestRefusalUndoesOnlyItself mixes saves that are refused after they wrote to the
// ledger with good ones that share their transactions.
func TestRefusalUndoesOnlyItself(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "gc.db"))
	defer s.Close()
	const n = 100
	var accepted []operation.Request
	for i := range n {
		r, err := s.Accept(t.Context(), request(t, i, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, r)
	}
	var wg sync.WaitGroup
	for i, r := range accepted {
		wg.Go(func() {
			r, change := succeed(t, r)
			var want error
			if i%3 == 0 {
				r.Revision, want = 7, store.ErrStale
			}
			if _, err := s.Save(t.Context(), r, change); !errors.Is(err, want) {
				t.Errorf("save %d: %v, want %v", i, err, want)
			}
		})
	}
	wg.Wait()
	for i := range n {
		_, err := s.Resource(t.Context(), resource.Key{Account: "1", Region: "r", TypeName: "A::B::C", Identifier: strconv.Itoa(i)})
		if refused := i%3 == 0; refused != errors.Is(err, store.ErrNotFound) {
			t.Errorf("resource %d: %v", i, err)
		}
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
