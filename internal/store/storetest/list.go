package storetest

import (
	"slices"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// tokens pages through q and returns the tokens of all pages. between runs after each page.
func tokens(t *testing.T, s store.Store, q store.RequestQuery, between func()) []string {
	t.Helper()
	var all []string
	for range 100 {
		page, err := s.Requests(t.Context(), q)
		must(t, err)
		if len(page.Requests) > q.Limit || page.More && len(page.Requests) != q.Limit {
			t.Fatalf("a page of %d (more: %v) for a limit of %d", len(page.Requests), page.More, q.Limit)
		}
		for _, r := range page.Requests {
			all = append(all, r.Token)
			if r.Input.Desired != nil {
				t.Error("a list gives the input")
			}
		}
		if !page.More {
			return all
		}
		q.After = all[len(all)-1]
		between()
	}
	t.Fatal("pages do not end")
	return nil
}

func listPages(t *testing.T, s store.Store) {
	var want []string
	for i := range 7 {
		r := accept(t, s, leased(t, i, name("r", i)))
		if i%2 == 0 {
			r = end(t, s, r)
		}
		want = append(want, r.Token)
	}
	foreign := pending(50, "x")
	foreign.Region = "us-east-1"
	accept(t, s, foreign)
	slices.Reverse(want)
	for limit := 1; limit <= 8; limit++ {
		q := query()
		q.Limit = limit
		n := 0
		got := tokens(t, s, q, func() { // requests that arrive while we page do not move the pages
			n++
			accept(t, s, pending(1000*limit+n, ""))
		})
		if len(got) < 7 || !slices.Equal(got[len(got)-7:], want) || limit == 1 && len(got) != 7 {
			t.Errorf("limit %d: %v, want %v last", limit, got, want)
		}
	}
}

func listFilters(t *testing.T, s store.Store) {
	type row struct {
		token string
		op    operation.Operation
		st    operation.Status
	}
	var all []row
	n := 0
	for range 2 {
		for _, op := range operation.Operations {
			for _, st := range operation.Statuses {
				n++
				r := leased(t, n, name("r", n))
				if st == operation.Pending {
					r = pending(n, name("r", n))
				}
				r.Operation = op
				r = accept(t, s, r)
				e := operation.Event{At: r.Accepted.Add(time.Second), Node: "n1", Attempt: 1, ErrorCode: "NotFound"}
				switch st {
				case operation.Success:
					e.Kind = operation.Succeed
				case operation.Failed:
					e.Kind = operation.Fail
				case operation.CancelInProgress:
					e.Kind = operation.Cancel
				case operation.CancelComplete:
					r = apply(t, r, operation.Event{Kind: operation.Cancel, At: e.At})
					e.Kind = operation.Fail
				}
				if e.Kind != "" {
					var err error
					r, err = s.Save(t.Context(), apply(t, r, e), nil)
					must(t, err)
				}
				if r.Status != st {
					t.Fatalf("made %s, want %s", r.Status, st)
				}
				all = append(all, row{r.Token, op, st})
			}
		}
	}
	slices.Reverse(all)
	// None, one, two, all but one, and all of so many.
	sets := func(n int) (picked [][]int) {
		for bits := range 1 << n {
			var set []int
			for i := range n {
				if bits&(1<<i) != 0 {
					set = append(set, i)
				}
			}
			if len(set) <= 2 || len(set) >= n-1 {
				picked = append(picked, set)
			}
		}
		return picked
	}
	for _, ops := range sets(len(operation.Operations)) {
		for _, sts := range sets(len(operation.Statuses)) {
			q := query()
			for _, i := range ops {
				q.Operations = append(q.Operations, operation.Operations[i])
			}
			for _, i := range sts {
				q.Statuses = append(q.Statuses, operation.Statuses[i])
			}
			var want []string
			for _, r := range all {
				if (len(ops) == 0 || slices.Contains(q.Operations, r.op)) && (len(sts) == 0 || slices.Contains(q.Statuses, r.st)) {
					want = append(want, r.token)
				}
			}
			q.Limit = 7
			if got := tokens(t, s, q, func() {}); !slices.Equal(got, want) {
				t.Fatalf("%v %v: got %v, want %v", q.Operations, q.Statuses, got, want)
			}
		}
	}
}

func listExpired(t *testing.T, s store.Store) {
	end(t, s, accept(t, s, leased(t, 0, "old")))
	live := accept(t, s, leased(t, 1, "live"))
	fresh := end(t, s, accept(t, s, leased(t, 2, "fresh")))
	q := query()
	q.EndedSince = t0.Add(2 * time.Second)
	if got := tokens(t, s, q, func() {}); !slices.Equal(got, []string{fresh.Token, live.Token}) {
		t.Errorf("got %v, want the fresh one and the live one", got)
	}
}

func resourcePages(t *testing.T, s store.Store) {
	want := []string{"A", "B|1", "a", "b", "é"} // in byte order
	for i, id := range []string{"b", "é", "A", "a", "B|1"} {
		made(t, s, i, id, `{"id":"`+id+`"}`)
	}
	other := leased(t, 10, "x")
	other.TypeName = "A::B::D"
	other = accept(t, s, other)
	c := change(other, `{}`, 0)
	c.TypeName = "A::B::D"
	_, err := s.Save(t.Context(), apply(t, other, succeed(other)), c)
	must(t, err)
	for limit := 1; limit <= 6; limit++ {
		var got []string
		q := resourceQuery(limit)
		for range 10 {
			page, err := s.Resources(t.Context(), q)
			must(t, err)
			for _, is := range page.Resources {
				got = append(got, is.Identifier)
				if string(is.Model) != `{"id":"`+is.Identifier+`"}` || is.Revision != 1 {
					t.Errorf("%s: %s at %d", is.Identifier, is.Model, is.Revision)
				}
			}
			if !page.More {
				break
			}
			q.After = got[len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v, want %v", limit, got, want)
		}
	}
}
