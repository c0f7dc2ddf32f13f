package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
)

func at(hour int) time.Time { return time.Date(2026, 1, 2, hour, 0, 0, 0, time.UTC) }

func TestSlicesThatAreMissing(t *testing.T) {
	for _, c := range []struct {
		name  string
		have  []slice
		now   time.Time
		width time.Duration
		want  []slice
	}{
		{"none yet", nil, at(5).Add(time.Minute), time.Hour, []slice{{at(5), at(6)}, {at(6), at(7)}, {at(7), at(8)}}},
		{"all there", []slice{{at(5), at(6)}, {at(6), at(7)}, {at(7), at(8)}}, at(5), time.Hour, nil},
		{"the last", []slice{{at(5), at(6)}, {at(6), at(7)}}, at(5), time.Hour, []slice{{at(7), at(8)}}},
		{"a gap", []slice{{at(5), at(6)}, {at(7), at(9)}}, at(5), time.Hour, []slice{{at(6), at(7)}}},
		{"behind wider ones", []slice{{at(0), at(7)}}, at(5), 4 * time.Hour, []slice{{at(7), at(8)}, {at(8), at(12)}, {at(12), at(16)}}},
		{"among narrower ones", []slice{{at(6), at(7)}}, at(5), 4 * time.Hour, []slice{{at(4), at(6)}, {at(7), at(8)}, {at(8), at(12)}, {at(12), at(16)}}},
	} {
		if got := missing(c.have, c.now, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, name := range []string{"done_default", "done", "live", "done_1_2", "done_20260102000000"} {
		if s, ok := parseSlice(name); ok {
			t.Errorf("%s is taken for slice %v", name, s)
		}
	}
	if s, ok := parseSlice(slice{at(1), at(2)}.name()); !ok || s != (slice{at(1), at(2)}) {
		t.Errorf("%v, %v", s, ok)
	}
}

func newTestJob(t *testing.T, n int, id, clientToken string, accept bool) *job {
	t.Helper()
	r := operation.Request{
		Token: operation.NewToken(at(1), [8]byte{byte(n)}), Account: "1", Region: "r", TypeName: "A::B::C", Identifier: id, ClientToken: clientToken,
	}
	j, err := newJob(r, nil, accept)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJobsThatTouchTheSameWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		a1, a2 := newTestJob(t, 1, "a", "x", true), newTestJob(t, 2, "a", "y", true)
		a3 := newTestJob(t, 3, "c", "y", true)
		s1, s1again := newTestJob(t, 1, "a", "", false), newTestJob(t, 1, "", "", false)
		other := newTestJob(t, 4, "d", "", false)
		q.jobs = []*job{a1, s1, a2, s1again, a3, other}
		var first, second batch
		take := func(b *batch, want ...*job) {
			t.Helper()
			if !q.take(b) || !slices.Equal(b.jobs, want) {
				t.Fatalf("%d jobs, want %d", len(b.jobs), len(want))
			}
		}
		// Accepts of the same go together. A save of a request goes alone, one of its
		// resource after the accepts.
		take(&first, a1, a2, s1again, a3, other)
		a4 := newTestJob(t, 5, "e", "y", true)
		free := newTestJob(t, 6, "f", "", true)
		q.jobs = append(q.jobs, a4, free)
		began := time.Now()
		take(&second, free) // too few to be worthwhile, until they have waited
		if took := time.Since(began); took < tooLong || took > 2*tooLong {
			t.Errorf("a second transaction begins after %v", took)
		}
		q.release(&first)
		take(&first, s1, a4)
		q.close()
		q.release(&first)
		q.release(&second)
		if q.take(&first) || len(q.held) > 0 {
			t.Error("the queue gives what it has not")
		}
	})
}

func TestNobodyWaitsInTheQueueForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- q.do(ctx, newTestJob(t, 1, "a", "", true)) }()
		stays := make(chan error, 1)
		go func() { stays <- q.do(t.Context(), newTestJob(t, 2, "b", "", true)) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves: %v", err)
		}
		time.Sleep(2 * patience) // the writers are busy
		go func() { _ = q.do(t.Context(), newTestJob(t, 3, "c", "", true)) }()
		synctest.Wait()
		var b batch
		if !q.take(&b) || len(b.jobs) != 1 || b.jobs[0].request.Identifier != "c" {
			t.Errorf("%d jobs", len(b.jobs))
		}
		if err := <-stays; !errors.Is(err, errWaited) {
			t.Errorf("who stays: %v", err)
		}
		b.jobs[0].done <- nil
	})
}

