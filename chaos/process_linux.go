package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// dieWithUs lets a child get a signal when this program ends, however it does.
func dieWithUs(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: signal}
}

// disk is a small file system that can be filled.
type disk struct{ dir string }

// mountDisk mounts a file system of so many bytes on the empty folder dir.
func mountDisk(dir string, size int) (*disk, error) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		return nil, fmt.Errorf("no disk of our own to fill (it takes root): %w", err)
	}
	return &disk{dir}, nil
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves no byte.
func (d *disk) fill() (err error) {
	f, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece = piece[:len(piece)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// free gives the space back.
func (d *disk) free() error { return os.Remove(d.filler()) }

// unmount takes the file system away, with all that was on it. It returns no error only
// when it is gone.
func (d *disk) unmount() error {
	var err error
	for range 50 {
		if err = syscall.Unmount(d.dir, 0); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	var here, above syscall.Stat_t
	if err := errors.Join(err, syscall.Stat(d.dir, &here), syscall.Stat(filepath.Dir(d.dir), &above)); err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	if here.Dev != above.Dev {
		return fmt.Errorf("unmount %s: something is still mounted there", d.dir)
	}
	return nil
}
