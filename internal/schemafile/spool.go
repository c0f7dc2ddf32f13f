package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool copies r to a temporary file, because a zip is read from its end, and finds the documents there. What was read
// of r when it is too large is lost.
func (s *Source) spool(ctx context.Context, r io.Reader, base string) error {
	f, err := s.temporary()
	if err != nil {
		return fmt.Errorf("no temporary file can be made: %w", err)
	}
	in := &source{r: contextReader{ctx, r}}
	n, err := io.Copy(f, io.LimitReader(in, s.limits.Archive+1))
	if in.err != nil {
		return in.err
	}
	if err != nil {
		return fmt.Errorf("the temporary file cannot be written: %w", reason(err))
	}
	return s.findIn(ctx, f, n, base)
}

// temporary makes a file that [Source.Close] closes and removes.
func (s *Source) temporary() (*os.File, error) {
	f, err := os.CreateTemp("", "groundcontrol-schemas-*")
	if err != nil {
		return nil, err
	}
	// Removed at once it leaves nothing behind when we are killed. Where the system does not allow it, Close does it.
	removed := os.Remove(f.Name()) == nil
	s.closers = append(s.closers, func() error {
		err := f.Close()
		if !removed {
			err = errors.Join(err, os.Remove(f.Name()))
		}
		return err
	})
	return f, nil
}

// source remembers what went wrong in reading, to tell it from what goes wrong in writing.
type source struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// contextReader stops reading when its context, that of the one call that it lives for, is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements [io.Reader].
func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
