package main

import (
	"flag"
	"fmt"
	"io"
	"time"
)

// figures are what was measured, or is asked for, elsewhere: docs/scale.md says where
// each comes from. Times are in microseconds of processor, for each operation, and an
// operation is a create from acceptance to its durable end.
type figures struct {
	sqlite, postgres       float64 // operations a second on cores
	cores                  int
	sqliteCPU, postgresCPU float64 // engine and store, with the database
	databaseCPU            float64 // of PostgreSQL's processes in postgresCPU
	writer                 float64 // share of sqliteCPU that the one writer takes
	sync, perSync          float64 // one sync takes so long, and ends so many operations
	httpCPU                float64 // what a create over HTTP costs the server on SQLite
	sqliteBytes, postBytes float64 // on disk for each kept request with its resource
	resourceBytes          float64 // of these the resource, on PostgreSQL
	sqliteLog, postLog     float64 // written to the disk: log and database; PostgreSQL's log
	trip                   float64 // between node and PostgreSQL, both ways
	retention              time.Duration
	disk                   float64 // GB
}

func (g *figures) flags(f *flag.FlagSet) {
	f.Float64Var(&g.sqlite, "sqlite", 10_000, "operations a second on one SQLite")
	f.Float64Var(&g.postgres, "postgres", 8_500, "operations a second on one PostgreSQL: the capacity of a cell")
	f.IntVar(&g.cores, "cores", 2, "cores that both were measured on, clients, nodes and database together")
	f.Float64Var(&g.sqliteCPU, "sqlite-cpu", 127, "µs of processor for an operation on SQLite")
	f.Float64Var(&g.postgresCPU, "postgres-cpu", 157, "µs of processor for an operation on PostgreSQL, the database's included")
	f.Float64Var(&g.databaseCPU, "database-cpu", 78, "µs of these that the database takes")
	f.Float64Var(&g.writer, "writer", 0.30, "share of -sqlite-cpu that SQLite's one writer takes")
	f.Float64Var(&g.sync, "sync", 208, "µs that a sync of the disk takes")
	f.Float64Var(&g.perSync, "ops-per-sync", 54, "operations that share a sync on SQLite")
	f.Float64Var(&g.httpCPU, "http-cpu", 196, "µs of the server's processor for a create over HTTP on SQLite")
	f.Float64Var(&g.sqliteBytes, "bytes", 1105, "bytes on disk for a kept request with its resource, SQLite")
	f.Float64Var(&g.postBytes, "postgres-bytes", 1526, "the same, PostgreSQL")
	f.Float64Var(&g.resourceBytes, "resource-bytes", 595, "of these the resource, PostgreSQL")
	f.Float64Var(&g.sqliteLog, "disk-writes", 5600, "bytes that SQLite writes to the disk for an operation, log and database")
	f.Float64Var(&g.postLog, "wal", 2880, "bytes of write-ahead log for an operation, PostgreSQL")
	f.Float64Var(&g.trip, "trip", 1680, "bytes between node and PostgreSQL for an operation, both ways")
	f.DurationVar(&g.retention, "retention", 7*24*time.Hour, "how long ended requests are kept")
	f.Float64Var(&g.disk, "disk", 1000, "GB of disk to be filled by what is kept")
}

// busy is the share of the cores that a rate takes.
func (g *figures) busy(rate, cpu float64) float64 { return rate * cpu / 1e6 / float64(g.cores) }

// ceiling is how many operations a second one writer ends on one core of its own, with
// its syncs, however many cores do the rest.
func (g *figures) ceiling() float64 {
	return 1e6 / (g.writer*g.sqliteCPU + g.sync/g.perSync)
}

// onSQLite scales what was measured to other cores, up to the ceiling.
func (g *figures) onSQLite(cores int) float64 {
	return min(g.sqlite*float64(cores)/float64(g.cores), g.ceiling())
}

// onPostgres is what a database machine of its own bears, as busy as the shared one was.
func (g *figures) onPostgres(cores int) float64 {
	return g.busy(g.postgres, g.postgresCPU) * float64(cores) * 1e6 / g.databaseCPU
}

// fits is the average rate at which what is kept fills the disk.
func (g *figures) fits(bytes float64) float64 { return g.disk * 1e9 / g.retention.Seconds() / bytes }

func printLimits(w io.Writer, c *config) {
	g := &c.figures
	kept := g.retention.Seconds()
	t := newTable(w, fmt.Sprintf("One store, all day at the rate measured on %d cores", g.cores), "", "SQLite", "PostgreSQL")
	both := func(what string, show func(float64) string, sqlite, postgres float64) {
		t.row(what, show(sqlite), show(postgres))
	}
	bytes := func(n float64) string { return short(n) + "B" }
	both("operations a second", count, g.sqlite, g.postgres)
	both("operations a day", short, g.sqlite*86400, g.postgres*86400)
	both("requests kept for "+days(g.retention), short, g.sqlite*kept, g.postgres*kept)
	both("kept on disk", bytes, g.sqlite*kept*g.sqliteBytes, g.postgres*kept*g.postBytes)
	both("written to the disk a second (PostgreSQL: log alone)", bytes, g.sqlite*g.sqliteLog, g.postgres*g.postLog)
	t.row("Mbit/s between nodes and database", "-", digits(g.postgres*g.trip*8/1e6))
	both(fmt.Sprintf("share of the %d cores that these operations took", g.cores), percent, g.busy(g.sqlite, g.sqliteCPU), g.busy(g.postgres, g.postgresCPU))
	both(fmt.Sprintf("average rate at which %s GB of disk hold what is kept", count(g.disk)), count, g.fits(g.sqliteBytes), g.fits(g.postBytes))
	t.end()

	t = newTable(w, "More cores, worked out: as busy as in the measurement, nothing else in the way",
		"cores", "SQLite, all on them", "PostgreSQL, the database alone on them", "cores of nodes beside", "log MB/s", "Mbit/s")
	for _, cores := range []int{2, 4, 8} {
		p := g.onPostgres(cores)
		t.row(fmt.Sprint(cores), count(g.onSQLite(cores)), count(p), digits(p*(g.postgresCPU-g.databaseCPU)/1e6/g.busy(g.postgres, g.postgresCPU)),
			digits(p*g.postLog/1e6), digits(p*g.trip*8/1e6))
	}
	top := g.ceiling()
	t.end(fmt.Sprintf("SQLite's writer: %.1f µs of its core and %.1f µs of sync for each operation; alone on a core it ends %s a second at most.",
		g.writer*g.sqliteCPU, g.sync/g.perSync, count(top)),
		fmt.Sprintf("At that rate all else takes %.1f cores, and %.1f with HTTP before it.",
			top*g.sqliteCPU*(1-g.writer)/1e6, top*(g.httpCPU-g.writer*g.sqliteCPU)/1e6))
}
