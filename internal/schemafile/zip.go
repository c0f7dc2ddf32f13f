package schemafile

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
)

func (s *Source) findInZip(ctx context.Context, r io.ReaderAt, size int64) error {
	members, err := contents(ctx, r, size, s.limits.Files)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	room := uint64(size)
	for _, m := range members {
		name := path.Clean(m.Name)
		why := badName(m.Name)
		if !named(m.Name) || why == "" && hidden(name) {
			continue
		}
		if why == "" && seen[fold(name)] {
			why = "there is a member before it that has the same name, but for the case of letters or the way it is written"
		}
		if why == "" {
			seen[fold(name)] = true
			why = unreadable(m, room)
		}
		label := "member " + quote(m.Name)
		if why != "" {
			s.docs = append(s.docs, s.refused(m.Name, label, why))
			continue
		}
		room -= m.CompressedSize64
		s.docs = append(s.docs, document{name: name, label: label, open: m.Open})
	}
	byName(s.docs)
	return nil
}

// contents returns the members of the archive, at most most.
func contents(ctx context.Context, r io.ReaderAt, size int64, most int) ([]*zip.File, error) {
	tooMany := fmt.Errorf("it has more than %d members: split it, or unpack it and give the directory", most)
	// The table of contents may be as long as the archive, and zip.NewReader keeps all of it, many times larger, before
	// anybody can count: it gets room for so many members with names of a decent length.
	m := &metered{ctx: ctx, r: r, left: 128<<10 + int64(most)*512, over: tooMany}
	z, err := zip.NewReader(m, size)
	m.done = true
	switch {
	case errors.Is(err, tooMany) || err == nil && len(z.File) > most:
		return nil, tooMany
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, errors.New("the archive is cut short or damaged: get it again")
	}
	return z.File, nil
}

// metered reads from r until done, no more than left bytes.
type metered struct {
	ctx  context.Context // of the one call that this lives for; unused when done
	r    io.ReaderAt
	left int64
	over error
	done bool
}

// ReadAt implements [io.ReaderAt].
func (m *metered) ReadAt(p []byte, at int64) (int, error) {
	if m.done {
		return m.r.ReadAt(p, at)
	}
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	if m.left < int64(len(p)) {
		return 0, m.over
	}
	m.left -= int64(len(p))
	return m.r.ReadAt(p, at)
}

// named tells whether name is that of a schema document.
func named(name string) bool { return strings.EqualFold(path.Ext(name), ".json") }

// hidden tells whether name, which is clean, or a directory in it starts with a dot. Such files are not anybody's
// schemas: .git, .vscode, and the ._x.json of binary data that macOS adds to archives.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

// badName says why a member is not to have name. We do not unpack, but a name like that is not there by accident, and it
// ends in databases, logs and other people's scripts.
func badName(name string) string {
	switch {
	case len(name) > longName:
		return "its name is too long"
	case !clean(name):
		return "its name has control or other characters that cannot be printed, or is not UTF-8"
	case strings.HasPrefix(name, "/"):
		return "its name is absolute"
	case strings.Contains(name, `\`):
		return "its name has a backslash"
	case len(name) > 1 && name[1] == ':':
		return "its name starts with a drive letter"
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "its name leads out of the archive"
	}
	return ""
}

// fold returns the same for names that some file system takes for the same.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

// unreadable says why the member m is not to be opened, where room is what the archive has for it.
func unreadable(m *zip.File, room uint64) string {
	switch {
	case m.Mode()&fs.ModeSymlink != 0:
		return "it is a symbolic link"
	case m.Mode().Type() != 0:
		return "it is not a plain file"
	case m.Flags&(1|1<<6|1<<13) != 0: // encrypted, strongly encrypted, header masked
		return "it is encrypted: unpack the archive and give the directory"
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return fmt.Sprintf("it is compressed with method %d, and only 0 (none) and 8 (deflate) are read: pack the archive anew", m.Method)
	case m.CompressedSize64 > room:
		// Many small members that share the data of one large one make a bomb that needs no compression.
		return "it claims more data than the archive has for it, so it overlaps another member or is cut short"
	}
	return ""
}

func byName(docs []document) {
	slices.SortStableFunc(docs, func(a, b document) int { return strings.Compare(a.name, b.name) })
}
