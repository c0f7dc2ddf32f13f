package round

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/pgserver"
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
		if r.server, err = pgserver.ProcessorTime(server); err != nil {
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
