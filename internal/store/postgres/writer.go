package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/store"
)

// writer writes batches of jobs on a connection of its own.
type writer struct {
	store   *Store
	session session

	saves   saves
	accepts accepts
}

// run is the goroutine of the writer; it ends when the queue is closed and empty.
func (w *writer) run() {
	w.saves, w.accepts = newSaves(), newAccepts()
	var b batch
	for w.store.queue.take(&b) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		w.write(ctx, b.jobs)
		cancel()
		w.store.queue.release(&b) // first: the next verb of a caller is not to find its own keys held
		for _, j := range b.jobs {
			j.done <- j.err
		}
	}
	if err := w.session.close(); err != nil {
		w.store.Log.Debug("a connection to the database did not close", "error", err)
	}
}

// write writes the jobs and notes what came of each. Where one of them breaks the
// transaction of all, it writes halves, so that no verb fails for another's fault.
func (w *writer) write(ctx context.Context, jobs []*job) {
	var err error
	for try := 0; try < 3 && len(jobs) > 0; try++ {
		var committing bool
		if jobs, committing, err = w.attempt(ctx, jobs); err == nil {
			try = -1 // no failed try: there are fewer jobs now
			continue
		}
		switch c := code(err); {
		case c == "40001", c == "40P01":
			continue
		case len(c) == 5 && (c[:2] == "22" || c[:2] == "23" || c[:2] == "54"):
			try = 3 // some value is at fault, and always will be
		case broken(err) && !committing && try == 0 && ctx.Err() == nil:
			continue // the connection was broken before: nothing has happened
		default:
			answer(jobs, err)
			return
		}
	}
	switch {
	case len(jobs) == 0:
	case len(jobs) > 1:
		w.write(ctx, jobs[:len(jobs)/2])
		w.write(ctx, jobs[len(jobs)/2:])
	case code(err) == "23505" && !jobs[0].accept:
		answer(jobs, store.ErrBusy)
	default:
		answer(jobs, err)
	}
}

func answer(jobs []*job, err error) {
	for _, j := range jobs {
		j.err = late(err)
	}
}

// errUndo ends a transaction that must not be committed.
var errUndo = errors.New("undo")

// attempt writes the jobs in one transaction. Where one is refused after it may have
// written something, nothing is committed: those at fault know it, and the others come
// back. committing is as in transact.
func (w *writer) attempt(ctx context.Context, jobs []*job) (left []*job, committing bool, err error) {
	w.collect(jobs)
	var spoilt bool
	committing, err = w.session.transact(ctx, func(p *pipeline) error {
		w.saves.send(p)
		w.accepts.send(p)
		if err := p.sync(); err != nil {
			return err
		}
		if w.saves.sendAgain(p) {
			if err := p.sync(); err != nil {
				return err
			}
		}
		for _, j := range jobs {
			err := w.verdict(j)
			spoilt = spoilt || err != nil && j.spoils()
			if err != nil && j.accept {
				w.accepts.takeOut(j)
			}
		}
		if spoilt {
			return errUndo
		}
		p.rows(undo, w.accepts.undone, nil)
		return nil
	})
	switch {
	case spoilt:
		for _, j := range jobs {
			if err := w.verdict(j); err != nil && j.spoils() {
				j.err = err
				continue
			}
			left = append(left, j)
		}
		return left, false, nil
	case err != nil:
		return jobs, committing, err
	}
	w.store.Committed(len(jobs))
	for _, j := range jobs {
		if j.err = w.verdict(j); j.err == nil {
			w.store.hints.wrote(j.token, j.request.Free())
		}
	}
	return nil, true, nil
}

// collect puts the jobs into the statements. All nodes write rows in the same order, so
// that they wait for each other in line and not in a ring.
func (w *writer) collect(jobs []*job) {
	slices.SortFunc(jobs, func(a, b *job) int {
		return cmp.Or(strings.Compare(a.scope, b.scope), strings.Compare(a.request.TypeName, b.request.TypeName),
			strings.Compare(a.request.Identifier, b.request.Identifier), slices.Compare(a.token[:], b.token[:]))
	})
	w.saves.reset()
	w.accepts.reset()
	for _, j := range jobs {
		if j.accept {
			w.accepts.add(j)
		} else {
			w.saves.add(j)
		}
	}
}

func (w *writer) verdict(j *job) error {
	if j.accept {
		return w.accepts.verdict(j)
	}
	return w.saves.verdict(j)
}
