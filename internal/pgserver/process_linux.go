package pgserver

import "syscall"

// dieWithUs lets a server crash when this process ends, however it does.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}
