// Package project reads a CloudFormation resource provider as its author has it: the
// directory of a cfn project, or the zip that cfn submit --dry-run makes. It knows nothing
// of how providers are run or what their schemas mean.
package project

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// The bounds of what is read.
const (
	maxDocument = 3 << 20   // a schema
	maxCode     = 250 << 20 // the zip with the code
	maxFiles    = 50_000
)

// Project is a provider that can be registered.
type Project struct {
	Schema        []byte   // the resource schema
	Configuration []byte   // the schema of the type's configuration, nil without one
	Runtime       string   // Lambda's name of what runs it, such as go1.x, provided.al2, python3.9, nodejs18.x
	Handler       string   // where it begins
	Command       []string // what to run in place of both, relative to the code
	Code          []byte   // zip
}

// settings is what a cfn project says of itself, in .rpdk-config.
type settings struct {
	ArtifactType string `json:"artifact_type"`
	TypeName     string `json:"typeName"`
	Language     string `json:"language"`
	Runtime      string `json:"runtime"`
	Entrypoint   string `json:"entrypoint"`
}

// Read reads the provider at a path. With a command it is any directory with a
// schema.json, and the command is run in it. The error says what is missing.
func Read(name string, command []string) (Project, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Project{}, err
	}
	if !info.IsDir() {
		return readZip(name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return Project{}, err
	}
	defer root.Close() //nolint:errcheck // read only
	p, err := readDir(root.FS(), command)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// ReadPackage reads the zip that cfn submit --dry-run makes. The error says what is missing.
func ReadPackage(r io.ReaderAt, size int64) (Project, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return Project{}, fmt.Errorf("%w: want the zip that `cfn submit --dry-run` makes", err)
	}
	return readPackage(z)
}

func readZip(name string) (Project, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return Project{}, fmt.Errorf("%s: %w: want the directory of a project, or the zip that `cfn submit --dry-run` makes", name, err)
	}
	defer z.Close() //nolint:errcheck // read only
	p, err := readPackage(&z.Reader)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// readPackage reads the zip of a submission: the schema, the settings, and a zip with the code.
func readPackage(files fs.FS) (p Project, err error) {
	s, err := readSettings(files)
	if err != nil {
		return p, err
	}
	if p.Schema, err = document(files, "schema.json"); err != nil {
		return p, err
	}
	if p.Configuration, err = optional(files, "configuration-schema.json"); err != nil {
		return p, err
	}
	p.Runtime, p.Handler = s.Runtime, s.Entrypoint
	inner, err := innerZip(files)
	if err != nil {
		return p, err
	}
	p.Code, err = bounded(files, inner, maxCode)
	return p, err
}

// innerZip finds the zip with the code: its name is not fixed.
func innerZip(files fs.FS) (string, error) {
	var archives []string
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext == ".zip" || ext == ".jar" {
			archives = append(archives, e.Name())
		}
	}
	for _, name := range []string{"handler.zip", "ResourceProvider.zip"} {
		if slices.Contains(archives, name) {
			return name, nil
		}
	}
	if len(archives) == 1 {
		return archives[0], nil
	}
	return "", fmt.Errorf("there are %d zips in it, and none is called handler.zip or ResourceProvider.zip: which has the code?", len(archives))
}

// readDir reads the directory of a project.
func readDir(files fs.FS, command []string) (p Project, err error) {
	s, err := readSettings(files)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(command) > 0:
	case err != nil:
		return p, err
	}
	if err := p.readSchemas(files, s); err != nil {
		return p, err
	}
	p.Runtime, p.Handler, p.Command = s.Runtime, s.Entrypoint, command
	dirs := []string{"."}
	if len(command) == 0 {
		if p.Code, err = shaded(files, s); err != nil || p.Code != nil {
			return p, err
		}
		if dirs, err = codeOf(files, s); err != nil {
			return p, err
		}
	}
	p.Code, err = pack(files, dirs)
	return p, err
}

