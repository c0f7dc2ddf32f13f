package lambda

import (
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
