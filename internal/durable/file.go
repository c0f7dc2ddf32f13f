// Package durable writes files that a crash, or a power cut, leaves whole: what was there
// before or all of the new content, and once a write has returned, the latter.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// WriteFile writes content to path, with the given mode from the moment that it has that
// name; what was there is replaced.
func WriteFile(path string, content []byte, mode fs.FileMode) error {
	return put(path, content, mode, os.Rename)
}

// MakeFile is WriteFile for a file that is not there. The error is fs.ErrExist where there
// is one, also where another process makes it at the same time: that one stays.
func MakeFile(path string, content []byte, mode fs.FileMode) error {
	return put(path, content, mode, os.Link) // unlike a rename, this replaces nothing
}

// put writes a file beside path and gives it its name by place.
func put(path string, content []byte, mode fs.FileMode, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600 from the start
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after a rename there is none
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir last through a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // directories cannot be flushed there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
