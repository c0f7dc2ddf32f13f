package schemafile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// span is where an element stands in a file.
type span struct{ at, size int64 }

func (s *Source) findInArray(ctx context.Context, r io.ReaderAt, size int64, base string) error {
	spans, err := newCursor(ctx, r, size).elements(s.limits.Files)
	if err != nil {
		return err
	}
	if len(spans) == 0 {
		return errors.New("it is an array without a schema in it")
	}
	for i, e := range spans {
		s.docs = append(s.docs, document{
			name: fmt.Sprintf("%s[%d]", base, i), label: fmt.Sprintf("element %d", i), open: section(r, e.at, e.size),
		})
	}
	return nil
}

// cursor goes through JSON byte by byte, with no more than a buffer in memory. It finds where values end, by strings and
// brackets; whether they are JSON in between is for who parses them.
type cursor struct {
	r  *bufio.Reader
	at int64 // of the next byte
}

// newCursor starts after the byte order mark, if there is one.
func newCursor(ctx context.Context, r io.ReaderAt, size int64) *cursor {
	c := &cursor{r: bufio.NewReaderSize(contextReader{ctx, io.NewSectionReader(r, 0, size)}, 64<<10)}
	if head, err := c.r.Peek(len(bom)); err == nil {
		n, _ := c.r.Discard(len(mark(head)))
		c.at = int64(n)
	}
	return c
}

func (c *cursor) next() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.at++
	}
	return b, err
}

// significant returns the next byte that is not white space.
func (c *cursor) significant() (byte, error) {
	for {
		b, err := c.next()
		if err != nil || !space(b) {
			return b, err
		}
	}
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// elements returns where the elements of the array stand, or an error if there are more than most or it is no array.
func (c *cursor) elements(most int) ([]span, error) {
	var all []span
	if err := c.want('['); err != nil {
		return nil, err
	}
	b, err := c.significant()
	for first := true; err == nil && (!first || b != ']'); first = false {
		if len(all) == most {
			return nil, fmt.Errorf("its array has more than %d elements: split it", most)
		}
		start := c.at - 1
		if err = c.value(b); err != nil {
			break
		}
		all = append(all, span{start, c.at - start})
		if b, err = c.significant(); err != nil || b == ']' {
			break
		}
		if b != ',' {
			return nil, c.unexpected(b)
		}
		b, err = c.significant()
	}
	if err == nil {
		if err = c.end(); err == nil {
			return all, nil
		}
		return nil, err
	}
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("its array is cut short after %d elements: get the file again", len(all))
	}
	return nil, err
}

func (c *cursor) want(want byte) error {
	b, err := c.significant()
	if err == nil && b != want {
		err = c.unexpected(b)
	}
	return err
}

// end is an error if anything but white space follows.
func (c *cursor) end() error {
	b, err := c.significant()
	if err == nil {
		return c.unexpected(b)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *cursor) unexpected(b byte) error {
	return fmt.Errorf("its array is not JSON: byte %d is an unexpected %q", c.at-1, b)
}

// value goes to the end of the value that starts with b, the byte before.
func (c *cursor) value(b byte) error {
	switch b {
	case '{', '[':
		return c.nested()
	case '"':
		return c.quoted()
	case ',', ']', '}', ':':
		return c.unexpected(b)
	}
	return c.bare()
}

// nested goes to the bracket that ends an object or array.
func (c *cursor) nested() error {
	for depth := 1; depth > 0; {
		b, err := c.next()
		if err == nil && b == '"' {
			err = c.quoted()
		}
		if err != nil {
			return err
		}
		switch b {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return nil
}

// quoted goes to the quotation mark that ends a string.
func (c *cursor) quoted() error {
	for {
		b, err := c.next()
		if err == nil && b == '\\' {
			_, err = c.next()
		}
		if err != nil || b == '"' {
			return err
		}
	}
}

// bare goes to the end of a number or a word.
func (c *cursor) bare() error {
	for {
		b, err := c.next()
		if err != nil {
			return err
		}
		if b == ',' || b == ']' || b == '}' || space(b) {
			c.at--
			return c.r.UnreadByte()
		}
	}
}
