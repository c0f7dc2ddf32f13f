package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// spread adds up the demand of each of n cells; place tells the cell of each scope, and
// scopes in pinned are on none.
func spread(demand []float64, place []int, n int, pinned map[int]bool) []float64 {
	loads := make([]float64, n)
	for i, d := range demand {
		if !pinned[i] {
			loads[place[i]] += d
		}
	}
	return loads
}

// largest returns the n scopes with the largest demand, these first.
func largest(demand []float64, n int) []int {
	all := make([]int, len(demand))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(demand[b], demand[a]) })
	return all[:min(n, len(all))]
}

// spreadPinned is spread with scopes that a table places, one after the other on the cell
// that has the least by then.
func spreadPinned(demand []float64, place []int, n int, top []int) []float64 {
	pinned := make(map[int]bool, len(top))
	for _, i := range top {
		pinned[i] = true
	}
	loads := spread(demand, place, n, pinned)
	for _, i := range top {
		least := 0
		for c := range loads {
			if loads[c] < loads[least] {
				least = c
			}
		}
		loads[least] += demand[i]
	}
	return loads
}

// balance gathers how unevenly cells are loaded, over some draws.
type balance struct {
	busiest []float64 // of each draw, as a multiple of the mean
	all     []float64 // of each cell of each draw
}

func (b *balance) add(loads []float64) {
	n := float64(len(loads))
	b.busiest = append(b.busiest, slices.Max(loads)*n)
	for _, l := range loads {
		b.all = append(b.all, l*n)
	}
}

func (b *balance) sort() {
	slices.Sort(b.busiest)
	slices.Sort(b.all)
}

func (b *balance) median() float64 { return quantile(b.busiest, 0.5) }

func (b *balance) String() string {
	return fmt.Sprintf("%.2f (%.2f; %.2f)", b.median(), b.busiest[len(b.busiest)-1], quantile(b.all, 0.99))
}

// shape is a way in which demand is spread over scopes, or scopes over cells.
type shape struct {
	name  string
	loads func(hashed, rendezvoused []int, n int) []float64
}

// shapes are the columns of the table.
func shapes(c *config) []shape {
	even := zipf(c.accounts, c.regions, 0)
	skewed := zipf(c.accounts, c.regions, c.skew)
	hot := heated(skewed, c.hot)
	top, hottest := largest(skewed, c.pinned), largest(hot, c.pinned)
	return []shape{
		{"even, modulo", func(m, _ []int, n int) []float64 { return spread(even, m, n, nil) }},
		{"even", func(_, r []int, n int) []float64 { return spread(even, r, n, nil) }},
		{"Zipf, modulo", func(m, _ []int, n int) []float64 { return spread(skewed, m, n, nil) }},
		{"Zipf", func(_, r []int, n int) []float64 { return spread(skewed, r, n, nil) }},
		{fmt.Sprintf("Zipf, %d by table", c.pinned), func(_, r []int, n int) []float64 { return spreadPinned(skewed, r, n, top) }},
		{"one hot scope, by table", func(_, r []int, n int) []float64 { return spreadPinned(hot, r, n, hottest) }},
	}
}

// weigh places all scopes on n cells in some draws, and returns for each shape how they
// are loaded.
func weigh(c *config, all []uint64, kinds []shape, n int) []*balance {
	sums := make([]*balance, len(kinds))
	for i := range sums {
		sums[i] = new(balance)
	}
	hashed, best := make([]int, len(all)), make([]int, len(all))
	for draw := range c.draws {
		cells := names(c.seed, draw, n)
		for i, s := range all {
			hashed[i] = modulo(mix(s^cells[0]), n)
			best[i] = rendezvous(s, cells)
		}
		for i, k := range kinds {
			sums[i].add(k.loads(hashed, best, n))
		}
	}
	for _, b := range sums {
		b.sort()
	}
	return sums
}

