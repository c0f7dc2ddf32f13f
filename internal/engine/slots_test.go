package engine

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/store"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// of is a queue of an account.
func of(account, typeName string) store.Queue {
	return store.Queue{Account: account, Region: "r", TypeName: typeName}
}

// due is a queue that is due since so many seconds before noon.
func due(account, typeName string, seconds int) store.Head {
	return store.Head{Queue: of(account, typeName), Claimable: noon.Add(-time.Duration(seconds) * time.Second)}
}

// busy takes slots for accounts, all with a type of their own.
func busy(s *slots, running map[string]int) {
	for account, n := range running {
		s.add(of(account, "T::of::"+account), n)
	}
}

func TestASlotIsTakenOrTheReasonGiven(t *testing.T) {
	for _, c := range []struct {
		name    string
		limits  Limits
		running map[string]int
		queued  bool // earlier requests of the queue wait
		want    string
	}{
		{"all are free", Limits{}, nil, false, ""},
		{"some are free", Limits{}, map[string]int{"a": 10, "b": 10}, false, ""},
		{"the last but those kept for others", Limits{}, map[string]int{"a": 1, "b": 28}, false, ""},
		{"only those kept for others", Limits{}, map[string]int{"a": 1, "b": 29}, false, "all 32 of this node are taken"},
		{"those kept for it", Limits{}, map[string]int{"b": 31}, false, ""},
		{"none", Limits{}, map[string]int{"b": 32}, false, "all 32 of this node are taken"},
		{"others go first", Limits{}, nil, true, "earlier requests for this type go first"},
		{"the account has its share", Limits{Account: map[string]int{"a": 3}}, map[string]int{"a": 3}, false, "3 calls of this account are in flight, as many as may be"},
		{"and nearly so", Limits{Account: map[string]int{"a": 3}}, map[string]int{"a": 2}, false, ""},
		{"as every account", Limits{Account: map[string]int{"*": 2}}, map[string]int{"a": 2}, false, "2 calls of this account are in flight"},
		{"unlike every account", Limits{Account: map[string]int{"*": 2, "a": 0}}, map[string]int{"a": 9}, false, ""},
		{"another account's limit", Limits{Account: map[string]int{"b": 1}}, map[string]int{"a": 9, "b": 1}, false, ""},
		{"the type has its share", Limits{Type: map[string]int{"T::of::a": 4}}, map[string]int{"a": 4}, false, "4 calls for this type are in flight, as many as may be"},
		{"as every type", Limits{Type: map[string]int{"*": 4}}, map[string]int{"a": 4}, false, "4 calls for this type are in flight"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSlots(32, c.limits)
			busy(s, c.running)
			q := of("a", "T::of::a")
			if c.queued {
				s.backlog[q] = true
			}
			free := s.free
			got := s.take(q)
			if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if taken := free - s.free; taken == 1 != (got == "") || s.backlog[q] == (got == "") {
				t.Errorf("%d slots taken, backlog %v", taken, s.backlog)
			}
		})
	}
}

// TestQuickCallsShareSlots: what is being written down holds no call, so more than the
// slots may be.
func TestQuickCallsShareSlots(t *testing.T) {
	for _, c := range []struct {
		name    string
		pace    time.Duration
		calling int // calls that are being made
		want    int // requests of many accounts that get a slot of 32
	}{
		{"nothing is known", 0, 0, 32},
		{"slow", 11 * time.Millisecond, 0, 32},
		{"one more passes in time", 10 * time.Millisecond, 0, 64},
		{"two more", 4 * time.Millisecond, 0, 96},
		{"all that may", time.Microsecond, 31, 128},
		{"some are stuck", time.Microsecond, 32, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSlots(32, Limits{})
			s.pace = c.pace
			for range c.calling {
				if !s.enter() {
					t.Fatal("no call may be made")
				}
			}
			n := 0
			for s.take(of(fmt.Sprint(n), "X")) == "" {
				n++
			}
			if n != c.want {
				t.Errorf("%d got one, want %d", n, c.want)
			}
		})
	}
}

func TestNoMoreCallsThanSlots(t *testing.T) {
	s := newSlots(2, Limits{})
	for range 2 {
		if !s.enter() {
			t.Fatal("no call may be made")
		}
	}
	if s.enter() {
		t.Error("a third call of two")
	}
	go s.leave()
	if !s.enter() {
		t.Error("none may be made after one ended")
	}
}

