// Command flood measures how long a quiet account waits for the end of its creates: alone,
// while another account pours in a flood of them, and beside that flood in the queue:
//
//	go run ./flood -queued 100000
//
// Handlers take a while each, so that slots for their calls are what is scarce. The quiet
// account makes one create after the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"example.org/groundcontrol/bench/internal/load"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/sqlite"
)

var (
	queued = flag.Int("queued", 100_000, "creates in the flood")
	takes  = flag.Duration("handler", 250*time.Millisecond, "how long a handler call takes")
	span   = flag.Duration("span", 20*time.Second, "how long the quiet account is watched, alone and beside the queue")
)

const (
	loud  = "000000000001"
	quiet = "000000000002"
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// slow is a runtime whose calls take a while more.
type slow struct{ handler.Runtime }

// Invoke implements handler.Runtime.
func (s slow) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	select {
	case <-time.After(*takes):
	case <-ctx.Done():
		return handler.Answer{}, ctx.Err()
	}
	return s.Runtime.Invoke(ctx, c)
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "flood")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "gc.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	n, err := load.Start(ctx, load.Config{Store: db, Runtime: func(r handler.Runtime) handler.Runtime { return slow{r} }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()

	one := func() (time.Duration, error) {
		began := time.Now()
		_, err := n.Create(ctx, quiet)
		return time.Since(began), err
	}
	alone, err := load.For(*span, 1, one)
	if err != nil {
		return err
	}
	report("alone", alone, alone)

	poured := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := load.Times(*queued, 64, func() (time.Duration, error) {
			_, err := n.Submit(ctx, load.Request(loud), time.Hour)
			return 0, err
		})
		poured <- err
	}()
	during, err := load.Until(poured, 1, one)
	if err != nil {
		return err
	}
	report(fmt.Sprintf("while %d come in, %.0f/s", *queued, float64(*queued)/time.Since(began).Seconds()), during, alone)

	before, err := live(ctx, db)
	if err != nil {
		return err
	}
	beside, err := load.For(*span, 1, one)
	if err != nil {
		return err
	}
	after, err := live(ctx, db)
	if err != nil {
		return err
	}
	report(fmt.Sprintf("beside a queue of %d, at the end %d", before, after), beside, alone)
	return nil
}

func report(name string, r, alone load.Result) {
	fmt.Printf("%-44s %5d creates of the quiet account, %6.1f ms (p50), %6.1f ms (p99), %.2f x alone\n", name+":", r.Calls,
		ms(r.At(0.5)), ms(r.At(0.99)), ms(r.At(0.99))/ms(alone.At(0.99)))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func live(ctx context.Context, s store.Store) (sum int, err error) {
	counts, err := s.Live(ctx)
	for _, n := range counts {
		sum += n
	}
	return sum, err
}
