// Command stored measures the engine on a store that holds many requests, without and
// with expiry, beside the same engine on an empty one, in the same run:
//
//	go run ./stored -requests 1000000
//	go run ./stored -requests 1000000 -postgres
//
// Expiry is that of the engine at its own pace; what is due to expire grows as fast as
// requests come in. Slices of the kinds of work take turns, so that what the machine's
// neighbours do hits all alike.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/pgserver"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/postgres"
	"example.org/groundcontrol/internal/store/sqlite"
)

var (
	onPostgres = flag.Bool("postgres", false, "on a PostgreSQL server of its own instead of SQLite")
	requests   = flag.Int("requests", 1_000_000, "stored requests")
	dir        = flag.String("dir", "", "where the SQLite files go; default: the temporary directory")
	clients    = flag.Int("clients", 128, "clients that each wait for the end of their create")
	span       = flag.Duration("slice", 5*time.Second, "how long each kind of work is measured at a time")
	rounds     = flag.Int("rounds", 4, "slices of each kind")
	readers    = flag.Int("readers", 4, "clients that read, after the creates")
)

const account = "000000000001"

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	at, err := os.MkdirTemp(*dir, "stored")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(at)) }()
	m := &machine{dir: at}
	if *onPostgres {
		if m.server, err = pgserver.Start(ctx, pgserver.Options{Fsync: true, Settings: []string{"shared_buffers=512MB"}}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.server.Remove()) }()
	}
	empty, err := m.open(ctx, "empty")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, empty.Close()) }()
	db, err := m.open(ctx, "full")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	f := &filled{Store: db}
	if err := f.fill(ctx, *requests); err != nil {
		return err
	}
	bytes, err := m.size(ctx, "full")
	if err != nil {
		return err
	}
	fmt.Printf("disk for each request with its resource: %d bytes\n", bytes/int64(*requests))
	if err := f.creates(ctx, empty); err != nil {
		return err
	}
	if err := f.reads(ctx); err != nil {
		return err
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	fmt.Printf("memory of this process, with clients and the list of tokens: %d MB of heap in use, %d MB resident\n", mem.HeapInuse>>20, resident()>>10)
	return nil
}

// machine is where the databases are.
type machine struct {
	dir    string
	server *pgserver.Server // nil for SQLite
}

func (m *machine) open(ctx context.Context, name string) (store.Store, error) {
	if m.server == nil {
		return sqlite.Open(ctx, filepath.Join(m.dir, name), sqlite.Options{})
	}
	url, err := m.server.Database(ctx, name)
	if err != nil {
		return nil, err
	}
	// A slice holds about a thirtieth of what is filled in.
	return postgres.Open(ctx, url, postgres.Options{Slice: max(time.Duration(*requests/30)*120*time.Microsecond, time.Second)})
}

// size is what a database takes on the disk.
func (m *machine) size(ctx context.Context, name string) (bytes int64, err error) {
	if m.server == nil {
		info, err := os.Stat(filepath.Join(m.dir, name))
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	c, err := pgx.Connect(ctx, m.server.URL(name))
	if err != nil {
		return 0, err
	}
	err = c.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&bytes)
	return bytes, errors.Join(err, c.Close(ctx))
}

// written is how many bytes this process has handed to write calls; 0 where that cannot be
// told.
func written() (bytes int64) {
	counts, _ := os.ReadFile("/proc/self/io")
	_, rest, _ := strings.Cut(string(counts), "wchar:")
	_, _ = fmt.Sscan(rest, &bytes)
	return bytes
}

// resident is the memory of this process that is not swapped out, in KiB; 0 where that
// cannot be told.
func resident() (kb int) {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	_, _ = fmt.Sscan(rest, &kb)
	return kb
}
