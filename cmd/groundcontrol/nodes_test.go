package main_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"example.org/groundcontrol/internal/testpg"
)

// nodes starts n servers on one PostgreSQL database, as docs/operate.md says: with
// the keys of the first.
func nodes(t *testing.T, n int, args ...string) []*server {
	t.Helper()
	args = append(args, "--store", testpg.Database(t))
	all := []*server{startIn(t, filepath.Join(t.TempDir(), "node1"), nil, args...)}
	for i := 2; i <= n; i++ {
		data := filepath.Join(t.TempDir(), "node"+strconv.Itoa(i))
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"secret.key", "credentials.json"} {
			content, err := os.ReadFile(filepath.Join(all[0].data, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(data, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, startIn(t, data, nil, args...))
	}
	return all
}

func TestAnyNodeAnswersAnyCall(t *testing.T) {
	t.Parallel()
	n := nodes(t, 2)
	first, second := n[0].client(t), n[1].client(t)
	e := first.create(countdown, `{"Name":"apollo","Seconds":1}`)
	if got := second.waited(e); got.OperationStatus != types.OperationStatusSuccess {
		t.Errorf("the other node says %s", describe(got))
	}
	if model := second.get(countdown, "apollo"); model["Name"] != "apollo" {
		t.Errorf("the other node has %v", model)
	}
	second.waited(second.delete(countdown, "apollo"))
	first.missing(countdown, "apollo")
}

func TestAnotherNodeFinishesWhatADeadNodeLeft(t *testing.T) {
	t.Parallel()
	n := nodes(t, 2, "--lease", "2s")
	e := n[0].client(t).create(countdown, `{"Name":"apollo","Seconds":4}`)
	n[0].kill9()
	if got := n[1].client(t).waited(e); *got.StatusMessage != "Liftoff" {
		t.Errorf("it ended as %s", describe(got))
	}
}

func TestPasswordOfTheDatabaseIsNotShown(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := groundcontrol(t, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--store", "postgres://u:hush-hush@127.0.0.1:1/db?connect_timeout=1")
	if r.code != 1 || strings.Contains(r.stderr, "hush-hush") || !strings.Contains(r.stderr, "groundcontrol: postgres: ") {
		t.Errorf("exit %d after %v: %s", r.code, time.Since(began), r.stderr)
	}
}
