package lambda_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"example.org/groundcontrol/internal/lambda"
)

func TestManyCallsAtOnceLoseNoAnswer(t *testing.T) {
	p, f := newPool(t, lambda.Config{Most: 8}), child(t, "serve")
	var calls sync.WaitGroup
	for i := range 200 {
		calls.Go(func() {
			o := order{Do: "echo", Text: fmt.Sprint("call ", i), N: i}
			if r, err := invoke(t, p, f, o); err != nil || string(r.Body) != string(encode(t, o)) {
				t.Errorf("call %d: %q, %v", i, r.Body, err)
			}
		})
	}
	calls.Wait()
}

// holdings is what this process holds that a child could leave behind.
type holdings struct{ files, sockets, goroutines, children int }

func held(t *testing.T) (h holdings) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	h.files, h.goroutines = len(entries), runtime.NumGoroutine()
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			h.sockets++
		}
	}
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil { // a thread may have ended
			h.children += len(strings.Fields(string(text)))
		}
	}
	return h
}

// TestAThousandRestartsLeakNothing has a child crash a thousand times. It is a shell, which
// starts in little time, and exits before it asks for a call: the whole of a child's life.
func TestAThousandRestartsLeakNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts what /proc shows: run this test on Linux")
	}
	p := newPool(t, lambda.Config{Most: 4})
	f := lambda.Function{Key: "crash", Dir: t.TempDir(), Command: []string{"/bin/sh", "-c", "exit 3"}}
	crash := func(n int) {
		var calls sync.WaitGroup
		for range 4 {
			calls.Go(func() {
				for range n / 4 {
					if _, err := invoke(t, p, f, order{}); err == nil || !strings.Contains(err.Error(), "exit status 3") {
						t.Error(err)
					}
				}
			})
		}
		calls.Wait()
	}
	crash(8) // what is made once is made
	before := held(t)
	crash(1000)
	// A call returns when its child has ended; what runs behind it ends soon.
	var after holdings
	eventually(t, "as much is held as before", func() bool {
		after = held(t)
		return after.files <= before.files && after.sockets <= before.sockets && after.goroutines <= before.goroutines && after.children <= before.children
	})
	t.Logf("before %+v, after %+v", before, after)
}
