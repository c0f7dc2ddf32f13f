package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

var errNotPlain = errors.New("it is not a plain file")

func (s *Source) findInDir(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir) // so that no link that appears later leads out of it
	if err != nil {
		return err
	}
	s.closers = append(s.closers, root.Close)
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && name == "." {
			return err
		}
		if err == nil && name != "." && hidden(name) {
			return skip(e)
		}
		if err == nil && (e.IsDir() || !named(name)) {
			return nil
		}
		if len(s.docs) == s.limits.Files {
			return fmt.Errorf("it has more than %d *.json files: give its subdirectories one by one", s.limits.Files)
		}
		s.docs = append(s.docs, s.inDir(root, name, e, err))
		return skip(e)
	})
	byName(s.docs)
	return err
}

// skip leaves out e with all that is in it.
func skip(e fs.DirEntry) error {
	if e != nil && e.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// inDir is the document at name, or the directory there that cannot be read because of err.
func (s *Source) inDir(root *os.Root, name string, e fs.DirEntry, err error) document {
	label := "file " + quote(name)
	switch {
	case err != nil:
		d := document{name: printable(name), label: "directory " + quote(name)}
		d.err = fmt.Errorf("%s cannot be read: %w", s.subject(d.label), reason(err))
		return d
	case e.Type()&fs.ModeSymlink != 0:
		return s.refused(name, label, "it is a symbolic link: give what it leads to")
	case !e.Type().IsRegular():
		return s.refused(name, label, errNotPlain.Error())
	}
	return document{name: printable(name), label: label, open: func() (io.ReadCloser, error) {
		return openPlain(root, filepath.FromSlash(name))
	}}
}

// openPlain opens a file, unless it was replaced by something else since it was found.
func openPlain(root *os.Root, name string) (*os.File, error) {
	found, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !found.Mode().IsRegular() { // asked before opening, because to open a pipe is to wait
		return nil, errNotPlain
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(found, opened) {
		f.Close()
		return nil, errors.Join(err, errors.New("it was replaced while it was read"))
	}
	return f, nil
}
