// Package round is what the process of one contestant does: it starts the system,
// keeps it busy with clients that each wait for the end of their work, and reports
// what was done and what it cost. It knows no contestant.
package round

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Spec is what the program asks of the process of a contestant.
type Spec struct {
	Dir      string        // an empty directory on the disk that is measured
	Clients  int           // each starts its next unit when its last has ended
	Warmup   time.Duration // load that is not counted
	Window   time.Duration // load that is counted
	Postgres string        // URL of an empty database, "" for contestants that have none
	Server   int           // process id of that database's server, 0 for none
}

// Result is what a process reports, over the counted window only.
type Result struct {
	Units   int           // started and durably ended
	Took    time.Duration // length of the window
	CPU     time.Duration // user and system time of this process and of the database server
	Server  time.Duration // the database server's part of CPU
	Others  float64       // share of the machine's processor time that went to other processes
	P50     time.Duration // of the time from start to durable end
	P99     time.Duration
	Remarks string // what the reader of the table must know, "" for nothing
}

// PerSecond is units in a second.
func (r Result) PerSecond() float64 { return float64(r.Units) / r.Took.Seconds() }

// Cost is the processor time of one unit, in microseconds.
func (r Result) Cost() float64 { return float64(r.CPU.Nanoseconds()) / 1000 / float64(r.Units) }

// Input is what every unit is started with: 1.2 KB in JSON.
type Input struct {
	Name    string
	Payload string
}

// Size is the length of an Input in JSON.
const Size = 1200

// NewInput returns the input of a unit. No two have the same name, and the payloads
// have no two parts alike that a database could save space with.
func NewInput(unit int64) Input {
	in := Input{Name: fmt.Sprintf("unit-%012d", unit)}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	var b strings.Builder
	x := uint64(unit)*0x9e3779b97f4a7c15 + 1
	for b.Len() < Size-len(`{"Name":"unit-000000000000","Payload":""}`) {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.WriteByte(letters[x>>58])
	}
	in.Payload = b.String()
	return in
}

// System is a contestant that runs. Do is called by many goroutines.
type System interface {
	// Do starts a unit of one step with the input and returns when its end is durable.
	Do(ctx context.Context, in Input) error
	// Remarks is what the reader of the table must know, "" for nothing.
	Remarks() string
	Close() error
}

// Open starts a contestant.
type Open func(ctx context.Context, s Spec) (System, error)

// startLimit bounds the start of a contestant, and the time for the units under way
// when the load ends.
const startLimit = 2 * time.Minute

// Main runs one round by the spec in arg, a Spec in JSON, and writes a Result in JSON to
// standard output.
func Main(open Open, arg string) error {
	var s Spec
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return fmt.Errorf("the spec of the round: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.Warmup+s.Window+startLimit)
	defer cancel()
	system, err := open(ctx, s)
	if err != nil {
		return err
	}
	result, err := run(ctx, system, s)
	if err = errors.Join(err, system.Close()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// run loads the system and measures the window.
func run(ctx context.Context, system System, s Spec) (Result, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var wg sync.WaitGroup
	var last, ended atomic.Int64
	var counted, enough atomic.Bool
	times := make([][]time.Duration, s.Clients)
	for client := range s.Clients {
		wg.Go(func() {
			for !enough.Load() {
				began := time.Now()
				if err := system.Do(ctx, NewInput(last.Add(1))); err != nil {
					fail(err)
					return
				}
				ended.Add(1)
				if counted.Load() {
					times[client] = append(times[client], time.Since(began))
				}
			}
		})
	}
	sleep(ctx, s.Warmup)
	before, err := look(s.Server, &ended)
	if err != nil {
		fail(err)
	}
	counted.Store(true)
	sleep(ctx, s.Window)
	after, err := look(s.Server, &ended)
	if err != nil {
		fail(err)
	}
	counted.Store(false)
	enough.Store(true)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	r := after.since(before)
	all := slices.Concat(times...)
	if r.Units == 0 || len(all) == 0 {
		return r, errors.New("no unit ended within the round: make it longer")
	}
	slices.Sort(all)
	r.P50, r.P99 = all[len(all)/2], all[len(all)*99/100]
	r.Remarks = system.Remarks()
	return r, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