func TestSlotsAreSharedByNeed(t *testing.T) {
	for _, c := range []struct {
		name    string
		limits  Limits
		running map[string]int
		heads   []store.Head
		want    map[string]int // slots by account and type
	}{
		{"nobody asks", Limits{}, nil, nil, nil},
		{"one asks: half of what is free", Limits{}, nil, []store.Head{due("a", "X", 1)}, map[string]int{"a X": 16}},
		{"not before it is due", Limits{}, nil, []store.Head{due("a", "X", -1)}, nil},
		{"just when it is due", Limits{}, nil, []store.Head{due("a", "X", 0)}, map[string]int{"a X": 16}},
		{"two ask", Limits{}, nil, []store.Head{due("a", "X", 9), due("b", "X", 1)}, map[string]int{"a X": 8, "b X": 8}},
		{"who has few gets more", Limits{}, map[string]int{"a": 20}, []store.Head{due("a", "X", 9), due("b", "X", 1)}, map[string]int{"b X": 6}},
		{"until they are equal", Limits{}, map[string]int{"a": 4}, []store.Head{due("a", "X", 9), due("b", "X", 1)}, map[string]int{"a X": 5, "b X": 9}},
		{"of equals who waited longest", Limits{}, map[string]int{"c": 31}, []store.Head{due("a", "X", 1), due("b", "X", 9)}, map[string]int{"b X": 1}},
		{"an account's oldest queue counts", Limits{}, map[string]int{"c": 31}, []store.Head{due("a", "X", 1), due("b", "X", 5), due("a", "Y", 9)}, map[string]int{"a X": 1}},
		{"by weight", Limits{Weight: map[string]int{"a": 3}}, nil, []store.Head{due("a", "X", 1), due("b", "X", 1)}, map[string]int{"a X": 12, "b X": 4}},
		{"by the weight of all others", Limits{Weight: map[string]int{"a": 1, "*": 3}}, nil, []store.Head{due("a", "X", 1), due("b", "X", 1)}, map[string]int{"a X": 4, "b X": 12}},
		{"a queue for each type takes turns", Limits{}, nil, []store.Head{due("a", "X", 1), due("a", "Y", 1)}, map[string]int{"a X": 8, "a Y": 8}},
		{"up to the account's limit", Limits{Account: map[string]int{"a": 2}}, nil, []store.Head{due("a", "X", 1), due("b", "X", 1)}, map[string]int{"a X": 2, "b X": 14}},
		{"up to the type's limit", Limits{Type: map[string]int{"X": 4}}, nil, []store.Head{due("a", "X", 1), due("b", "X", 1), due("b", "Y", 1)}, map[string]int{"a X": 4, "b Y": 12}},
		{"who must not is no hindrance", Limits{Type: map[string]int{"T::of::a": 30}}, map[string]int{"a": 30, "c": 1}, []store.Head{due("b", "T::of::a", 9), due("d", "X", 1)}, map[string]int{"d X": 1}},
		{"some are kept for accounts that have none", Limits{}, map[string]int{"a": 30}, []store.Head{due("a", "X", 9)}, nil},
		{"and given to them", Limits{}, map[string]int{"a": 30}, []store.Head{due("a", "X", 9), due("b", "X", 1)}, map[string]int{"b X": 1}},
		{"none is free", Limits{}, map[string]int{"a": 32}, []store.Head{due("b", "X", 9)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSlots(32, c.limits)
			busy(s, c.running)
			free, got := s.free, map[string]int{}
			n := 0
			for _, share := range s.share(c.heads, noon, true) {
				got[share.Account+" "+share.TypeName] += share.Max
				n += share.Max
			}
			switch {
			case c.name == "up to the type's limit": // who gets the type's is not said, but that all of them go
				if got["a X"]+got["b X"] != 4 || got["b Y"] != 12 {
					t.Errorf("shared %v", got)
				}
			case !maps.Equal(got, c.want):
				t.Errorf("shared %v, want %v", got, c.want)
			}
			if free-s.free != n {
				t.Errorf("%d slots taken for %d shared", free-s.free, n)
			}
		})
	}
}

func TestTheNeediestIsNextForItsWeight(t *testing.T) {
	for _, c := range []struct {
		a, b           int // calls in flight
		weightA        int // b's is 1
		sinceA, sinceB int // seconds that they have waited for
		want           string
	}{
		{0, 1, 1, 1, 9, "a"},
		{1, 0, 1, 9, 1, "b"},
		{1, 1, 1, 9, 1, "a"},
		{1, 1, 1, 1, 9, "b"},
		{3, 2, 2, 1, 1, "a"},
		{4, 2, 2, 1, 9, "b"},
		{5, 2, 2, 9, 1, "b"},
	} {
		s := newSlots(32, Limits{})
		busy(s, map[string]int{"a": c.a, "b": c.b})
		got := s.neediest(map[string]*claimant{
			"a": {account: "a", weight: c.weightA, since: due("", "", c.sinceA).Claimable},
			"b": {account: "b", weight: 1, since: due("", "", c.sinceB).Claimable},
		})
		if got.account != c.want {
			t.Errorf("%+v: %s", c, got.account)
		}
	}
	if got := newSlots(1, Limits{}).neediest(nil); got != nil {
		t.Errorf("nobody asks, and %s is next", got.account)
	}
}

