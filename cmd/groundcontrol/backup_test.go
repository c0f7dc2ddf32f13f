package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupOfARunningServerGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	c.waited(c.create(bucket, `{"BucketName":"kept-bucket"}`))
	e := c.create(countdown, `{"Name":"apollo","Seconds":3}`)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(other, "groundcontrol.db")
	if r := groundcontrol(t, "backup", "--data", s.data, file); r.code != 0 || r.stdout != "" || !strings.Contains(r.stderr, "secret.key") {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := groundcontrol(t, "backup", "--data", s.data, file); r.code != 1 || !strings.Contains(r.stderr, "file exists") {
		t.Errorf("a second time: exit %d, %s", r.code, r.stderr)
	}
	for _, data := range []string{s.data, other} {
		if r := groundcontrol(t, "check", "--data", data); r.code != 0 || !strings.Contains(r.stderr, "is sound") {
			t.Errorf("check: exit %d, %s", r.code, r.stderr)
		}
	}
	for _, name := range []string{"secret.key", "credentials.json"} {
		content, err := os.ReadFile(filepath.Join(s.data, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(other, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	copied := startIn(t, other, nil).client(t)
	copied.get(bucket, "kept-bucket")
	copied.waited(e)
	c.waited(e)
}

func TestDamagedDatabaseIsToldOf(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "groundcontrol.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy")
	for _, args := range [][]string{{"check"}, {"backup", file}} {
		if r := groundcontrol(t, append(args, "--data", data)...); r.code != 1 || !strings.Contains(r.stderr, "groundcontrol: sqlite: ") {
			t.Errorf("%v: exit %d, %s", args, r.code, r.stderr)
		}
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a failed backup left a file: %v", err)
	}
	for _, store := range []string{"postgres://h/d", "sqlite:", "x"} {
		if r := groundcontrol(t, "check", "--store", store); r.code != 2 || !strings.Contains(r.stderr, "--store: ") {
			t.Errorf("%s: exit %d, %s", store, r.code, r.stderr)
		}
	}
}
