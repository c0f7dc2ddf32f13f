package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// begun has a create of the resource make progress, which leaves it unfinished.
func begun(t *testing.T, s store.Store, n int, id, model string) operation.Request {
	t.Helper()
	r := accept(t, s, leased(t, n, id))
	c := change(r, model, 0)
	c.Unfinished, c.WriteOnly = true, []byte(`{"Secret":1}`)
	next := apply(t, r, operation.Event{Kind: operation.Progress, At: r.Accepted.Add(time.Second), Node: "n1", Attempt: 1, Identifier: id})
	r, err := s.Save(t.Context(), next, c)
	must(t, err)
	return r
}

// again is the next call of r.
func again(t *testing.T, s store.Store, r operation.Request) operation.Request {
	t.Helper()
	r, err := s.Save(t.Context(), apply(t, r, operation.Event{Kind: operation.Claim, At: r.EventTime.Add(time.Second), Node: "n1", Lease: time.Minute}), nil)
	must(t, err)
	return r
}

func identifiers(t *testing.T, all []resource.Resource, err error) (ids []string) {
	t.Helper()
	must(t, err)
	for _, r := range all {
		ids = append(ids, r.TypeName+" "+r.Identifier)
		if !r.Unfinished || r.Request == "" || r.Revision == 0 {
			t.Errorf("%+v", r)
		}
	}
	return ids
}

func unfinished(t *testing.T, s store.Store) {
	r := begun(t, s, 1, "a", `{"step":1}`)
	got, err := s.Resource(t.Context(), resourceKey("a"))
	must(t, err)
	if !got.Unfinished || string(got.Model) != `{"step":1}` || got.Revision != 1 || got.Request != r.Token || string(got.WriteOnly) != `{"Secret":1}` {
		t.Errorf("the entry is %+v", got)
	}
	page, err := s.Resources(t.Context(), resourceQuery(10))
	must(t, err)
	if len(page.Resources) != 0 {
		t.Errorf("it is listed as a resource: %+v", page.Resources)
	}
	all, err := s.Unfinished(t.Context(), account, region, resource.Key{}, 10)
	if ids := identifiers(t, all, err); !slices.Equal(ids, []string{"A::B::C a"}) {
		t.Errorf("unfinished are %q", ids)
	}
	all, err = s.Unfinished(t.Context(), account, "elsewhere", resource.Key{}, 10)
	if ids := identifiers(t, all, err); ids != nil {
		t.Errorf("in another region: %q", ids)
	}

	// A further step replaces it, whatever revision it is at.
	r = again(t, s, r)
	c := change(r, `{"step":2}`, 0)
	c.Unfinished = true
	_, err = s.Save(t.Context(), apply(t, r, operation.Event{Kind: operation.Progress, At: r.EventTime, Node: "n1", Attempt: 2}), c)
	must(t, err)
	if got, err := s.Resource(t.Context(), resourceKey("a")); err != nil || string(got.Model) != `{"step":2}` || got.Revision != 2 {
		t.Errorf("after the second step: %+v, %v", got, err)
	}
}

func unfinishedEnds(t *testing.T, s store.Store) {
	// By success.
	r := again(t, s, begun(t, s, 1, "a", `{"step":1}`))
	c := change(r, `{"done":true}`, resource.AnyRevision)
	_, err := s.Save(t.Context(), apply(t, r, succeed(r)), c)
	must(t, err)
	whole, err := s.Resource(t.Context(), resourceKey("a"))
	if err != nil || whole.Unfinished || string(whole.Model) != `{"done":true}` || whole.Revision != 2 {
		t.Errorf("after success: %+v, %v", whole, err)
	}
	// What is whole is not made unfinished, nor given up, by another create of it.
	second := begun(t, s, 2, "a", `{"mine":true}`)
	if got, err := s.Resource(t.Context(), resourceKey("a")); err != nil || got.Unfinished || string(got.Model) != `{"done":true}` || got.Revision != 2 {
		t.Errorf("after another create made progress: %+v, %v", got, err)
	}
	end := func(r operation.Request, id string) {
		t.Helper()
		r = again(t, s, r)
		c := change(r, ``, resource.AnyRevision)
		c.Key, c.Unfinished, c.Gone = resourceKey(id), true, true
		_, err := s.Save(t.Context(), apply(t, r, operation.Event{Kind: operation.Fail, At: r.EventTime, Node: "n1", Attempt: 2, ErrorCode: "NotFound"}), c)
		must(t, err)
	}
	end(second, "a")
	if got, err := s.Resource(t.Context(), resourceKey("a")); err != nil || got.Unfinished {
		t.Errorf("after it was given up: %+v, %v", got, err)
	}
	// What is unfinished is given up.
	end(begun(t, s, 3, "b", `{}`), "b")
	if _, err := s.Resource(t.Context(), resourceKey("b")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was given up: %v", err)
	}
	// A change that expects nothing there, or another revision, finds the entry in its way; one
	// that knows its revision takes it over.
	begun(t, s, 4, "c", `{}`)
	for n, expect := range []int64{0, 7, 1} {
		r := accept(t, s, leased(t, 5+n, ""))
		c := change(r, `{"over":true}`, expect)
		c.Key = resourceKey("c")
		_, err := s.Save(t.Context(), apply(t, r, succeed(r)), c)
		got, rerr := s.Resource(t.Context(), resourceKey("c"))
		must(t, rerr)
		if errors.Is(err, store.ErrMoved) != (expect != 1) || got.Unfinished != (expect != 1) {
			t.Errorf("expecting %d: %v, the entry is %+v", expect, err, got)
		}
	}
}

func unfinishedPages(t *testing.T, s store.Store) {
	for i, id := range []string{"c", "a", "b"} {
		begun(t, s, 1+i, id, `{}`)
	}
	var ids []string
	var after resource.Key
	for range 10 {
		page, err := s.Unfinished(t.Context(), account, region, after, 2)
		ids = append(ids, identifiers(t, page, err)...)
		if len(page) < 2 {
			break
		}
		after = page[len(page)-1].Key
	}
	if want := []string{"A::B::C a", "A::B::C b", "A::B::C c"}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
	page, err := s.Unfinished(t.Context(), account, region, resource.Key{TypeName: "A::B::D"}, 2)
	if ids := identifiers(t, page, err); ids != nil {
		t.Errorf("behind the last type: %q", ids)
	}
}
