package main_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/testpg"
)

// binary is the program under test: these tests run it as a user does, as a process.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "groundcontrol")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // nothing to do about it
	binary = filepath.Join(dir, "groundcontrol")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=v0.0.0-test", "-o", binary)
	if raced() {
		build.Args = append(build.Args, "-race")
	}
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	// Most tests wait for a server rather than work themselves.
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := testpg.StopShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// raced reports whether the tests run with the race detector. The program under test then
// has it too, and a race is in its log.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// patience is how long anything is waited for that takes a moment on an idle machine: long, for
// two busy cores that run many tests at once. Only what fails takes so long.
const patience = 2 * time.Minute

// result is what a run of a program left.
type result struct {
	code           int
	stdout, stderr string
}

// clean is our environment without what could change how the program, or the aws CLI, behaves.
func clean(extra ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GROUNDCONTROL_") || strings.HasPrefix(v, "AWS_")
	})
	// A program with the race detector would wait a second before it ends.
	return append(append(env, "GORACE=atexit_sleep_ms=0"), extra...)
}

// execute runs a program to its end, which must come in bounded time.
func execute(t *testing.T, env []string, name string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, t.TempDir(), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, &stderr)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// groundcontrol runs the program under test to its end.
func groundcontrol(t *testing.T, args ...string) result {
	t.Helper()
	return execute(t, clean(), binary, args...)
}

// eventually asks again until it is so, for a bounded time. It looks often: what is
// waited for should be seen soon, and no answer depends on how often was asked.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if isSo() {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatalf("%s: the test is over", what)
		}
	}
	t.Fatalf("%s: not so after %v", what, patience)
}
