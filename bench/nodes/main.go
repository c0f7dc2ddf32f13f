// Command nodes measures creates on several nodes that share one PostgreSQL beside those
// on one node, on a server of its own, in turns, in the same run:
//
//	go run ./nodes -nodes 3
//
// Each node has an engine and connections of its own; they share this process, so that
// their clients cost the same however many nodes there are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/bench/internal/load"
	"example.org/groundcontrol/internal/pgserver"
	"example.org/groundcontrol/internal/store/postgres"
)

var (
	nodes   = flag.Int("nodes", 3, "nodes beside the one")
	clients = flag.Int("clients", 128, "clients that each wait for the end of their create")
	span    = flag.Duration("slice", 5*time.Second, "how long each kind is measured at a time")
	rounds  = flag.Int("rounds", 4, "slices of each kind; one more before them is not counted")
)

// settled is how long it takes nodes to notice each other, and begin to send hints.
const settled = 3500 * time.Millisecond

const account = "000000000001"

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	server, err := pgserver.Start(ctx, pgserver.Options{Fsync: true, Settings: []string{"shared_buffers=512MB"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	url, err := server.Database(ctx, "nodes")
	if err != nil {
		return err
	}
	b := bench{server, url}
	sums := map[int]result{}
	for i := range *rounds + 1 {
		for _, n := range []int{1, *nodes} {
			r, err := b.measure(ctx, n)
			if err != nil {
				return err
			}
			if i > 0 {
				sums[n] = sums[n].plus(r)
			}
		}
	}
	one, all := sums[1], sums[*nodes]
	fmt.Printf("1 node:  %v\n%d nodes: %v\n%.2f of one node's rate, %.2f of its processor time for a create\n",
		one, *nodes, all, all.Rate()/one.Rate(), all.cost()/one.cost())
	return nil
}

// result is what slices of one kind took.
type result struct {
	load.Result
	server          time.Duration // processor time of the database
	writes, commits int64         // of the nodes' writers: verbs, and transactions
	syncs           int64         // of the database's log
}

func (r result) plus(o result) result {
	return result{r.Result.Plus(o.Result), r.server + o.server, r.writes + o.writes, r.commits + o.commits, r.syncs + o.syncs}
}

// cost is the processor time for a create, in microseconds.
func (r result) cost() float64 { return float64((r.CPU + r.server).Microseconds()) / float64(r.Calls) }

func (r result) String() string {
	per := func(n int64) float64 { return float64(n) / float64(r.Calls) }
	ms := func(q float64) float64 { return r.At(q).Seconds() * 1000 }
	return fmt.Sprintf("%.0f/s, accepted in %.1f ms (p50), %.1f ms (p99); for a create %.0f µs, %.0f of it the database's; "+
		"for a thousand %.0f transactions of %.1f writes, %.0f syncs",
		r.Rate(), ms(0.5), ms(0.99), r.cost(), per(r.server.Microseconds()), 1000*per(r.commits), float64(r.writes)/float64(r.commits), 1000*per(r.syncs))
}

type bench struct {
	server *pgserver.Server
	url    string
}

// measure runs n nodes for a slice.
func (b *bench) measure(ctx context.Context, n int) (r result, err error) {
	var writes, commits atomic.Int64
	var all []*load.Node
	for range n {
		db, oerr := postgres.Open(ctx, b.url, postgres.Options{Committed: func(verbs int) {
			commits.Add(1)
			writes.Add(int64(verbs))
		}})
		if oerr != nil {
			return r, errors.Join(err, oerr)
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		node, serr := load.Start(ctx, load.Config{Store: db})
		if serr != nil {
			return r, errors.Join(err, serr)
		}
		defer func() { err = errors.Join(err, node.Stop()) }()
		all = append(all, node)
	}
	time.Sleep(settled)
	before, err := b.look(ctx)
	if err != nil {
		return r, err
	}
	var next atomic.Int64
	done, err := load.For(*span, *clients, func() (time.Duration, error) {
		return all[int(next.Add(1))%n].Create(ctx, account)
	})
	if err != nil {
		return r, err
	}
	after, err := b.look(ctx)
	return result{done, after.server - before.server, writes.Load(), commits.Load(), after.syncs - before.syncs}, err
}

// look reads the counters of the database.
func (b *bench) look(ctx context.Context) (r result, err error) {
	c, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return r, err
	}
	err = c.QueryRow(ctx, `SELECT wal_sync FROM pg_stat_wal`).Scan(&r.syncs)
	if err = errors.Join(err, c.Close(ctx)); err != nil {
		return r, err
	}
	r.server, err = b.server.CPU()
	return r, err
}
