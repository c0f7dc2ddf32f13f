package schemafile

import (
	"archive/zip"
	stdbytes "bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// member is what pack packs. Its header may tell lies: change is called when it is true.
type member struct {
	name, text string
	change     func(*zip.FileHeader)
}

func pack(t testing.TB, members ...member) []byte {
	t.Helper()
	var b stdbytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		data := deflate(t, m.text)
		h := &zip.FileHeader{
			Name: m.name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(m.text)),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(m.text)),
		}
		if m.change != nil {
			m.change(h)
		}
		w, err := z.CreateRaw(h)
		if err == nil && !strings.HasSuffix(m.name, "/") {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflate(t testing.TB, text string) []byte {
	t.Helper()
	if n := uint16(len(text)); len(text) < 1<<12 { // one block that is not compressed: a writer is large, and slow to make
		return append([]byte{1, byte(n), byte(n >> 8), byte(^n), byte(^n >> 8)}, text...)
	}
	var b stdbytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack is a listing of the archive, with the name a.zip.
func unpack(t *testing.T, archive []byte, l Limits) []string {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "a.zip", archive)
	return listing(t, "a.zip", Options{Limits: l})
}

func TestMembersComeInNameOrder(t *testing.T) {
	got := unpack(t, pack(t,
		member{name: "b.json", text: `{"b":1}`}, member{name: "sub/", text: ""}, member{name: "sub/c.JSON", text: bom + "{}"},
		member{name: "./a.json", text: "{}"}, member{name: "README.md", text: "not JSON"}, member{name: "inner.zip", text: "PK\x03\x04"},
		member{name: "__MACOSX/._a.json", text: "\x00\x05"}, member{name: ".git/x.json", text: "{}"}, member{name: "json", text: "{}"},
		member{name: "bad.json", text: "\xff"}, member{name: "empty.json"}, member{name: "many.json", text: "[{}]"}, member{name: "wide.json", text: "{\x00}\x00"},
	), Limits{})
	want(t, got, "a.json={}", `b.json={"b":1}`,
		`!a.zip: member "bad.json" cannot be read: it is not valid UTF-8 at byte 0: save it as UTF-8`,
		`!a.zip: member "empty.json" cannot be read: it is empty`,
		`!a.zip: member "many.json" cannot be read: it holds an array, where one schema belongs: give an array as a file of its own`,
		"sub/c.JSON={}",
		`!a.zip: member "wide.json" cannot be read: it is UTF-16: save it as UTF-8`)
}

func TestHostileNamesAreRefused(t *testing.T) {
	const unprintable = "its name has control or other characters that cannot be printed, or is not UTF-8"
	for name, why := range map[string]string{
		"../x.json":                        "its name leads out of the archive",
		"a/../../x.json":                   "its name leads out of the archive",
		"a/../x.json":                      "its name leads out of the archive",
		"/etc/x.json":                      "its name is absolute",
		"//host/share/x.json":              "its name is absolute",
		`..\x.json`:                        "its name has a backslash",
		`a\x.json`:                         "its name has a backslash",
		`\\host\x.json`:                    "its name has a backslash",
		"C:/x.json":                        "its name starts with a drive letter",
		"c:x.json":                         "its name starts with a drive letter",
		"x\x00.json":                       unprintable,
		"x\n.json":                         unprintable,
		"\x1b[31mx.json":                   unprintable,
		"x\u0085.json":                     unprintable,
		"x\u202enosj.exe.json":             unprintable,
		"x\xff.json":                       unprintable,
		"\ufeffx.json":                     unprintable,
		strings.Repeat("x", 508) + ".json": "its name is too long",
	} {
		t.Run(printable(name), func(t *testing.T) {
			got := unpack(t, pack(t, member{name: name, text: "{}"}, member{name: "zz.json", text: "{}"}), Limits{})
			slices.Sort(got)
			want(t, got, "!a.zip: member "+quote(name)+" is refused: "+why, "zz.json={}")
			for _, line := range got {
				if !clean(line) {
					t.Errorf("%q does not belong on a terminal", line)
				}
			}
		})
	}
}

func TestTheSecondOfTwoNamesIsRefused(t *testing.T) {
	const why = " is refused: there is a member before it that has the same name, but for the case of letters or the way it is written"
	for _, second := range []string{"dir/x.json", "DIR/X.json", "./dir/x.json", "dir//x.json", "dir/./x.json", "dir/x.JSON"} {
		t.Run(second, func(t *testing.T) {
			got := unpack(t, pack(t, member{name: "dir/x.json", text: `{"first":1}`}, member{name: second, text: "{}"}), Limits{})
			slices.Sort(got)
			want(t, got, `!a.zip: member "`+second+`"`+why, `dir/x.json={"first":1}`)
		})
	}
	got := unpack(t, pack(t, member{name: "\u212a.json", text: `{}`}, member{name: "k.json", text: "{}"}), Limits{}) // Kelvin
	want(t, got, `!a.zip: member "k.json"`+why, "\u212a.json={}")
}

func TestMembersThatAreNotPlainAreRefused(t *testing.T) {
	mode := func(m fs.FileMode) func(*zip.FileHeader) { return func(h *zip.FileHeader) { h.SetMode(m) } }
	flag := func(f uint16) func(*zip.FileHeader) { return func(h *zip.FileHeader) { h.Flags |= f } }
	const encrypted = "is refused: it is encrypted: unpack the archive and give the directory"
	tests := []struct {
		name   string
		change func(*zip.FileHeader)
		why    string
	}{
		{"symbolic link", mode(fs.ModeSymlink | 0o777), "is refused: it is a symbolic link"},
		{"pipe", mode(fs.ModeNamedPipe | 0o600), "is refused: it is not a plain file"},
		{"device", mode(fs.ModeDevice | 0o600), "is refused: it is not a plain file"},
		{"socket", mode(fs.ModeSocket | 0o600), "is refused: it is not a plain file"},
		{"directory by mode", mode(fs.ModeDir | 0o700), "is refused: it is not a plain file"},
		{"encrypted", flag(1), encrypted},
		{"strongly encrypted", flag(1 << 6), encrypted},
		{"header masked", flag(1 << 13), encrypted},
		{"bzip2", func(h *zip.FileHeader) { h.Method = 12 }, "is refused: it is compressed with method 12, and only 0 (none) and 8 (deflate) are read: pack the archive anew"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := unpack(t, pack(t, member{"x.json", "{}", tt.change}, member{name: "y.json", text: "{}"}), Limits{})
			want(t, got, `!a.zip: member "x.json" `+tt.why, "y.json={}")
		})
	}
}

