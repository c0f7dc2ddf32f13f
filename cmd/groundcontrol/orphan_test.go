package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// TestWhatAFailedCreateLeftIsListedAdoptedAndReaped has a provider make files and then say
// that it failed.
func TestWhatAFailedCreateLeftIsListedAdoptedAndReaped(t *testing.T) {
	t.Parallel()
	needPython(t)
	const note = "Own::Test::Note"
	s := start(t)
	project, err := filepath.Abs("testdata/note")
	if err != nil {
		t.Fatal(err)
	}
	s.command(t, 0, "type", "register", project)
	wantParts(t, s.command(t, 0, "resource", "orphans").stderr, "there are no orphans")
	c := s.client(t)
	dir := t.TempDir()
	half := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		e := c.ended(c.create(note, `{"Path":"`+path+`","Text":"half of `+name+`"}`))
		if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != types.HandlerErrorCodeNotStabilized {
			t.Fatal(describe(e))
		}
		return path
	}
	adopted, reaped, lost := half("a"), half("b"), half("c")
	c.waited(c.create(note, `{"Path":"`+filepath.Join(dir, "whole")+`","Text":"x"}`)) // and no orphan
	wantParts(t, s.command(t, 0, "resource", "orphans").stdout, "TYPE", note, adopted, reaped, lost, "FAILED half way")
	s.kill9() // the ledger is on the disk
	s.restart()
	c = s.client(t)
	wantParts(t, s.command(t, 0, "resource", "adopt", note, adopted).stdout, adopted+" is adopted")
	wantParts(t, s.command(t, 1, "resource", "adopt", note, adopted).stderr, "is no orphan")
	wantParts(t, s.command(t, 1, "resource", "reap", note, filepath.Join(dir, "whole")).stderr, "is no orphan")
	if got, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: &adopted}); err != nil {
		t.Errorf("the adopted resource: %+v, %v", got, err)
	}
	wantParts(t, s.command(t, 0, "resource", "reap", note, reaped).stdout, reaped+" is deleted")
	if _, err := os.Stat(reaped); !os.IsNotExist(err) {
		t.Errorf("what was reaped is there still: %v", err)
	}
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	wantParts(t, s.command(t, 1, "resource", "adopt", note, lost).stderr, lost)
	wantParts(t, s.command(t, 0, "resource", "reap", note, lost).stdout, "was not there and is forgotten")
	wantParts(t, s.command(t, 0, "resource", "orphans", note).stderr, "there are no orphans")
	logs := s.command(t, 0, "type", "logs", note, "--tail", "100").stdout
	wantParts(t, logs, "DELETE SUCCESS after", "READ FAILED (NotFound) after", lost, "\n  called for DELETE\n")
	wantParts(t, s.command(t, 0, "type", "logs", note, "-o", "json", "--tail", "1").stdout, `"Action":"DELETE"`, `"ErrorCode":"NotFound"`)
	wantParts(t, s.command(t, 1, "type", "logs", "Own::Test::None").stderr, "cannot be found")
}