// readSchemas reads the schemas of a project with these settings.
func (p *Project) readSchemas(files fs.FS, s settings) (err error) {
	name := strings.ToLower(strings.ReplaceAll(s.TypeName, "::", "-"))
	if p.Schema, err = firstDocument(files, name+".json", "schema.json"); err != nil {
		return err
	}
	for _, c := range []string{name + "-configuration.json", "configuration-schema.json"} {
		if p.Configuration == nil {
			if p.Configuration, err = optional(files, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// codeOf finds the directories with the built code of a project; their content goes into
// one. A name with a slash behind it goes there as a directory.
func codeOf(files fs.FS, s settings) ([]string, error) {
	has := func(name string) bool {
		_, err := fs.Stat(files, name)
		return err == nil
	}
	switch {
	case has("bin/bootstrap"), has("bin/handler"):
		return []string{"bin"}, nil
	case has("bootstrap"), has("handler"):
		return []string{"."}, nil
	case strings.HasPrefix(s.Runtime, "python") && has("build"):
		return []string{"build", "src"}, nil
	case strings.HasPrefix(s.Runtime, "python") && has("src"):
		return []string{"src"}, nil
	case strings.HasPrefix(s.Runtime, "nodejs") && strings.HasPrefix(s.Entrypoint, "dist/") && has("dist"):
		return []string{"dist/", "node_modules/"}, nil // the entry point counts from the project
	case strings.HasPrefix(s.Runtime, "nodejs") && has("dist"):
		return []string{"dist"}, nil
	case strings.HasPrefix(s.Runtime, "java") && has("target/classes"):
		return []string{"target/classes", "target/dependency"}, nil
	}
	return nil, fmt.Errorf("there is no built code for runtime %q: build the project first (a Go project makes bin/bootstrap, `cfn submit --dry-run` makes a zip of any), or name the program with --command", s.Runtime)
}

// shaded is the jar with all that a Java project needs, nil where there is none: Maven keeps
// the one without the libraries beside it.
func shaded(files fs.FS, s settings) ([]byte, error) {
	if !strings.HasPrefix(s.Runtime, "java") {
		return nil, nil
	}
	jars, err := fs.Glob(files, "target/*.jar")
	if err != nil {
		return nil, err
	}
	jars = slices.DeleteFunc(jars, func(name string) bool { return strings.HasPrefix(path.Base(name), "original-") })
	if len(jars) != 1 {
		return nil, nil
	}
	return bounded(files, jars[0], maxCode)
}

func readSettings(files fs.FS) (s settings, err error) {
	text, err := document(files, ".rpdk-config")
	if err != nil {
		return s, fmt.Errorf("this is no project of the cfn CLI: %w; with --command any directory with a schema.json is taken", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf(".rpdk-config: %w", err)
	}
	if s.ArtifactType != "" && s.ArtifactType != "RESOURCE" {
		return s, fmt.Errorf(".rpdk-config: this is a %s; only resource types can be registered", s.ArtifactType)
	}
	return s, nil
}

func document(files fs.FS, name string) ([]byte, error) { return bounded(files, name, maxDocument) }

func optional(files fs.FS, name string) ([]byte, error) {
	text, err := document(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

func firstDocument(files fs.FS, names ...string) ([]byte, error) {
	for _, name := range names {
		text, err := optional(files, name)
		if text != nil || err != nil {
			return text, err
		}
	}
	return nil, fmt.Errorf("there is no schema: neither %s", strings.Join(names, " nor "))
}

func bounded(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, most>>20)
	}
	return text, nil
}

// pack makes a zip of directories. It is the same for the same files, so that a provider
// that did not change is known again: sorted, and without times.
func pack(files fs.FS, dirs []string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	n := 0
	for _, dir := range dirs {
		dir, keep := strings.CutSuffix(dir, "/")
		if _, err := fs.Stat(files, dir); err != nil {
			continue // an optional one
		}
		err := fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != "." && (d.Name() == ".git" || d.Name() == "__pycache__"):
				return fs.SkipDir
			case !d.Type().IsRegular():
				return nil // a directory; links lead elsewhere
			}
			if n++; n > maxFiles || b.Len() > maxCode {
				return fmt.Errorf("the code is larger than %d files or %d MiB", maxFiles, maxCode>>20)
			}
			to := name
			if !keep {
				to = strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
			}
			return add(z, files, name, to, d)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errors.New("there is no code in it")
	}
	return b.Bytes(), nil
}

func add(z *zip.Writer, files fs.FS, from, to string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: to, Method: zip.Deflate}
	h.SetMode(info.Mode() & 0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	f, err := files.Open(from)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	_, err = io.Copy(w, io.LimitReader(f, maxCode))
	return err
}
