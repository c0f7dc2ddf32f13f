package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/project"
)

// maxPackage bounds a package that is downloaded.
const maxPackage = 300 << 20

// packages finds resource providers in files of this machine and on the web.
type packages struct {
	dir   string        // where downloads lie meanwhile
	slots chan struct{} // of those that are read at once: they are large
}

var _ control.Packages = (*packages)(nil)

func newPackages(dir string) *packages { return &packages{dir: dir, slots: make(chan struct{}, 2)} }

// Fetch implements control.Packages.
func (p *packages) Fetch(ctx context.Context, address string) (control.Package, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return control.Package{}, context.Cause(ctx)
	}
	u, err := url.Parse(address)
	if err != nil {
		return control.Package{}, errors.New("its address is none")
	}
	var got project.Project
	if u.Scheme == "file" {
		got, err = readFile(u)
	} else {
		got, err = p.download(ctx, u)
	}
	if err != nil {
		return control.Package{}, err
	}
	return control.Package{Schema: got.Schema, Configuration: got.Configuration, Runtime: got.Runtime, Handler: got.Handler, Code: got.Code}, nil
}

// readFile reads a package or the directory of a project.
func readFile(u *url.URL) (project.Project, error) {
	if u.Host != "" && u.Host != "localhost" {
		return project.Project{}, fmt.Errorf("file://%s/ is no file of the server's machine: write file:///", u.Host)
	}
	info, err := os.Stat(u.Path)
	if err != nil {
		return project.Project{}, err
	}
	if !info.IsDir() && !info.Mode().IsRegular() { // such as a pipe, which could keep us waiting
		return project.Project{}, fmt.Errorf("%s is no regular file", u.Path)
	}
	return project.Read(u.Path, nil)
}

// download reads a package from the web.
func (p *packages) download(ctx context.Context, u *url.URL) (got project.Project, err error) {
	file, err := os.CreateTemp(p.dir, "package-*.zip")
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := checkWeb(u); err != nil {
		return got, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return got, errors.New("its address is none")
	}
	r.Close = true // one request is all
	c := http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		r.Header.Del("Referer") // the query of an address may be a key to it
		if len(via) > 5 {
			return errors.New("it redirects more than 5 times")
		}
		return checkWeb(r.URL)
	}}
	answer, err := c.Do(r)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return got, e.Err // the outer text has the query of the address
	}
	if err != nil {
		return got, err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode != http.StatusOK {
		return got, fmt.Errorf("the server answers %d", answer.StatusCode)
	}
	size, err := io.Copy(file, io.LimitReader(answer.Body, maxPackage+1))
	if err != nil {
		return got, err
	}
	if size > maxPackage {
		return got, fmt.Errorf("it is larger than %d MiB", maxPackage>>20)
	}
	return project.ReadPackage(file, size)
}

// checkWeb takes https from anywhere, and http from this machine only.
func checkWeb(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%s://%s is not taken: use https, or http on this machine", u.Scheme, u.Host)
}
