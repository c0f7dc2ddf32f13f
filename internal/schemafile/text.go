package schemafile

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// bom is the byte order mark that some editors put before UTF-8.
const bom = "\xef\xbb\xbf"

// text returns raw as a document: without the byte order mark, and an error unless it is UTF-8 and starts as an object.
func text(raw []byte) ([]byte, error) {
	if wide(raw) {
		return nil, errWide
	}
	raw = raw[len(mark(raw)):]
	if at := invalid(raw); at >= 0 {
		return nil, fmt.Errorf("it is not valid UTF-8 at byte %d: save it as UTF-8", at)
	}
	for _, b := range raw {
		switch b {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return raw, nil
		case '[':
			return nil, errors.New("it holds an array, where one schema belongs: give an array as a file of its own")
		}
		return nil, errors.New("it is not a JSON object")
	}
	return nil, errEmpty
}

var (
	errEmpty = errors.New("it is empty")
	errWide  = errors.New("it is UTF-16: save it as UTF-8")
)

func mark(raw []byte) []byte {
	if strings.HasPrefix(string(raw[:min(len(raw), len(bom))]), bom) {
		return raw[:len(bom)]
	}
	return nil
}

// wide tells whether raw is UTF-16: by its byte order mark, or by the zero that each ASCII character has there.
func wide(raw []byte) bool {
	if len(raw) < 2 {
		return false
	}
	a, b := raw[0], raw[1]
	return a == 0xff && b == 0xfe || a == 0xfe && b == 0xff || (a == 0) != (b == 0)
}

// invalid returns where raw stops being UTF-8, or -1.
func invalid(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	for at := 0; at < len(raw); {
		r, n := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
	return -1
}

// longName is more than any name that a person or AWS gave.
const longName = 512

// printable returns a name that does nothing to a terminal.
func printable(name string) string {
	name = clip(name)
	if clean(name) {
		return name
	}
	q := strconv.Quote(name)
	return q[1 : len(q)-1]
}

// quote is printable for use in an error.
func quote(name string) string { return strconv.Quote(clip(name)) }

func clip(name string) string {
	if len(name) > longName {
		return name[:longName] + "..."
	}
	return name
}

// clean tells whether name is UTF-8 and each of its characters leaves a trace on paper.
func clean(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) })
}

// shown is u without what may be secret.
func shown(u *url.URL) string {
	v := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return v.String()
}

// inWords writes a size as people do.
func inWords(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func tooLarge(limit int64) error {
	return fmt.Errorf("it is larger than %s, which is the most that is read", inWords(limit))
}

// reason puts err in words about the document. The texts of archive/zip are about zips, and those of os repeat a path
// that may be that of a temporary file.
func reason(err error) error {
	if errors.Is(err, zip.ErrChecksum) {
		return errors.New("its checksum is wrong: the archive is damaged")
	}
	if errors.Is(err, zip.ErrFormat) {
		return errors.New("its header does not fit its data")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it is shorter than it claims to be")
	}
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return errors.New("its compressed data are damaged")
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok && p == err {
		return p.Err
	}
	return err
}