func TestGiveTellsWhetherSomebodyMayWait(t *testing.T) {
	s := newSlots(1, Limits{})
	if wait := s.take(of("a", "X")); wait != "" {
		t.Fatal(wait)
	}
	if wait := s.take(of("b", "X")); wait == "" {
		t.Fatal("two took one slot")
	}
	if !s.give(of("a", "X"), 1, time.Second) {
		t.Error("nobody is said to wait")
	}
	if s.share(nil, noon, true); s.give(of("a", "X"), 0, 0) {
		t.Error("after a look that found nobody somebody is said to wait")
	}
	if s.free != 1 || len(s.accounts) != 0 || len(s.types) != 0 {
		t.Errorf("%d free, and it remembers %v %v", s.free, s.accounts, s.types)
	}
	if wait := s.take(of("b", "X")); wait != "" {
		t.Errorf("the slot that was given back is not to be had: %s", wait)
	}
}

func TestTheEstimateFollowsTheCalls(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		ahead  int
		want   time.Duration
	}{
		{"the first", Limits{}, 0, 10 * time.Second / 32},
		{"behind as many as there are slots", Limits{}, 31, 10 * time.Second},
		{"with a limit of its account", Limits{Account: map[string]int{"a": 2}}, 3, 20 * time.Second},
		{"with a limit of its type", Limits{Type: map[string]int{"*": 4}}, 3, 10 * time.Second},
	} {
		s := newSlots(32, c.limits)
		s.add(of("a", "X"), 1)
		s.give(of("a", "X"), 1, 10*time.Second)
		if got := s.wait(of("a", "X"), c.ahead); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSlotsAreNeverOversubscribed plays takes, shares and returns in any order.
func TestSlotsAreNeverOversubscribed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names, types := []string{"a", "b", "c"}, []string{"X", "Y"}
		caps := func(what string, names []string) map[string]int {
			return rapid.MapOf(rapid.SampledFrom(append(names, "*")), rapid.IntRange(0, 5)).Draw(rt, what)
		}
		limits := Limits{Account: caps("account", names), Type: caps("type", types), Weight: caps("weight", names)}
		size := rapid.IntRange(1, 40).Draw(rt, "size")
		s := newSlots(size, limits)
		taken := map[store.Queue]int{}
		queue := func(rt *rapid.T) store.Queue {
			return of(rapid.SampledFrom(names).Draw(rt, "account"), rapid.SampledFrom(types).Draw(rt, "type"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"take": func(rt *rapid.T) {
				if q := queue(rt); s.take(q) == "" {
					taken[q]++
				}
			},
			"give": func(rt *rapid.T) {
				if q := queue(rt); taken[q] > 0 {
					s.give(q, 1, time.Duration(rapid.IntRange(0, 9).Draw(rt, "took"))*time.Second)
					taken[q]--
				}
			},
			"share": func(rt *rapid.T) {
				var heads []store.Head
				for range rapid.IntRange(0, 4).Draw(rt, "queues") {
					q := queue(rt)
					heads = append(heads, due(q.Account, q.TypeName, rapid.IntRange(-2, 9).Draw(rt, "since")))
				}
				for _, share := range s.share(heads, noon, rapid.Bool().Draw(rt, "whole")) {
					taken[share.Queue] += share.Max
				}
			},
			"": func(rt *rapid.T) {
				all, by := 0, map[string]int{}
				for q, n := range taken {
					all += n
					by["account "+q.Account] += n
					by["type "+q.TypeName] += n
				}
				if all != size-s.free || all > size {
					rt.Fatalf("%d of %d taken, %d free", all, size, s.free)
				}
				for what, limits := range map[string]map[string]int{"account": limits.Account, "type": limits.Type} {
					for _, name := range append(names, types...) {
						n, running := named(limits, name), by[fmt.Sprintf("%s %s", what, name)]
						if n > 0 && running > n {
							rt.Fatalf("%d of the %s %s, at most %d", running, what, name, n)
						}
					}
				}
			},
		})
	})
}
