// Command chaos torments Ground Control and proves that it keeps its promises.
//
// It runs the real server (one process on SQLite, three on PostgreSQL), lets clients
// work with it through the AWS SDK, kills, stops and cuts off what it can, and holds the
// recorded history against what was promised. See docs/chaos.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c config
	flag.DurationVar(&c.For, "for", 60*time.Second, "how long each store is tormented")
	flag.Uint64Var(&c.Seed, "seed", uint64(time.Now().Unix()), "repeats the schedule of faults and what clients decide")
	flag.DurationVar(&c.Lease, "lease", 2*time.Second, "of the servers")
	flag.IntVar(&c.Clients, "clients", 16, "at work at once")
	flag.IntVar(&c.Identifiers, "resources", 50, "that they work on")
	flag.BoolVar(&c.Clock, "clock", true, "build servers whose clock can be set wrong (compiles the whole server anew the first time)")
	race := flag.Bool("race", false, "build the servers with the race detector")
	stores := flag.String("stores", "sqlite,postgres", "which to torment")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "groundcontrol-chaos"), "where runs leave logs and histories")
	flag.Parse()
	if err := torment(ctx, c, strings.Split(*stores, ","), *race, *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// errBroken means that a promise was broken: the table says which.
var errBroken = errors.New("a promise was broken")

// torment runs every store in turn and prints a table for each.
func torment(ctx context.Context, c config, stores []string, race bool, dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(dir, time.Now().Format("20060102-150405-"))
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the database server, which is not root, has to pass
		return err
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("building the server")
	if c.Binary, err = build(ctx, dir, race, c.Clock); err != nil {
		return err
	}
	c.Log = say
	var broken error
	for _, store := range stores {
		c := c
		c.Store, c.Nodes, c.Dir = store, 1, filepath.Join(dir, store)
		if store == "postgres" {
			c.Nodes = 3
		}
		good, err := one(ctx, c, out)
		if err != nil {
			return fmt.Errorf("%s: %w (see %s)", store, err, c.Dir)
		}
		if !good {
			broken = fmt.Errorf("%w: logs and history are in %s; the same seed (%d) repeats the faults", errBroken, dir, c.Seed)
		}
	}
	if broken != nil {
		return broken
	}
	return os.RemoveAll(dir)
}

// one runs one store, checks what came of it and prints the table.
func one(ctx context.Context, c config, out io.Writer) (good bool, err error) {
	c.Log("%s: seed %d", c.Store, c.Seed)
	h, complaints, left, err := run(ctx, c)
	if err != nil {
		return false, err
	}
	r := report{config: c, history: h, complaints: complaints, left: left}
	for _, rule := range rules {
		r.verdicts = append(r.verdicts, rule(h))
	}
	r.print(out)
	if !r.good() {
		return false, drawLocks(h, c.Dir)
	}
	return true, nil
}
