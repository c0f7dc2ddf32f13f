//go:build unix && !linux

package testpg

import (
	"os"
	"syscall"
)

// attributes let the server run as nobody where the test is root's.
func attributes() *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}
