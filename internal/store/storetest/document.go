package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"example.org/groundcontrol/internal/store"
)

func doc(kind, name, body string, revision int64) store.Document {
	return store.Document{Kind: kind, Name: name, Body: []byte(body), Revision: revision}
}

func write(t *testing.T, s store.Store, docs ...store.Document) {
	t.Helper()
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

// stands returns what stands under a name, the zero document where nothing does.
func stands(t *testing.T, s store.Store, kind, name string) store.Document {
	t.Helper()
	d, err := s.Document(t.Context(), kind, name)
	if errors.Is(err, store.ErrNotFound) {
		return store.Document{}
	}
	if err != nil {
		t.Fatal(err)
	}
	if d.Kind != kind || d.Name != name || d.Revision < 1 || len(d.Body) == 0 {
		t.Errorf("%s %s: got %+v", kind, name, d)
	}
	return d
}

func documents(t *testing.T, s store.Store) {
	write(t, s) // nothing is fine
	body := string([]byte{0, 1, 255}) + "€"
	write(t, s, doc("k", "a", body, 0), doc("k", "b", "1", 0), doc("other", "a", "2", 0))
	a, b := stands(t, s, "k", "a"), stands(t, s, "k", "b")
	if string(a.Body) != body || string(stands(t, s, "other", "a").Body) != "2" {
		t.Errorf("a: %q", a.Body)
	}
	for _, docs := range [][]store.Document{
		{doc("k", "a", "x", 0)},
		{doc("k", "a", "x", a.Revision+1000)},
		{doc("k", "new", "x", 1)},
		{doc("k", "a", "x", a.Revision), doc("k", "b", "x", b.Revision+1000)}, // one of them
		{doc("k", "new", "x", 0), doc("k", "b", "", 0)},
	} {
		if err := s.Write(t.Context(), docs); !errors.Is(err, store.ErrStale) {
			t.Errorf("%+v: %v, want ErrStale", docs, err)
		}
	}
	if got := stands(t, s, "k", "a"); !bytes.Equal(got.Body, a.Body) || got.Revision != a.Revision {
		t.Errorf("a is %+v after writes that failed", got)
	}
	if got := stands(t, s, "k", "new"); got.Revision != 0 {
		t.Errorf("a write that failed left %+v", got)
	}
	write(t, s, doc("k", "a", "x", a.Revision), doc("k", "b", "y", b.Revision))
	if got := stands(t, s, "k", "a"); string(got.Body) != "x" || got.Revision <= b.Revision {
		t.Errorf("a is %+v", got)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	write(t, s, doc("k", "large", string(large), 0))
	if got := stands(t, s, "k", "large"); !bytes.Equal(got.Body, large) {
		t.Errorf("%d bytes came back of %d", len(got.Body), len(large))
	}
}

func documentsGone(t *testing.T, s store.Store) {
	write(t, s, doc("k", "never there", "", 0))
	write(t, s, doc("k", "a", "1", 0))
	write(t, s, doc("k", "a", "", stands(t, s, "k", "a").Revision))
	if got := stands(t, s, "k", "a"); got.Revision != 0 {
		t.Errorf("what is gone is %+v", got)
	}
	write(t, s, doc("k", "a", "2", 0))
	if got := stands(t, s, "k", "a"); string(got.Body) != "2" {
		t.Errorf("what came back is %+v", got)
	}
}

func documentChanges(t *testing.T, s store.Store) {
	for i := range 7 {
		write(t, s, doc("k", strconv.Itoa(i), "x", 0), doc("other", strconv.Itoa(i), "y", 0))
	}
	write(t, s, doc("k", "2", "changed", stands(t, s, "k", "2").Revision), doc("k", "4", "", stands(t, s, "k", "4").Revision))
	var got []string
	for after := int64(0); ; {
		page, err := s.Changes(t.Context(), "k", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			got = append(got, d.Name+string(d.Body))
			if d.Revision <= after || d.Kind != "k" {
				t.Errorf("%+v after revision %d", d, after)
			}
			after = d.Revision
		}
		if len(page) < 3 {
			break
		}
	}
	if want := []string{"0x", "1x", "3x", "5x", "6x", "2changed", "4"}; !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
}

// documentRace counts in a document from many goroutines, one of which follows the changes.
func documentRace(t *testing.T, s store.Store) {
	const workers, each = 6, 10
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				for { // bounded by the others' successes
					d, n := stands(t, s, "k", "count"), 0
					if d.Revision > 0 {
						n, _ = strconv.Atoi(string(d.Body))
					}
					err := s.Write(t.Context(), []store.Document{
						doc("k", "count", strconv.Itoa(n+1), d.Revision), doc("k", fmt.Sprint("by ", w), "x", stands(t, s, "k", fmt.Sprint("by ", w)).Revision),
					})
					if err == nil {
						break
					}
					if !errors.Is(err, store.ErrStale) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	last, after := 0, int64(0)
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true // and one more look
		default:
		}
		page, err := s.Changes(t.Context(), "k", after, 1000)
		if err != nil {
			t.Error(err)
			break
		}
		for _, d := range page {
			after = d.Revision
			if d.Name == "count" {
				last, _ = strconv.Atoi(string(d.Body))
			}
		}
	}
	<-done
	if got := string(stands(t, s, "k", "count").Body); got != strconv.Itoa(workers*each) || last != workers*each {
		t.Errorf("counted %s, followed to %d, want %d", got, last, workers*each)
	}
}
