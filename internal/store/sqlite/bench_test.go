package sqlite_test

import (
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// BenchmarkRequests measures pages of 20 over 20,000 stored requests.
func BenchmarkRequests(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "gc.db"))
	defer s.Close()
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < 20000; i += 64 {
				r, err := s.Accept(b.Context(), request(b, i, strconv.Itoa(i)))
				if err == nil && i%100 != 0 {
					done, change := succeed(b, r)
					_, err = s.Save(b.Context(), done, change)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for name, edit := range map[string]func(*store.RequestQuery){
		"all":     func(*store.RequestQuery) {},
		"live":    func(q *store.RequestQuery) { q.Statuses = []operation.Status{operation.InProgress} },
		"none":    func(q *store.RequestQuery) { q.Statuses = []operation.Status{operation.Failed} },
		"creates": func(q *store.RequestQuery) { q.Operations = []operation.Operation{operation.Create} },
	} {
		b.Run(name, func(b *testing.B) {
			q := store.RequestQuery{Account: "1", Region: "r", Limit: 20, EndedSince: t0.Add(-time.Hour)}
			edit(&q)
			for b.Loop() {
				if _, err := s.Requests(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
