package lambda

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// passes bounds how often processes are looked for: they may start others meanwhile.
const passes = 10

// sweep kills what belongs to a child and has left its process group, as by setsid(2): it
// is known by the directory in its environment, which no other process has. Only processes
// of the user that the child ran as are looked at.
func (c *child) sweep() {
	sweep(owner(c.function.User), func(dir string) bool { return dir == c.temp })
}

// sweep kills the processes of a user whose temporary directory is one of those asked for.
func sweep(uid uint32, is func(dir string) bool) {
	for range passes {
		if !sweepOnce(uid, is) {
			return
		}
	}
}

// sweepOnce says whether there was any.
func sweepOnce(uid uint32, is func(dir string) bool) (any bool) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		info, err := os.Stat(filepath.Join("/proc", e.Name()))
		if err != nil {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid != uid {
			continue
		}
		if killIf(pid, is) {
			any = true
		}
	}
	return any
}

// killIf kills a process that has such a directory. It is held before it is looked at once
// more, so that its number cannot come to be another's in between.
func killIf(pid int, is func(dir string) bool) bool {
	if !has(pid, is) {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release() //nolint:errcheck // nothing to do about it
	return has(pid, is) && p.Kill() == nil
}

// has says whether a process has such a directory.
func has(pid int, is func(dir string) bool) bool {
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false // it has gone, or is not ours to see
	}
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if dir, ok := bytes.CutPrefix(entry, []byte("TMPDIR=")); ok {
			return is(string(dir))
		}
	}
	return false
}
