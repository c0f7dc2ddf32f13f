package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"example.org/groundcontrol/internal/cli"
	"example.org/groundcontrol/internal/store/sqlite"
)

// database names the SQLite file that a command works on beside the server.
type database struct {
	Data  string `default:"${data}" type:"path" env:"GROUNDCONTROL_DATA" placeholder:"DIR" help:"Data directory of the server. Default: ./${data}"`
	Store string `env:"GROUNDCONTROL_STORE" placeholder:"URL" help:"The server's --store, where it has one: sqlite:PATH."`
}

func (d database) path() (string, error) {
	path, err := storeFile(d.Data, d.Store)
	if err == nil && path == "" {
		err = usageError{errors.New("--store: this is for SQLite; PostgreSQL has tools of its own, such as pg_dump and pg_amcheck")}
	}
	return path, err
}

// The files of a data directory, beside cli.CredentialsFile.
const (
	databaseFile = "groundcontrol.db"
	keyFile      = "secret.key" // what secrets in the store are sealed with
)

// storeFile is the SQLite file that --store names, or the one in the data directory where
// it names none; "" for PostgreSQL.
func storeFile(data, url string) (string, error) {
	kind, rest, _ := strings.Cut(url, ":")
	path := strings.TrimPrefix(rest, "//")
	switch {
	case url == "":
		return filepath.Join(data, databaseFile), nil
	case kind == "postgres" || kind == "postgresql":
		return "", nil
	case kind != "sqlite" || path == "":
		return "", usageError{errors.New("--store: want sqlite:PATH or postgres://USER@HOST/DATABASE")}
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
		filepath.Join(c.Data, keyFile), filepath.Join(c.Data, cli.CredentialsFile))
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
