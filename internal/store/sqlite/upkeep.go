package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	checkpointAt    = 4000 // frames in the log from which it is copied into the database; 4 KiB each
	checkpointRests = 200  // frames that the writer may be left with: a millisecond or two
	checkpointTries = 8    // rounds to get there
	// checkpointBound is the length of the log, in frames, at which the writer copies it
	// whatever the keeper does.
	checkpointBound = 10 * checkpointAt
)

// keeper looks after the files beside the writer: it copies the log into the database,
// and gives back room that is free.
//
// SQLite would copy the log within a commit, which would wait for thousands of pages and
// for the disk to have them.
//
// While the writer goes on, the end of the log moves away from a copy. So the keeper
// comes close in rounds, and the writer does the little that is left between two
// transactions; then it starts the log from its beginning again.
type keeper struct {
	db      *sql.DB
	written chan struct{} // tells of a commit
	finish  chan struct{} // asks the writer for the rest
}

func newKeeper(path string) (*keeper, error) {
	db, err := sql.Open("sqlite", dsn(path, "-256"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &keeper{db: db, written: make(chan struct{}, 1), finish: make(chan struct{}, 1)}, nil
}

// run works until ctx is done. Errors are not for it to tell: what it cannot do now it
// tries again after the next commit, and if it never can, the writer does.
func (k *keeper) run(ctx context.Context, w *writer) {
	const every = 50 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.written:
		}
		_ = k.checkpoint(ctx)
		_ = k.shrink(ctx, w)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tell says that something was committed. It does not block.
func (k *keeper) tell() {
	select {
	case k.written <- struct{}{}:
	default:
	}
}

// checkpoint copies the log into the database once it is long enough.
func (k *keeper) checkpoint(ctx context.Context) error {
	length, _, err := k.log(ctx, "NOOP")
	if err != nil || length < checkpointAt {
		return err
	}
	for range checkpointTries {
		length, copied, err := k.log(ctx, "PASSIVE")
		if err != nil {
			return err
		}
		if length-copied <= checkpointRests {
			break
		}
	}
	select {
	case k.finish <- struct{}{}:
	default:
	}
	return nil
}

// log does a checkpoint of the given kind and returns how many frames the log has, and
// how many of them are in the database.
func (k *keeper) log(ctx context.Context, kind string) (length, copied int, err error) {
	var busy int
	if err := k.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+kind+`)`).Scan(&busy, &length, &copied); err != nil {
		return 0, 0, fmt.Errorf("sqlite: checkpoint: %w", err)
	}
	return length, copied, nil
}

const (
	shrinkStep = 128 // pages given back at a time: some milliseconds of the writer's
	// spareShare and sparePages are how much free room a file keeps for what comes next: an
	// eighth of it and 4 MiB.
	spareShare = 8
	sparePages = 1024
)

// shrink gives a few pages back to the disk where the file has more free ones than it is
// likely to need soon: what expired may have been the trace of a flood. Files of versions
// before this one cannot shrink; a copy of theirs by Backup can.
func (k *keeper) shrink(ctx context.Context, w *writer) error {
	free, err := k.pragma(ctx, "freelist_count")
	if err != nil || free <= sparePages {
		return err
	}
	pages, err := k.pragma(ctx, "page_count")
	if err != nil || free <= sparePages+pages/spareShare {
		return err
	}
	const incremental = 2
	if way, err := k.pragma(ctx, "auto_vacuum"); err != nil || way != incremental {
		return err
	}
	return w.do(ctx, func(t *writeStatements) error {
		return t.shrink.each(func(tuple) error { return nil })
	})
}

// pragma asks for a number.
func (k *keeper) pragma(ctx context.Context, name string) (n int, err error) {
	if err := k.db.QueryRowContext(ctx, `PRAGMA `+name).Scan(&n); err != nil {
		return 0, fmt.Errorf("sqlite: %s: %w", name, err)
	}
	return n, nil
}