func TestHeadersThatLie(t *testing.T) {
	const huge = 2 << 30
	tests := []struct {
		name   string
		change func(*zip.FileHeader)
		why    string
	}{
		{"claims 2 GiB unpacked", func(h *zip.FileHeader) { h.UncompressedSize64 = huge }, "cannot be read: it is shorter than it claims to be"},
		{"claims 2 GiB packed", func(h *zip.FileHeader) { h.CompressedSize64 = huge }, "is refused: it claims more data than the archive has for it, so it overlaps another member or is cut short"},
		{"claims 8 EiB packed", func(h *zip.FileHeader) { h.CompressedSize64 = 1<<64 - 1 }, "is refused: it claims more data than the archive has for it, so it overlaps another member or is cut short"},
		{"claims 2 GiB stored", func(h *zip.FileHeader) { h.Method, h.CompressedSize64, h.UncompressedSize64 = zip.Store, huge, huge }, "is refused: it claims more data than the archive has for it, so it overlaps another member or is cut short"},
		{"claims less", func(h *zip.FileHeader) { h.UncompressedSize64 = 2 }, "cannot be read: its header does not fit its data"},
		{"claims less packed", func(h *zip.FileHeader) { h.CompressedSize64 = 2 }, "cannot be read: it is shorter than it claims to be"},
		{"claims another checksum", func(h *zip.FileHeader) { h.CRC32 ^= 1 }, "cannot be read: its checksum is wrong: the archive is damaged"},
		{"is deflate for stored", func(h *zip.FileHeader) { h.Method = zip.Store }, "cannot be read: its header does not fit its data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := unpack(t, pack(t, member{"x.json", `{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa":1}`, tt.change}, member{name: "y.json", text: "{}"}), Limits{})
			want(t, got, `!a.zip: member "x.json" `+tt.why, "y.json={}")
		})
	}
}

func TestDamagedMembers(t *testing.T) {
	archive := pack(t, member{name: "x.json", text: `{"a":1}`}, member{name: "y.json", text: "{}"})
	damaged := slices.Clone(archive)
	damaged[30+len("x.json")] = 0xff // the first byte after the local header
	want(t, unpack(t, damaged, Limits{}), `!a.zip: member "x.json" cannot be read: its compressed data are damaged`, "y.json={}")
	damaged = slices.Clone(archive)
	damaged[0] = 'p' // then it is no zip to us
	wantError(t, unpack(t, damaged, Limits{}), "a.zip cannot be read: it is neither a zip nor JSON")
	damaged = slices.Clone(archive)
	patch(damaged, 0, 42, 3) // where the local header stands
	want(t, unpack(t, damaged, Limits{}), `!a.zip: member "x.json" cannot be read: its header does not fit its data`, "y.json={}")
	patch(damaged, 0, 42, 1<<31)
	want(t, unpack(t, damaged, Limits{}), `!a.zip: member "x.json" cannot be read: it is shorter than it claims to be`, "y.json={}")
}

// patch writes v at the given place of the i-th record of the table of contents.
func patch(archive []byte, i, at int, v uint32) {
	pos := -1
	for range i + 1 {
		pos += 1 + stdbytes.Index(archive[pos+1:], []byte("PK\x01\x02"))
	}
	binary.LittleEndian.PutUint32(archive[pos+at:], v)
}

func TestABombIsStoppedByWhatComesOut(t *testing.T) {
	bomb := strings.Repeat(" ", 2<<20) // packs 1:200 and better
	claim := func(h *zip.FileHeader) { h.UncompressedSize64 = 100 }
	got := unpack(t, pack(t, member{name: "a.json", text: bomb}, member{"b.json", bomb, claim}, member{name: "c.json", text: "{}"}), Limits{File: 1 << 20})
	want(t, got, `!a.zip: member "a.json" cannot be read: it is larger than 1 MiB, which is the most that is read`,
		`!a.zip: member "b.json" cannot be read: its header does not fit its data`, "c.json={}")

	var many []member
	for i := range 8 {
		many = append(many, member{name: fmt.Sprintf("%d.json", i), text: bomb[:1<<18] + "{}"})
	}
	got = unpack(t, pack(t, many...), Limits{Total: 3 << 18})
	if len(got) != 3 || got[2] != `!a.zip: member "2.json" cannot be read: all documents together are larger than 768 KiB: read them in parts` {
		t.Errorf("%d documents, the last %.200s", len(got), got[len(got)-1])
	}
}

func TestMembersThatShareDataAreRefused(t *testing.T) {
	shared := strings.Repeat("x", 1<<16)
	members := []member{{name: "0.json", text: shared}}
	for i := range 30 {
		members = append(members, member{name: fmt.Sprintf("%d.json", i+1)})
	}
	archive := pack(t, members...)
	first, err := zip.NewReader(stdbytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	h := first.File[0]
	for i := range members {
		patch(archive, i, 16, h.CRC32)
		patch(archive, i, 20, uint32(len(archive)/3)) // so that three have room
		patch(archive, i, 24, uint32(h.UncompressedSize64))
		patch(archive, i, 42, 0)
	}
	overlaps := 0
	for _, line := range unpack(t, archive, Limits{}) {
		if strings.HasSuffix(line, "is refused: it claims more data than the archive has for it, so it overlaps another member or is cut short") {
			overlaps++
		}
	}
	if overlaps != len(members)-3 {
		t.Errorf("%d of %d members were refused", overlaps, len(members))
	}
}

func TestATruncatedArchiveIsAnError(t *testing.T) {
	archive := pack(t, member{name: "x.json", text: `{"a":1}`}, member{name: "y.json", text: "{}"})
	for n := 4; n < len(archive); n++ {
		s := &Source{name: "a.zip", limits: Limits{}.orDefault()}
		err := s.findIn(t.Context(), stdbytes.NewReader(archive[:n]), int64(n), "a.zip")
		if err == nil || err.Error() != "the archive is cut short or damaged: get it again" {
			t.Fatalf("cut after %d of %d bytes: %v", n, len(archive), err)
		}
	}
}

func TestAnArchiveHasBounds(t *testing.T) {
	three := pack(t, member{name: "1.json", text: "{}"}, member{name: "2.md"}, member{name: "3.json", text: "{}"})
	want(t, unpack(t, three, Limits{Files: 3}), "1.json={}", "3.json={}")
	want(t, unpack(t, three, Limits{Files: 2}), "!a.zip cannot be read: it has more than 2 members: split it, or unpack it and give the directory")
	want(t, unpack(t, three, Limits{Archive: 100}), "!a.zip cannot be read: it is larger than 100 bytes, which is the most that is read")
	want(t, unpack(t, pack(t), Limits{}), "!a.zip cannot be read: it holds no schema documents (*.json)")
	want(t, unpack(t, pack(t, member{name: "x.txt"}), Limits{}), "!a.zip cannot be read: it holds no schema documents (*.json)")
}

func TestATableOfContentsIsNotReadBeyondReason(t *testing.T) {
	var many []member
	for i := range 100 {
		many = append(many, member{name: fmt.Sprintf("%d.json", i), change: func(h *zip.FileHeader) { h.Comment = strings.Repeat("c", 20_000) }})
	}
	archive := pack(t, many...)
	r := &counting{r: stdbytes.NewReader(archive)}
	_, err := contents(context.Background(), r, int64(len(archive)), 10)
	if err == nil || !strings.HasPrefix(err.Error(), "it has more than 10 members") {
		t.Errorf("got %v", err)
	}
	if r.n > 140<<10 {
		t.Errorf("%d of %d bytes were read", r.n, len(archive))
	}
}

type counting struct {
	r io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.r.ReadAt(p, at)
	c.n += n
	return n, err
}
