package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // makes DBOS accept SQLite
	"modernc.org/sqlite"

	"example.org/groundcontrol/bench/peers/internal/round"
)

type dbosSystem struct {
	ctx     dbos.Context
	db      *sql.DB
	remarks string
}

// openDBOS starts DBOS on a SQLite file. The handle is opened as DBOS itself opens one,
// but for synchronous: its own NORMAL does not sync a commit.
func openDBOS(ctx context.Context, s round.Spec) (round.System, error) {
	_, _ = sqlite.Fdatasync(true) // as in our own store: a commit waits for data and size only
	u := url.URL{Scheme: "file", Opaque: filepath.Join(s.Dir, "dbos.db"), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "foreign_keys(ON)", "journal_mode(WAL)", "synchronous(FULL)"},
	}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(dbosConns)
	db.SetMaxIdleConns(dbosConns)
	d := &dbosSystem{db: db}
	var level int
	if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil {
		return nil, fmt.Errorf("dbos: %w", err)
	}
	if level != 2 {
		return nil, fmt.Errorf("dbos: synchronous is %d, want 2 (FULL)", level)
	}
	d.ctx, err = dbos.NewContext(context.WithoutCancel(ctx), dbos.Config{
		AppName: "peers", ApplicationVersion: "1", SQLiteSystemDB: db, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	dbos.RegisterWorkflow(d.ctx, dbosUnit)
	return d, dbos.Launch(d.ctx)
}

// dbosConns is DBOS' own number.
const dbosConns = 8

// dbosUnit is the workflow: one step.
func dbosUnit(ctx dbos.Context, in round.Input) (string, error) {
	return dbos.RunAsStep(ctx, func(context.Context) (string, error) { return in.Name, nil }, dbos.WithStepName("step"))
}

// Do implements round.System.
func (d *dbosSystem) Do(_ context.Context, in round.Input) error {
	h, err := dbos.RunWorkflow(d.ctx, dbosUnit, in)
	if err != nil {
		return fmt.Errorf("dbos: start: %w", err)
	}
	name, err := h.GetResult(dbos.WithHandleTimeout(time.Minute))
	if err == nil && name != in.Name {
		err = fmt.Errorf("the result is %q, want %q", name, in.Name)
	}
	if err != nil {
		return fmt.Errorf("dbos: %w", err)
	}
	return nil
}

// Remarks implements round.System.
func (d *dbosSystem) Remarks() string { return d.remarks }

// Close implements round.System.
func (d *dbosSystem) Close() error {
	err := dbos.Shutdown(d.ctx, 20*time.Second)
	_ = d.db.Close()
	return err
}
