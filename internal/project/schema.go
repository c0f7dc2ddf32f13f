package project

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// ReadSchema reads what there is to know of a provider whose code is elsewhere: its schema and that
// of its configuration. The path is that of a project as for Read, of a directory with a
// schema.json, or of the schema itself. Only Schema and Configuration are set.
func ReadSchema(name string) (Project, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Project{}, err
	}
	var files fs.FS
	switch {
	case info.IsDir():
		root, err := os.OpenRoot(name)
		if err != nil {
			return Project{}, err
		}
		defer root.Close() //nolint:errcheck // read only
		files = root.FS()
	case path.Ext(name) == ".zip":
		z, err := zip.OpenReader(name)
		if err != nil {
			return Project{}, fmt.Errorf("%s: %w", name, err)
		}
		defer z.Close() //nolint:errcheck // read only
		files = z
	default:
		text, err := document(os.DirFS(filepath.Dir(name)), filepath.Base(name))
		return Project{Schema: text}, err
	}
	p, err := documents(files)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// documents reads the schemas of a project, or of files that are none.
func documents(files fs.FS) (p Project, err error) {
	s, err := readSettings(files)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	return p, p.readSchemas(files, s)
}
