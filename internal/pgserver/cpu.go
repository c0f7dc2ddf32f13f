package pgserver

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of times in /proc: Linux reports a hundred in a second.
const tick = 10 * time.Millisecond

// CPU is the processor time that the server's processes have used so far, those that have
// ended included. On Linux only; the server has to run.
func (s *Server) CPU() (time.Duration, error) { return ProcessorTime(s.PID()) }

// ProcessorTime is what the process has used so far, with its children and those of them
// that have ended. On Linux only.
func ProcessorTime(pid int) (time.Duration, error) {
	parent := strconv.Itoa(pid)
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("pgserver: processor time: %w", err)
	}
	var sum time.Duration
	for _, p := range processes {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue // not a process
		}
		raw, err := os.ReadFile("/proc/" + p.Name() + "/stat")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended: its parent has its time
		}
		if err != nil {
			return 0, fmt.Errorf("pgserver: processor time: %w", err)
		}
		// The fields after the name, which is in brackets: state, parent, …
		f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(f) < 15 || p.Name() != parent && f[1] != parent {
			continue
		}
		spent := f[11:13] // user, system
		if p.Name() == parent {
			spent = f[11:15] // and those of children that have ended
		}
		for _, ticks := range spent {
			n, err := strconv.Atoi(ticks)
			if err != nil {
				return 0, fmt.Errorf("pgserver: processor time: /proc/%s/stat: %w", p.Name(), err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}
