package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

const keyed = "Own::Test::Keyed"

// keyedProject copies the provider, so that a test can change it.
func keyedProject(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keyed")
	if err := os.CopyFS(dir, os.DirFS("testdata/keyed")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *server) configure(t *testing.T, configuration string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.command(t, 0, "type", "configure", keyed, "--file", file)
	if want := keyed + " is configured in us-east-1\n"; r.stdout != want || r.stderr != "" {
		t.Errorf("%q %q, want %q", r.stdout, r.stderr, want)
	}
}

// TestAProviderGetsItsConfiguration has a handler prove that it knows the key, in the
// versions that declare one, and looks for the key where it must not be.
func TestAProviderGetsItsConfiguration(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := start(t)
	dir := keyedProject(t)
	declared := filepath.Join(dir, "configuration-schema.json")
	text, err := os.ReadFile(declared)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(declared); err != nil {
		t.Fatal(err)
	}
	s.command(t, 0, "type", "register", dir)
	wantParts(t, s.command(t, 1, "type", "configure", keyed, "--file", filepath.Join(dir, "schema.json")).stderr, "declares no configuration")
	if err := os.WriteFile(declared, text, 0o600); err != nil {
		t.Fatal(err)
	}
	wantParts(t, s.command(t, 0, "type", "register", dir).stdout, keyed+" 00000002 CHANGED")

	c := s.client(t)
	proof := func(version string) any {
		t.Helper()
		out, err := c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: str(keyed), DesiredState: str(`{"Name":"a"}`), TypeVersionId: str(version)})
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, c.waited(out.ProgressEvent).ResourceModel)["Proof"]
	}
	const none = "sent none"
	if got := proof("00000002"); got != none {
		t.Errorf("before there is a configuration the proof is %v", got)
	}
	for _, key := range []string{s.secret("hunter2-hunter2"), s.secret("another-hunter")} {
		s.configure(t, `{"ApiKey":"`+key+`"}`)
		sum := sha256.Sum256([]byte(key))
		if got := proof("00000002"); got != hex.EncodeToString(sum[:]) {
			t.Errorf("the proof is %v", got)
		}
		if s.fileHas(key) {
			t.Error("the key is in the data directory as plain text")
		}
	}
	if got := proof("00000001"); got != none {
		t.Errorf("a version that declares no configuration is sent one: %v", got)
	}
	s.kill9()
	s.restart()
	c = s.client(t)
	if got := proof("00000002"); got == none {
		t.Error("after a restart the configuration is lost")
	}

	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"ApiKey":"`+s.secret("short1")+`","Extra":"`+s.secret("hush-hush")+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.command(t, 1, "type", "configure", keyed, "--file", bad)
	wantParts(t, r.stderr, "#/ApiKey: expected minLength: 8, actual: 6", "extraneous key [Extra]")
	if strings.Contains(r.stderr, "short1") || strings.Contains(r.stderr, "hush") {
		t.Errorf("values are shown: %s", r.stderr)
	}
	wantParts(t, groundcontrol(t, "type", "configure", keyed).stderr, "--file", "--remove")
	wantParts(t, s.command(t, 0, "type", "configure", keyed, "--remove").stdout, "has no configuration any more")
	if got := proof("00000002"); got != none {
		t.Errorf("after its removal the proof is %v", got)
	}
	wantParts(t, s.command(t, 1, "type", "configure", keyed, "--remove").stderr, "has no configuration set")
}

// TestEachOperationHonoursTheVersionItIsGiven asks both versions of a type.
func TestEachOperationHonoursTheVersionItIsGiven(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := start(t)
	dir := keyedProject(t)
	s.command(t, 0, "type", "register", dir)
	if err := os.WriteFile(filepath.Join(dir, "src", "keyed", "more.py"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantParts(t, s.command(t, 0, "type", "register", dir).stdout, "00000002 CHANGED")
	c := s.client(t)
	for given, want := range map[string]string{"00000001": "00000001", "00000002": "00000002", "": "00000002"} {
		var version *string
		if given != "" {
			version = &given
		}
		asked := func(how string, model *string) {
			t.Helper()
			if got := decoded(t, model)["Version"]; got != want {
				t.Errorf("%s of version %q is done by %v", how, given, got)
			}
		}
		created, err := c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: str(keyed), DesiredState: str(`{"Name":"a"}`), TypeVersionId: version})
		if err != nil {
			t.Fatal(err)
		}
		asked("create", c.waited(created.ProgressEvent).ResourceModel)
		got, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(keyed), Identifier: str("a"), TypeVersionId: version})
		if err != nil {
			t.Fatal(err)
		}
		asked("get", got.ResourceDescription.Properties)
		updated, err := c.UpdateResource(t.Context(), &cloudcontrol.UpdateResourceInput{
			TypeName: str(keyed), Identifier: str("a"), TypeVersionId: version, PatchDocument: str(`[{"op":"add","path":"/Text","value":"` + given + `x"}]`),
		})
		if err != nil {
			t.Fatal(err)
		}
		asked("update", c.waited(updated.ProgressEvent).ResourceModel)
		listed, err := c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(keyed), TypeVersionId: version})
		if err != nil || len(listed.ResourceDescriptions) != 1 || *listed.ResourceDescriptions[0].Identifier != "of "+want {
			t.Errorf("list of version %q: %+v, %v", given, listed, err)
		}
		deleted, err := c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(keyed), Identifier: str("a"), TypeVersionId: version})
		if err != nil {
			t.Fatal(err)
		}
		if e := c.ended(deleted.ProgressEvent); e.OperationStatus != types.OperationStatusFailed || !strings.Contains(*e.StatusMessage, "version "+want) {
			t.Errorf("delete of version %q: %s", given, describe(e))
		}
	}
	_, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(keyed), Identifier: str("a"), TypeVersionId: str("00000003")})
	if !isError(err, "TypeNotFoundException") {
		t.Errorf("a version that is not there: %v", err)
	}
}
