package sqlite_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/groundcontrol/internal/store/sqlite"
	"example.org/groundcontrol/internal/store/storetest"
)

// BenchmarkAcceptAndEnd measures the two writes of a create alone, without an engine, by
// 128 clients: names that grow, and names without an order. `KB-written/op` is all that
// goes to the files: the log, and the copies of it into the database. Run it as
//
//	go test -run '^$' -bench AcceptAndEnd -benchtime 5s ./internal/store/sqlite
func BenchmarkAcceptAndEnd(b *testing.B) {
	for name, of := range map[string]func(i int64) string{
		"growing": func(i int64) string { return fmt.Sprintf("/service/%012d", i) },
		"random":  func(int64) string { return "/service/" + rand.Text() },
	} {
		b.Run(name, func(b *testing.B) {
			var commits, verbs atomic.Int64
			s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "gc.db"), sqlite.Options{Committed: func(n int) {
				commits.Add(1)
				verbs.Add(int64(n))
			}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Int64
			var wg sync.WaitGroup
			before := written(b)
			b.ResetTimer()
			for range 128 {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if err := storetest.AcceptAndEnd(b.Context(), s, of(i)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
			b.ReportMetric(float64(verbs.Load())/float64(commits.Load()), "verbs/commit")
			b.ReportMetric(float64(written(b)-before)/1024/float64(b.N), "KB-written/op")
		})
	}
}

// written is how many bytes this process has handed to write calls.
func written(b *testing.B) (bytes int64) {
	b.Helper()
	counts, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(counts), "wchar:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		b.Fatal(err)
	}
	return bytes
}

// BenchmarkPurge measures the removal of one request that has expired, in steps as the
// engine takes them, of requests with names and client tokens without an order.
func BenchmarkPurge(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "gc.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 128 {
		wg.Go(func() {
			for n.Add(1) <= int64(b.N) {
				if err := storetest.AcceptAndEnd(b.Context(), s, "/service/"+rand.Text()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	before := written(b)
	b.ResetTimer()
	for left := b.N; left > 0; {
		n, err := s.Purge(b.Context(), time.Now(), 200)
		if err != nil || n == 0 {
			b.Fatalf("removed %d, %v: %d are left", n, err, left)
		}
		left -= n
	}
	b.StopTimer()
	b.ReportMetric(float64(written(b)-before)/1024/float64(b.N), "KB-written/op")
}
