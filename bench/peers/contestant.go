package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"example.org/groundcontrol/bench/peers/internal/round"
)

// contestant is one row of the table.
type contestant struct {
	name     string // as in --only
	title    string
	postgres bool       // wants an empty database of the PostgreSQL server
	open     round.Open // nil where a program of its own runs the rounds
	program  func(ctx context.Context, dir string) (string, error)
}

// contestants are in the order of the table.
var contestants = []contestant{
	{name: oursSQLite, title: "Ground Control, SQLite", open: openOursSQLite},
	{name: dbosSQLite, title: "DBOS, SQLite", open: openDBOS},
	{name: oursPostgres, title: "Ground Control, PostgreSQL", postgres: true, open: openOursPostgres},
	{name: riverPostgres, title: "River, PostgreSQL", postgres: true, open: openRiver},
	{name: temporal, title: "Temporal, PostgreSQL", postgres: true, program: temporalProgram},
}

// The names of the contestants.
const (
	oursSQLite    = "ours-sqlite"
	oursPostgres  = "ours-postgres"
	dbosSQLite    = "dbos-sqlite"
	temporal      = "temporal"
	riverPostgres = "river-postgres"
)

// graceTime is what a process may take beside its load: to start, and to stop.
const graceTime = 3 * time.Minute

// roundOf runs one round in a process of its own. binary is that of the contestant's
// program, "" for this program.
func roundOf(ctx context.Context, c contestant, binary string, s round.Spec) (r round.Result, err error) {
	spec, err := json.Marshal(s)
	if err != nil {
		return r, err
	}
	args := []string{string(spec)}
	if binary == "" {
		if binary, err = os.Executable(); err != nil {
			return r, err
		}
		args = []string{roundCommand, c.name, string(spec)}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Warmup+s.Window+graceTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%s: %w\n%s", c.name, errors.Join(err, context.Cause(ctx)), tail(complaints.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s: its report: %w\n%s", c.name, err, tail(out.Bytes()))
	}
	return r, nil
}

// tail is the end of what a process said.
func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// beContestant is what the process of a round does.
func beContestant(name, spec string) error {
	for _, c := range contestants {
		if c.name == name && c.open != nil {
			return round.Main(c.open, spec)
		}
	}
	return fmt.Errorf("no contestant %q runs in this program", name)
}
