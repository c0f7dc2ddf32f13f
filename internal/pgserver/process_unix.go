//go:build unix && !linux

package pgserver

import "syscall"

// dieWithUs does nothing here: a process that is killed leaves its servers behind.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
