package main

import (
	"math"
	"slices"
	"testing"
)

func TestRendezvousMovesItsShareAndNothingBetweenOldCells(t *testing.T) {
	all := scopes(20_000, 2)
	even := zipf(20_000, 2, 0)
	for _, n := range []int{1, 4, 16, 64} {
		cells := names(7, 0, n+1)
		m := grow(even, n, func(i int) int { return rendezvous(all[i], cells[:n]) }, func(i int) int { return rendezvous(all[i], cells) })
		want := 1 / float64(n+1)
		if off := math.Abs(m.scopes - want); off > 4*math.Sqrt(want*(1-want)/float64(len(all))) { // four standard deviations
			t.Errorf("%d → %d: %.4f of the scopes move, want about %.4f", n, n+1, m.scopes, want)
		}
		if m.between != 0 {
			t.Errorf("%d → %d: %.4f move between old cells", n, n+1, m.between)
		}
		if math.Abs(m.scopes-m.demand) > 1e-9 {
			t.Errorf("%d → %d: even demand moves as %.6f, scopes as %.6f", n, n+1, m.demand, m.scopes)
		}
	}
}

func TestModuloMovesAlmostAll(t *testing.T) {
	all := scopes(20_000, 2)
	even := zipf(20_000, 2, 0)
	for _, n := range []int{1, 4, 16, 64} {
		m := grow(even, n, func(i int) int { return modulo(all[i], n) }, func(i int) int { return modulo(all[i], n+1) })
		if want := float64(n) / float64(n+1); math.Abs(m.scopes-want) > 0.015 {
			t.Errorf("%d → %d: %.4f of the scopes move, want about %.4f", n, n+1, m.scopes, want)
		}
		if n > 1 && m.between == 0 {
			t.Errorf("%d → %d: nothing moves between old cells", n, n+1)
		}
	}
}

// Accounts that differ in their last digits only have to spread like any others.
func TestHashesSpreadEvenly(t *testing.T) {
	all := scopes(30_000, 3)
	for name, place := range map[string]func(uint64) int{
		"modulo":     func(s uint64) int { return modulo(s, 16) },
		"rendezvous": func(s uint64) int { return rendezvous(s, names(1, 0, 16)) },
	} {
		var cells [16]float64
		for _, s := range all {
			cells[place(s)]++
		}
		mean := float64(len(all)) / 16
		for i, n := range cells {
			if math.Abs(n-mean) > 4.5*math.Sqrt(mean) {
				t.Errorf("%s: cell %d has %.0f scopes, the mean is %.0f", name, i, n, mean)
			}
		}
	}
	if slices.Sort(all); len(slices.Compact(all)) != 90_000 {
		t.Error("two scopes have one hash")
	}
}

func TestDemandIsZipfs(t *testing.T) {
	for _, c := range []struct {
		skew    float64
		regions int
		tenth   float64 // of the tenth account's first region to the first one's
		home    float64 // of an account's first region to the whole account
	}{
		{0, 1, 1, 1},
		{0, 4, 1, 0.25},
		{1, 1, 0.1, 1},
		{1, 3, 0.1, 0.5},
		{2, 2, 0.01, 0.5},
	} {
		d := zipf(1000, c.regions, c.skew)
		var all, first float64
		for i, x := range d {
			all += x
			if i < c.regions {
				first += x
			}
		}
		if math.Abs(all-1) > 1e-9 || math.Abs(d[9*c.regions]/d[0]-c.tenth) > 1e-9 || math.Abs(d[0]/first-c.home) > 1e-9 {
			t.Errorf("%+v: sum %v, tenth %v, home %v", c, all, d[9*c.regions]/d[0], d[0]/first)
		}
	}
}

func TestOneScopeIsMadeHot(t *testing.T) {
	d := heated(zipf(1000, 3, 1), 0.3)
	if top := largest(d, 2); math.Abs(d[top[0]]-0.3) > 1e-12 || d[top[1]] > 0.1 {
		t.Errorf("the largest: %v, %v", d[top[0]], d[top[1]])
	}
	if all := sum(d, largest(d, len(d))); math.Abs(all-1) > 1e-9 {
		t.Errorf("the sum is %v", all)
	}
}

func TestATableSpreadsTheLargest(t *testing.T) {
	demand := []float64{0.3, 0.02, 0.28, 0.2, 0.1, 0.1}
	onOne := make([]int, len(demand)) // the hash has put all on the first of three cells
	if loads := spread(demand, onOne, 3, nil); math.Abs(loads[0]-1) > 1e-12 {
		t.Errorf("without a table: %v", loads)
	}
	want := []float64{0.22 + 0.2, 0.3, 0.28} // the first keeps the three small ones; then each goes to the emptiest
	for i, l := range spreadPinned(demand, onOne, 3, largest(demand, 3)) {
		if math.Abs(l-want[i]) > 1e-12 {
			t.Errorf("cell %d: %v, want %v", i, l, want[i])
		}
	}
}

func TestBalanceIsAMultipleOfTheMean(t *testing.T) {
	var b balance
	b.add([]float64{0.1, 0.2, 0.3, 0.4})
	b.add([]float64{0.25, 0.25, 0.25, 0.25})
	b.add([]float64{0.3, 0.3, 0.2, 0.2})
	b.sort()
	if got := b.String(); got != "1.20 (1.60; 1.60)" {
		t.Error(got)
	}
}
