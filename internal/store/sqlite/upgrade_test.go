package sqlite_test

import (
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/sqlite"
)

// TestDatabasesOfEarlierSchemasAreBroughtUpToDate opens what a server with schema N
// left when it was killed: eight requests of one account, one of them live. A schema that
// changes gets a file here before it does.
func TestDatabasesOfEarlierSchemasAreBroughtUpToDate(t *testing.T) {
	files, err := filepath.Glob("testdata/schema-*.db")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "gc.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, path)
			defer s.Close()
			const account, region = "000000000000", "us-east-1"
			page, err := s.Requests(t.Context(), store.RequestQuery{Account: account, Region: region, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			n := map[operation.Status]int{}
			var live operation.Request
			for _, r := range page.Requests {
				n[r.Status]++
				if !r.Status.Ended() {
					live = r
				}
			}
			if want := map[operation.Status]int{operation.Success: 6, operation.Failed: 1, operation.InProgress: 1}; !maps.Equal(n, want) {
				t.Errorf("requests %v, want %v", n, want)
			}
			if r, err := s.Replay(t.Context(), account, region, "v1-token-2", page.Requests[0].Accepted); err != nil || r.Identifier != "group-2" {
				t.Errorf("replay: %q, %v", r.Identifier, err)
			}
			key := resource.Key{Account: account, Region: region, TypeName: "AWS::Logs::LogGroup", Identifier: "group-1"}
			if is, err := s.Resource(t.Context(), key); err != nil || is.Revision != 2 || len(is.Model) == 0 {
				t.Errorf("ledger: %+v, %v", is, err)
			}
			got, err := s.Claim(t.Context(), store.Claim{
				Node: "n", Now: live.DueAt.Add(time.Second), Lease: time.Minute, Shares: []store.Share{{Queue: store.QueueOf(live), Max: 1}},
			})
			if err != nil || len(got) != 1 || got[0].Token != live.Token || got[0].Input.Desired == nil {
				t.Errorf("claimed %d, %v", len(got), err)
			}
		})
	}
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gc.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); !errors.Is(err, sqlite.ErrNewer) {
		t.Errorf("%v, want ErrNewer", err)
	}
}
