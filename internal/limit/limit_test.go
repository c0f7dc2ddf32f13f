package limit_test

import (
	"strconv"
	"testing"
	"time"

	"example.org/groundcontrol/internal/limit"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestRatesAreRead(t *testing.T) {
	for text, want := range map[string]limit.Rate{
		"5/s":    {PerSecond: 5, Burst: 5},
		"0.5/s":  {PerSecond: 0.5, Burst: 1},
		"300/m":  {PerSecond: 5, Burst: 5},
		"36/h:9": {PerSecond: 0.01, Burst: 9},
		"2.5/s":  {PerSecond: 2.5, Burst: 3},
	} {
		if got, err := limit.ParseRate(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "5/", "5/d", "/s", "0/s", "-1/s", "NaN/s", "Inf/s", "5/s:", "5/s:0", "5/s:-1", "5/s:x"} {
		if got, err := limit.ParseRate(text); err == nil {
			t.Errorf("%q gives %+v", text, got)
		}
	}
}

func TestEachAccountAndOperationHasItsOwnBucket(t *testing.T) {
	l := limit.New(map[string]limit.Rate{"Create": {PerSecond: 2, Burst: 3}, "*": {PerSecond: 1, Burst: 1}})
	taken := func(account, operation string, at time.Duration) (n int) {
		for n < 100 && l.Allow(account, operation, t0.Add(at)) {
			n++
		}
		return n
	}
	for i, c := range []struct {
		account, operation string
		at                 time.Duration
		want               int
	}{
		{"a", "Create", 0, 3},
		{"a", "Create", 0, 0},
		{"b", "Create", 0, 3},
		{"a", "Delete", 0, 1},
		{"a", "Update", 0, 1},
		{"a", "Create", 500 * time.Millisecond, 1},
		{"a", "Create", time.Hour, 3},
	} {
		if got := taken(c.account, c.operation, c.at); got != c.want {
			t.Errorf("step %d: %d calls of %s by %s allowed, want %d", i, got, c.operation, c.account, c.want)
		}
	}
}

func TestWithoutRatesEverythingIsAllowed(t *testing.T) {
	l := limit.New(nil)
	for range 1000 {
		if !l.Allow("a", "Create", t0) {
			t.Fatal("refused")
		}
	}
}

func TestManyAccountsDoNotRefillAnEmptyBucket(t *testing.T) {
	l := limit.New(map[string]limit.Rate{"*": {PerSecond: 0.001, Burst: 1}})
	l.Allow("greedy", "Create", t0)
	for i := range 10_000 {
		l.Allow(strconv.Itoa(i), "Create", t0)
	}
	if l.Allow("greedy", "Create", t0.Add(time.Second)) {
		t.Error("an empty bucket was forgotten")
	}
}
