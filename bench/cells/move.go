package main

import (
	"fmt"
	"io"
	"math"
)

// long is a kind of operation that takes long: so many begin in a second, each lasts for
// an exponential time with this mean, and is cut off at the deadline. Seconds.
type long struct{ rate, mean, deadline float64 }

// live is how many of them are live at a time, on average.
func (l long) live() float64 { return l.rate * l.mean * -math.Expm1(-l.deadline/l.mean) }

// within is the chance that all that are live now have ended after t.
func (l long) within(t float64) float64 {
	if t >= l.deadline {
		return 1
	}
	// Of those that are live now and began a ago, exp(-t/mean) last for another t, but none
	// whose deadline comes first. Summed up over all a that leaves so many, by Poisson.
	return math.Exp(-l.rate * l.mean * math.Exp(-t/l.mean) * -math.Expm1(-(l.deadline-t)/l.mean))
}

// drained is the time after which all have ended with the chance p.
func (l long) drained(p float64) float64 {
	low, high := 0.0, l.deadline
	for range 60 {
		if mid := (low + high) / 2; l.within(mid) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

func printMove(w io.Writer, c *config) {
	demand := zipf(c.accounts, c.regions, c.skew)
	top := largest(demand, len(demand))
	t := newTable(w, fmt.Sprintf("A scope moves to another cell: %s of operations are long, %s on average", percent(c.longShare), span(c.long.Seconds())),
		"scope", "ops/s", "live, long", "requests kept", "resources", "bytes", "copied in", "shut for: p50", "p99")
	row := func(name string, rate float64) {
		kept := rate * c.retention.Seconds()
		bytes := kept*c.postBytes + float64(c.resources)*c.resourceBytes
		l := long{rate * c.longShare, c.long.Seconds(), c.deadline.Seconds()}
		t.row(name, digits(rate), digits(l.live()), short(kept), short(kept+float64(c.resources)), short(bytes)+"B", span(bytes/c.copyRate/1e6), shut(l.drained(0.5)), shut(l.drained(0.99)))
	}
	row("the middle one", c.demand*demand[top[len(top)/2]])
	row("the mean one", c.demand/float64(len(demand)))
	row("99 % are smaller", c.demand*demand[top[len(top)/100]])
	row("the largest", c.demand*demand[top[0]])
	row("one that fills a cell", c.postgres*(1-c.headroom))
	t.end(fmt.Sprintf("Kept for %s at %s operations a second in all. %.0f bytes each with its resource, %.0f for an older one; %.0f MB/s.",
		days(c.retention), count(c.demand), c.postBytes, c.resourceBytes, c.copyRate),
		"What has ended is copied while the scope is served. Then the scope is shut for new operations until the last live one has ended.")
}

// shut writes a time for which there may have been nothing to wait.
func shut(seconds float64) string {
	if seconds < 0.001 {
		return "at once"
	}
	return span(seconds)
}
