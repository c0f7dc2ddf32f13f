package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"example.org/groundcontrol/internal/durable"
)

func TestFilesAreReplacedOrMadeWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	want := func(content string, mode fs.FileMode) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("the file holds %q, %v, want %q", got, err, content)
		}
		info, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != mode {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, mode)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("beside it lies something: %v, %v", entries, err)
		}
	}
	if err := durable.MakeFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("one", 0o600)
	if err := durable.MakeFile(path, []byte("two"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	want("one", 0o600)
	if err := durable.WriteFile(path, []byte("three"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("three", 0o644)
	if err := durable.WriteFile(filepath.Join(dir, "none", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its directory: %v", err)
	}
}
