package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// syncRate is how many 16 KiB overwrites with an fdatasync each the disk of dir takes
// in a second.
func syncRate(dir string, span time.Duration) (rate float64, err error) {
	f, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 16<<10)
	n := 0
	began := time.Now()
	for time.Since(began) < span {
		if _, err := f.WriteAt(block, 0); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// checkDisk refuses directories that are kept in memory: there is nothing to sync.
func checkDisk(dir string) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return err
	}
	const tmpfs = 0x01021994
	if fs.Type == tmpfs {
		return errors.New(dir + " is in memory: choose a directory on a disk with --dir")
	}
	return nil
}
