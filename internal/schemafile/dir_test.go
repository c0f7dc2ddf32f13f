package schemafile

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestADirectoryIsReadAtAnyDepth(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"d/b.json": `{"b":1}`, "d/a/z.json": "{}", "d/a.json": "{}", "d/c.JSON": bom + "{}", "d/x.txt": "no", "d/json": "no",
		"d/.hidden.json": "no", "d/.git/x.json": "no", "d/a/.vscode/x.json": "no", "d/sub.json/in.json": "{}",
		"d/empty.json": "", "d/page.json": "<html>", "d/many.json": "[{}]",
	} {
		write(t, name, []byte(text))
	}
	want(t, listing(t, "d", Options{}), "a.json={}", "a/z.json={}", `b.json={"b":1}`, "c.JSON={}",
		`!d: file "empty.json" cannot be read: it is empty`,
		`!d: file "many.json" cannot be read: it holds an array, where one schema belongs: give an array as a file of its own`,
		`!d: file "page.json" cannot be read: it is not a JSON object`,
		"sub.json/in.json={}")
	want(t, listing(t, "d", Options{Limits: Limits{Files: 7}}), "!d cannot be read: it has more than 7 *.json files: give its subdirectories one by one")
	if err := os.MkdirAll("none/x", 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, listing(t, "none", Options{}), "!none cannot be read: it holds no schema documents (*.json)")
}

func TestLinksInADirectoryAreNotFollowed(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "secret.json", []byte(`{"password":1}`))
	write(t, "elsewhere/y.json", []byte(`{"password":1}`))
	write(t, "d/a.json", []byte("{}"))
	for name, to := range map[string]string{"d/out.json": "../secret.json", "d/in.json": "a.json", "d/dir": "../elsewhere", "d/loop": ".", "way": "d"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skipf("no symbolic links here (%v): run this test where the user may make them", err)
		}
	}
	lines := []string{
		"a.json={}",
		`!d: file "in.json" is refused: it is a symbolic link: give what it leads to`,
		`!d: file "out.json" is refused: it is a symbolic link: give what it leads to`,
	}
	want(t, listing(t, "d", Options{}), lines...)
	for i := range lines {
		lines[i] = strings.Replace(lines[i], "!d:", "!way:", 1)
	}
	want(t, listing(t, "way", Options{}), lines...) // the user named this one
	want(t, listing(t, "d/in.json", Options{}), "in.json={}")
}

func TestAFileThatIsReplacedIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/secret.json", []byte(`{"password":1}`))
	for _, name := range []string{"gone", "link", "directory"} {
		write(t, dir+"/d/"+name+".json", []byte("{}"))
	}
	s, err := Open(t.Context(), dir+"/d", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"gone", "link", "directory"} {
		if err := os.Remove(dir + "/d/" + name + ".json"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir+"/secret.json", dir+"/d/link.json"); err != nil {
		t.Skipf("no symbolic links here (%v): run this test where the user may make them", err)
	}
	if err := os.Mkdir(dir+"/d/directory.json", 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, lines(t, s), `!`+dir+`/d: file "directory.json" cannot be read: it is not a plain file`,
		`!`+dir+`/d: file "gone.json" cannot be read: no such file or directory`,
		`!`+dir+`/d: file "link.json" cannot be read: it is not a plain file`)
}

func TestWhatMayNotBeReadDoesNotStopTheRest(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("every file can be read here: run this test on Unix as a user other than root")
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"d/a.json", "d/locked.json", "d/shut/x.json", "d/z.json"} {
		write(t, name, []byte("{}"))
	}
	for _, name := range []string{"d/locked.json", "d/shut"} {
		if err := os.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(name, 0o700)
	}
	want(t, listing(t, "d", Options{}), "a.json={}", `!d: file "locked.json" cannot be read: permission denied`,
		`!d: directory "shut" cannot be read: permission denied`, "z.json={}")
}
