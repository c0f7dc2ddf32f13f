package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store/sqlite"
)

// pragma asks the file, beside the store that has it open.
func pragma(t *testing.T, path, name string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`PRAGMA ` + name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDiskIsGivenBackAfterExpiry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gc.db")
	s := open(t, path)
	defer s.Close()
	const n = 3000
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				r := request(t, i, strconv.Itoa(i))
				r.Message = string(make([]byte, 4000)) // a page each
				r, err := s.Accept(t.Context(), r)
				if err == nil {
					r, err = operation.Apply(r, operation.Event{Kind: operation.Fail, At: r.Accepted, Node: r.Node, Attempt: 1, ErrorCode: "InternalFailure", Message: string(make([]byte, 4000))})
				}
				if err == nil {
					_, err = s.Save(t.Context(), r, nil)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	before := pragma(t, path, "page_count")
	for removed := 0; removed < n; {
		got, err := s.Purge(t.Context(), t0.Add(time.Hour), 500)
		if err != nil || got == 0 {
			t.Fatalf("removed %d and %d, %v", removed, got, err)
		}
		removed += got
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	after := before
	for range 1500 {
		if after = pragma(t, path, "page_count"); after < before/2 {
			return
		}
		<-tick.C
	}
	t.Errorf("%d pages before, %d after", before, after)
}

func TestTheLogStaysShortWhileOthersWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gc.db")
	s := open(t, path)
	defer s.Close()
	before := pragma(t, path, "page_count")
	for i := range 2000 { // about 24,000 pages
		r, err := s.Accept(t.Context(), request(t, i, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		done, change := succeed(t, r)
		if _, err := s.Save(t.Context(), done, change); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	// Without the keeper the writer would let it grow to all of them.
	if log.Size() > 20000*4096 {
		t.Errorf("the log has %d bytes", log.Size())
	}
	if after := pragma(t, path, "page_count"); after <= before {
		t.Errorf("%d pages, then %d", before, after)
	}
}

func TestACopyOfAnOldFileCanShrink(t *testing.T) {
	old, err := os.ReadFile("testdata/schema-1.db")
	if err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(t.TempDir(), "old.db"), filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(from, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Backup(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	const incremental = 2
	if got := pragma(t, to, "auto_vacuum"); got != incremental {
		t.Errorf("auto_vacuum is %d", got)
	}
}
