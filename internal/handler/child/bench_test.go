package child_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/child"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/schema"
)

// witness is the provider in Go of examples, built.
func witness(b *testing.B) one {
	b.Helper()
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../examples/witness-go")); err != nil {
		b.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", "bin/bootstrap", ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return registered(b, dir)
}

// BenchmarkHostOverhead is a read by the provider in Go, warm: the whole of it, and without
// what the provider itself needs for the call by its own clock, which is ours to answer for.
func BenchmarkHostOverhead(b *testing.B) {
	types := witness(b)
	pool := lambda.NewPool(lambda.Config{Temp: b.TempDir()})
	defer pool.Close() //nolint:errcheck // the benchmark is over
	var log bytes.Buffer
	r := &child.Runtime{Types: types, Pool: pool, Dir: b.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}
	path := filepath.Join(b.TempDir(), "thing")
	if err := os.WriteFile(path, []byte(`{"model":{"Path":"`+path+`","Text":"x","Count":1},"token":"t"}`), 0o600); err != nil {
		b.Fatal(err)
	}
	ask := func(message string) (time.Duration, string) {
		began := time.Now()
		a, err := r.Invoke(b.Context(), handler.Call{
			Action: schema.Read, Token: "token", Account: "000000000000", Region: "us-east-1", TypeName: types.Name, TypeVersion: "00000001",
			Schema: types.Schema, Identifier: path, Desired: []byte(`{"Path":"` + path + `"}`),
		})
		if err != nil || a.Status != handler.Success {
			b.Fatalf("%s: %+v, %v %s", message, a, err, &log)
		}
		return time.Since(began), a.Message
	}
	ask("cold")
	var whole, over []time.Duration
	for b.Loop() {
		took, says := ask("warm")
		own, err := time.ParseDuration(says)
		if err != nil {
			b.Fatal(err)
		}
		whole, over = append(whole, took), append(over, took-own)
	}
	b.ReportMetric(p50(whole), "p50-µs")
	b.ReportMetric(p50(over), "p50-over-µs")
}

func p50(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Nanoseconds()) / 1e3
}
