// Package postgres is the store for many nodes: one PostgreSQL database that any
// number of server processes share.
//
// A few goroutines write, each on a connection of its own. Each takes whatever verbs
// wait into one transaction of multi-row statements, so that many callers share one
// sync of the server's disk and one trip to it (group commit without a timer). A verb
// returns when its transaction is committed. Reads run beside on a pool and see the
// last commit.
//
// Requests that have not ended are rows of the small table live, whose unique indexes
// are the locks on resources and on client tokens. To end, a request moves to the table
// done, which is cut into slices of time, so that expiry drops tables instead of
// deleting rows.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/groundcontrol/internal/store"
)

// patience bounds each wait for the database: a verb that writes fails after at most
// twice as long, one that reads after this.
const patience = 15 * time.Second

// readConns is how many reads run at once on one node.
const readConns = 8

var errLate = errors.New("the database did not answer in time")

var errClosed = errors.New("postgres: the store is closed")

// Options tunes a Store. The zero value is right.
type Options struct {
	// Committed, where set, is told the number of verbs in each transaction that was
	// written. It is called by the writers, several at once, and must not block.
	Committed func(verbs int)
	// Slice is the width of the slices of time that ended requests are kept in; default
	// 24 hours. Purge drops whole slices. Nodes may differ in it.
	Slice time.Duration
	// Log is told what an operator may want to look at; default: nobody.
	Log *slog.Logger
}

// Store is a store.Store in a PostgreSQL database, which many processes may share.
type Store struct {
	Options
	config  *pgxpool.Config
	readers *pgxpool.Pool
	queue   *queue
	claims  chan *session // the one connection that claims, in the hands of whoever holds it
	clock   clock
	hints   *hints
	covered covered

	closing  context.Context // done when Close is called
	cancel   context.CancelFunc
	closed   sync.Once
	closeErr error
	writers  sync.WaitGroup
	others   sync.WaitGroup // goroutines beside the writers
}

var _ store.Store = (*Store)(nil)

// Open connects to the database at url (postgres://…, all that libpq knows), and
// brings its tables up to date; nodes may do so at once. Errors: ErrNewer where a newer
// version of this program has changed the tables. No error tells the password.
func Open(ctx context.Context, url string, o Options) (_ *Store, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Slice <= 0 {
		o.Slice = 24 * time.Hour
	}
	if o.Committed == nil {
		o.Committed = func(int) {}
	}
	config, err := configure(url)
	if err != nil {
		return nil, err
	}
	s := &Store{Options: o, config: config, queue: newQueue(), claims: make(chan *session, 1), hints: newHints()}
	claims := &session{config: config.ConnConfig}
	s.claims <- claims
	s.closing, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := migrate(ctx, s.config.ConnConfig); err != nil {
		return nil, err
	}
	if s.readers, err = pgxpool.NewWithConfig(ctx, s.config); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	for range 3 { // the first is slow
		if err := s.measure(ctx); err != nil {
			return nil, fmt.Errorf("postgres: ask for the time: %w", err)
		}
	}
	if err := s.prepareSlices(ctx); err != nil {
		return nil, fmt.Errorf("postgres: prepare slices: %w", err)
	}
	for range min(4, max(2, runtime.GOMAXPROCS(0))) {
		s.writers.Go((&writer{store: s, session: session{config: s.config.ConnConfig}}).run)
	}
	if err := claims.ready(ctx); err != nil {
		return nil, fmt.Errorf("postgres: prepare statements: %w", err)
	}
	s.others.Go(s.pulse)
	s.others.Go(s.tell)
	return s, nil
}

// configure reads the URL and adds what every connection of ours needs.
func configure(url string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // pgx leaves the password out
	}
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "groundcontrol"
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	c.ConnConfig.AfterConnect = settle
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement // its binary values are what we read
	c.MaxConns = readConns
	c.PingTimeout = 5 * time.Second
	return c, nil
}

// settle makes the settings that our statements rely on. What the code promises is
// READ COMMITTED: each statement sees what was committed before it began. The time
// limits are guards for the server; a node that stops in the middle of a transaction
// must not keep its locks.
func settle(ctx context.Context, c *pgconn.PgConn) error {
	ms := strconv.FormatInt(patience.Milliseconds(), 10)
	_, err := c.Exec(ctx, `SET default_transaction_isolation = 'read committed'; SET statement_timeout = `+ms+
		`; SET idle_in_transaction_session_timeout = `+ms).ReadAll()
	if err != nil {
		return err
	}
	// All our statements walk indexes from a known place and stop early; with few rows, or old
	// statistics, the planner would read whole tables. A plan is made once for each
	// connection, without looking at values. Systems that are not quite PostgreSQL lack
	// these settings and do without.
	_, err = c.Exec(ctx, `SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off;
		SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; SET enable_sort = off`).ReadAll()
	if pg := new(pgconn.PgError); errors.As(err, &pg) {
		return nil
	}
	return err
}

// Close implements store.Store. Watch ends with it.
func (s *Store) Close() error {
	s.closed.Do(func() { s.closeErr = s.release() })
	return s.closeErr
}

func (s *Store) release() error {
	s.queue.close()
	s.writers.Wait()
	s.cancel()
	s.others.Wait()
	var err error
	select {
	case c := <-s.claims: // a Claim under way gives it back within its own time limit
		err = c.close()
	case <-time.After(2 * patience):
	}
	if s.readers != nil {
		s.readers.Close()
	}
	return err
}

// read runs f with a time limit, and once more where its connection turned out to be
// broken: the server may have been restarted since it was last used.
func (s *Store) read(ctx context.Context, f func(context.Context) error) error {
	if s.closing.Err() != nil {
		return errClosed
	}
	try := func() error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return f(ctx)
	}
	err := try()
	if broken(err) && ctx.Err() == nil {
		s.readers.Reset() // the others broke with it
		err = try()
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return late(err)
}

// late hides that a time limit of ours was reached behind an error of our own: callers
// take those of package context for theirs.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %v", errLate, err)
	}
	return err
}

// broken reports whether err tells of the connection and not of the statement.
func broken(err error) bool {
	if err == nil || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	pg := new(pgconn.PgError)
	if !errors.As(err, &pg) {
		return true
	}
	switch pg.Code {
	case "57P01", "57P02", "57P03", "25P03", "25006": // stopped, crashed, starting, idle for too long; a standby by now
		return true
	}
	return pg.Code[:2] == "08"
}

// code is the SQLSTATE of err, "" where it is not the server's.
func code(err error) string {
	if pg := new(pgconn.PgError); errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// wrap says which verb failed. Answers of the contract pass as they are.
func wrap(verb string, err error) error {
	switch {
	case err == nil, errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrMoved), errors.Is(err, store.ErrStale),
		errors.Is(err, store.ErrTokenConflict), errors.Is(err, store.ErrNotFound),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return err
	}
	return fmt.Errorf("postgres: %s: %w", verb, err)
}
