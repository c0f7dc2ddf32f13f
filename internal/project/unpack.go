package project

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"
)

// maxUnpacked bounds what a zip with code unpacks to.
const maxUnpacked = 1 << 30

// Unpack writes the files of a zip with code into a directory that exists. Members whose
// names lead out of it, links and special files are refused; sizes are counted, not
// believed. On an error some files may have been written.
func Unpack(code []byte, dir string) error {
	z, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return fmt.Errorf("code: %w", err)
	}
	if len(z.File) > maxFiles {
		return fmt.Errorf("code: more than %d files", maxFiles)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is left to write
	left := int64(maxUnpacked)
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue // made with what is in it
		}
		if !f.Mode().IsRegular() {
			return fmt.Errorf("code: %q is no regular file", f.Name)
		}
		n, err := unpackFile(root, f, left)
		if err != nil {
			return fmt.Errorf("code: %q: %w", f.Name, err)
		}
		left -= n
	}
	return nil
}

var errTooLarge = errors.New("the files are larger than 1 GiB")

func unpackFile(root *os.Root, f *zip.File, left int64) (n int64, err error) {
	if d := path.Dir(f.Name); d != "." {
		if err := root.MkdirAll(d, 0o755); err != nil {
			return 0, err
		}
	}
	from, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer from.Close() //nolint:errcheck // read only
	// A process that is forked meanwhile would hold the file open for writing, and so long
	// nobody could run it.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	to, err := root.OpenFile(f.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode().Perm()&0o755|0o600)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(to, io.LimitReader(from, left+1))
	if n > left {
		err = errTooLarge
	}
	return n, errors.Join(err, to.Close())
}
