// Package sqlite is the embedded store: one SQLite file, one server process.
//
// One goroutine writes. It takes whatever verbs are waiting into one transaction,
// so that many callers share one sync of the disk (group commit without a timer).
// Readers have connections of their own and see the last commit. A verb returns
// when its transaction is on the disk (WAL, synchronous=FULL).
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"example.org/groundcontrol/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrInUse means that another process has the database open.
var ErrInUse = errors.New("sqlite: the database is in use by another server")

// ErrNewer means that a newer version of this program has changed the tables: it, or
// one newer still, is needed to open the file.
var ErrNewer = errors.New("sqlite: the database belongs to a newer version of this program")

// Options tunes a Store. The zero value is right.
type Options struct {
	// Committed, where set, is told the number of verbs in each transaction that was
	// written. It is called by the writer and must not block.
	Committed func(verbs int)
}

// Store is a store.Store in one SQLite file. One process at a time may have it open.
type Store struct {
	lock    *flock.Flock
	readers *sql.DB
	queues  *sql.DB // the connection on which the node looks for work: it waits for no reader
	writer  *writer
	bodies  buffers
	read    readStatements
	keeper  *keeper
	kept    sync.WaitGroup     // the keeper's goroutine
	retire  context.CancelFunc // ends it
}

var _ store.Store = (*Store)(nil)

// readConns is how many reads run at once; each holds up to 2 MiB of cache.
const readConns = 4

// Open opens the database at path, makes it where it is missing (readable by its
// owner only), and brings its tables up to date. Leases that a process before this
// one held are over: only one process can hold the file, so whoever had them is gone.
// Errors: ErrInUse where another process has it open; ErrNewer, and nothing is changed.
func Open(ctx context.Context, path string, o Options) (_ *Store, err error) {
	s := &Store{lock: flock.New(path + ".lock")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	switch got, err := s.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("sqlite: lock %s: %w", path, err)
	case !got:
		return nil, fmt.Errorf("%w: %s", ErrInUse, path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would make it readable by others
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// A commit waits for data and size, not for time stamps. Where the call is missing
	// (macOS, Windows) SQLite's own choice stays.
	_, _ = sqlite.Fdatasync(true)
	// A new file is to give room back. Only the first connection says so: it is a write, which
	// the others would wait for.
	write, err := sql.Open("sqlite", dsn(path, "-16384")+"&_pragma=auto_vacuum(INCREMENTAL)")
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	if s.keeper, err = newKeeper(path); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), write.Close())
	}
	if s.writer, err = startWriter(ctx, write, s.keeper, o.Committed); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	if s.readers, err = sql.Open("sqlite", dsn(path, "-2048")+"&_pragma=query_only(1)"); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s.readers.SetMaxOpenConns(readConns)
	s.readers.SetMaxIdleConns(readConns)
	if s.queues, err = sql.Open("sqlite", dsn(path, "-512")+"&_pragma=query_only(1)"); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s.queues.SetMaxOpenConns(1)
	if err := s.read.prepare(ctx, s.readers, s.queues); err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	keeping, retire := context.WithCancel(context.WithoutCancel(ctx))
	s.retire = retire
	s.kept.Go(func() { s.keeper.run(keeping, s.writer) })
	return s, nil
}

// dsn is the address of the database with the settings of every connection;
// cache is SQLite's cache_size, negative for KiB.
func dsn(path, cache string) string {
	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"cache_size(" + cache + ")", "wal_autocheckpoint(" + strconv.Itoa(checkpointBound) + ")", "temp_store(MEMORY)",
	}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: pragmas.Encode()}
	return u.String()
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: version of the tables: %w", err)
	}
	if current > newest {
		return fmt.Errorf("%w: its tables are of version %d, this program knows %d", ErrNewer, current, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: bring the tables up to date: %w", err)
	}
	const dead = `UPDATE request SET lease_until = 0, claimable = 0 WHERE claimable IS NOT NULL AND node <> ''`
	if _, err := db.ExecContext(ctx, dead); err != nil {
		return fmt.Errorf("sqlite: end the leases of the process before: %w", err)
	}
	return nil
}

// Now is the clock of this machine.
func (s *Store) Now() time.Time { return time.Now().UTC() }

// Close implements store.Store.
func (s *Store) Close() error { return s.release() }

func (s *Store) release() error {
	var errs []error
	if s.retire != nil {
		s.retire()
		s.kept.Wait()
	}
	if s.keeper != nil {
		errs = append(errs, s.keeper.db.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	for _, db := range []*sql.DB{s.readers, s.queues} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock.Locked() {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}
