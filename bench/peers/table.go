package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"example.org/groundcontrol/bench/peers/internal/round"
)

// table has the rounds of each contestant; a round that failed is missing.
type table map[string]map[int]measured

func (t table) add(name string, number int, m measured) {
	if t[name] == nil {
		t[name] = map[int]measured{}
	}
	t[name][number] = m
}

// median is the middle of the values of a contestant's rounds, 0 where there are none.
func (t table) median(name string, value func(measured) float64) float64 {
	var all []float64
	for _, m := range t[name] {
		all = append(all, value(m))
	}
	return middle(all)
}

// ratio is the middle of the ratios, round by round, of a value of two contestants.
func (t table) ratio(name, peer string, value func(measured) float64) float64 {
	var all []float64
	for i, m := range t[name] {
		if p, ok := t[peer][i]; ok {
			all = append(all, value(m)/value(p))
		}
	}
	return middle(all)
}

func middle(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

func rate(m measured) float64  { return m.PerSecond() }
func cost(m measured) float64  { return m.Cost() }
func syncs(m measured) float64 { return m.raw }

func perSync(m measured) float64 { return m.PerSecond() / m.raw }

func serverCost(m measured) float64 { return float64(m.Server.Nanoseconds()) / 1000 / float64(m.Units) }

// target is what the project wants to reach.
type target struct {
	text  string
	value float64
	most  bool // value is to be this at most, not at least
	got   func(table) float64
}

var targets = []target{
	{"ours/SQLite, units per raw 16 KiB fdatasync", 2, false, func(t table) float64 { return t.median(oursSQLite, perSync) }},
	{"ours/SQLite to DBOS/SQLite", 16, false, func(t table) float64 { return t.ratio(oursSQLite, dbosSQLite, rate) }},
	{"ours/SQLite to Temporal", 35, false, func(t table) float64 { return t.ratio(oursSQLite, temporal, rate) }},
	{"ours/PostgreSQL to River/PostgreSQL", 5, false, func(t table) float64 { return t.ratio(oursPostgres, riverPostgres, rate) }},
	{"ours/PostgreSQL, µs CPU of a unit", 280, true, func(t table) float64 { return t.median(oursPostgres, cost) }},
}

// print writes the medians, the ratios and what came of the targets.
func (t table) print(w io.Writer, chosen []contestant) {
	fmt.Fprintf(w, "start, one step, durable end; input %d bytes, %d clients; medians of %d rounds of %d s; %d processors\n\n",
		round.Size, *clients, *rounds, *seconds, runtime.NumCPU())
	fmt.Fprintf(w, "%-36s %9s %17s %8s %8s %8s %8s %7s %7s\n",
		"", "units/s", "(min–max)", "µs CPU", "of it DB", "syncs/s", "x syncs", "p50 ms", "p99 ms")
	for _, c := range chosen {
		t.printMedians(w, c)
	}
	t.printRatios(w, chosen)
	fmt.Fprintln(w)
	for _, x := range targets {
		if got := x.got(t); got != 0 {
			sign, verdict := ">=", "reached"
			if x.most {
				sign = "<="
			}
			if x.most && got > x.value || !x.most && got < x.value {
				verdict = "NOT REACHED"
			}
			fmt.Fprintf(w, "%-48s %8.2f   target %s %g: %s\n", x.text, got, sign, x.value, verdict)
		}
	}
	var others []float64
	for _, of := range t {
		for _, m := range of {
			others = append(others, 100*m.Others)
		}
	}
	if len(others) > 0 {
		fmt.Fprintf(w, "other processes took %.0f %% of the processors' time in the median round, %.0f %% in the worst\n", middle(others), slices.Max(others))
	}
}

func (t table) printMedians(w io.Writer, c contestant) {
	if len(t[c.name]) == 0 {
		fmt.Fprintf(w, "%-36s %9s\n", c.title, "failed")
		return
	}
	var rates []float64
	var remarks string
	for _, m := range t[c.name] {
		rates, remarks = append(rates, m.PerSecond()), m.Remarks
	}
	fmt.Fprintf(w, "%-36s %9.0f %17s %8.0f %8.0f %8.0f %8.2f %7.1f %7.1f\n",
		c.title+versionOf(c.name, remarks), t.median(c.name, rate), fmt.Sprintf("(%.0f–%.0f)", slices.Min(rates), slices.Max(rates)),
		t.median(c.name, cost), t.median(c.name, serverCost), t.median(c.name, syncs), t.median(c.name, perSync),
		t.median(c.name, func(m measured) float64 { return m.P50.Seconds() * 1000 }),
		t.median(c.name, func(m measured) float64 { return m.P99.Seconds() * 1000 }))
}

// printRatios compares each of ours with each peer: how many times its rate, and how
// many times less processor time.
func (t table) printRatios(w io.Writer, chosen []contestant) {
	for _, ours := range []string{oursSQLite, oursPostgres} {
		for _, c := range chosen {
			if c.name == oursSQLite || c.name == oursPostgres || t.ratio(ours, c.name, rate) == 0 {
				continue
			}
			fmt.Fprintf(w, "\n%-36s %8.1f x the rate of %-21s for 1/%.1f of the CPU", ours, t.ratio(ours, c.name, rate), c.title, t.ratio(c.name, ours, cost))
		}
	}
	fmt.Fprintln(w)
}

// modules are those whose versions stand in the table.
var modules = map[string]string{
	dbosSQLite:    "github.com/dbos-inc/dbos-transact-golang",
	riverPostgres: "github.com/riverqueue/river",
}

// versionOf is the version of a peer, or what the contestant itself said of it.
func versionOf(name, remarks string) string {
	version := remarks
	if info, ok := debug.ReadBuildInfo(); ok && modules[name] != "" {
		for _, m := range info.Deps {
			if m.Path == modules[name] {
				version = cmp.Or(strings.TrimSpace(m.Version+" "+remarks), m.Version)
			}
		}
	}
	if version == "" {
		return ""
	}
	return " (" + version + ")"
}
