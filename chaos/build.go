package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// skewVariable tells a server of ours by how many seconds its wall clock is wrong.
const skewVariable = "GROUNDCONTROL_WITNESS_SKEW"

// skewSource is added to package time of the servers that are built with a clock.
const skewSource = `package time

import "syscall"

var skew = readSkew()

func readSkew() int64 {
	text, _ := syscall.Getenv("` + skewVariable + `")
	n, sign := int64(0), int64(1)
	for i := range len(text) {
		if text[i] == '-' {
			sign = -1
		} else {
			n = n*10 + int64(text[i]-'0')
		}
	}
	return sign * n
}
`

// build compiles the server with a witness. With clock its time.Now can be set wrong by
// skewVariable, as only the machine's own clock else can: the wall clock of the whole
// process is wrong, for the store, the engine, signatures and the log alike, and its
// timers run right. The sources of the server and of Go stay as they are.
func build(ctx context.Context, dir string, race, clock bool) (binary string, err error) {
	binary = filepath.Join(dir, "groundcontrol")
	args := []string{"build", "-tags", "witness", "-o", binary}
	if race {
		args = append(args, "-race")
	}
	if clock {
		overlay, err := overlayClock(ctx, dir)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	root, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "example.org/groundcontrol")
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, "go", append(args, "./cmd/groundcontrol")...)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return binary, nil
}

// overlayClock writes an overlay for go build that replaces time.Now.
func overlayClock(ctx context.Context, dir string) (string, error) {
	goroot, err := output(ctx, "go", "env", "GOROOT")
	if err != nil {
		return "", err
	}
	source := filepath.Join(goroot, "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	read := []byte("\tsec, nsec, mono := runtimeNow()\n")
	if bytes.Count(text, read) != 1 {
		return "", fmt.Errorf("%s has changed: teach overlayClock how it reads the clock", source)
	}
	text = bytes.Replace(text, read, append(read, "\tsec += skew\n"...), 1)
	replace := map[string]string{}
	for name, content := range map[string][]byte{"time.go": text, "skew.go": []byte(skewSource)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(filepath.Dir(source), name)] = path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}

func output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
