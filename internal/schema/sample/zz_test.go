package sample_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/schema/sample"
)

func TestZZBreaks(t *testing.T) {
	all, err := published()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	count := map[string]int{}
	clean := map[string]int{}
	n := 0
	var took, val time.Duration
	for i, s := range all {
		rnd := rand.New(rand.NewPCG(uint64(i), 2))
		state, err := sample.Random(s, rnd)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		breaks := sample.Breaks(s, state, rnd)
		d := time.Since(start)
		took += d
		if d > time.Second {
			t.Logf("%s: %d %s", s.TypeName, len(breaks), d)
		}
		for _, b := range breaks {
			start := time.Now()
			err := s.Validate(b.Document)
			val += time.Since(start)
			n++
			if err == nil {
				t.Errorf("%s: accepted: %s %s", s.TypeName, b.Keyword, b.Line)
				continue
			}
			lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(err.Error(), "Model validation failed ("), ")"), "\n")
			found := false
			causes := 0
			for _, l := range lines {
				found = found || l == b.Line
				if !strings.Contains(l, ": #: ") {
					causes++
				}
			}
			count[b.Keyword]++
			if causes == 1 {
				clean[b.Keyword]++
			}
			if !found {
				t.Errorf("%s: %s %s\n%s", s.TypeName, b.Keyword, b.Line, err)
			}
		}
	}
	t.Logf("%d breaks %v %v", n, count, clean)
	t.Logf("took %s: making %s, validation %s", time.Since(start), took, val)
}
