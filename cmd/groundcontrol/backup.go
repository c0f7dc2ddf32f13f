package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"example.org/groundcontrol/internal/store/sqlite"
)

// database names the SQLite file that a command works on beside the server.
type database struct {
	Data  string `default:"${data}" type:"path" env:"GROUNDCONTROL_DATA" placeholder:"DIR" help:"Data directory of the server. Default: ./${data}"`
	Store string `env:"GROUNDCONTROL_STORE" placeholder:"URL" help:"The server's --store, where it has one: sqlite:PATH."`
}

func (d database) path() (string, error) {
	kind, rest, _ := strings.Cut(d.Store, ":")
	path := strings.TrimPrefix(rest, "//")
	switch {
	case d.Store == "":
		return filepath.Join(d.Data, "groundcontrol.db"), nil
	case kind == "postgres" || kind == "postgresql":
		return "", usageError{errors.New("--store: this is for SQLite; PostgreSQL has tools of its own, such as pg_dump and pg_amcheck")}
	case kind != "sqlite" || path == "":
		return "", usageError{errors.New("--store: want sqlite:PATH")}
	}
	return path, nil
}

type backup struct {
	database
	File string `arg:"" type:"path" help:"The new file."`
}

// Run copies the database while the server goes on.
func (c *backup) Run(out notices) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if err := sqlite.Backup(context.Background(), path, c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "groundcontrol: keep %s and %s with it: without the first, secrets in the copy cannot be read\n",
		filepath.Join(c.Data, "secret.key"), filepath.Join(c.Data, "credentials.json"))
	return err
}

type check struct{ database }

// Run reads the whole database.
func (c *check) Run(out notices) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if err := sqlite.Check(context.Background(), path); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "groundcontrol: %s is sound\n", path)
	return err
}
