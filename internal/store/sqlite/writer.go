package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// maxBatch bounds the verbs of one transaction, and so how long a reader of the
// answer waits for its neighbours.
const maxBatch = 128

var errClosed = errors.New("sqlite: the store is closed")

// writer is the one goroutine that writes, and the connection it owns.
type writer struct {
	db        *sql.DB
	tx        writeStatements
	keeper    *keeper
	jobs      chan *job
	done      chan struct{} // closed when the goroutine has returned
	committed func(int)

	mu     sync.RWMutex // held for reading while a job is handed over
	closed bool
}

// job is one verb: a function that runs inside a transaction with others. It
// returns a bare sentinel of package store only where it has written nothing; on any
// other error the whole transaction is undone.
type job struct {
	run  func(*writeStatements) error
	err  error // what run returned
	done chan error
}

func startWriter(ctx context.Context, db *sql.DB, k *keeper, committed func(int)) (*writer, error) {
	w := &writer{db: db, keeper: k, jobs: make(chan *job, maxBatch), done: make(chan struct{}), committed: committed}
	if w.committed == nil {
		w.committed = func(int) {}
	}
	ready := make(chan error, 1)
	go func() {
		defer close(w.done)
		err := connect(ctx, db, func(c driver.ConnPrepareContext) error {
			err := w.tx.prepare(c)
			ready <- err
			if err == nil {
				w.loop()
			}
			return w.tx.close()
		})
		if err != nil {
			ready <- err // nobody listens where it was ready before: then it is an error of closing
		}
	}()
	if err := <-ready; err != nil {
		<-w.done
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	return w, nil
}

// do runs f in a transaction and returns when that is on the disk. Once f is handed
// over, do waits for the outcome even where ctx ends: the caller is to know it.
func (w *writer) do(ctx context.Context, f func(*writeStatements) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{run: f, done: make(chan error, 1)}
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return errClosed
	}
	w.jobs <- j
	w.mu.RUnlock()
	return <-j.done
}

func (w *writer) close() error {
	w.mu.Lock()
	already := w.closed
	w.closed = true
	w.mu.Unlock()
	if !already {
		close(w.jobs)
	}
	<-w.done
	return w.db.Close()
}

func (w *writer) loop() {
	batch := make([]*job, 0, maxBatch)
	for j := range w.jobs {
		select {
		case <-w.keeper.finish:
			// Where it fails the log goes on to grow, and the keeper asks again.
			_ = w.tx.checkpoint.each(func(tuple) error { return nil })
		default:
		}
		batch = append(batch[:0], j)
		err := w.transact(func() error { return w.fill(&batch) })
		if err != nil && len(batch) > 1 {
			// One verb broke the transaction of all: give each one of its own.
			for _, j := range batch {
				j.done <- w.alone(j)
			}
			continue
		}
		if err == nil {
			w.committed(len(batch))
		}
		for _, j := range batch {
			if err != nil {
				j.err = err
			}
			j.done <- j.err
		}
	}
}

// fill runs the first job of the batch and those that wait behind it.
func (w *writer) fill(batch *[]*job) error {
	for i := 0; ; i++ {
		j := (*batch)[i]
		if j.err = j.run(&w.tx); spoils(j.err) {
			return j.err
		}
		if len(*batch) == maxBatch {
			return nil
		}
		next := w.waiting()
		if next == nil {
			return nil
		}
		*batch = append(*batch, next)
	}
}

// waiting returns the next job, or nil where none is on its way. Before it says so it
// lets the goroutines run that are ready to: on a busy machine some of them bring jobs
// that would else pay for a sync of their own. On an idle one this takes no time.
func (w *writer) waiting() *job {
	for range 3 {
		select {
		case j := <-w.jobs: // nil when closed
			return j
		default:
			runtime.Gosched()
		}
	}
	return nil
}

// spoils reports whether a job that ended with err leaves a transaction that must
// not be committed.
func spoils(err error) bool {
	_, partial := err.(undo)
	return partial || err != nil && !isContract(err)
}

// alone runs a job in a transaction of its own.
func (w *writer) alone(j *job) error {
	err := w.transact(func() error {
		if j.err = j.run(&w.tx); spoils(j.err) {
			return j.err
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.committed(1)
	return j.err
}

// transact runs f between BEGIN and COMMIT.
func (w *writer) transact(f func() error) error {
	if _, err := w.tx.begin.run(); err != nil {
		return fmt.Errorf("sqlite: begin: %w", err)
	}
	err := f()
	if err == nil {
		if _, err = w.tx.commit.run(); err == nil {
			w.keeper.tell()
			return nil
		}
		err = fmt.Errorf("sqlite: commit: %w", err)
	}
	// A failed COMMIT may have ended the transaction already; then there is nothing to undo.
	_, _ = w.tx.rollback.run()
	return err
}
