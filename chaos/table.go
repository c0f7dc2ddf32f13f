package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report is what a run prints.
type report struct {
	config
	history    *History
	verdicts   []Verdict
	complaints []string
	left       map[string]string
}

func (r report) good() bool {
	return len(r.complaints) == 0 && !slices.ContainsFunc(r.verdicts, func(v Verdict) bool { return len(v.Broken) > 0 })
}

// shown bounds how many breaches of a rule are printed.
const shown = 10

func (r report) print(out io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
	h := r.history
	p("\nchaos on %s: %d node(s), lease %v, seed %d, %v under faults\n\n", r.Store, r.Nodes, r.Lease, r.Seed, r.For)
	p("  load       %d clients on %d resources, %d calls (%.0f/s)\n", r.Clients, r.Identifiers, len(h.Ops), float64(len(h.Ops))/h.Final.Calm.Seconds())
	p("  answers    %s\n", counts(h.Ops, func(o Op) string {
		if o.Outcome == Refused {
			return "refused"
		}
		return string(o.Outcome)
	}))
	p("  replays    %d answered\n", count(h.Ops, func(o Op) bool { return o.Replay && o.Outcome == Accepted }))
	p("  requests   %s; %.1f/s\n", counts(values(h.Final.Details), func(d Detail) string { return d.Operation + " " + d.Status }),
		float64(len(h.Final.Details))/h.Final.Calm.Seconds())
	p("  handler    %d calls, %d attempts, %d lost\n", len(h.Calls), sum(h.Final.Details, func(d Detail) int { return d.Attempts }), sum(h.Final.Details, func(d Detail) int { return d.Lost }))
	p("  faults     %s\n", counts(h.Faults, func(f Fault) string { return f.Kind }))
	for _, kind := range sortedKeys(r.left) {
		p("             without %s: %s\n", kind, r.left[kind])
	}
	p("  delays     %s\n", longest(h))
	p("  calm       no request was live %.1f s after the last fault\n", (h.Final.Settled - h.Final.Calm).Seconds())
	if n := len(h.Final.Again); n > 0 {
		p("             %d reads had to be made again, the first for: %s\n", n, h.Final.Again[0])
	}
	p("\n")
	for _, v := range r.verdicts {
		p("  %-6s %-44s %7d looked at%s\n", word(len(v.Broken) == 0), v.Rule, v.Looked, aside(v.Apart))
		r.breaches(p, v.Broken)
	}
	p("  %-6s %s\n", word(len(r.complaints) == 0), "nodes and database stay up, and log no panic and no race")
	r.breaches(p, r.complaints)
	p("\n")
}

func (r report) breaches(p func(string, ...any), broken []string) {
	for i, b := range broken {
		if i == shown {
			p("         … and %d more\n", len(broken)-shown)
			return
		}
		p("         %s\n", b)
	}
}

func word(good bool) string {
	if good {
		return "ok"
	}
	return "FAILED"
}

func aside(apart map[string]int) string {
	var all []string
	for _, what := range sortedKeys(apart) {
		all = append(all, fmt.Sprintf("%d %s", apart[what], what))
	}
	if len(all) == 0 {
		return ""
	}
	return "; apart: " + strings.Join(all, ", ")
}

// longest tells of the longest delay that each kind of death caused.
func longest(h *History) string {
	most, n := map[string]time.Duration{}, map[string]int{}
	for _, d := range h.deaths() {
		most[d.fault.Kind] = max(most[d.fault.Kind], d.delay)
		n[d.fault.Kind]++
	}
	var all []string
	for _, kind := range sortedKeys(most) {
		all = append(all, fmt.Sprintf("%s: at most %.2f s (%d requests hit)", kind, most[kind].Seconds(), n[kind]))
	}
	return cmp.Or(strings.Join(all, ", "), "no request was in flight on a node that died")
}

// counts names how many of the things are of each kind, most first.
func counts[T any](all []T, kind func(T) string) string {
	n := map[string]int{}
	for _, one := range all {
		n[kind(one)]++
	}
	names := sortedKeys(n)
	slices.SortStableFunc(names, func(a, b string) int { return n[b] - n[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, n[name])
	}
	return strings.Join(names, ", ")
}

func count[T any](all []T, isSo func(T) bool) (n int) {
	for _, one := range all {
		if isSo(one) {
			n++
		}
	}
	return n
}

func values[V any](m map[string]V) []V {
	all := make([]V, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func sum[V any](m map[string]V, of func(V) int) (n int) {
	for _, v := range m {
		n += of(v)
	}
	return n
}
