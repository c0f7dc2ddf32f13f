//go:build unix && !linux

package main

import (
	"errors"
	"syscall"
)

// dieWithUs does nothing here: a run that is killed leaves its servers behind.
func dieWithUs(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// disk is a small file system that can be filled.
type disk struct{ dir string }

func mountDisk(string, int) (*disk, error) {
	return nil, errors.New("no disk of our own to fill (it takes Linux)")
}

func (*disk) fill() error    { return errors.ErrUnsupported }
func (*disk) free() error    { return errors.ErrUnsupported }
func (*disk) unmount() error { return errors.ErrUnsupported }
