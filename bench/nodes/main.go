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
	sums := map[int]load.Result{}
	for i := range *rounds + 1 {
		for _, n := range []int{1, *nodes} {
			r, err := measure(ctx, url, n)
			if err != nil {
				return err
			}
			if i > 0 {
				sums[n] = sums[n].Plus(r)
			}
		}
	}
	one, all := sums[1], sums[*nodes]
	fmt.Printf("1 node: %.0f/s; %d nodes: %.0f/s, %.2f of one\n", one.Rate(), *nodes, all.Rate(), all.Rate()/one.Rate())
	return nil
}

// measure runs n nodes for a slice.
func measure(ctx context.Context, url string, n int) (r load.Result, err error) {
	var all []*load.Node
	for range n {
		db, oerr := postgres.Open(ctx, url, postgres.Options{})
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
	var next atomic.Int64
	return load.For(*span, *clients, func() (time.Duration, error) {
		return all[int(next.Add(1))%n].Create(ctx, account)
	})
}
