package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer means that a newer version of this program has changed the tables: it, or
// one newer still, is needed to open them.
var ErrNewer = errors.New("postgres: the database belongs to a newer version of this program")

// migrate brings the tables up to date. Where several nodes do so at once, all but
// one fail in the statement that makes what the first has made, and look again.
func migrate(ctx context.Context, c *pgx.ConnConfig) (err error) {
	c = c.Copy()
	c.AfterConnect = nil // a migration may take longer than our statements
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	for try := range 20 {
		if try > 0 {
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		}
		var current, newest int64
		if current, newest, err = p.GetVersions(ctx); err == nil {
			if current > newest {
				return fmt.Errorf("%w: its tables are of version %d, this program knows %d", ErrNewer, current, newest)
			}
			if current == newest {
				return nil
			}
			_, err = p.Up(ctx)
		}
		if err == nil {
			return nil
		}
		if !raced(err) {
			break
		}
	}
	return fmt.Errorf("postgres: bring the tables up to date: %w", err)
}

// raced reports whether a change of tables failed because another node made the
// same, or kept the tables busy, and may be tried again.
func raced(err error) bool {
	switch code(err) {
	case "23505", "42P07", "42701", "42710", "42P06": // it is there already
		return true
	case "42P01", "42703", "42704": // it is gone already
		return true
	case "40001", "40P01", "55P03", "XX000": // conflicts, lock_timeout, "tuple concurrently updated"
		return true
	}
	return false
}

// pause waits, at most until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
