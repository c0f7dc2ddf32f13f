// Package schemafile reads schema documents from where users have them: a zip (AWS's CloudformationSchema.zip), a
// directory, a single file, a URL, standard input.
//
// It trusts nothing that it reads. Sizes are what was counted while reading, never what a header claims; nothing is
// unpacked to disk, so the name of a member is only ever a name. It does trust where it is told to read: [Open] is for
// what an operator typed, not for what a client sent, because it opens any path and any address.
//
// It knows nothing of schemas: a document is text in UTF-8 that starts like a JSON object, and no more is promised.
package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// File is one schema document of a source, or why it cannot be read.
type File struct {
	// Name is the path below the directory or in the archive, with slashes; the last part of the path or address of a
	// document that came alone ("stdin" for standard input); that and "[0]", "[1]" and so on for the elements of an
	// array. It can always be printed: what cannot is escaped, and a very long name is cut.
	Name string
	// Text is the document in UTF-8, without a byte order mark; nil when Err is set. It is the caller's.
	Text []byte
	// Err names the source, the document and the reason.
	Err error
}

// Limits bounds what is read; the zero value is right, and so is zero in any field.
type Limits struct {
	File    int64 // bytes of one document; 8 MiB
	Total   int64 // bytes of all documents of a source together, unpacked; 1 GiB
	Archive int64 // bytes of a zip, an array or a download as it comes; 256 MiB
	Files   int   // members of a zip of any kind, *.json files of a directory, elements of an array; 20000
}

func (l Limits) orDefault() Limits {
	return Limits{
		File:    or(l.File, 8<<20, 1<<40),
		Total:   or(l.Total, 1<<30, 1<<40),
		Archive: or(l.Archive, 256<<20, 1<<40),
		Files:   or(l.Files, 20000, 1<<24),
	}
}

// or is limit if there is one, but never so large that sums with it overflow.
func or[N int | int64](limit, usual, most N) N {
	if limit <= 0 {
		return usual
	}
	return min(limit, most)
}

// Options are the surroundings of a source.
type Options struct {
	// Stdin is what "-" reads; "-" is an error without it.
	Stdin io.Reader
	// Client makes the requests for a URL; nil means one that uses the proxy of the environment. Its CheckRedirect is
	// replaced by the rules of [Open].
	Client *http.Client
	Limits Limits
}

// Source is a set of schema documents that are ready to be read. It must be closed.
type Source struct {
	name    string // as errors call it
	limits  Limits
	docs    []document
	closers []func() error
}

// document is one document that was found but not yet read.
type document struct {
	name  string // for [File]
	label string // as errors call it; empty for a document that is the whole source
	open  func() (io.ReadCloser, error)
	err   error // set when it is not even opened
}

// Open makes ready to read src, which is "-" for standard input, an http or https URL, or the path of a directory, a zip
// or a JSON file. What a file is its first bytes tell, not its name.
//
// Of a directory it reads the *.json files, at any depth; of a zip, the members so named. Hidden files (.x) and hidden
// directories are left out, and so is, without a word, what is not named *.json. Symbolic links are not followed, except
// for src itself. A JSON file holds one schema, or an array of them.
//
// A URL may redirect five times, and not from https to http. It, standard input and pipes are copied to a temporary file
// that is gone after [Source.Close] or an error. The context stops a download at any time; of standard input and pipes it is
// looked at between reads only, so that a terminal where nobody types holds Open up.
//
// A source without any document is an error. Errors name src, without the password and the query of a URL, and say what
// to do next where that is known.
func Open(ctx context.Context, src string, o Options) (*Source, error) {
	s := &Source{limits: o.Limits.orDefault()}
	err := s.find(ctx, src, o)
	if err == nil && len(s.docs) == 0 {
		err = errors.New("it holds no schema documents (*.json)")
	}
	if err != nil {
		_ = s.Close() // what went wrong first is what matters
		return nil, fmt.Errorf("%s cannot be read: %w", s.name, reason(err))
	}
	return s, nil
}

// find fills s with the documents of src.
func (s *Source) find(ctx context.Context, src string, o Options) error {
	switch {
	case src == "":
		s.name = "schema source"
		return errors.New(`it is not named: give a zip, a directory, a JSON file, a URL or "-"`)
	case src == "-":
		s.name = "standard input"
		if o.Stdin == nil {
			return errors.New("there is none here: give a file")
		}
		return s.spool(ctx, o.Stdin, "stdin")
	case strings.Contains(src, "://"):
		return s.findRemote(ctx, src, o.Client)
	default:
		s.name = printable(src)
		return s.findLocal(ctx, src)
	}
}

