package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// Backup writes the database at path, as it is at one moment, to a new file that only
// its owner can read, and checks the copy. A server may have the database open and
// goes on writing meanwhile. Where it fails there is no new file.
func Backup(ctx context.Context, path, to string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite fills an empty file
	if err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	if err := on(path, func(db *sql.DB) error { return vacuumInto(ctx, db, to) }); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	return Check(ctx, to)
}

// vacuumInto copies the database. The copy can shrink, as new files can, where the
// original is of a version that had not thought of it.
func vacuumInto(ctx context.Context, db *sql.DB, to string) (err error) {
	c, err := db.Conn(ctx) // the pragma is of a connection
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var way int
	if err := c.QueryRowContext(ctx, `PRAGMA auto_vacuum`).Scan(&way); err != nil {
		return err
	}
	if way == 0 {
		if _, err := c.ExecContext(ctx, `PRAGMA auto_vacuum = INCREMENTAL`); err != nil {
			return err
		}
	}
	_, err = c.ExecContext(ctx, `VACUUM INTO ?`, to)
	return err
}

// Check reads the whole database at path and reports the first fault it finds in it.
// A server may have it open.
func Check(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("sqlite: check: %w", err)
	}
	var found string
	err := on(path, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found)
	})
	switch {
	case err != nil:
		return fmt.Errorf("sqlite: check: %w", err)
	case found != "ok":
		return fmt.Errorf("sqlite: check: %s is damaged: %s", path, found)
	}
	return nil
}

// on opens the database for reading beside whoever has it open.
func on(path string, use func(*sql.DB) error) error {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}
