package sample_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// BenchmarkPublishedTypes validates a desired state of each of AWS's types, of which each
// type's share in time is the same: p50 is of the typical type. first is the longest that
// reading a schema and validating with it for the first time took.
func BenchmarkPublishedTypes(b *testing.B) {
	type known struct {
		schema *schema.Schema
		state  map[string]any
	}
	types, err := published()
	if os.IsNotExist(err) {
		b.Skipf("put the published schemas at %s to run this", corpus)
	}
	if err != nil {
		b.Fatal(err)
	}
	var all []known
	var first time.Duration
	for _, s := range types {
		state, err := sample.Random(s, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			continue
		}
		began := time.Now()
		again, _, err := schema.Parse(s.Raw)
		if err != nil {
			b.Fatal(err)
		}
		_ = again.Validate(state)
		first = max(first, time.Since(began))
		all = append(all, known{again, state})
	}
	took := make([]time.Duration, len(all))
	rounds := 0
	for b.Loop() {
		rounds++
		for i, k := range all {
			began := time.Now()
			if err := k.schema.Validate(k.state); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(began)
		}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Nanoseconds()) / float64(rounds) / 1000
	}
	b.ReportMetric(at(0.5), "p50-µs")
	b.ReportMetric(at(0.99), "p99-µs")
	b.ReportMetric(at(1), "worst-µs")
	b.ReportMetric(float64(first.Microseconds())/1000, "first-ms")
	b.ReportMetric(0, "ns/op") // of all types together: tells nothing
}
