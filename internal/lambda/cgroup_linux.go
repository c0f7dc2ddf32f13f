package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cgroup is a control group of version 2 in whose own groups children live, one for each
// with all that it starts. It is safe for concurrent use.
type Cgroup struct {
	dir  string
	lock *os.File
}

const groupPrefix = "function-"

// OpenCgroup takes the group at dir for the children of one pool, and ends what a server
// that was killed has left in it. There must be such a group, without processes of its own;
// limitMemory says whether children are to get a limit of memory. The pool closes it.
func OpenCgroup(dir string, limitMemory bool) (*Cgroup, error) {
	const magic = 0x63677270 // CGROUP2_SUPER_MAGIC, statfs(2)
	var of syscall.Statfs_t
	if err := syscall.Statfs(dir, &of); err != nil {
		return nil, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if of.Type != magic {
		return nil, fmt.Errorf("%s is no cgroup of version 2", dir)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	g := &Cgroup{dir, lock}
	if err := g.prepare(limitMemory); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return g, nil
}

func (g *Cgroup) prepare(limitMemory bool) error {
	if err := syscall.Flock(int(g.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s is in use by another server: %w", g.dir, err)
	}
	left, err := filepath.Glob(filepath.Join(g.dir, groupPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := (&group{dir: dir}).end(); err != nil {
			return err
		}
	}
	if limitMemory && !g.controls("memory") {
		// It can be that only nobody has asked for it yet.
		control := filepath.Join(g.dir, "cgroup.subtree_control")
		if err := os.WriteFile(control, []byte("+memory"), 0); err != nil {
			return fmt.Errorf("%s cannot limit memory: the groups above it must let it (echo +memory > %s): %w",
				g.dir, filepath.Join(filepath.Dir(g.dir), "cgroup.subtree_control"), err)
		}
	}
	one, err := g.newGroup(0) // so that what is missing is told now
	if err != nil {
		return err
	}
	return one.end()
}

func (g *Cgroup) controls(what string) bool {
	all, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.subtree_control"))
	return slices.Contains(strings.Fields(string(all)), what)
}

// Close lets another pool have the group. A nil Cgroup is one to close, too.
func (g *Cgroup) Close() error {
	if g == nil {
		return nil
	}
	if err := g.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// group is the control group of one child.
type group struct {
	dir   string
	fd    *os.File
	ended bool
}

// newGroup makes one whose processes may have so much memory together; 0 is no limit.
func (g *Cgroup) newGroup(memory int64) (_ *group, err error) {
	dir, err := os.MkdirTemp(g.dir, groupPrefix)
	if err != nil {
		return nil, err
	}
	one := &group{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, one.end())
		}
	}()
	if memory > 0 {
		for name, value := range map[string]string{
			"memory.max":       strconv.FormatInt(memory, 10),
			"memory.swap.max":  "0", // or it would be slow where it is to fail
			"memory.oom.group": "1",
		} {
			err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0)
			if err != nil && (name == "memory.max" || !errors.Is(err, fs.ErrNotExist)) { // a kernel without swap lacks the second
				return nil, err
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); err != nil {
		return nil, fmt.Errorf("cgroups need Linux 5.14 or later: %w", err)
	}
	one.fd, err = os.Open(dir)
	return one, err
}

// enter lets a process that starts with the attributes be in the group from its start.
func (g *group) enter(a *syscall.SysProcAttr) {
	a.UseCgroupFD, a.CgroupFD = true, int(g.fd.Fd())
}

// ranOut says whether the kernel has killed a process of the group for its memory.
func (g *group) ranOut() bool {
	events, _ := os.ReadFile(filepath.Join(g.dir, "memory.events"))
	for line := range bytes.Lines(events) {
		if n, ok := bytes.CutPrefix(line, []byte("oom_kill ")); ok {
			return !bytes.Equal(bytes.TrimSpace(n), []byte("0"))
		}
	}
	return false
}

// end kills all that is in the group, and removes it. A second time it does nothing.
func (g *group) end() error {
	if g.ended {
		return nil
	}
	g.ended = true
	if g.fd != nil {
		defer g.fd.Close() //nolint:errcheck // nothing was written
	}
	_ = os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0) // if it cannot be killed it cannot be removed
	for end := time.Now().Add(reapTime); ; time.Sleep(time.Millisecond) {
		// A killed process is in it until it is gone.
		err := syscall.Rmdir(g.dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the cgroup %s stays behind: %w", g.dir, err)
		}
	}
}
