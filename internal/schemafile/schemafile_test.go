package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// listing opens src and writes down what it yields, "name=text" or "!error", or the error of Open alone. It checks what
// is promised of every source.
func listing(t *testing.T, src string, o Options) []string {
	t.Helper()
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TMP", tmp)
	s, err := Open(t.Context(), src, o)
	if err != nil {
		empty(t, tmp)
		return []string{"!" + err.Error()}
	}
	lines := lines(t, s)
	if again := len(slices.Collect(s.Files())); again != len(lines) {
		t.Errorf("Files yielded %d documents, then %d", len(lines), again)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	empty(t, tmp)
	return lines
}

func lines(t *testing.T, s *Source) []string {
	t.Helper()
	var lines []string
	for f := range s.Files() {
		switch {
		case f.Name == "":
			t.Errorf("a document has no name: %+v", f)
		case f.Err != nil && f.Text != nil:
			t.Errorf("%s has text and error", f.Name)
		case f.Err != nil:
			lines = append(lines, "!"+f.Err.Error())
		default:
			lines = append(lines, f.Name+"="+string(f.Text))
		}
	}
	if len(lines) > s.Len() {
		t.Errorf("Len is %d, but %d documents came", s.Len(), len(lines))
	}
	return lines
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind in the directory for temporary files: %v, %v", left, err)
	}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// wantError is for an error at Open that says all of these things.
func wantError(t *testing.T, got []string, says ...string) {
	t.Helper()
	for _, s := range says {
		if len(got) != 1 || !strings.HasPrefix(got[0], "!") || !strings.Contains(got[0], s) {
			t.Errorf("got\n  %s\nwant one error with %q", strings.Join(got, "\n  "), s)
		}
	}
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatAFileIsItsBytesTell(t *testing.T) {
	t.Chdir(t.TempDir())
	html := "<!DOCTYPE html><html>Sign in</html>"
	tests := []struct {
		name, data string
		want       []string
	}{
		{"one.json", `{"a":1}`, []string{`one.json={"a":1}`}},
		{"one.zip", ` {"a":1}`, []string{`one.zip= {"a":1}`}},
		{"bom.json", bom + `{"a":1}`, []string{`bom.json={"a":1}`}},
		{"late.json", strings.Repeat(" \n", 100_000) + "[{}]", []string{`late.json[0]={}`}},
		{"array.json", "[{\"a\":1},\n {}]", []string{`array.json[0]={"a":1}`, `array.json[1]={}`}},
		{"bom-array.json", bom + `[{}, 1, "x", [] ,{"b":"]"}]`, []string{
			`bom-array.json[0]={}`,
			`!bom-array.json: element 1 cannot be read: it is not a JSON object`,
			`!bom-array.json: element 2 cannot be read: it is not a JSON object`,
			`!bom-array.json: element 3 cannot be read: it holds an array, where one schema belongs: give an array as a file of its own`,
			`bom-array.json[4]={"b":"]"}`,
		}},
		{"zip.json", string(pack(t, member{name: "x.json", text: "{}"})), []string{"x.json={}"}},
		{"empty.json", "", []string{"!empty.json cannot be read: it is empty"}},
		{"blank.json", bom + " \n", []string{"!blank.json cannot be read: it is empty"}},
		{"none.json", "[ ]", []string{"!none.json cannot be read: it is an array without a schema in it"}},
		{"page.json", html, []string{"!page.json cannot be read: it is a web page or XML, not a schema: give the address or path of the file itself (for a file on a code host, its raw address)"}},
		{"x.yaml", "typeName: A::B::C", []string{"!x.yaml cannot be read: it is neither a zip nor JSON: give a zip, a directory or a JSON file"}},
		{"x.gz", "\x1f\x8b\x08", []string{"!x.gz cannot be read: it is a gzip file: unpack it and give the directory or the file in it"}},
		{"x.tar", strings.Repeat("\x00", 257) + "ustar", []string{"!x.tar cannot be read: it is a tar file: unpack it and give the directory or the file in it"}},
		{"le.json", "\xff\xfe{\x00}\x00", []string{"!le.json cannot be read: it is UTF-16: save it as UTF-8"}},
		{"be.json", "\x00{\x00}", []string{"!be.json cannot be read: it is UTF-16: save it as UTF-8"}},
		{"latin.json", "{\"a\":\"\xe9\"}", []string{"!latin.json cannot be read: it is not valid UTF-8 at byte 6: save it as UTF-8"}},
		{"odd\x1b[2J.json", "{}", []string{`odd\x1b[2J.json={}`}},
	}
	for _, tt := range tests {
		t.Run(printable(tt.name), func(t *testing.T) {
			write(t, tt.name, []byte(tt.data))
			want(t, listing(t, tt.name, Options{}), tt.want...)
		})
	}
}

func TestStdinIsReadLikeAFile(t *testing.T) {
	zipped := string(pack(t, member{name: "x.json", text: "{}"}))
	for data, lines := range map[string][]string{
		`{"a":1}`: {`stdin={"a":1}`},
		`[{},{}]`: {"stdin[0]={}", "stdin[1]={}"},
		zipped:    {"x.json={}"},
		"":        {"!standard input cannot be read: it is empty"},
		"[{}":     {"!standard input cannot be read: its array is cut short after 1 elements: get the file again"},
	} {
		want(t, listing(t, "-", Options{Stdin: iotest.OneByteReader(strings.NewReader(data))}), lines...)
	}
	want(t, listing(t, "-", Options{}), "!standard input cannot be read: there is none here: give a file")
	broken := iotest.ErrReader(errors.New("the pipe burst"))
	want(t, listing(t, "-", Options{Stdin: broken}), "!standard input cannot be read: the pipe burst")
	want(t, listing(t, "-", Options{Stdin: endless{}, Limits: Limits{Archive: 1 << 20}}),
		"!standard input cannot be read: it is larger than 1 MiB, which is the most that is read")
}

// endless is white space without end, as a JSON file may have.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestTheContextStopsReading(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	in := readerFunc(func(p []byte) (int, error) {
		cancel(errors.New("the user left"))
		return endless{}.Read(p)
	})
	_, err := Open(ctx, "-", Options{Stdin: in})
	if err == nil || err.Error() != "standard input cannot be read: the user left" {
		t.Errorf("Open of standard input: %v", err)
	}
	dir := t.TempDir()
	for _, src := range []string{dir, write(t, dir+"/a.json", []byte("[{}]")), write(t, dir+"/a.zip", pack(t, member{name: "x.json"}))} {
		if _, err := Open(ctx, src, Options{}); err == nil || !strings.HasSuffix(err.Error(), "the user left") {
			t.Errorf("Open of %s: %v", filepath.Base(src), err)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestSourcesThatAreNone(t *testing.T) {
	t.Chdir(t.TempDir())
	for src, says := range map[string]string{
		"":                           `!schema source cannot be read: it is not named: give a zip, a directory, a JSON file, a URL or "-"`,
		"nowhere.zip":                "!nowhere.zip cannot be read: no such file or directory: check the path",
		"s3://bucket/x.zip?key=1":    `!s3://bucket/x.zip cannot be read: only http and https are, not "s3": download it and give the path`,
		"file:///x.zip":              "!file:///x.zip cannot be read: give the path, without file://",
		"https:///x.zip":             "!https:///x.zip cannot be read: it names no host",
		"https://u:secret@h:x/y.zip": "!the address cannot be read: it is not a valid URL",
	} {
		want(t, listing(t, src, Options{}), says)
	}
	if _, err := Open(t.Context(), "nowhere.zip", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file is not os.ErrNotExist: %v", err)
	}
}

func TestOneDocumentIsBounded(t *testing.T) {
	dir := t.TempDir()
	o := Options{Limits: Limits{File: 4}}
	src := write(t, dir+"/array.json", []byte(`[{  }, {   }, {}]`))
	want(t, listing(t, src, o), "array.json[0]={  }",
		"!"+src+": element 1 cannot be read: it is larger than 4 bytes, which is the most that is read", "array.json[2]={}")
	src = write(t, dir+"/one.json", []byte(`{   }`))
	want(t, listing(t, src, o), "!"+src+" cannot be read: it is larger than 4 bytes, which is the most that is read")
	src = write(t, dir+"/x.zip", pack(t, member{name: "a.json", text: "{   }"}, member{name: "b.json", text: "{  }"}))
	want(t, listing(t, src, o), "!"+src+`: member "a.json" cannot be read: it is larger than 4 bytes, which is the most that is read`, "b.json={  }")
}

func TestAllDocumentsAreBounded(t *testing.T) {
	dir := t.TempDir()
	o := Options{Limits: Limits{Total: 7, File: 5}}
	src := write(t, dir+"/array.json", []byte(`[{},{  },{},{}]`))
	want(t, listing(t, src, o), "array.json[0]={}", "array.json[1]={  }",
		"!"+src+": element 2 cannot be read: all documents together are larger than 7 bytes: read them in parts")
	// What is too large was read all the same, and counts.
	src = write(t, dir+"/array.json", []byte(`[{    },{},{}]`))
	want(t, listing(t, src, o), "!"+src+": element 0 cannot be read: it is larger than 5 bytes, which is the most that is read",
		"!"+src+": element 1 cannot be read: all documents together are larger than 7 bytes: read them in parts")
	src = write(t, dir+"/exact.json", []byte(`[{  },{ }]`))
	want(t, listing(t, src, o), "exact.json[0]={  }", "exact.json[1]={ }")
}

func TestLimitsThatMeanNoneDoNotOverflow(t *testing.T) {
	const most = int64(1<<63 - 1)
	src := write(t, t.TempDir()+"/a.zip", pack(t, member{name: "x.json", text: "{}"}))
	want(t, listing(t, src, Options{Limits: Limits{most, most, most, int(^uint(0) >> 1)}}), "x.json={}")
	want(t, listing(t, src, Options{Limits: Limits{-1, -1, -1, -1}}), "x.json={}")
}

func TestFilesCanBeLeftEarly(t *testing.T) {
	s, err := Open(t.Context(), write(t, t.TempDir()+"/a.json", []byte("[{},{}]")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range s.Files() {
		break
	}
	if s.Len() != 2 {
		t.Errorf("Len = %d", s.Len())
	}
}

func TestAClosedSourceYieldsErrors(t *testing.T) {
	s, err := Open(t.Context(), "-", Options{Stdin: strings.NewReader("{}")})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for f := range s.Files() {
		if !errors.Is(f.Err, os.ErrClosed) || strings.Contains(f.Err.Error(), os.TempDir()) {
			t.Errorf("got %v", f.Err)
		}
	}
}

func TestWithoutRoomForATemporaryFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/gone")
	t.Setenv("TMP", t.TempDir()+"/gone")
	_, err := Open(t.Context(), "-", Options{Stdin: strings.NewReader("{}")})
	if err == nil || !strings.HasPrefix(err.Error(), "standard input cannot be read: no temporary file can be made: ") {
		t.Errorf("got %v", err)
	}
}

// quiet fails t if it leaves goroutines behind. It is called before anything that a cleanup ends.
func quiet(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(end) {
				all := make([]byte, 1<<16)
				t.Errorf("goroutines left behind: %d\n%s", runtime.NumGoroutine()-before, all[:runtime.Stack(all, true)])
				return
			}
		}
	})
}

func ExampleOpen() {
	s, err := Open(context.Background(), "-", Options{Stdin: io.Reader(strings.NewReader(`[{"typeName":"A::B::C"}, 7]`))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for f := range s.Files() {
		fmt.Println(f.Name, string(f.Text), f.Err)
	}
	// Output:
	// stdin[0] {"typeName":"A::B::C"} <nil>
	// stdin[1]  standard input: element 1 cannot be read: it is not a JSON object
}
