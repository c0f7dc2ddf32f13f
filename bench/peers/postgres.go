package main

import (
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

	"github.com/jackc/pgx/v5"
)

// serverSettings are what the server runs with beside its defaults, the same for all
// who use it. A commit is on the disk when it returns: fsync, synchronous_commit and
// full_page_writes are on by default.
var serverSettings = []string{"shared_buffers=512MB", "listen_addresses=127.0.0.1", "unix_socket_directories="}

// nobody is the user and group the server runs as where we are root, whom it refuses.
const nobody = 65534

// server is a PostgreSQL server of our own with one empty database.
type server struct {
	url string
	cmd *exec.Cmd
	log *os.File
}

// startServer makes a data directory below dir and runs a server on it. The error tells
// how to get PostgreSQL where it is missing.
func startServer(ctx context.Context, dir string) (*server, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	if len(bins) == 0 {
		return nil, errors.New("no PostgreSQL on this machine: apt-get install postgresql, or choose contestants without it with --only")
	}
	bin := bins[len(bins)-1]
	home := filepath.Join(dir, "postgres")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, err
	}
	var user *syscall.SysProcAttr
	if os.Getuid() == 0 {
		if err := os.Chown(home, nobody, nobody); err != nil {
			return nil, err
		}
		user = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	data := filepath.Join(home, "data")
	initdb := exec.CommandContext(ctx, bin+"/initdb", "-D", data, "-U", "peers", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = user, home
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-p", port}
	for _, s := range serverSettings {
		args = append(args, "-c", s)
	}
	s := &server{cmd: exec.Command(bin+"/postgres", args...)}
	if s.log, err = os.Create(filepath.Join(home, "log")); err != nil {
		return nil, err
	}
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = user, home, s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	address := "postgres://peers@127.0.0.1:" + port + "/"
	for range 100 {
		if err = create(ctx, address+"postgres", "peers"); err == nil {
			s.url = address + "peers"
			return s, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	said, _ := os.ReadFile(s.log.Name())
	return nil, errors.Join(fmt.Errorf("PostgreSQL did not start: %w\n%s", err, tail(said)), s.stop())
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), l.Close()
}

func create(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return errors.Join(err, conn.Close(ctx))
}

// stop ends the server, by force where it does not stop of its own accord.
func (s *server) stop() error {
	kill := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
	return errors.Join(s.cmd.Wait(), s.log.Close())
}
