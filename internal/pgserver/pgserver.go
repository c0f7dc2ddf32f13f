// Package pgserver runs private PostgreSQL servers, from the programs that the system
// has installed: each on a port of its own on loopback, with data of its own, for tests,
// benchmarks and the chaos harness.
//
// It must not know who uses it, nor what they store. The product does not import it.
package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing means that this machine has no PostgreSQL. Its text says how to get it.
var ErrMissing = errors.New("no PostgreSQL server on this machine (apt-get install postgresql)")

// User is who connects, as superuser and without a password.
const User = "postgres"

// patience bounds each wait: for a server to answer, for a statement, for a server's end.
const patience = 30 * time.Second

// nobody is the user and the group of a server that root starts.
const nobody = 65534

// Options tunes a server. The zero value is a fast one that loses data when the machine
// fails, not when the server does.
type Options struct {
	// Dir is a folder to be made for the data; the log is beside it, in Dir.log. "" is a
	// folder among the system's temporary files. Where we are root the server runs as
	// nobody, whom the folders above have to let pass.
	Dir      string
	Fsync    bool     // wait for the disk, as PostgreSQL does by default
	Settings []string // of the server, each "name=value"; all but the address keep their defaults
}

// Server is a server that was started, and may be stopped. Its methods that start or end
// it are for one goroutine at a time.
//
// On Linux it dies with this process, however that ends; elsewhere a process that does
// not call Remove or Stop leaves it behind.
type Server struct {
	bin, dir, port string
	flags          []string
	process        *exec.Cmd // nil while stopped
}

// Start makes an empty server, runs it, and returns when it answers. The context bounds
// the start, not the server's life; a server that was made and does not answer within
// 30 s has failed. Then the error holds the end of its log, and no file or process is
// left. The error is ErrMissing where there is no PostgreSQL.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{bin: programs()}
	if s.bin == "" {
		return nil, ErrMissing
	}
	if !o.Fsync {
		s.flags = append(s.flags, "-F")
	}
	for _, setting := range o.Settings {
		s.flags = append(s.flags, "-c", setting)
	}
	var err error
	if s.dir, err = makeDir(o.Dir); err != nil {
		return nil, fmt.Errorf("pgserver: %w", err)
	}
	if err := s.init(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("pgserver: %w", err), s.Remove())
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// Start starts a stopped server again, with its data and on the port that it had, and
// returns when it answers. If it does not within 30 s, it is stopped again, and the error
// holds the end of its log.
func (s *Server) Start(ctx context.Context) error {
	if s.process != nil {
		return errors.New("pgserver: start: it was not stopped")
	}
	log, err := os.OpenFile(s.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("pgserver: start: %w", err)
	}
	args := append([]string{"-D", s.dir, "-p", s.port, "-k", "", "-c", "listen_addresses=127.0.0.1"}, s.flags...)
	c := s.command(context.WithoutCancel(ctx), "postgres", args...) // which lives on when the start is over
	c.Stdout, c.Stderr = log, log
	if err := errors.Join(c.Start(), log.Close()); err != nil {
		return fmt.Errorf("pgserver: start: %w", err)
	}
	s.process = c
	if err := s.answers(ctx); err != nil {
		err = errors.Join(err, s.Crash())
		said, _ := os.ReadFile(s.Log())
		return fmt.Errorf("pgserver: start: %w\n%s", err, lastLines(said))
	}
	return nil
}

// Stop ends the server as an administrator's restart does: connections break at once,
// what was committed is kept. A server that does not end within 30 s is killed. That it
// was killed, by this or by others before, is an error; it is stopped all the same. Where
// it is stopped already there is nothing to do.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// Crash ends the server without giving it the time to write anything down; it recovers
// at the next start. The rest is as with Stop.
func (s *Server) Crash() error { return s.end(syscall.SIGQUIT) }

// Remove ends the server and deletes its data and its log.
func (s *Server) Remove() error {
	return errors.Join(s.Crash(), os.RemoveAll(s.dir), os.RemoveAll(s.Log()))
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(ctx context.Context, name string) (string, error) {
	if err := s.Exec(ctx, s.URL("postgres"), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	return s.URL(name), nil
}

// URL is that of a database, be it there or not. "postgres" always is. It has no
// parameters.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(User), Host: s.Address(), Path: "/" + database}
	return u.String()
}

// Exec runs one statement on a connection of its own, for 30 s at most.
func (*Server) Exec(ctx context.Context, url, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := execute(ctx, url, sql); err != nil {
		return fmt.Errorf("pgserver: %s: %w", sql, err)
	}
	return nil
}

// Address is the server's host and port, the same for its whole life.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", s.port) }

// PID is the process of the server, parent of all the others that it runs; 0 while it is
// stopped.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Log is the file that the server writes its log to, over all its starts.
func (s *Server) Log() string { return s.dir + ".log" }

// programs is the folder of the newest server installed, "" for none.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	best, newest := "", 0
	for _, path := range found {
		if version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))); version > newest {
			best, newest = filepath.Dir(path), version
		}
	}
	if path, err := exec.LookPath("postgres"); best == "" && err == nil {
		best = filepath.Dir(path)
	}
	return best
}

// makeDir makes the folder of the data and returns its full path.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "pgserver")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

// init fills the folder and finds a port.
func (s *Server) init(ctx context.Context) error {
	if os.Getuid() == 0 { // whom the server refuses to serve
		if err := os.Chown(s.dir, nobody, nobody); err != nil {
			return err
		}
	}
	initdb := s.command(ctx, "initdb", "-D", s.dir, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, s.port, err = net.SplitHostPort(l.Addr().String())
	return errors.Join(err, l.Close())
}

func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	c.Dir = s.dir
	c.SysProcAttr = dieWithUs()
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

// answers waits until the server does.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := execute(ctx, s.URL("postgres"), "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

func execute(ctx context.Context, url, sql string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, sql)
	return errors.Join(err, c.Close(ctx))
}

// end sends the signal to the server and waits for its end.
func (s *Server) end(with syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	c := s.process
	s.process = nil
	kill := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	_ = c.Process.Signal(with) // fails where it has ended already
	err := c.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() { // its way to say that it was told to crash
		return nil
	}
	if err != nil {
		return fmt.Errorf("pgserver: end by %v: %w", with, err)
	}
	return nil
}

// lastLines are those of the text that fit in about 2000 bytes.
func lastLines(text []byte) []byte {
	return text[bytes.LastIndexByte(text[:max(0, len(text)-2000)], '\n')+1:]
}
