package main

import (
	"math"
	"slices"
	"testing"
)

func mean(all []float64) (m float64) {
	for _, x := range all {
		m += x / float64(len(all))
	}
	return m
}

// erlang is the mean wait in a queue before so many servers, each busy for 1 on average,
// to which rate operations come: M/M/c.
func erlang(servers int, rate float64) float64 {
	term, all := 1.0, 0.0
	for k := range servers {
		all += term
		term *= rate / float64(k+1)
	}
	free := 1 - rate/float64(servers)
	return term / free / (all + term/free) / (float64(servers) - rate)
}

func TestWaitsAreThoseOfTheory(t *testing.T) {
	const many = 1_000_000
	for _, c := range []struct {
		name string
		cell cell
		rate float64
		want float64 // with all times in units of one service: r/(1-r) for M/M/1, half of that for M/D/1
	}{
		{"M/D/1, half busy", cell{accept: 1, slots: many}, 0.5, 0.5},
		{"M/D/1, 80 % busy", cell{accept: 1, slots: many}, 0.8, 2},
		{"M/M/1, half busy", cell{accept: 1, exponential: true, slots: many}, 0.5, 1},
		{"M/M/1, 80 % busy", cell{accept: 1, exponential: true, slots: many}, 0.8, 4},
		{"M/M/1 of slots", cell{handler: 1, exponential: true, slots: 1}, 0.5, 1},
		{"M/M/4 of slots", cell{handler: 1, exponential: true, slots: 4}, 3.2, erlang(4, 3.2)},
		{"M/M/4 of slots, fair to many", cell{handler: 1, exponential: true, slots: 4, fair: true}, 3.2, erlang(4, 3.2)},
		{"M/M/∞", cell{handler: 1, exponential: true, slots: many}, 3.2, 0},
	} {
		got := c.cell.run(11, 150_000/c.rate, []flow{{accounts: 50, rate: c.rate}})[0]
		if off := math.Abs(mean(got.wait) - c.want); off > 0.04*c.want+1e-9 {
			t.Errorf("%s: a mean wait of %.4f, want %.4f", c.name, mean(got.wait), c.want)
		}
	}
	if w := erlang(1, 0.8); math.Abs(w-4) > 1e-9 {
		t.Errorf("the theory itself: %v", w)
	}
}

// flooded is a cell of 64 slots with calls of 100 ms, so for 640 operations a second, under
// twice as many of one account and a tenth of that from twenty others.
func flooded(fair bool) (cell, []flow) {
	c := cell{accept: 1e-4, claim: 1e-4, end: 1e-4, handler: 0.1, slots: 64, reserve: 4, fair: fair}
	return c, []flow{{accounts: 20, rate: 128}, {accounts: 1, rate: 1280}}
}

func TestNothingIsLostAndLittlesLawHolds(t *testing.T) {
	for _, fair := range []bool{false, true} {
		for name, more := range map[string]flow{
			"a rate":      {accounts: 3, rate: 900},
			"a limit":     {accounts: 3, rate: 900, limit: 20, burst: 30},
			"connections": {accounts: 1, connections: 70},
			"both":        {accounts: 2, connections: 70, limit: 100, burst: 1},
		} {
			c, flows := flooded(fair)
			for i, got := range c.run(5, 5, append(flows, more)) {
				if in := got.calls - got.refused; in == 0 || len(got.wait) != in || len(got.answer) != in {
					t.Errorf("%s, fair %v, flow %d: %d calls, %d refused, %d answered, %d ended", name, fair, i, got.calls, got.refused, len(got.answer), len(got.wait))
				}
				// The mean number inside is their rate times the mean time inside; times the length of the run:
				if math.Abs(got.inside-got.total) > 1e-6*got.total {
					t.Errorf("%s, fair %v, flow %d: %v inside over time, %v spent there", name, fair, i, got.inside, got.total)
				}
				if got.wait[0] < -1e-9 || got.atOnce > c.slots {
					t.Errorf("%s, fair %v, flow %d: a wait of %v, %d slots at once", name, fair, i, got.wait[0], got.atOnce)
				}
			}
		}
	}
}

func TestAQuietAccountDoesNotWaitForAFlood(t *testing.T) {
	most := func(fair bool) (wait float64, hot outcome) {
		c, flows := flooded(fair)
		out := c.run(3, 20, flows)
		return slices.Max(out[0].wait), out[1]
	}
	// Of 64 slots some are free again within each 100 ms, that is a call, and the fewest of
	// them are the quiet accounts'. Accept and claim wait a little for the store.
	wait, hot := most(true)
	if wait > 0.11 {
		t.Errorf("fair: a quiet account waits for %.3f s", wait)
	}
	if hot.atOnce != 60 {
		t.Errorf("fair: the flood has %d slots at once, want all of 64 but the reserve of 4", hot.atOnce)
	}
	if slices.Max(hot.wait) < 5 {
		t.Errorf("fair: the flood waits for %.1f s at most", slices.Max(hot.wait))
	}
	wait, hot = most(false)
	if wait < 5 {
		t.Errorf("oldest first: a quiet account waits for %.3f s at most, as long as the flood would be right", wait)
	}
	if hot.atOnce != 64 {
		t.Errorf("oldest first: the flood has %d slots at once, want all of 64", hot.atOnce)
	}
}

func TestNobodyOvertakesThoseThatWait(t *testing.T) {
	for _, fair := range []bool{false, true} {
		s := simulation{cell: cell{slots: 2, fair: fair}, free: 1, waiting: 1}
		if !s.behind(&account{waiting: 1}) {
			t.Errorf("fair %v: an account overtakes itself", fair)
		}
		if s.behind(&account{}) == fair {
			t.Errorf("fair %v: that another account waits counts the wrong way", fair)
		}
	}
}

func TestFloodsShareEvenly(t *testing.T) {
	c, _ := flooded(true)
	out := c.run(1, 10, []flow{{accounts: 1, rate: 1280}, {accounts: 1, rate: 2560}})
	if a, b := float64(out[0].ended), float64(out[1].ended); math.Abs(a-b) > 0.05*a || a+b < 0.9*6400 {
		t.Errorf("%v and %v operations ended, want half of 6,400 each", a, b)
	}
}

// Slots cannot help where the store is what all wait for: accepts alone fill it. A limit can.
func TestALimitProtectsTheStore(t *testing.T) {
	c := cell{accept: 5e-4, claim: 5e-4, end: 5e-4, slots: 64, reserve: 4, fair: true}
	for limit, fits := range map[float64]bool{0: false, 200: true} {
		out := c.run(9, 10, []flow{{accounts: 20, rate: 300}, {accounts: 1, rate: 3000, limit: limit, burst: limit / 4}})
		quiet, hot := quantile(out[0].wait, 0.99), out[1]
		if fits != (quiet < 0.05) || !fits && quiet < 1 {
			t.Errorf("limit %v: 99 %% of the quiet wait for less than %.3f s", limit, quiet)
		}
		if in := float64(hot.calls - hot.refused); fits && (in > 200*10+50 || in < 200*10) {
			t.Errorf("limit %v: %v calls of %d are let in", limit, in, hot.calls)
		}
	}
}

func TestASeedRepeatsItself(t *testing.T) {
	run := func(seed uint64) []float64 {
		c, flows := flooded(true)
		return c.run(seed, 2, flows)[0].wait
	}
	if !slices.Equal(run(1), run(1)) {
		t.Error("the same seed gives another run")
	}
	if slices.Equal(run(1), run(2)) {
		t.Error("another seed gives the same run")
	}
}
