package main

import (
	"flag"
	"fmt"
	"io"
	"sync"
)

// flood is how the hot account floods its cell.
type flood struct {
	seconds       float64
	quiet         float64
	quietAccounts int
	nodes         int
	call          float64
	connections   int
	throttle      float64
	burst         float64
	fixed         bool
}

func (x *flood) flags(f *flag.FlagSet) {
	f.Float64Var(&x.seconds, "flood", 5, "seconds that the flood lasts")
	f.Float64Var(&x.quiet, "quiet", 0.5, "share of the cell's capacity that the quiet accounts ask for together")
	f.IntVar(&x.quietAccounts, "quiet-accounts", 1000, "quiet accounts in the cell")
	f.IntVar(&x.nodes, "nodes", 2, "nodes of a cell, each with 256 handler slots")
	f.Float64Var(&x.call, "call", 200, "ms that a handler call takes, in the second half of the table")
	f.IntVar(&x.connections, "connections", 1000, "connections of a flood that waits for its answers")
	f.Float64Var(&x.throttle, "throttle", 850, "calls a second that each account may make of a node, as --throttle CreateResource=850/s:100")
	f.Float64Var(&x.burst, "burst", 100, "and so many at once")
	f.BoolVar(&x.fixed, "fixed", false, "writes and calls take the same time each; else exponential ones, the harder case")
}

const slotsOfNode = 256 // the default of --concurrency

// scarcity is a cell and what of it is scarce.
type scarcity struct {
	what     string
	cell     cell
	capacity float64 // operations a second
}

func scarcities(c *config) []scarcity {
	// Half of an operation's cost is its acceptance and half its end; a claim, which only
	// those need that had to wait, is taken to cost as much as either.
	write := 1 / (2 * c.postgres)
	quick := cell{accept: write, claim: write, end: write, exponential: !c.fixed, slots: slotsOfNode * c.nodes, reserve: slotsOfNode * c.nodes / 16}
	slow := quick
	slow.handler = c.call / 1000
	return []scarcity{
		{"Calls end at once, so the store is scarce", quick, c.postgres},
		{fmt.Sprintf("Calls take %s, so slots are scarce", span(slow.handler)), slow, min(c.postgres, float64(slow.slots)/slow.handler)},
	}
}

// trial is one run: a flood under a policy.
type trial struct {
	flood, policy string
	cell          cell
	flows         []flow
	out           []outcome
}

func trials(c *config, s scarcity) (all []*trial) {
	quiet := flow{accounts: c.quietAccounts, rate: c.quiet * s.capacity}
	floods := []struct {
		name string
		flow flow
	}{{"none", flow{}}}
	for _, times := range []float64{0.3, 0.75, 1.5, 3} {
		floods = append(floods, struct {
			name string
			flow flow
		}{fmt.Sprintf("%.2f × capacity", times), flow{accounts: 1, rate: times * s.capacity}})
	}
	floods = append(floods, struct {
		name string
		flow flow
	}{fmt.Sprintf("%d connections", c.connections), flow{accounts: 1, connections: c.connections}})
	for _, f := range floods {
		for _, p := range []struct {
			name           string
			fair, throttle bool
		}{{"oldest first", false, false}, {"fair", true, false}, {"fair, throttled", true, true}} {
			t := &trial{flood: f.name, policy: p.name, cell: s.cell, flows: []flow{quiet}}
			t.cell.fair = p.fair
			if f.flow.accounts > 0 {
				t.flows = append(t.flows, f.flow)
			} else if p.throttle || !p.fair {
				continue
			}
			if p.throttle {
				for i := range t.flows { // each node counts for itself, and calls go to all nodes evenly
					t.flows[i].limit, t.flows[i].burst = c.throttle*float64(c.nodes), c.burst*float64(c.nodes)
				}
			}
			all = append(all, t)
		}
	}
	return all
}

func printHot(w io.Writer, c *config) {
	for _, s := range scarcities(c) {
		all := trials(c, s)
		var wg sync.WaitGroup
		for half := range 2 {
			wg.Go(func() {
				for i := half; i < len(all); i += 2 {
					all[i].out = all[i].cell.run(c.seed, c.seconds, all[i].flows)
				}
			})
		}
		wg.Wait()
		t := newTable(w, fmt.Sprintf("%s: %s/s at most. %s quiet accounts ask for %s/s; %d slots; %s of flood",
			s.what, count(s.capacity), count(float64(c.quietAccounts)), count(c.quiet*s.capacity), s.cell.slots, span(c.seconds)),
			"flood", "slots go", "quiet wait p50", "p99", "quiet answer p99", "quiet ended/s", "hot ended/s", "hot refused")
		for _, r := range all {
			quiet, hot := r.out[0], outcome{}
			if len(r.out) > 1 {
				hot = r.out[1]
			}
			t.row(r.flood, r.policy, span(quantile(quiet.wait, 0.5)), span(quantile(quiet.wait, 0.99)), span(quantile(quiet.answer, 0.99)),
				count(float64(quiet.ended)/c.seconds), count(float64(hot.ended)/c.seconds), percent(float64(hot.refused)/max(float64(hot.calls), 1)))
		}
		t.end("Wait: from the API call to the durable end, without the operation's own writes and handler call.",
			fmt.Sprintf("Throttled: --throttle CreateResource=%v/s:%v on each of %d nodes.", c.throttle, c.burst, c.nodes))
	}
}
