package follow_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/follow"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

func number(_ string, body []byte) (int, error) { return strconv.Atoi(string(body)) }

func put(t *testing.T, s store.Documents, name, body string) {
	t.Helper()
	d, err := s.Document(t.Context(), "n", name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []store.Document{{Kind: "n", Name: name, Body: []byte(body), Revision: d.Revision}}); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentsFollowTheStore(t *testing.T) {
	s := new(memory.Store)
	d := follow.New(s, "n", number)
	if _, revision := d.Get("a"); revision != 0 {
		t.Error("something is there before anything was written")
	}
	put(t, s, "a", "1")
	put(t, s, "b", "2")
	if err := d.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "3")
	put(t, s, "b", "")
	put(t, s, "bad", "x")
	put(t, s, "c", "4")
	if err := d.Refresh(t.Context()); err == nil {
		t.Error("no word of a document that cannot be read")
	}
	if err := d.Refresh(t.Context()); err != nil {
		t.Errorf("a second word of it: %v", err)
	}
	if got, want := d.All(), (map[string]int{"a": 3, "c": 4}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if v, revision := d.Get("a"); v != 3 || revision == 0 {
		t.Errorf("a is %d of revision %d", v, revision)
	}
}

func TestManyDocumentsCameInPages(t *testing.T) {
	s := new(memory.Store)
	for i := range 1200 {
		put(t, s, fmt.Sprint(i), "7")
	}
	d := follow.New(s, "n", number)
	if err := d.Refresh(t.Context()); err != nil || len(d.All()) != 1200 {
		t.Errorf("%d documents, %v", len(d.All()), err)
	}
}

func TestRunSeesWhatOthersWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		d := follow.New(s, "n", number)
		ctx, cancel := context.WithCancel(t.Context())
		var failures atomic.Int64
		go d.Run(ctx, func(error) { failures.Add(1) })
		put(t, s, "a", "1")
		put(t, s, "bad", "x")
		time.Sleep(follow.Every + time.Millisecond)
		if v, _ := d.Get("a"); v != 1 || failures.Load() != 1 {
			t.Errorf("a is %d, %d failures", v, failures.Load())
		}
		cancel()
		synctest.Wait()
	})
}
