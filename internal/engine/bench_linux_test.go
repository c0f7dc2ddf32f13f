package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store/sealed"
	"example.org/groundcontrol/internal/store/sqlite"
)

const clients = 128

// BenchmarkCreate measures creates of a simulated log group from acceptance to the
// durable end, by 128 clients that each wait for theirs, on the SQLite store. Beside
// it, in the same run, the rate at which this disk takes 16 KiB overwrites with a
// sync each: `x-sync-rate` is operations per such sync. Run it as
//
//	go test -run '^$' -bench Create -benchtime 5s ./internal/engine
func BenchmarkCreate(b *testing.B) {
	raw := syncRate(b, 2*time.Second)
	builtin, err := registry.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	types, err := registry.New(builtin...)
	if err != nil {
		b.Fatal(err)
	}
	var commits, verbs atomic.Int64
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "gc.db"), sqlite.Options{Committed: func(n int) {
		commits.Add(1)
		verbs.Add(int64(n))
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s, err := sealed.New(b.Context(), db, sealed.NewKey())
	if err != nil {
		b.Fatal(err)
	}
	e := node(b, s, nil, func(c *engine.Config) {
		c.Types = types
		c.Runtimes = map[string]handler.Runtime{"simulate": &simulate.Runtime{Ledger: s}}
	})
	stop := run(b, e)
	defer stop()
	var n atomic.Int64
	var wg sync.WaitGroup
	cpu := cpuTime(b)
	commits.Store(0)
	verbs.Store(0)
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				name := fmt.Sprintf("/bench/%d", i)
				r := operation.Request{
					Account: account, Region: region, Operation: operation.Create, TypeName: "AWS::Logs::LogGroup", TypeVersion: "00000001",
					Caller: "arn:aws:iam::000000000001:root", Identifier: name, ClientToken: fmt.Sprintf("client-token-%d", i), InputHash: make([]byte, 32),
					Input: operation.Input{Desired: fmt.Appendf(nil, `{"LogGroupName":%q,"RetentionInDays":7,"Tags":[{"Key":"stage","Value":"test"},{"Key":"team","Value":"platform"}]}`, name)},
				}
				r, err := e.Submit(b.Context(), r, time.Hour)
				for err == nil && !r.Status.Ended() {
					r, err = e.Status(b.Context(), account, region, r.Token, 10*time.Second)
				}
				if err != nil || r.Status != operation.Success {
					b.Errorf("%s %s, %v", r.Status, r.Message, err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	ops := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(ops, "ops/s")
	b.ReportMetric(ops/raw, "x-sync-rate")
	b.ReportMetric(raw, "syncs/s")
	b.ReportMetric(float64(verbs.Load())/float64(b.N), "writes/op")
	b.ReportMetric(float64(b.N)/float64(commits.Load()), "ops/sync")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
}

// syncRate is how many 16 KiB overwrites with fdatasync the disk of the temporary
// directory takes in a second.
func syncRate(b *testing.B, span time.Duration) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 16<<10)
	n := 0
	began := time.Now()
	for time.Since(began) < span {
		if _, err := f.WriteAt(block, 0); err != nil {
			b.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds()
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
