package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

func needPython(t *testing.T) { t.Helper(); need(t, "python3", "python3") }

// need skips the test where a program is missing, which Debian's package has.
func need(t *testing.T, program, debian string) {
	t.Helper()
	_, err := exec.LookPath(program)
	needThat(t, err, program, "apt-get install "+debian)
}

// needThat skips the test where err says that what it needs is not there; with CI set it fails.
func needThat(t *testing.T, err error, what, how string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI is set and %s is missing (%v): %s", what, err, how)
	default:
		t.Skipf("needs %s: %s", what, how)
	}
}

// TestAProviderReachesWhatItMay has a handler fetch what is routed, by http and https, and
// what is not.
func TestAProviderReachesWhatItMay(t *testing.T) {
	t.Parallel()
	needPython(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "from ", r.Host, r.URL.Path)
	}))
	defer web.Close()
	s := start(t, "--egress", "*.allowed.example="+web.URL)
	project, err := filepath.Abs("testdata/note")
	if err != nil {
		t.Fatal(err)
	}
	s.command(t, 0, "type", "register", project)
	c := s.client(t)
	dir := t.TempDir()
	for i, scheme := range []string{"http", "https"} {
		file := filepath.Join(dir, scheme)
		e := c.ended(c.create("Own::Test::Note", fmt.Sprintf(`{"Path":%q,"Text":"%s://www.allowed.example/%d"}`, file, scheme, i)))
		want := fmt.Sprintf("from www.allowed.example/%d", i)
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s: the file holds %q, %v, want %q: %s", scheme, text, err, want, describe(e))
		}
		e = c.ended(c.create("Own::Test::Note", fmt.Sprintf(`{"Path":%q,"Text":"%s://elsewhere.example/"}`, file+"2", scheme)))
		if e.OperationStatus != types.OperationStatusFailed || !strings.Contains(*e.StatusMessage, "502") {
			t.Errorf("%s to elsewhere: %s", scheme, describe(e))
		}
		shown := s.command(t, 0, "request", "show", *e.RequestToken).stdout
		wantParts(t, shown, "called    elsewhere.example", "502 after", "denied", "Output of call 1\n  called for CREATE\n")
	}
	wantParts(t, groundcontrol(t, "serve", "--data", t.TempDir(), "--egress", "nonsense").stderr, "--egress", "nonsense")
}

// TestAProviderServesItsType registers a provider in Python and takes a resource through
// its life, with a crash of the server in the middle of the create.
func TestAProviderServesItsType(t *testing.T) {
	t.Parallel()
	needPython(t)
	const note = "Own::Test::Note"
	s := startIn(t, filepath.Join(t.TempDir(), "data"), []string{"SECRET_OF_THE_SERVER=x"})
	project, err := filepath.Abs("testdata/note")
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, s.command(t, 0, "type", "register", project).stdout, note+" 00000001 NEW in us-east-1")
	wantParts(t, s.command(t, 0, "type", "register", project).stdout, note+" 00000001 UNCHANGED")
	wantParts(t, s.command(t, 0, "type", "show", note).stdout, "Served by    lambda", "list    not supported")
	file := filepath.Join(t.TempDir(), "note")
	c := s.client(t)
	e := c.create(note, `{"Path":"`+file+`","Text":"slow"}`)
	c.until(*e.RequestToken, "the create waits for its second call", func(e *types.ProgressEvent) bool { return e.RetryAfter != nil })
	s.kill9()
	s.restart()
	c = s.client(t)
	if e = c.ended(e); e.OperationStatus != types.OperationStatusSuccess || *e.ResourceModel != `{"Path":"`+file+`","Size":4,"Text":"slow"}` {
		t.Fatal(describe(e))
	}
	got, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: &file})
	if err != nil || !strings.Contains(*got.ResourceDescription.Properties, `"Size":4`) {
		t.Errorf("get: %+v, %v", got, err)
	}
	c.waited(c.update(note, file, `[{"op":"replace","path":"/Text","value":"longer"}]`))
	if text, err := os.ReadFile(file); err != nil || string(text) != "longer" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if e := c.ended(c.create(note, `{"Path":"`+file+`","Text":"again"}`)); e.ErrorCode != types.HandlerErrorCodeAlreadyExists {
		t.Error(describe(e))
	}
	c.waited(c.delete(note, file))
	if e := c.ended(c.delete(note, file)); e.ErrorCode != types.HandlerErrorCodeNotFound {
		t.Error(describe(e))
	}
	if e := c.ended(c.create(note, `{"Path":"`+file+`","Text":"crash"}`)); e.ErrorCode != types.HandlerErrorCodeInternalFailure {
		t.Error(describe(e))
	}
	_, err = c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(note)})
	if !isError(err, "UnsupportedActionException") {
		t.Errorf("list: %v", err)
	}
	s.command(t, 0, "type", "register", project, "--command", "python3", "--command=-V") // no handler, but another version
	wantParts(t, s.command(t, 0, "type", "set-default", note, "--version-id", "00000001").stdout, note+" is version 00000001 by default")
	wantParts(t, s.command(t, 0, "type", "versions", note).stdout, "00000001", "00000002", "default")
	wantParts(t, s.command(t, 1, "type", "deregister", note, "--version-id", "00000001").stderr, "make another one the default first")
	s.command(t, 0, "type", "deregister", note, "--version-id", "00000002")
	wantParts(t, s.command(t, 1, "type", "set-default", note, "--version-id", "00000002").stderr, "has no version 00000002")
	// Another region knows nothing of it.
	other := s.clientOf(t, s.key, "eu-west-1")
	if _, err := other.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: &file}); !isError(err, "TypeNotFoundException") {
		t.Errorf("in another region: %v", err)
	}
	s.command(t, 0, "type", "deregister", note)
	wantParts(t, s.command(t, 1, "type", "show", note).stderr, "cannot be found")
}
