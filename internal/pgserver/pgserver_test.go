package pgserver_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/pgserver"
)

// folder makes a folder in which a server can have its own.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgserver")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { // the server, which is not root, has to pass
		t.Fatal(err)
	}
	return dir
}

func skipMissing(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, pgserver.ErrMissing) && os.Getenv("CI") == "" { // else the caller fails the test
		t.Skipf("to run this test: %v", err)
	}
}

func listens(s *pgserver.Server) bool {
	c, err := net.Dial("tcp", s.Address())
	return err == nil && c.Close() == nil
}

// TestServerOverItsLife ends a server in each way, twice, and starts it again.
func TestServerOverItsLife(t *testing.T) {
	above, ctx := folder(t), t.Context()
	s, err := pgserver.Start(ctx, pgserver.Options{Dir: filepath.Join(above, "data"), Settings: []string{"work_mem=7MB", "work_mem=8MB"}})
	skipMissing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
	url, err := s.Database(ctx, `a "name"`)
	if err != nil {
		t.Fatal(err)
	}
	if url != s.URL(`a "name"`) {
		t.Errorf("%s and %s", url, s.URL(`a "name"`))
	}
	if err := s.Exec(ctx, url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	address := s.Address()
	for name, end := range map[string]func() error{"stop": s.Stop, "crash": s.Crash} {
		if s.PID() == 0 || !listens(s) {
			t.Fatal("it does not run")
		}
		if err := s.Start(ctx); err == nil {
			t.Error("it was started while it ran")
		}
		if err := errors.Join(end(), end()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.PID() != 0 || listens(s) {
			t.Errorf("%s: it runs on", name)
		}
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
		if s.Address() != address {
			t.Errorf("%s: was %s, is %s", name, address, s.Address())
		}
		if err := s.Exec(ctx, url, "SELECT 1/n FROM kept"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Exec(ctx, url, "SELECT 1 / (current_setting('work_mem') = '8MB' AND NOT current_setting('fsync')::bool)::int"); err != nil {
		t.Errorf("settings: %v", err)
	}
	if said, err := os.ReadFile(s.Log()); err != nil || strings.Count(string(said), "ready to accept connections") != 3 {
		t.Errorf("its log: %v\n%s", err, said)
	}
	if err := errors.Join(s.Remove(), s.Remove()); err != nil {
		t.Error(err)
	}
	isEmpty(t, above)
}

// TestFailedStartLeavesNothing gives up before the server can answer.
func TestFailedStartLeavesNothing(t *testing.T) {
	above := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pgserver.Start(ctx, pgserver.Options{Dir: filepath.Join(above, "data")})
	skipMissing(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("start: %v", err)
	}
	isEmpty(t, above)
}

func TestStartTouchesNoFolderThatIsThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pgserver.Start(t.Context(), pgserver.Options{Dir: dir})
	skipMissing(t, err)
	if !errors.Is(err, os.ErrExist) {
		t.Errorf("start: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left", f.Name())
	}
}
