package round

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// reading is the state of all counters at one time.
type reading struct {
	at           time.Time
	ended        int64
	self, server time.Duration // processor time used so far
	machine      time.Duration // that of everything on this machine
}

// look reads the counters. server is the process id of a database server, or 0.
func look(server int, ended *atomic.Int64) (r reading, err error) {
	r.at, r.ended = time.Now(), ended.Load()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return r, err
	}
	r.self = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if server != 0 {
		if r.server, err = tree(server); err != nil {
			return r, err
		}
	}
	r.machine, err = machine()
	return r, err
}

func (r reading) since(o reading) Result {
	took, server := r.at.Sub(o.at), r.server-o.server
	cpu := r.self - o.self + server
	others := (r.machine - o.machine - cpu).Seconds() / took.Seconds() / float64(runtime.NumCPU())
	return Result{Units: int(r.ended - o.ended), Took: took, CPU: cpu, Server: server, Others: max(0, others)}
}

// tick is the unit of times in /proc: Linux reports a hundred in a second.
const tick = 10 * time.Millisecond

// tree is the processor time of a process, of its children, and of those of its
// children that have ended.
func tree(pid int) (time.Duration, error) {
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, p := range processes {
		id, err := strconv.Atoi(p.Name())
		if err != nil {
			continue // not a process
		}
		raw, err := os.ReadFile("/proc/" + p.Name() + "/stat")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended: its parent has its time
		}
		if err != nil {
			return 0, err
		}
		// The fields after the name, which is in brackets: state, parent, …
		f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(f) < 15 || id != pid && f[1] != strconv.Itoa(pid) {
			continue
		}
		spent := f[11:13] // user, system
		if id == pid {
			spent = f[11:15] // and those of children that have ended
		}
		for _, s := range spent {
			n, err := strconv.Atoi(s)
			if err != nil {
				return 0, fmt.Errorf("/proc/%d/stat: %w", id, err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// machine is the processor time that was not idle since this machine started.
func machine() (time.Duration, error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var sum time.Duration
	for i, s := range f[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i != 3 && i != 4 {
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}
