//go:build !linux

package lambda

import (
	"os/exec"
	"syscall"
)

// attributes put a child into a process group of its own and make it run as user. Only
// Linux has a parent-death signal: elsewhere children outlive us when we are killed.
func attributes(user *Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: credential(user)}
}

// waitExit waits until the process has ended, and reaps it: there is no common way to
// leave that for later, so its number is free for a moment before we note it.
func waitExit(c *exec.Cmd) { _ = c.Wait() }

// privateMemory is not known here: only the limit of the kernel holds.
func privateMemory(int) int64 { return 0 }