func printBalance(w io.Writer, c *config) {
	all, kinds := scopes(c.accounts, c.regions), shapes(c)
	columns := []string{"cells"}
	for _, k := range kinds {
		columns = append(columns, k.name)
	}
	sums := map[int][]*balance{}
	t := newTable(w, fmt.Sprintf("Demand on the busiest cell / on the mean one: median of %d draws (worst draw; 99th percentile of all cells)", c.draws), columns...)
	for _, n := range c.cells {
		sums[n] = weigh(c, all, kinds, n)
		row := []string{fmt.Sprint(n)}
		for _, b := range sums[n] {
			row = append(row, b.String())
		}
		t.row(row...)
	}
	skewed := zipf(c.accounts, c.regions, c.skew)
	t.end(fmt.Sprintf("%s accounts in %d regions each. With Zipf's %.2f the largest scope asks for %s of all, the %d largest for %s.",
		count(float64(c.accounts)), c.regions, c.skew, percent(skewed[largest(skewed, 1)[0]]), c.pinned, percent(sum(skewed, largest(skewed, c.pinned)))))

	t = newTable(w, fmt.Sprintf("Operations a second that all cells together take, the busiest keeping %s of its %s free", percent(c.headroom), count(c.postgres)), columns...)
	room := c.postgres * (1 - c.headroom)
	enough := make([]int, len(kinds)) // cells for the demand; 0: none of these
	for _, n := range c.cells {
		row := []string{fmt.Sprint(n)}
		for i, b := range sums[n] {
			takes := float64(n) * room / b.median()
			row = append(row, count(takes))
			if takes >= c.demand && (enough[i] == 0 || n < enough[i]) {
				enough[i] = n
			}
		}
		t.row(row...)
	}
	row := []string{"for " + count(c.demand)}
	for _, n := range enough {
		if n == 0 {
			row = append(row, "none")
			continue
		}
		row = append(row, fmt.Sprint(n, " cells"))
	}
	t.row(row...)
	t.end(fmt.Sprintf("A scope has one cell at most. So however many there are, they take %s with Zipf's largest scope,",
		count(room/skewed[largest(skewed, 1)[0]])),
		fmt.Sprintf("and %s with the hot one, which asks for %s of all.", count(room/c.hot), percent(c.hot)))
}

func sum(demand []float64, of []int) (all float64) {
	for _, i := range of {
		all += demand[i]
	}
	return all
}

// moved is what changes its cell when one is added.
type moved struct {
	scopes, demand float64 // shares
	between        float64 // share of scopes that go from an old cell to an old one
}

// grow compares the placement on n cells with that on one more.
func grow(demand []float64, n int, before, after func(i int) int) (m moved) {
	each := 1 / float64(len(demand))
	for i, d := range demand {
		from, to := before(i), after(i)
		if from == to {
			continue
		}
		m.scopes += each
		m.demand += d
		if to < n {
			m.between += each
		}
	}
	return m
}

func printGrowth(w io.Writer, c *config) {
	all, demand := scopes(c.accounts, c.regions), zipf(c.accounts, c.regions, c.skew)
	full := c.postgres * (1 - c.headroom) * c.retention.Seconds() * c.postBytes // what a cell keeps
	t := newTable(w, fmt.Sprintf("One more cell: what moves (mean of %d draws; largest in brackets)", c.draws),
		"cells", "1/(n+1)", "modulo: scopes", "demand", "rendezvous: scopes", "demand", "old to old", "bytes that move", "copied in")
	for _, n := range c.cells {
		var plain, best moved
		var plainMost, bestMost float64
		for draw := range c.draws {
			cells := names(c.seed, draw, n+1)
			salted := func(i int) uint64 { return mix(all[i] ^ cells[0]) }
			m := grow(demand, n, func(i int) int { return modulo(salted(i), n) }, func(i int) int { return modulo(salted(i), n+1) })
			plain, plainMost = plain.plus(m), max(plainMost, m.demand)
			m = grow(demand, n, func(i int) int { return rendezvous(all[i], cells[:n]) }, func(i int) int { return rendezvous(all[i], cells) })
			best, bestMost = best.plus(m), max(bestMost, m.demand)
		}
		plain, best = plain.over(c.draws), best.over(c.draws)
		bytes := full * float64(n) * best.demand
		t.row(fmt.Sprintf("%d → %d", n, n+1), percent(1/float64(n+1)), percent(plain.scopes), fmt.Sprintf("%s (%s)", percent(plain.demand), percent(plainMost)),
			percent(best.scopes), fmt.Sprintf("%s (%s)", percent(best.demand), percent(bestMost)), percent(best.between), short(bytes)+"B", span(bytes/c.copyRate/1e6))
	}
	t.end("Demand is Zipf's. Old to old: scopes that rendezvous moves between cells that were there before.",
		fmt.Sprintf("Bytes are those of cells that have kept %s operations a second for %s: %sB each. The new cell takes %.0f MB/s.",
			count(c.postgres*(1-c.headroom)), days(c.retention), short(full), c.copyRate))
}

func (m moved) plus(o moved) moved {
	return moved{m.scopes + o.scopes, m.demand + o.demand, m.between + o.between}
}

func (m moved) over(n int) moved {
	f := float64(n)
	return moved{m.scopes / f, m.demand / f, m.between / f}
}
