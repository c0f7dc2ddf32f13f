// Package testpg gives tests a PostgreSQL server of their own, as package pgserver runs
// them.
//
// Tests of one binary share a server, each with a database of its own; a test that
// wants to stop the server starts another. Nothing outlives the test binary.
package testpg

import (
	"errors"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/pgserver"
)

// Options tunes a server. The zero value is a fast one that loses data when the
// machine fails, not when the server does.
type Options struct {
	Fsync    bool     // wait for the disk, as a real server does
	Settings []string // further settings of the server, each "name=value"
}

// Server is a running server.
type Server struct {
	server    *pgserver.Server
	databases int
}

var shared struct {
	sync.Mutex
	*Server
	empty []string // URLs of databases that were given back
}

// Database makes an empty database on the server that all tests of this binary
// share, and returns its URL. The binary's TestMain calls StopShared at its end.
//
// Where PostgreSQL is not installed the test is skipped, or fails if CI is set.
func Database(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil {
		shared.Server = start(t, Options{})
	}
	if last := len(shared.empty) - 1; last >= 0 {
		url := shared.empty[last]
		shared.empty = shared.empty[:last]
		return url
	}
	return shared.Database(t)
}

// GiveBack empties a database that Database returned, which then returns it again. A new database costs the server several
// hundred files: give back where a test needs one after the other. Nobody may use it any more.
func GiveBack(t testing.TB, url string) {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	shared.Exec(t, url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	shared.empty = append(shared.empty, url)
}

// StopShared ends the server that Database started, if it did.
func StopShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil {
		return nil
	}
	s := shared.server
	shared.Server, shared.empty = nil, nil
	return s.Remove()
}

// New starts a server for this test alone. It is gone when the test ends. Skips are
// those of Database.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := start(t, o)
	t.Cleanup(func() {
		if err := s.server.Remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.databases++
	url, err := s.server.Database(t.Context(), "t"+strconv.Itoa(s.databases))
	must(t, err)
	return url
}

// Exec runs one statement on a connection of its own.
func (s *Server) Exec(t testing.TB, url, sql string) {
	t.Helper()
	must(t, s.server.Exec(t.Context(), url, sql))
}

// CPU is the processor time that the server's processes have used so far, on Linux.
func (s *Server) CPU(t testing.TB) time.Duration {
	t.Helper()
	used, err := s.server.CPU()
	must(t, err)
	return used
}

// Stop ends the server as an administrator's restart does: connections break at
// once, what was committed is kept.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	must(t, s.server.Stop())
}

// Crash ends the server without giving it the time to write anything down.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	must(t, s.server.Crash())
}

// Start starts the server again, on the port that it had, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	must(t, s.server.Start(t.Context()))
}

// Restart is Stop and Start.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

func start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := pgserver.Start(t.Context(), pgserver.Options{Fsync: o.Fsync, Settings: append([]string{"max_connections=300"}, o.Settings...)})
	if errors.Is(err, pgserver.ErrMissing) && os.Getenv("CI") == "" {
		t.Skipf("to run this test: %v", err)
	}
	must(t, err)
	return &Server{server: s}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
