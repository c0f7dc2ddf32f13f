package schemafile

import (
	"archive/zip"
	stdbytes "bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// small makes limits matter in the few bytes that a fuzzer tries.
var small = Limits{File: 256, Total: 1024, Archive: 1 << 16, Files: 8}

// FuzzZip reads whatever starts, or does not, like an archive. Few bytes decide here and much is minimized in vain: with
// -fuzzminimizetime=10x it gets further.
func FuzzZip(f *testing.F) {
	lie := func(h *zip.FileHeader) { h.UncompressedSize64, h.Method = 1<<31, 99 }
	f.Add(pack(f, member{name: "a.json", text: "{}"}, member{name: "A.json", text: "[]"}, member{"../x.json", "{}", lie}))
	f.Add(pack(f, member{name: "bomb.json", text: strings.Repeat(" ", 10_000)}, member{name: "b.json", text: bom + "{}"}))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, archive []byte) {
		checkBounds(t, archive)
	})
}

// FuzzZipHeader reads sound archives whose headers tell lies.
func FuzzZipHeader(f *testing.F) {
	f.Add("a.json", "{}", uint16(0), uint16(8), uint64(4), uint64(2), uint32(0o100644<<16))
	f.Add("../a.json", "{}", uint16(1), uint16(0), uint64(1<<63), uint64(1<<40), uint32(0o120777<<16))
	f.Add("A.JSON", strings.Repeat(" ", 300), uint16(8), uint16(8), uint64(0), uint64(1), uint32(0x10))
	f.Fuzz(func(t *testing.T, name, text string, flags, method uint16, packed, unpacked uint64, attributes uint32) {
		if len(name) > 1<<12 || len(text) > 1<<12 {
			return
		}
		lie := func(h *zip.FileHeader) {
			h.Flags, h.Method, h.CompressedSize64, h.UncompressedSize64 = flags, method, packed, unpacked
			h.CreatorVersion, h.ExternalAttrs = 3<<8, attributes
		}
		good := member{name: "good.json", text: "{}"}
		checkBounds(t, pack(t, good, member{strings.TrimSuffix(name, "/"), text, lie}, good))
	})
}

// FuzzJSONArray holds the splitting of arrays against encoding/json.
func FuzzJSONArray(f *testing.F) {
	for _, seed := range []string{"[]", "[{},{}]", `[{"a":"]\"\\"}, [1], 2e3,true ,"x"]`, bom + "[{}]", "[{},]", "[", "[[{]]]", "[1}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		checkBounds(t, []byte(data))
		got, err := split(data, len(data)+1)
		plain := strings.TrimPrefix(data, bom)
		var elements []json.RawMessage
		if json.Unmarshal([]byte(plain), &elements) == nil && strings.TrimSpace(plain) != "null" {
			var want []string
			for _, e := range elements {
				want = append(want, string(e))
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("split %q into %q, %v; want %q", data, got, err, want)
			}
			return
		}
		broken := slices.ContainsFunc(got, func(e string) bool { return !json.Valid([]byte(e)) })
		if err == nil && !broken {
			t.Errorf("split %q, which is no JSON array, into %q", data, got)
		}
	})
}

// checkBounds reads data as a file and checks what is promised of every source, whatever it holds.
func checkBounds(t *testing.T, data []byte) {
	s := &Source{name: "fuzz", limits: small}
	if err := s.findIn(context.Background(), stdbytes.NewReader(data), int64(len(data)), "fuzz"); err != nil {
		if !clean(err.Error()) {
			t.Errorf("an error that does not belong on a terminal: %q", err)
		}
		return
	}
	if s.Len() > small.Files {
		t.Errorf("%d documents", s.Len())
	}
	total, n, seen := 0, 0, map[string]bool{}
	for f := range s.Files() {
		n++
		total += len(f.Text)
		if f.Err != nil {
			if f.Text != nil || !clean(f.Err.Error()) || !clean(f.Name) {
				t.Errorf("%q: %q, %q", f.Name, f.Text, f.Err)
			}
			continue
		}
		if len(f.Text) > int(small.File) || !utf8.Valid(f.Text) || !strings.HasPrefix(strings.TrimLeft(string(f.Text), " \t\r\n"), "{") {
			t.Errorf("%q is a document", f.Text)
		}
		if badName(f.Name) != "" || seen[fold(f.Name)] {
			t.Errorf("%q is the name of a document", f.Name)
		}
		seen[fold(f.Name)] = true
	}
	if total > int(small.Total) || n > s.Len() {
		t.Errorf("%d documents of %d, %d bytes", n, s.Len(), total)
	}
}
