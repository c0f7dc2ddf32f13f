package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// kind is what a file holds.
type kind int

const (
	kindObject kind = iota
	kindArray
	kindZip
)

// foreign are formats that people try, and the bytes that give them away.
var foreign = []struct {
	at          int
	magic, name string
}{
	{0, "\x1f\x8b", "gzip"},
	{0, "BZh", "bzip2"},
	{0, "\xfd7zXZ", "xz"},
	{0, "\x28\xb5\x2f\xfd", "zstd"},
	{0, "7z\xbc\xaf", "7z"},
	{0, "Rar!", "rar"},
	{257, "ustar", "tar"},
}

// sniff tells what the size bytes of r are, or why they are of no use.
func sniff(ctx context.Context, r io.ReaderAt, size int64) (kind, error) {
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for _, f := range foreign {
		if len(head) > f.at && strings.HasPrefix(string(head[f.at:]), f.magic) {
			return 0, fmt.Errorf("it is a %s file: unpack it and give the directory or the file in it", f.name)
		}
	}
	if h := string(head); strings.HasPrefix(h, "PK\x03\x04") || strings.HasPrefix(h, "PK\x05\x06") {
		return kindZip, nil
	}
	if wide(head) {
		return 0, errWide
	}
	c := newCursor(ctx, r, size)
	b, err := c.significant()
	switch {
	case errors.Is(err, io.EOF):
		return 0, errEmpty
	case err != nil:
		return 0, err
	case b == '{':
		return kindObject, nil
	case b == '[':
		return kindArray, nil
	case b == '<':
		return 0, errors.New("it is a web page or XML, not a schema: give the address or path of the file itself (for a file on a code host, its raw address)")
	}
	return 0, errors.New("it is neither a zip nor JSON: give a zip, a directory or a JSON file")
}
