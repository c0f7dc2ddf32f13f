package main

import (
	"bytes"
	"context"
	"os"

	"example.org/groundcontrol/internal/pgserver"
)

// startPostgres serves an empty database of our own, with its data in dir.
func startPostgres(ctx context.Context, dir string) (*pgserver.Server, error) {
	// Whatever ends the server here, the machine lives on: there is no need to wait for disks.
	return pgserver.Start(ctx, pgserver.Options{Dir: dir, Settings: []string{"max_connections=200"}})
}

// databaseComplaints returns the lines of the server's log that speak of a broken database.
func databaseComplaints(s *pgserver.Server) []string {
	text, _ := os.ReadFile(s.Log())
	var bad []string
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("PANIC")) || bytes.Contains(line, []byte("deadlock detected")) {
			bad = append(bad, string(bytes.TrimSpace(line)))
		}
	}
	return bad
}
