package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/pgserver"
)

// raced reports whether this test runs with the race detector; the servers then have it too.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// seed is the same on each run, so that a change that breaks something is what broke it.
// With this one a quarter of a minute is enough for most kinds of faults.
const seed = 41

// TestTorment is the short form of `make chaos`.
func TestTorment(t *testing.T) {
	if testing.Short() {
		t.Skip("leave out -short to run it")
	}
	dir := t.TempDir()
	for at := dir; at != os.TempDir() && len(at) > 1; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil { // the database server, which is not root, has to pass
			t.Fatal(err)
		}
	}
	binary, err := build(t.Context(), dir, raced(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			c := config{
				Store: store, Nodes: 1, Seed: seed, For: 14 * time.Second, Lease: 2 * time.Second, Clients: 8, Identifiers: 30,
				Binary: binary, Dir: filepath.Join(dir, store), Log: t.Logf,
			}
			if store == "postgres" {
				c.Nodes = 3
			}
			var table strings.Builder
			good, err := one(t.Context(), c, &table)
			t.Log(table.String())
			if errors.Is(err, pgserver.ErrMissing) && os.Getenv("CI") == "" {
				t.Skipf("to run this test: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !good {
				t.Errorf("a promise was broken (make chaos SEED=%d repeats the faults and keeps the logs)", seed)
			}
		})
	}
}

func TestASeedRepeatsTheSchedule(t *testing.T) {
	able, _ := kinds(config{Store: "postgres", Nodes: 3, Clock: true}, nil)
	a := fmt.Sprint(schedule(7, able, 3, 2*time.Second, 5*time.Minute))
	if b := fmt.Sprint(schedule(7, able, 3, 2*time.Second, 5*time.Minute)); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if c := fmt.Sprint(schedule(8, able, 3, 2*time.Second, 5*time.Minute)); a == c {
		t.Error("another seed gives the same schedule")
	}
	for _, kind := range able {
		if !strings.Contains(a, kind) {
			t.Errorf("%q does not come in five minutes", kind)
		}
	}
}

func TestASeedRepeatsThePlans(t *testing.T) {
	plans := func(seed uint64, id string) string {
		var all []plan
		for n := range 50 {
			all = append(all, newPlan(seed, id, n))
		}
		return fmt.Sprint(all)
	}
	first, again := plans(7, "thing-01"), plans(7, "thing-01")
	if first != again {
		t.Error("the plans are others the second time")
	}
	if first == plans(7, "thing-02") || first == plans(8, "thing-01") {
		t.Error("all resources or all seeds have the same plans")
	}
}

func TestTheProductHoldsNoWitness(t *testing.T) {
	root, err := output(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "example.org/groundcontrol")
	if err != nil {
		t.Fatal(err)
	}
	for tags, want := range map[string]bool{"": false, "witness": true} {
		c := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, "./cmd/groundcontrol")
		c.Dir = root
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(string(out), "internal/handler/witness"); has != want {
			t.Errorf("tags %q: with a witness: %v", tags, has)
		}
		for _, stranger := range []string{"porcupine", "aws-sdk-go"} {
			if strings.Contains(string(out), stranger) {
				t.Errorf("tags %q: the server depends on %s", tags, stranger)
			}
		}
	}
}
