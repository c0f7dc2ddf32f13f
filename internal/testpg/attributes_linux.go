package testpg

import (
	"os"
	"syscall"
)

// attributes let the server die with the test binary, and run as nobody where that
// is root's.
func attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 {
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return a
}
