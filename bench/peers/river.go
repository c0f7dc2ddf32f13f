package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"example.org/groundcontrol/bench/peers/internal/round"
)

// riverJob is the arguments of a job.
type riverJob struct{ round.Input }

// Kind implements river.JobArgs.
func (riverJob) Kind() string { return "unit" }

type riverSystem struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	cancel func()

	mu sync.Mutex
	// waiting has the clients by job. A job can end before its client has heard its id:
	// then its end is in here first, as a closed channel.
	waiting map[int64]chan struct{}
}

// openRiver starts one client of River that inserts and works. The package's comment
// says why it is set up like this.
func openRiver(ctx context.Context, s round.Spec) (round.System, error) {
	c, err := pgxpool.ParseConfig(s.Postgres)
	if err != nil {
		return nil, err
	}
	c.MaxConns = riverConns
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("river: migrate: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[riverJob]) error { return nil }))
	r := &riverSystem{pool: pool, waiting: map[int64]chan struct{}{}}
	r.client, err = river.NewClient(driver, &river.Config{
		FetchCooldown: riverCooldown,
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2 * s.Clients}},
		Workers:       workers,
	})
	if err != nil {
		return nil, err
	}
	ended, cancel := r.client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 10 * s.Clients, Kinds: []river.EventKind{river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled},
	})
	r.cancel = cancel
	go func() { // ends when the subscription is cancelled, in Close
		for e := range ended {
			if e.Job.State == rivertype.JobStateCompleted {
				r.ended(e.Job.ID, true)
			}
		}
	}()
	return r, r.client.Start(context.WithoutCancel(ctx))
}

// riverConns and riverCooldown are the fastest of those tried.
const (
	riverConns    = 16
	riverCooldown = 10 * time.Millisecond
)

// ended returns the channel that is closed when the job has ended; now tells that it has.
func (r *riverSystem) ended(id int64, now bool) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	ch, known := r.waiting[id]
	if known {
		delete(r.waiting, id) // the second of the two to ask
	} else {
		ch = make(chan struct{})
		r.waiting[id] = ch
	}
	if now {
		close(ch)
	}
	return ch
}

// Do implements round.System.
func (r *riverSystem) Do(ctx context.Context, in round.Input) error {
	inserted, err := r.client.Insert(ctx, riverJob{in}, nil)
	if err != nil {
		return fmt.Errorf("river: insert: %w", err)
	}
	select {
	case <-r.ended(inserted.Job.ID, false):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("river: job %d has not ended: %w", inserted.Job.ID, context.Cause(ctx))
	}
}

// Remarks implements round.System.
func (r *riverSystem) Remarks() string { return "" }

// Close implements round.System.
func (r *riverSystem) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := r.client.Stop(ctx)
	r.cancel()
	r.pool.Close()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
