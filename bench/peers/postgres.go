package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"example.org/groundcontrol/internal/pgserver"
)

// serverSettings are what the server runs with beside its defaults, the same for all
// who use it. A commit is on the disk when it returns: fsync, synchronous_commit and
// full_page_writes are on by default.
var serverSettings = []string{"shared_buffers=512MB"}

// startServer runs a server with its data below dir, and returns the URL of an empty
// database of it. The error tells how to get PostgreSQL where it is missing.
func startServer(ctx context.Context, dir string) (s *pgserver.Server, url string, err error) {
	s, err = pgserver.Start(ctx, pgserver.Options{Dir: filepath.Join(dir, "postgres"), Fsync: true, Settings: serverSettings})
	if errors.Is(err, pgserver.ErrMissing) {
		return nil, "", fmt.Errorf("%w, or choose contestants without it with --only", err)
	}
	if err != nil {
		return nil, "", err
	}
	if url, err = s.Database(ctx, "peers"); err != nil {
		return nil, "", errors.Join(err, s.Stop())
	}
	return s, url, nil
}
