package sample_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

func TestZZSlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := maker{t}.schema()
		seed := rapid.Uint64().Draw(t, "seed")
		rnd := rand.New(rand.NewPCG(seed, 1))
		var state map[string]any
		step := func(name string, f func()) {
			start := time.Now()
			f()
			if d := time.Since(start); d > 500*time.Millisecond {
				fmt.Println(name, d, len(schema.Encode(state)), string(s.Raw))
			}
		}
		step("least", func() { _, _ = sample.Least(s) })
		step("random", func() { state, _ = sample.Random(s, rnd) })
		if state == nil {
			return
		}
		step("validate", func() { _ = s.Validate(state) })
		step("breaks", func() { _ = sample.Breaks(s, state, rnd) })
		for _, n := range s.PropertyNames() {
			step("change", func() { _, _ = sample.Change(s, state, n, rnd) })
		}
	})
}
