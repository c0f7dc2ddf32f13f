package lambda_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/testcgroup"
)

func openCgroup(t *testing.T, dir string, memory bool) *lambda.Cgroup {
	t.Helper()
	g, err := lambda.OpenCgroup(dir, memory)
	if err != nil {
		if strings.Contains(err.Error(), "cannot limit memory") {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// A process that hides its environment and its session is found by its group alone.
func TestNothingOutlivesAChildWithACgroup(t *testing.T) {
	dir := testcgroup.New(t)
	p, f := newPool(t, lambda.Config{Cgroup: openCgroup(t, dir, false)}), child(t, "serve")
	file := filepath.Join(t.TempDir(), "pid")
	must(t, p, f, order{Do: "pid"})
	hider := lambda.Function{Key: "hider", Dir: t.TempDir(), Command: []string{"/bin/sh", "-c", `env -i setsid sleep 300 & echo $! >"` + file + `"; exit 3`}}
	fails(t, p, hider, order{}, "Runtime.ExitError")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process that hides is gone", func() bool { return gone(pid) })
	must(t, p, f, order{Do: "pid"}) // its group is another
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "function-*")); err != nil || len(left) > 0 {
		t.Errorf("groups left: %v, %v", left, err)
	}
}

func TestACgroupIsForOnePoolAndClearedOfAnothers(t *testing.T) {
	dir := testcgroup.New(t)
	if err := os.Mkdir(filepath.Join(dir, "function-left"), 0o755); err != nil {
		t.Fatal(err)
	}
	openCgroup(t, dir, false)
	if _, err := os.Stat(filepath.Join(dir, "function-left")); !os.IsNotExist(err) {
		t.Errorf("a group that was left stays: %v", err)
	}
	if _, err := lambda.OpenCgroup(dir, false); err == nil || !strings.Contains(err.Error(), "in use by another server") {
		t.Errorf("a second pool: %v", err)
	}
	if _, err := lambda.OpenCgroup(t.TempDir(), false); err == nil || !strings.Contains(err.Error(), "is no cgroup of version 2") {
		t.Errorf("a directory: %v", err)
	}
}

// Each process stays below the limit; together they do not.
func TestACgroupLimitsTheMemoryOfAllTogether(t *testing.T) {
	p := newPool(t, lambda.Config{Init: patience, Cgroup: openCgroup(t, testcgroup.New(t), true)})
	const script = `for i in 1 2 3 4 5 6; do (x=$(head -c 60000000 /dev/zero | tr '\0' x); sleep 300) & done; wait`
	f := lambda.Function{Key: "greedy", Dir: t.TempDir(), Command: []string{"/bin/sh", "-c", script}, Memory: 256 << 20}
	if _, fe := fails(t, p, f, order{}, "Runtime.ExitError"); !strings.Contains(fe.Message, "the 256 MiB of memory that they may") {
		t.Error(fe)
	}
}