func TestBatchesAreBounded(t *testing.T) {
	q := newQueue()
	for i := range 2 * maxBatch {
		q.jobs = append(q.jobs, newTestJob(t, i, fmt.Sprint(i), "", true))
	}
	var b batch
	if q.take(&b); len(b.jobs) != maxBatch || len(q.jobs) != maxBatch {
		t.Errorf("%d jobs at once, %d left", len(b.jobs), len(q.jobs))
	}
	q.release(&b)
	for _, j := range q.jobs {
		j.body = make([]byte, maxBytes/3)
	}
	if q.take(&b); len(b.jobs) != 4 {
		t.Errorf("%d large jobs at once", len(b.jobs))
	}
}

func TestHintsComeBackWhole(t *testing.T) {
	us, them := newHints(), newHints()
	us.wanted.Store(true)
	want := map[string]bool{}
	for n := range maxHints {
		token := operation.NewToken(at(1), [8]byte{byte(n >> 8), byte(n)})
		u, _ := operation.ParseToken(token)
		us.wrote(u, n == 0)
		want[token] = true
	}
	frees := 0
	for _, payload := range us.payloads() {
		if len(payload) >= 8000 {
			t.Errorf("a payload of %d bytes", len(payload))
		}
		if _, ok := us.heard(payload); ok {
			t.Error("a node hears itself")
		}
		hint, ok := them.heard(payload)
		if !ok {
			t.Error("a node does not hear another")
		}
		if hint.Free {
			frees++
		}
		for _, token := range hint.Tokens {
			if !want[token] {
				t.Errorf("token %s: twice, or never sent", token)
			}
			delete(want, token)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d tokens are lost", len(want))
	}
	if frees != 1 {
		t.Errorf("%d payloads tell of work for any node, want 1", frees)
	}
	us.wrote([16]byte{1}, false)
	if hint, ok := them.heard(us.payloads()[0]); hint.Free || !ok {
		t.Errorf("heard: %+v, %v", hint, ok)
	}
	for n := range maxHints + 1 {
		us.wrote([16]byte{byte(n >> 8), byte(n)}, false)
	}
	all := us.payloads()
	if hint, ok := them.heard(all[0]); len(all) != 1 || len(hint.Tokens) > 0 || !hint.Free || !ok {
		t.Errorf("too many are %d payloads, the first %+v", len(all), hint)
	}
	if all := us.payloads(); len(all) > 0 {
		t.Errorf("%d payloads of nothing", len(all))
	}
	for _, odd := range []string{"", "x", strings.Repeat("!", 40)} {
		if hint, _ := us.heard(odd); len(hint.Tokens) > 0 {
			t.Errorf("%q: %+v", odd, hint)
		}
	}
}

func TestClockKeepsTheBetterReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		s := func() time.Duration { return time.Until(c.at.Load().now()) }
		c.take(reading{time.Now(), time.Now().Add(time.Hour), time.Millisecond})
		c.take(reading{time.Now(), time.Now().Add(time.Hour + 2*time.Millisecond), 20 * time.Millisecond})
		if s() != time.Hour {
			t.Errorf("a worse reading is taken: %v", s())
		}
		time.Sleep(time.Minute) // the old one has drifted by up to 12 ms
		c.take(reading{time.Now(), time.Now().Add(time.Hour + 2*time.Millisecond), 5 * time.Millisecond})
		if s() != time.Hour+2*time.Millisecond {
			t.Errorf("a better reading is not taken: %v", s())
		}
		c.take(reading{time.Now(), time.Now().Add(-time.Hour), time.Second})
		if s() != -time.Hour {
			t.Errorf("a clock that was set is not followed: %v", s())
		}
	})
}

func TestLongIdentifiersHaveShortNames(t *testing.T) {
	long := strings.Repeat("ü", 1024)
	names := map[string]bool{}
	for _, id := range []string{"a", long, long + "b", strings.Repeat("a", longest), strings.Repeat("a", longest+1), strings.Repeat("a", longest+2)} {
		name := nameOf(id)
		if names[name] || len(name) > longest+50 || !utf8.ValidString(name) || (name == id) != (len(id) <= longest) {
			t.Errorf("an identifier of %d bytes has a name of %d", len(id), len(name))
		}
		names[name] = true
	}
}

func TestChangeNamesItsRequest(t *testing.T) {
	r := operation.Request{Token: operation.NewToken(at(1), [8]byte{})}
	if _, err := newJob(r, &resource.Change{Resource: resource.Resource{Request: "no token"}}, false); err == nil {
		t.Error("a change of no request is taken")
	}
}
