package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.org/groundcontrol/bench/peers/internal/round"
)

var (
	rounds  = flag.Int("rounds", 3, "rounds of each contestant")
	seconds = flag.Int("seconds", 10, "seconds of a round that are counted")
	warmup  = flag.Int("warmup", 3, "seconds of load before those")
	clients = flag.Int("clients", 128, "clients, each of which waits for the end of its unit")
	only    = flag.String("only", "", "run these contestants only, separated by commas")
	busy    = flag.Int("busy", 10, "repeat a round, twice at most, where other processes took more than this percentage of the processors' time")
	dir     = flag.String("dir", os.TempDir(), "directory for data, on the disk to measure")
)

// roundCommand is the hidden command of the processes that run a round.
const roundCommand = "be-contestant"

func main() {
	if len(os.Args) == 4 && os.Args[1] == roundCommand {
		exit(beContestant(os.Args[2], os.Args[3]))
	}
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *seconds < 1 || *warmup < 0 || *clients < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures whom the flags ask for and prints the table. A contestant that fails is
// left out from then on; the error says why.
func run(ctx context.Context) error {
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if err := checkDisk(*dir); err != nil {
		return err
	}
	data, err := os.MkdirTemp(*dir, "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	if err := os.Chmod(data, 0o711); err != nil { // the user that PostgreSQL runs as has to come by
		return err
	}
	b := &bench{dir: data, binaries: map[string]string{}, failed: map[string]error{}}
	b.build(ctx, chosen)
	t := table{}
	for i := range *rounds {
		// Each starts a round in turn, so that none always runs behind the same other.
		first := i % len(chosen)
		for _, c := range append(slices.Clone(chosen[first:]), chosen[:first]...) {
			if b.failed[c.name] != nil {
				continue
			}
			m, err := b.undisturbed(ctx, c, i)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			if err != nil {
				b.failed[c.name] = err
				fmt.Fprintf(os.Stderr, "%s is out: %v\n", c.name, err)
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d  %-15s %8.0f /s  %6.0f µs CPU  %6.0f syncs/s  others took %.0f %%\n",
				i+1, c.name, m.PerSecond(), m.Cost(), m.raw, 100*m.Others)
			t.add(c.name, i, m)
		}
	}
	t.print(os.Stdout, chosen)
	var errs []error
	for _, c := range chosen {
		errs = append(errs, b.failed[c.name])
	}
	return errors.Join(errs...)
}

// choose finds the contestants by name; "" stands for all.
func choose(names string) ([]contestant, error) {
	if names == "" {
		return contestants, nil
	}
	var chosen []contestant
	var known []string
	for _, c := range contestants {
		known = append(known, c.name)
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, fmt.Errorf("--only %s: want some of %s", name, strings.Join(known, ","))
		}
		chosen = append(chosen, contestants[i])
	}
	return chosen, nil
}

// bench is what the rounds have in common.
type bench struct {
	dir      string
	binaries map[string]string // programs of contestants that have one of their own
	failed   map[string]error
}

// build builds what is to be built before the rounds. A contestant that cannot be built
// is noted as failed.
func (b *bench) build(ctx context.Context, chosen []contestant) {
	for _, c := range chosen {
		if c.program == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "building %s\n", c.name)
		var err error
		if b.binaries[c.name], err = c.program(ctx, b.dir); err != nil {
			b.failed[c.name] = err
			fmt.Fprintf(os.Stderr, "%s is out: %v\n", c.name, err)
		}
	}
}

// measured is one round of one contestant, with the disk's rate just before.
type measured struct {
	round.Result
	raw float64 // 16 KiB syncs in a second
}

// rawSpan is how long the disk is measured before each round.
const rawSpan = time.Second

// undisturbed runs a round, again where others kept the processors busy, and returns
// the one that was disturbed least.
func (b *bench) undisturbed(ctx context.Context, c contestant, number int) (best measured, err error) {
	for try := range 3 {
		m, err := b.measure(ctx, c, number)
		if err != nil {
			return m, err
		}
		if try == 0 || m.Others < best.Others {
			best = m
		}
		if 100*m.Others <= float64(*busy) {
			break
		}
	}
	return best, nil
}

// measure runs one round, in a fresh directory and with a fresh database server.
func (b *bench) measure(ctx context.Context, c contestant, number int) (m measured, err error) {
	s := round.Spec{
		Dir: filepath.Join(b.dir, fmt.Sprintf("%s-%d", c.name, number)), Clients: *clients,
		Warmup: time.Duration(*warmup) * time.Second, Window: time.Duration(*seconds) * time.Second,
	}
	if err := os.Mkdir(s.Dir, 0o711); err != nil { // the user that PostgreSQL runs as has to come by
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.Dir)) }()
	if c.postgres {
		db, url, derr := startServer(ctx, s.Dir)
		if derr != nil {
			return m, derr
		}
		defer func() { err = errors.Join(err, db.Stop()) }()
		s.Postgres, s.Server = url, db.PID()
	}
	syscall.Sync() // the round is not to pay for what others have left to write
	if m.raw, err = syncRate(s.Dir, rawSpan); err != nil {
		return m, err
	}
	m.Result, err = roundOf(ctx, c, b.binaries[c.name], s)
	return m, err
}
