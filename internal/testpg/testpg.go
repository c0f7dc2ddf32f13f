// Package testpg gives tests a PostgreSQL server of their own: a private one on
// loopback, run from the programs that the system has installed.
//
// Tests of one binary share a server, each with a database of its own; a test that
// wants to stop the server starts another. Nothing outlives the test binary.
package testpg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options tunes a server. The zero value is a fast one that loses data when the
// machine fails, not when the server does.
type Options struct {
	Fsync    bool     // wait for the disk, as a real server does
	Settings []string // further settings of the server, each "name=value"
}

// Server is a running server.
type Server struct {
	bin, dir, port string
	options        Options
	process        *exec.Cmd // nil while stopped
	databases      int
}

var shared struct {
	sync.Mutex
	*Server
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
		s, err := start(t, Options{})
		if err != nil {
			t.Fatal(err)
		}
		shared.Server = s
	}
	return shared.Database(t)
}

// StopShared ends the server that Database started, if it did.
func StopShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil {
		return nil
	}
	s := shared.Server
	shared.Server = nil
	return s.remove()
}

// New starts a server for this test alone. It is gone when the test ends. Skips are
// those of Database.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := start(t, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.databases++
	name := "t" + strconv.Itoa(s.databases)
	s.Exec(t, s.url("postgres"), "CREATE DATABASE "+name)
	return s.url(name)
}

// Exec runs one statement on a connection of its own.
func (s *Server) Exec(t testing.TB, url, sql string) {
	t.Helper()
	if err := execute(url, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// PID is the process of the server, parent of all the others that it runs.
func (s *Server) PID() int { return s.process.Process.Pid }

// Stop ends the server as an administrator's restart does: connections break at
// once, what was committed is kept.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// Crash ends the server without giving it the time to write anything down.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again, on the port that it had, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// Restart is Stop and Start.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

func (s *Server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("test"), Host: "127.0.0.1:" + s.port, Path: "/" + database}
	return u.String()
}

func start(t testing.TB, o Options) (_ *Server, err error) {
	t.Helper()
	s := &Server{bin: programs(), options: o}
	if s.bin == "" {
		const hint = "no PostgreSQL server on this machine (to run this test: apt-get install postgresql)"
		if os.Getenv("CI") != "" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	if s.dir, err = os.MkdirTemp("", "testpg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.remove())
		}
	}()
	if os.Getuid() == 0 { // whom the server refuses to serve
		if err := os.Chown(s.dir, nobody, nobody); err != nil {
			return nil, err
		}
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if _, s.port, err = net.SplitHostPort(l.Addr().String()); err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return s, s.run()
}

// programs is the folder of the newest server installed, "" for none.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	version := func(path string) float64 {
		n, _ := strconv.ParseFloat(strings.Split(path, "/")[4], 64)
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	if len(found) == 0 {
		path, err := exec.LookPath("postgres")
		if err != nil {
			return ""
		}
		found = []string{path}
	}
	return filepath.Dir(found[len(found)-1])
}

// nobody is the user that the server runs as where the test is root.
const nobody = 65534

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) logFile() string { return s.dir + ".log" }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, program), args...)
	c.Dir = s.dir
	c.SysProcAttr = attributes()
	return c
}

// run starts the server and waits until it answers.
func (s *Server) run() error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	args := []string{"-D", s.data(), "-p", s.port, "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"}
	if !s.options.Fsync {
		args = append(args, "-F")
	}
	for _, setting := range s.options.Settings {
		args = append(args, "-c", setting)
	}
	c := s.command("postgres", args...)
	c.Stdout, c.Stderr = log, log
	if err := errors.Join(c.Start(), log.Close()); err != nil {
		return err
	}
	s.process = c
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if err = execute(s.url("postgres"), "SELECT 1"); err == nil {
			return nil
		}
		<-tick.C
	}
	out, _ := os.ReadFile(s.logFile())
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, out[bytes.LastIndexByte(out[:max(0, len(out)-2000)], '\n')+1:])
}

// signal sends the signal to the server and waits for its end.
func (s *Server) signal(with syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Process.Signal(with); err != nil {
		return err
	}
	err := s.process.Wait()
	s.process = nil
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() { // its way to say that it was told to crash
		return nil
	}
	return err
}

func (s *Server) remove() error {
	return errors.Join(s.signal(syscall.SIGQUIT), os.RemoveAll(s.dir), os.RemoveAll(s.logFile()))
}

func execute(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, sql)
	return errors.Join(err, c.Close(ctx))
}
