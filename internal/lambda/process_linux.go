package lambda

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// attributes put a child into a process group of its own, let the kernel kill it when
// we die, however that comes about, and make it run as user.
func attributes(user *Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: credential(user)}
}

// waitExit waits until the process has ended, and leaves it to be reaped.
func waitExit(c *exec.Cmd) {
	const byPID = 1
	var info [16]uint64 // a siginfo_t, which nobody reads
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(c.Process.Pid), uintptr(unsafe.Pointer(&info)),
			syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}

// privateMemory is how many bytes of memory the process has for itself, 0 where that is
// not known.
func privateMemory(pid int) int64 {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident, shared int64 // in pages: proc(5)
	if _, err := fmt.Sscan(string(statm), &size, &resident, &shared); err != nil {
		return 0
	}
	return (resident - shared) * int64(os.Getpagesize())
}
