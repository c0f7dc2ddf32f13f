package sample_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// corpus holds the published schemas, outside of this repository.
var corpus = filepath.Join("..", "..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")

// share is one in how many published schemas are tried. It is more under the race detector, which makes these tests ten
// times as slow and has nothing to find in them; make test-types tries all.
var share = 1

// published reads the published schemas, once for all tests; every twentieth of them with -short.
var published = sync.OnceValues(func() (all []*schema.Schema, err error) {
	archive, err := zip.OpenReader(corpus)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	for i, file := range archive.File {
		if i%share != 0 || testing.Short() && i%20 != 0 {
			continue
		}
		r, err := file.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		s, _, err := schema.Parse(text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
})

// eachPublished calls f for each published type, some at a time, and returns how many there are.
func eachPublished(t *testing.T, f func(seed uint64, s *schema.Schema)) int {
	t.Helper()
	all, err := published()
	if os.IsNotExist(err) {
		t.Skipf("put the published schemas at %s to run this", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		group.Go(func() {
			for i := first; i < len(all); i += workers {
				f(uint64(i), all[i])
			}
		})
	}
	group.Wait()
	return len(all)
}

func TestEveryPublishedTypeHasALeastState(t *testing.T) {
	types := eachPublished(t, func(_ uint64, s *schema.Schema) {
		state, err := sample.Least(s)
		if err != nil {
			t.Error(err)
			return
		}
		if err := s.Validate(state); err != nil {
			t.Errorf("%s: %s: %v", s.TypeName, schema.Encode(state), err)
		}
		for name := range state {
			less := decode(t, string(schema.Encode(state)))
			delete(less, name)
			if s.Validate(less) == nil {
				t.Errorf("%s: %s can be left out of %s", s.TypeName, name, schema.Encode(state))
			}
		}
		if again, _ := sample.Least(s); !schema.Equal(again, state) {
			t.Errorf("%s: the least state is not the same twice", s.TypeName)
		}
	})
	t.Logf("%d types", types)
}

func TestEveryPublishedTypeHasRandomStates(t *testing.T) {
	var mu sync.Mutex
	var took []time.Duration
	var size, changed, kept int
	types := eachPublished(t, func(seed uint64, s *schema.Schema) {
		for n := range uint64(3) {
			start := time.Now()
			state, err := sample.Random(s, numbers(3*seed+n))
			elapsed := time.Since(start)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Validate(state); err != nil {
				t.Errorf("%s: %s: %v", s.TypeName, schema.Encode(state), err)
			}
			can, cannot := 0, 0
			if n == 0 {
				can, cannot = changeable(t, s, state, seed)
			}
			mu.Lock()
			took, size, changed, kept = append(took, elapsed), size+len(schema.Encode(state)), changed+can, kept+cannot
			mu.Unlock()
		}
	})
	slices.Sort(took)
	slowest := took[len(took)-1]
	t.Logf("%d types, %d states of %d bytes on average, median %s, slowest %s", types, len(took), size/len(took), took[len(took)/2], slowest)
	t.Logf("%d properties were changed, %d could not", changed, kept)
	if slowest > time.Minute { // milliseconds are usual
		t.Errorf("a state took %s", slowest)
	}
	if kept > changed/50 {
		t.Error("too many properties could not be changed")
	}
}

// changeable counts the properties that Change changes.
func changeable(t *testing.T, s *schema.Schema, state map[string]any, seed uint64) (can, cannot int) {
	for _, name := range s.PropertyNames() {
		v, ok := sample.Change(s, state, name, numbers(seed))
		if !ok {
			cannot++
			continue
		}
		can++
		model := decode(t, string(schema.Encode(state)))
		was, had := model[name]
		model[name] = v
		if err := s.Validate(model); err != nil || had && schema.Equal(v, was) {
			t.Errorf("%s: %s changed from %s to %s: %v", s.TypeName, name, schema.Encode(was), schema.Encode(v), err)
		}
	}
	return can, cannot
}

// The validator prints, for each keyword that the published types use, the line that AWS's table of texts has for it.
func TestThePublishedTypesAreRefusedInAWSsWords(t *testing.T) {
	var mu sync.Mutex
	all, clean := map[string]int{}, map[string]int{}
	types := eachPublished(t, func(seed uint64, s *schema.Schema) {
		state, err := sample.Random(s, numbers(seed))
		if err != nil {
			t.Error(err)
			return
		}
		for _, b := range sample.Breaks(s, state, numbers(seed)) {
			causes := checkBreak(t, s, b)
			mu.Lock()
			all[b.Keyword]++
			if causes == 1 {
				clean[b.Keyword]++
			}
			mu.Unlock()
		}
	})
	t.Logf("%d types, broken: %v", types, all)
	t.Logf("for one reason: %v", clean)
}
