package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
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
	"example.org/groundcontrol/internal/store/postgres"
	"example.org/groundcontrol/internal/store/sealed"
	"example.org/groundcontrol/internal/store/storetest"
	"example.org/groundcontrol/internal/testpg"
)

const clients = 128

// BenchmarkCreate measures creates of a simulated log group from acceptance to the
// durable end, by 128 clients that each wait for theirs. The server is on this
// machine, waits for its disk and has default settings; `cpu-µs/op` counts its
// processes, too, `db-µs/op` these alone. Run it as
//
//	go test -run '^$' -bench Create -benchtime 5s ./internal/store/postgres
func BenchmarkCreate(b *testing.B) {
	m := meter{server: testpg.New(b, testpg.Options{Fsync: true})}
	builtin, err := registry.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	types, err := registry.New(builtin...)
	if err != nil {
		b.Fatal(err)
	}
	db := m.open(b)
	s, err := sealed.New(b.Context(), db, sealed.NewKey())
	if err != nil {
		b.Fatal(err)
	}
	e := engine.New(engine.Config{
		Store: s, Types: types, Log: slog.New(slog.DiscardHandler), Node: "n1",
		Runtimes: map[string]handler.Runtime{"simulate": &simulate.Runtime{Ledger: s}},
	})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	m.run(b, func(i int64) error {
		name := fmt.Sprintf("/bench/%d", i)
		r := operation.Request{
			Account: "000000000001", Region: "eu-north-1", Operation: operation.Create, TypeName: "AWS::Logs::LogGroup", TypeVersion: "00000001",
			Caller: "arn:aws:iam::000000000001:root", Identifier: name, ClientToken: fmt.Sprintf("client-token-%d", i), InputHash: make([]byte, 32),
			Input: operation.Input{Desired: fmt.Appendf(nil, `{"LogGroupName":%q,"RetentionInDays":7,"Tags":[{"Key":"stage","Value":"test"},{"Key":"team","Value":"platform"}]}`, name)},
		}
		r, err := e.Submit(b.Context(), r, time.Hour)
		for err == nil && !r.Status.Ended() {
			r, err = e.Status(b.Context(), r.Account, r.Region, r.Token, 10*time.Second)
		}
		if err == nil && r.Status != operation.Success {
			err = fmt.Errorf("%s %s", r.Status, r.Message)
		}
		return err
	})
}

// BenchmarkAcceptAndEnd measures the two writes of a create alone, without an engine:
// by a node that is alone, and by one that tells another of each.
func BenchmarkAcceptAndEnd(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		m := meter{server: testpg.New(b, testpg.Options{Fsync: true})}
		s := m.open(b)
		m.run(b, func(i int64) error { return storetest.AcceptAndEnd(b.Context(), s, strconv.FormatInt(i, 10)) })
	})
	b.Run("watched", func(b *testing.B) {
		m := meter{server: testpg.New(b, testpg.Options{Fsync: true})}
		s := m.open(b)
		other := open(b, m.url)
		heard, stop := watch(b, other)
		defer stop()
		untilHeard(b, s, heard)
		m.run(b, func(i int64) error { return storetest.AcceptAndEnd(b.Context(), s, strconv.FormatInt(i, 10)) })
	})
}

// meter runs a benchmark with many clients and tells what it cost.
type meter struct {
	server         *testpg.Server
	url            string
	commits, verbs atomic.Int64
}

func (m *meter) open(b *testing.B) *postgres.Store {
	b.Helper()
	m.url = m.server.Database(b)
	return openWith(b, m.url, postgres.Options{Committed: func(n int) {
		m.commits.Add(1)
		m.verbs.Add(int64(n))
	}})
}

func (m *meter) run(b *testing.B, op func(int64) error) {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	m.commits.Store(0)
	m.verbs.Store(0)
	own, db := ownTime(b), m.server.CPU(b)
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := op(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	own, db = ownTime(b)-own, m.server.CPU(b)-db
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64(m.verbs.Load())/float64(b.N), "writes/op")
	b.ReportMetric(float64(m.verbs.Load())/float64(m.commits.Load()), "writes/commit")
	b.ReportMetric(float64(db.Microseconds())/float64(b.N), "db-µs/op")
	b.ReportMetric(float64((own+db).Microseconds())/float64(b.N), "cpu-µs/op")
}

func ownTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
