package pgserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"example.org/groundcontrol/internal/pgserver"
)

// ownerOf tells the process of a test to start a server in the folder that it names, and
// to wait to be killed. It says runs when the server does.
const (
	ownerOf = "GROUNDCONTROL_PGSERVER_OWNER_OF"
	runs    = "it runs"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerOf); dir != "" {
		own(dir)
	}
	os.Exit(m.Run())
}

func TestServerDiesWithItsOwner(t *testing.T) {
	dir := filepath.Join(folder(t), "data")
	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), ownerOf+"="+dir)
	said, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner.StdinPipe(); err != nil { // which has no end before the owner's
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if line == pgserver.ErrMissing.Error()+"\n" {
		skipMissing(t, pgserver.ErrMissing)
	}
	if line != runs+"\n" {
		t.Fatalf("the owner says %q, %v", line, err)
	}
	lock := filepath.Join(dir, "postmaster.pid") // there as long as the server is
	if _, err := os.Stat(lock); err != nil {
		t.Error(err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = owner.Wait() // it was killed
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if _, err := os.Stat(lock); os.IsNotExist(err) {
			return
		}
		<-tick.C
	}
	t.Error("the server lives on")
}

func own(dir string) {
	if _, err := pgserver.Start(context.Background(), pgserver.Options{Dir: dir}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(runs)
	_, _ = os.Stdin.Read(make([]byte, 1)) // which does not come
	os.Exit(0)
}
