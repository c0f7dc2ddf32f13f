//go:build unix

package schemafile

import (
	"os"
	"syscall"
	"testing"
)

func TestAPipeInADirectoryIsNotOpened(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "d/a.json", []byte("{}"))
	if err := syscall.Mkfifo("d/pipe.json", 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, listing(t, "d", Options{}), "a.json={}", `!d: file "pipe.json" is refused: it is not a plain file`)
}

func TestAPipeThatIsNamedIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, so that neither end waits for the other; what is written stays in the pipe until it is read.
	w, err := os.OpenFile("pipe", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteString("[{}]" + string(make([]byte, 1<<10))); err != nil {
		t.Fatal(err)
	}
	// It never ends while w is open: the limit ends it.
	want(t, listing(t, "pipe", Options{Limits: Limits{Archive: 1 << 9}}), "!pipe cannot be read: it is larger than 512 bytes, which is the most that is read")
}

func TestANameThatIsNotUTF8IsEscaped(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("caf\xe9", nil, 0o600); err != nil {
		t.Skipf("no such names here (%v): run this test on Linux", err)
	}
	write(t, "d/caf\xe9.json", []byte("{}"))
	write(t, "d/red\x1b[31m.json", []byte("["))
	want(t, listing(t, "d", Options{}), `caf\xe9.json={}`,
		`!d: file "red\x1b[31m.json" cannot be read: it holds an array, where one schema belongs: give an array as a file of its own`)
}
