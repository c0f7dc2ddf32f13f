package project

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func tree(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range files {
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(name, "bootstrap") {
			mode = 0o755
		}
		all[name] = &fstest.MapFile{Data: []byte(text), Mode: mode}
	}
	return all
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// content lists what Unpack makes of code.
func content(t *testing.T, code []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := Unpack(code, dir); err != nil {
		t.Fatal(err)
	}
	var all []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		all = append(all, filepath.ToSlash(rel)+"="+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestProjectsOfEachLanguageAreRead(t *testing.T) {
	config := func(runtime string) string {
		return `{"artifact_type":"RESOURCE","typeName":"Own::Test::Thing","language":"x","runtime":"` + runtime + `","entrypoint":"e"}`
	}
	for _, c := range []struct {
		name    string
		files   map[string]string
		command []string
		code    string
	}{
		{"Go", map[string]string{".rpdk-config": config("go1.x"), "own-test-thing.json": "s", "bin/bootstrap": "b", "cmd/main.go": "m"}, nil, "bootstrap=b"},
		{"Python, built", map[string]string{".rpdk-config": config("python3.9"), "own-test-thing.json": "s", "src/m/h.py": "h", "build/lib.py": "l"}, nil, "lib.py=l m/h.py=h"},
		{"Python, source only", map[string]string{".rpdk-config": config("python3.9"), "schema.json": "s", "src/m/h.py": "h", "src/m/__pycache__/h.pyc": "x"}, nil, "m/h.py=h"},
		{"Node", map[string]string{".rpdk-config": config("nodejs18.x"), "schema.json": "s", "dist/h.js": "h"}, nil, "h.js=h"},
		{"a command", map[string]string{"schema.json": "s", "run.sh": "r", ".git/x": "g"}, []string{"./run.sh"}, "run.sh=r schema.json=s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := readDir(tree(c.files), c.command)
			if err != nil {
				t.Fatal(err)
			}
			if got := content(t, p.Code); got != c.code || string(p.Schema) != "s" || len(p.Command) != len(c.command) || len(c.command) == 0 && p.Handler != "e" {
				t.Errorf("code %q, %+v", got, p)
			}
			again, err := readDir(tree(c.files), c.command)
			if err != nil || !bytes.Equal(again.Code, p.Code) {
				t.Errorf("the same project is packed otherwise: %v", err)
			}
		})
	}
}

func TestPackagesOfASubmissionAreRead(t *testing.T) {
	inner := string(archive(t, map[string]string{"bootstrap": "b"}))
	for name, files := range map[string]map[string]string{
		"handler.zip": {"schema.json": "s", ".rpdk-config": `{"runtime":"go1.x","entrypoint":"handler"}`, "handler.zip": inner, "configuration-schema.json": "c", "inputs/a.json": "{}"},
		"any.zip":     {"schema.json": "s", ".rpdk-config": `{"runtime":"go1.x","entrypoint":"handler"}`, "any.zip": inner, "configuration-schema.json": "c"},
	} {
		file := filepath.Join(t.TempDir(), "p.zip")
		if err := os.WriteFile(file, archive(t, files), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Read(file, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(p.Schema) != "s" || string(p.Configuration) != "c" || p.Runtime != "go1.x" || content(t, p.Code) != "bootstrap=b" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWhatIsNoProjectSaysWhatIsMissing(t *testing.T) {
	ok := `{"typeName":"Own::Test::Thing","runtime":"go1.x","entrypoint":"e"}`
	for want, files := range map[string]map[string]string{
		"no project of the cfn CLI":                   {"schema.json": "s"},
		".rpdk-config: ":                              {".rpdk-config": "{", "schema.json": "s"},
		"this is a HOOK":                              {".rpdk-config": `{"artifact_type":"HOOK"}`, "schema.json": "s"},
		"neither own-test-thing.json nor schema.json": {".rpdk-config": ok},
		"no built code":                               {".rpdk-config": ok, "schema.json": "s", "cmd/main.go": "m"},
	} {
		if _, err := readDir(tree(files), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := innerZip(tree(map[string]string{"a.zip": "", "b.zip": ""})); err == nil {
		t.Error("two zips, and one is taken")
	}
}

func TestUnpackStaysInItsDirectory(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../../x"} {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Unpack(archive(t, map[string]string{name: "x"}), dir); err == nil {
			t.Errorf("%s is unpacked", name)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "x")); err == nil {
			t.Errorf("%s is written outside", name)
		}
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "link"}
	h.SetMode(fs.ModeSymlink | 0o777)
	w, err := z.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("/etc"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(b.Bytes(), t.TempDir()); err == nil {
		t.Error("a link is unpacked")
	}
	if err := Unpack([]byte("no zip"), t.TempDir()); err == nil {
		t.Error("what is no zip is unpacked")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, code []byte) {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = Unpack(code, dir)
		if beside, _ := os.ReadDir(filepath.Dir(dir)); len(beside) != 1 {
			t.Errorf("%d entries outside", len(beside)-1)
		}
	})
}

func TestASchemaIsReadWithoutCode(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	settings := `{"artifact_type":"RESOURCE","typeName":"Own::Test::Thing","runtime":"go1.x"}`
	write("project/.rpdk-config", settings)
	write("project/own-test-thing.json", "s")
	write("project/own-test-thing-configuration.json", "c")
	write("plain/schema.json", "s")
	write("empty/x", "")
	write("hook/.rpdk-config", `{"artifact_type":"HOOK"}`)
	for name, want := range map[string]string{
		filepath.Join(dir, "project"): "s c",
		filepath.Join(dir, "plain"):   "s ",
		write("any.json", "s"):        "s ",
		write("p.zip", string(archive(t, map[string]string{".rpdk-config": settings, "schema.json": "s", "configuration-schema.json": "c"}))): "s c",
	} {
		p, err := ReadSchema(name)
		if err != nil || string(p.Schema)+" "+string(p.Configuration) != want || p.Code != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "empty"): "there is no schema", filepath.Join(dir, "hook"): "this is a HOOK", filepath.Join(dir, "none"): "no such file",
		write("bad.zip", "x"): "not a valid zip", write("large.json", strings.Repeat("x", maxDocument+1)): "larger than",
	} {
		if _, err := ReadSchema(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestTheJarOfAJavaProjectAndTheTreeOfANodeProjectAreTheCode(t *testing.T) {
	config := func(runtime, entry string) string {
		return `{"artifact_type":"RESOURCE","typeName":"Own::Test::Thing","runtime":"` + runtime + `","entrypoint":"` + entry + `"}`
	}
	java := tree(map[string]string{
		".rpdk-config": config("java17", "org.acme.HandlerWrapper::handleRequest"), "own-test-thing.json": "{}",
		"target/thing-1.0.jar": string(archive(t, map[string]string{"org/acme/HandlerWrapper.class": "x"})), "target/original-thing-1.0.jar": "y",
		"target/classes/org/acme/HandlerWrapper.class": "without the libraries",
	})
	if p, err := readDir(java, nil); err != nil || content(t, p.Code) != "org/acme/HandlerWrapper.class=x" {
		t.Errorf("java: %v", err)
	}
	node := tree(map[string]string{
		".rpdk-config": config("nodejs18.x", "dist/handlers.entrypoint"), "own-test-thing.json": "{}",
		"dist/handlers.js": "h", "node_modules/x/index.js": "i", "src/handlers.ts": "s",
	})
	if p, err := readDir(node, nil); err != nil || content(t, p.Code) != "dist/handlers.js=h node_modules/x/index.js=i" {
		t.Errorf("node: %v", err)
	}
}