func (s *Source) findRemote(ctx context.Context, src string, c *http.Client) error {
	s.name = "the address" // src may hold a password in a place where we do not see it
	u, err := url.Parse(src)
	if err != nil {
		return errors.New("it is not a valid URL")
	}
	s.name = shown(u)
	switch {
	case u.Scheme == "file":
		return errors.New("give the path, without file://")
	case !web(u):
		return fmt.Errorf("only http and https are, not %q: download it and give the path", u.Scheme)
	case u.Host == "":
		return errors.New("it names no host")
	}
	base := path.Base(u.Path)
	if base == "." || base == "/" {
		base = u.Host
	}
	return download(ctx, u, c, s.limits.Archive, func(body io.Reader) error {
		return s.spool(ctx, body, printable(base))
	})
}

func (s *Source) findLocal(ctx context.Context, src string) error {
	f, err := os.Open(src)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: check the path", reason(err))
	}
	if err != nil {
		return err
	}
	s.closers = append(s.closers, f.Close)
	info, err := f.Stat()
	base := printable(filepath.Base(src))
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return s.findInDir(ctx, src)
	case !info.Mode().IsRegular(): // a pipe, such as the shell's <(command)
		return s.spool(ctx, f, base)
	default:
		return s.findIn(ctx, f, info.Size(), base)
	}
}

// findIn finds the documents in the size bytes of r.
func (s *Source) findIn(ctx context.Context, r io.ReaderAt, size int64, base string) error {
	if size > s.limits.Archive {
		return tooLarge(s.limits.Archive)
	}
	k, err := sniff(ctx, r, size)
	if err != nil {
		return err
	}
	switch k {
	case kindZip:
		return s.findInZip(ctx, r, size)
	case kindArray:
		return s.findInArray(ctx, r, size, base)
	default:
		s.docs = []document{{name: base, open: section(r, 0, size)}}
		return nil
	}
}

func section(r io.ReaderAt, at, size int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, at, size)), nil }
}

// Len returns how many documents there are, those that cannot be read included.
func (s *Source) Len() int { return len(s.docs) }

// Files yields the documents in the order of their names, the elements of an array in the array's order. One that cannot
// be read has Err set and does not stop the rest, but for the one that goes over the limit for all: it is the last.
// Documents are read as they are asked for, so the source must not be closed before; each call starts anew.
func (s *Source) Files() iter.Seq[File] {
	return func(yield func(File) bool) {
		left := s.limits.Total
		for _, d := range s.docs {
			f, n := s.read(d, left)
			left -= n
			if !yield(f) || left < 0 {
				return
			}
		}
	}
}

// read reads d, and at most one byte more than the limits allow, where left is what remains of the limit for all. It
// returns how many bytes it took to know.
func (s *Source) read(d document, left int64) (File, int64) {
	f := File{Name: d.name, Err: d.err}
	if f.Err != nil {
		return f, 0
	}
	raw, err := readUpTo(d.open, min(s.limits.File, left)+1)
	n := int64(len(raw))
	switch {
	case n > left:
		err = fmt.Errorf("all documents together are larger than %s: read them in parts", inWords(s.limits.Total))
	case n > s.limits.File:
		err = tooLarge(s.limits.File)
	case err == nil:
		f.Text, err = text(raw)
	}
	if err != nil {
		f.Err = fmt.Errorf("%s cannot be read: %w", s.subject(d.label), reason(err))
	}
	return f, n
}

func readUpTo(open func() (io.ReadCloser, error), limit int64) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, limit))
}

// subject is how errors call the document with this label.
func (s *Source) subject(label string) string {
	if label == "" {
		return s.name
	}
	return s.name + ": " + label
}

// refused is a document that is not read at all.
func (s *Source) refused(name, label, why string) document {
	return document{name: printable(name), label: label, err: fmt.Errorf("%s is refused: %s", s.subject(label), why)}
}

// Close removes temporary files. The source cannot be read afterwards. Closing twice does nothing.
func (s *Source) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	s.closers = nil
	return errors.Join(errs...)
}
