package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// postgres is a PostgreSQL server of our own.
type postgres struct {
	bin, dir, port string
	process        *exec.Cmd
	done           chan struct{}
}

// nobody is who runs the server where we are root, whom it refuses to serve.
const nobody = 65534

// postgresPrograms is the folder of the newest server installed, "" for none.
func postgresPrograms() string {
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

// startPostgres makes a database in dir and serves it.
func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	p := &postgres{bin: postgresPrograms(), dir: dir}
	if p.bin == "" {
		return nil, errors.New("there is no PostgreSQL server on this machine (apt-get install postgresql)")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			return nil, err
		}
	}
	initdb := p.command("initdb", "-D", p.data(), "-U", "chaos", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	var err error
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	return p, p.start(ctx)
}

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *postgres) address() string { return "127.0.0.1:" + p.port }

func (p *postgres) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.bin, program), args...)
	c.Dir = p.dir
	c.SysProcAttr = dieWithUs(syscall.SIGQUIT)
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

// start starts the server, on the port it had, and waits until it answers.
func (p *postgres) start(ctx context.Context) error {
	log, err := os.OpenFile(p.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	// Whatever ends the server here, the machine lives on: there is no need to wait for disks.
	c := p.command("postgres", "-D", p.data(), "-p", p.port, "-k", "", "-F", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200")
	c.Stdout, c.Stderr = log, log
	if err := errors.Join(c.Start(), log.Close()); err != nil {
		return err
	}
	p.process, p.done = c, make(chan struct{})
	go func(done chan struct{}) {
		_ = c.Wait() // it says in many ways that it was told to stop
		close(done)
	}(p.done)
	return within(ctx, 30*time.Second, 20*time.Millisecond, "PostgreSQL answers", func() bool {
		return p.command("pg_isready", "-q", "-h", "127.0.0.1", "-p", p.port, "-U", "chaos", "-d", "postgres").Run() == nil
	})
}

// stop ends the server: in fast mode as an administrator does, else as a crash of it.
func (p *postgres) stop(fast bool) error {
	if p.process == nil {
		return nil
	}
	signal := syscall.SIGQUIT
	if fast {
		signal = syscall.SIGINT
	}
	_ = p.process.Process.Signal(signal) // fails where it has ended already
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.process.Process.Kill()
		<-p.done
	}
	p.process = nil
	return nil
}

// complaints returns the lines of the server's log that speak of a broken database.
func (p *postgres) complaints() []string {
	text, _ := os.ReadFile(p.dir + ".log")
	var bad []string
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("PANIC")) || bytes.Contains(line, []byte("deadlock detected")) {
			bad = append(bad, string(bytes.TrimSpace(line)))
		}
	}
	return bad
}

// freePort is a port of this machine that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// within asks again until it is so, for a bounded time.
func within(ctx context.Context, limit, every time.Duration, what string, isSo func() bool) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if isSo() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("%s: not so after %v", what, limit)
}
