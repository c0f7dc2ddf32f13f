package testpg_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/testpg"
)

func TestServerKeepsItsDataOverARestart(t *testing.T) {
	s := testpg.New(t, testpg.Options{Settings: []string{"work_mem=7MB"}})
	url := s.Database(t)
	s.Exec(t, url, "CREATE TABLE kept (n int)")
	s.Restart(t)
	s.Exec(t, url, "INSERT INTO kept VALUES (1)")
	s.Crash(t)
	if c, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("a stopped server answers", c.Close(t.Context()))
	}
	s.Start(t)
	s.Exec(t, url, "SELECT 1/n FROM kept")
	s.Exec(t, url, "SELECT 1 / (current_setting('work_mem') = '7MB')::int")
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	if a, b := testpg.Database(t), testpg.Database(t); a == b {
		t.Errorf("%s twice", a)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := testpg.StopShared(); err != nil {
		panic(err)
	}
	os.Exit(code)
}
