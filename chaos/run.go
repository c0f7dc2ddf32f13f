package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/cli"
	"example.org/groundcontrol/internal/durable"
	"example.org/groundcontrol/internal/pgserver"
)

// config says what one run is to be.
type config struct {
	Store       string // sqlite or postgres
	Nodes       int
	Seed        uint64
	For         time.Duration // under faults
	Lease       time.Duration
	Clients     int
	Identifiers int
	Clock       bool   // the binary's clock can be set wrong
	Binary      string // of the server, built with a witness
	Dir         string // a folder to be made, for everything that the run leaves
	Log         func(format string, args ...any)
}

// settle bounds how long requests may take to end once all is calm.
const settle = 60 * time.Second

// diskSize is enough for the database and its log.
const diskSize = 192 << 20

// system is everything that one run starts, to be taken down again.
type system struct {
	config
	clock   clock
	record  *recorder
	world   *world
	witness *server
	db      *pgserver.Server // nil on SQLite
	disk    *disk
	nodes   []*node
	access  []*access
}

// run does one run and returns all that is known of it, and what is to be complained of
// that no history shows.
func run(ctx context.Context, c config) (h *History, complaints []string, left map[string]string, err error) {
	s := &system{config: c, clock: clock{time.Now()}}
	defer func() { err = errors.Join(err, s.down()) }()
	if err := s.up(ctx); err != nil {
		return nil, nil, nil, err
	}
	able, left := kinds(c, s.disk)
	t := &tormentor{nodes: s.nodes, db: s.db, disk: s.disk, clock: s.clock, record: s.record.fault, log: c.Log}
	l := &load{seed: c.Seed, clients: c.Clients, nodes: s.access, record: s.record.op}
	for i := range c.Identifiers {
		l.identifiers = append(l.identifiers, fmt.Sprintf("thing-%02d", i))
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { l.run(working) })
	pause(ctx, time.Second)
	err = t.run(ctx, schedule(c.Seed, able, c.Nodes, c.Lease, c.For))
	calm := s.clock.now()
	pause(ctx, time.Second)
	stop()
	load.Wait()
	if err != nil {
		return nil, nil, left, err
	}
	c.Log("%8.3fs  calm", calm.Seconds())
	final, err := s.final(ctx, l.identifiers)
	if err != nil {
		return nil, nil, left, err
	}
	final.Calm = calm
	h, err = s.record.finish(final)
	h.Lease, h.Nodes = c.Lease, c.Nodes
	for _, n := range s.nodes {
		complaints = append(complaints, n.complaints()...)
	}
	if s.db != nil {
		complaints = append(complaints, databaseComplaints(s.db)...)
	}
	return h, complaints, left, err
}

// up starts everything.
func (s *system) up(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Dir(s.Dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(s.Dir, 0o711); err != nil { // the database server, which is not root, has to reach its part
		return err
	}
	if s.record, err = newRecorder(filepath.Join(s.Dir, "history.jsonl")); err != nil {
		return err
	}
	s.world = newWorld(s.Seed, s.clock, s.record.effect)
	if s.witness, err = startWitness(s.world, s.clock, s.record.call); err != nil {
		return err
	}
	if s.Store == "postgres" {
		if s.db, err = startPostgres(ctx, s.databaseDir()); err != nil {
			return err
		}
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	for i := range s.Nodes {
		if err := s.addNode(fmt.Sprintf("n%d", i+1), secret); err != nil {
			return err
		}
	}
	keys, err := auth.LoadOrCreate(filepath.Join(s.nodes[0].data, cli.CredentialsFile))
	if err != nil {
		return err
	}
	credentials, err := os.ReadFile(filepath.Join(s.nodes[0].data, cli.CredentialsFile))
	if err != nil {
		return err
	}
	for _, n := range s.nodes {
		if err := durable.WriteFile(filepath.Join(n.data, cli.CredentialsFile), credentials, 0o600); err != nil {
			return err
		}
		if err := n.start(ctx); err != nil {
			return err
		}
		s.access = append(s.access, newAccess(n, keys.All()[0], s.clock))
	}
	return nil
}

// databaseDir is where PostgreSQL has its data; its log is beside it.
func (s *system) databaseDir() string { return filepath.Join(s.Dir, "postgres") }

// addNode makes a node's folder, its way to the database, and the key that all share.
func (s *system) addNode(name string, secret []byte) error {
	var args []string
	var p *proxy
	if s.db != nil {
		var err error
		if p, err = startProxy(s.db.Address()); err != nil {
			return err
		}
		args = []string{"--store", "postgres://" + pgserver.User + "@" + p.address() + "/postgres?sslmode=disable"}
	}
	n, err := newNode(name, s.Binary, s.Dir, s.Lease, s.witness.url(), args...)
	if err != nil {
		return err
	}
	n.proxy = p
	if s.db == nil {
		if s.disk, err = mountDisk(n.data, diskSize); err != nil {
			s.Log("%v", err)
		}
	}
	s.nodes = append(s.nodes, n)
	return durable.WriteFile(filepath.Join(n.data, "secret.key"), secret, 0o600)
}

// down ends everything. The folder stays, but for what lay on a disk of its own and the
// database.
func (s *system) down() error {
	var errs []error
	for _, n := range s.nodes {
		errs = append(errs, n.end(syscall.SIGKILL))
		if n.proxy != nil {
			n.proxy.close()
		}
	}
	if s.witness != nil {
		errs = append(errs, s.witness.close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Stop(), os.RemoveAll(s.databaseDir()))
	}
	if s.disk != nil {
		_ = s.disk.free() // of what a run that was cut short left there
		errs = append(errs, os.CopyFS(s.disk.dir+".kept", os.DirFS(s.disk.dir)), s.disk.unmount())
	}
	if s.record != nil {
		errs = append(errs, s.record.close())
	}
	return errors.Join(errs...)
}
