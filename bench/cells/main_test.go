package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFiguresScale(t *testing.T) {
	g := figures{
		sqlite: 10_000, postgres: 8_000, cores: 2, sqliteCPU: 100, postgresCPU: 150, databaseCPU: 75, writer: 0.3, sync: 500, perSync: 50,
		retention: 1e9 * 1000, disk: 1,
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"a writer with 30 µs and 10 µs of sync", g.ceiling(), 25_000},
		{"as measured", g.onSQLite(2), 10_000},
		{"twice the cores", g.onSQLite(4), 20_000},
		{"the one writer is busy", g.onSQLite(8), 25_000},
		{"as busy, without the nodes", g.onPostgres(2), 16_000},
		{"and twice the cores", g.onPostgres(4), 32_000},
		{"1 GB over 1,000 s in 1,000 B", g.fits(1000), 1000},
	} {
		if math.Abs(c.got-c.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

// The formula against a count: operations begin at random times, and we look when the
// first of them have met their deadline.
func TestDrainingIsAsLongAsTheLastOperation(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for _, l := range []long{{0.002, 1200, 7200}, {0.01, 600, 900}, {0.05, 100, 7200}} {
		const runs = 4000
		var live int
		var last []float64
		for range runs {
			var end float64
			for at := -l.deadline + r.ExpFloat64()/l.rate; at < 0; at += r.ExpFloat64() / l.rate {
				if ends := at + min(r.ExpFloat64()*l.mean, l.deadline); ends > 0 {
					live++
					end = max(end, ends)
				}
			}
			last = append(last, end)
		}
		if got := float64(live) / runs; math.Abs(got-l.live()) > 0.1*l.live() {
			t.Errorf("%+v: %.3f live, said to be %.3f", l, got, l.live())
		}
		for _, at := range []float64{0, l.mean / 2, l.mean, l.deadline * 0.9, l.deadline} {
			var ended float64
			for _, x := range last {
				if x <= at {
					ended++
				}
			}
			if math.Abs(ended/runs-l.within(at)) > 0.03 {
				t.Errorf("%+v: after %v all have ended in %.3f of the runs, said to be %.3f", l, at, ended/runs, l.within(at))
			}
		}
		if p := l.within(l.drained(0.9)); p < 0.9-1e-6 {
			t.Errorf("%+v: drained with %.4f after %v", l, p, l.drained(0.9))
		}
	}
}

func TestNumbersAreReadable(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(999.4), "999"},
		{count(1000), "1,000"},
		{count(1234567), "1,234,567"},
		{short(0.5), "0.50 "},
		{short(999.6), "1.00 k"},
		{short(6.048e9), "6.05 G"},
		{digits(4136), "4,136"},
		{percent(0.0588), "5.9 %"},
		{span(0), "0"},
		{span(0.0104), "10.4 ms"},
		{span(0.9999), "1.0 s"},
		{span(1200), "20 min"},
		{span(7200), "2.0 h"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"-only all":    "known are limits",
		"-cells 0":     "1 to 1000",
		"-cells 4,,5":  "1 to 1000",
		"-regions 9":   "want 1 to 8",
		"-hot 1":       "below 1",
		"-demand -5":   "-demand is below zero",
		"-postgres 0":  "cannot be 0",
		"-draws 0":     "begin at 1",
		"only=balance": "only flags",
	} {
		if _, err := parse(strings.Fields(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestTheSameFlagsPrintTheSame(t *testing.T) {
	args := strings.Fields("-accounts 500 -cells 1,4 -draws 3 -flood 0.3 -quiet-accounts 20 -connections 50")
	out := func(args []string) string {
		var b bytes.Buffer
		c, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			before := b.Len()
			if p.print(&b, c); b.Len() == before {
				t.Errorf("%s prints nothing", p.name)
			}
		}
		return b.String()
	}
	first := out(args)
	if out(args) != first {
		t.Error("two runs differ")
	}
	if out(append(args, "-seed", "2")) == first {
		t.Error("another seed prints the same")
	}
	for _, bad := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(first, bad) {
			t.Errorf("%s in\n%s", bad, first)
		}
	}
}
