package sample_test

import (
	"archive/zip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// corpus holds the published schemas, outside of this repository.
var corpus = filepath.Join("..", "..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")

// published reads the published schemas, once for all tests.
var published = sync.OnceValues(func() (all []*schema.Schema, err error) {
	archive, err := zip.OpenReader(corpus)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	for i, file := range archive.File {
		if testing.Short() && i%20 != 0 {
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

func TestZZ(t *testing.T) {
	start := time.Now()
	all, err := published()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d parsed in %s", len(all), time.Since(start))
	var least, random []time.Duration
	size := 0
	for _, s := range all {
		start := time.Now()
		state, err := sample.Least(s)
		least = append(least, time.Since(start))
		if err != nil {
			t.Errorf("Least %v", err)
			continue
		}
		if err := s.Validate(state); err != nil {
			t.Errorf("%s: %v", s.TypeName, err)
		}
		for seed := range uint64(3) {
			start := time.Now()
			state, err := sample.Random(s, rand.New(rand.NewPCG(seed, 2)))
			d := time.Since(start)
			if seed > 0 {
				random = append(random, d)
			}
			if d > 300*time.Millisecond {
				t.Logf("%s %s", s.TypeName, d)
			}
			if err != nil {
				t.Errorf("Random %v", err)
				continue
			}
			if err := s.Validate(state); err != nil {
				t.Errorf("%s: %v", s.TypeName, err)
			}
			size += len(schema.Encode(state))
		}
	}
	slices.Sort(least)
	slices.Sort(random)
	t.Logf("least median %s p99 %s max %s", least[len(least)/2], least[len(least)*99/100], least[len(least)-1])
	t.Logf("random median %s p99 %s max %s, size %d", random[len(random)/2], random[len(random)*99/100], random[len(random)-1], size/len(random))
	t.Logf("took %s", time.Since(start))
	if s := os.Getenv("SHOW"); s != "" {
		for _, x := range all {
			if x.TypeName == s {
				state, _ := sample.Least(x)
				t.Logf("%s", schema.Encode(state))
				for i := range uint64(3) {
					state, _ = sample.Random(x, rand.New(rand.NewPCG(i, 2)))
					t.Logf("%s", schema.Encode(state))
				}
			}
		}
	}
}
