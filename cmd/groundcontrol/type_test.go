package main_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
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

const ownType = "Own::Test::Thing"

// ownSchema is a schema of ownType. most is the largest Size that it allows.
func ownSchema(name string, most int) string {
	return fmt.Sprintf(`{"typeName":%q,"description":"A thing to test with.","additionalProperties":false,
		"properties":{"Name":{"type":"string","minLength":1},"Size":{"type":"integer","minimum":1,"maximum":%d},"Arn":{"type":"string"},
			"Secret":{"type":"string"},"Kind":{"type":"string","enum":["small","large"]}},
		"required":["Size"],"primaryIdentifier":["/properties/Name"],"createOnlyProperties":["/properties/Name"],
		"readOnlyProperties":["/properties/Arn"],"writeOnlyProperties":["/properties/Secret"],
		"handlers":{"create":{"permissions":[],"timeoutInMinutes":5},"read":{"permissions":[]},"update":{"permissions":[]},
			"delete":{"permissions":[]},"list":{"permissions":[],"handlerSchema":{"properties":{"Kind":{"type":"string"}},"required":["Kind"]}}}}`, name, most)
}

// command runs a command of the program against the server. It must end with the given code.
func (s *server) command(t *testing.T, code int, args ...string) result {
	t.Helper()
	r := groundcontrol(t, append(args, "--data", s.data)...)
	if r.code != code {
		t.Fatalf("%s: exit %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in:\n%s", part, text)
		}
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTypesAreImportedFromADirectory(t *testing.T) {
	t.Parallel()
	s := start(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.json"), ownSchema(ownType, 10))
	writeFile(t, filepath.Join(dir, "b.json"), ownSchema("Own::Test::Other", 10))
	writeFile(t, filepath.Join(dir, "bad.json"), `{"typeName":"Own::Test::Bad"}`)
	writeFile(t, filepath.Join(dir, "z.json"), ownSchema("Own::Test::Other", 11))
	r := s.command(t, 1, "type", "import", dir)
	wantParts(t, r.stdout, "4 documents: 2 new, 0 changed, 0 unchanged, 2 refused\n")
	wantParts(t, r.stderr, "bad.json is refused: #: required key [properties] not found", "z.json is refused: Own::Test::Other is in b.json too", "2 documents could not be imported")

	r = s.command(t, 0, "type", "list", "--filter", "own::")
	wantParts(t, r.stdout, "Own::Test::Other  00000001  imported", ownType+"  00000001  imported")
	if strings.Contains(r.stdout, "AWS::") {
		t.Errorf("the filter lets through:\n%s", r.stdout)
	}
	wantParts(t, s.command(t, 0, "type", "list", "--filter", "nothing").stderr, "type import")
	wantParts(t, s.command(t, 0, "type", "show", ownType).stdout,
		"A thing to test with.", "00000001 of 1", "Identifier", "create  within 5m", "list    needs Kind in ResourceModel",
		"Size    integer  required, 1 to 10", "Name    string   create-only, at least 1 characters", "Arn     string   read-only", "Secret  string   write-only", "one of small large")
	wantParts(t, s.command(t, 1, "type", "show", "Own::Test::Nothing").stderr, "the type 'Own::Test::Nothing' cannot be found")
	wantParts(t, s.command(t, 0, "type", "template", ownType).stdout, `"Size": 1`)

	// A second version; what was made with the first stays.
	c := s.client(t)
	c.waited(c.create(ownType, `{"Name":"first","Size":10}`))
	_, err := c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: str(ownType), DesiredState: str(`{"Name":"large","Size":11}`)})
	wantParts(t, fmt.Sprint(err), "#/Size: failed validation constraint for keyword [maximum]")
	r = s.command(t, 0, "type", "import", "-o", "json", writeFile(t, filepath.Join(t.TempDir(), "new.json"), ownSchema(ownType, 20)))
	var got struct {
		Types []struct{ File, TypeName, TypeVersionId, Outcome string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got.Types) != 1 || got.Types[0].Outcome != "CHANGED" || got.Types[0].TypeVersionId != "00000002" {
		t.Errorf("%s, %v", r.stdout, err)
	}
	c.waited(c.create(ownType, `{"Name":"second","Size":20}`))
	c.waited(c.update(ownType, "first", `[{"op":"replace","path":"/Size","value":15}]`))
	wantParts(t, s.command(t, 0, "type", "show", ownType, "--version-id", "00000001").stdout, "1 to 10", "00000001 of 2")

	// And all of it after a crash.
	s.kill9()
	s.restart()
	c = s.client(t)
	wantParts(t, s.command(t, 0, "type", "show", ownType).stdout, "1 to 20")
	c.waited(c.create(ownType, `{"Name":"third","Size":20}`))
}

func TestTypesAreImportedFromAZipAnAddressAndStandardInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"One", "Two"} {
		w, err := z.Create("own-test-" + strings.ToLower(name) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(ownSchema("Own::Test::"+name, 1)))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b.Bytes()) }))
	defer web.Close()
	wantParts(t, s.command(t, 0, "type", "import", writeFile(t, filepath.Join(t.TempDir(), "x.zip"), b.String())).stdout, "2 documents: 2 new")
	wantParts(t, s.command(t, 0, "type", "import", "-v", web.URL+"/x.zip").stdout, "Own::Test::One 00000001 UNCHANGED", "2 documents: 0 new, 0 changed, 2 unchanged")
	cmd := exec.Command(binary, "type", "import", "-", "--data", s.data)
	cmd.Env, cmd.Stdin = clean(), strings.NewReader(ownSchema("Own::Test::Three", 1))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 document: 1 new") {
		t.Errorf("%v\n%s", err, out)
	}
	wantParts(t, s.command(t, 1, "type", "import", filepath.Join(t.TempDir(), "nothing")).stderr, "no such file")
}

func TestEveryTerminalErrorCodeCanBeMadeToHappen(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.command(t, 0, "type", "import", writeFile(t, filepath.Join(t.TempDir(), "a.json"), ownSchema(ownType, 10)))
	c := s.client(t)
	for _, code := range types.HandlerErrorCode("").Values() {
		switch code {
		case types.HandlerErrorCodeNetworkFailure, types.HandlerErrorCodeResourceConflict, types.HandlerErrorCodeServiceInternalError, types.HandlerErrorCodeThrottling:
			continue // tried again until the deadline
		case types.HandlerErrorCodeServiceTimeout:
			continue // the deadline itself
		}
		for _, at := range []string{"start", "1", "end"} {
			s.command(t, 0, "type", "simulate", ownType, "--reset", "--on", "create", "--callbacks", "1", "--fail-with", string(code), "--fail-at", at, "--message", "on purpose")
			e := c.ended(c.create(ownType, fmt.Sprintf(`{"Name":"%s-%s","Size":1}`, code, at)))
			if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != code || *e.StatusMessage != "on purpose" {
				t.Errorf("%s at %s: %s", code, at, describe(e))
			}
		}
	}
}

func TestSimulatedTypesBehaveAsTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.command(t, 0, "type", "import", writeFile(t, filepath.Join(t.TempDir(), "a.json"), ownSchema(ownType, 10)))
	c := s.client(t)

	// Steps and a remnant.
	s.command(t, 0, "type", "simulate", ownType, "--on", "create", "--callbacks", "3", "--fail-with", "NotStabilized", "--remnant")
	e := c.ended(c.create(ownType, `{"Name":"left","Size":1}`))
	if e.ErrorCode != types.HandlerErrorCodeNotStabilized || e.Identifier == nil || *e.Identifier != "left" {
		t.Error(describe(e))
	}
	if _, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(ownType), Identifier: str("left")}); err != nil {
		t.Errorf("what was left behind: %v", err)
	}
	c.waited(c.delete(ownType, "left"))

	// The same names fail each time, and about as many as were asked for.
	s.command(t, 0, "type", "simulate", ownType, "--reset", "--on", "create", "--fail-rate", "0.5", "--seed", "7")
	var fates [2]string
	for round := range fates {
		for i := range 20 {
			name := fmt.Sprint("n", i)
			e := c.ended(c.create(ownType, fmt.Sprintf(`{"Name":%q,"Size":1}`, name)))
			fates[round] += string(e.OperationStatus)[:1]
			if e.OperationStatus == types.OperationStatusSuccess {
				c.ended(c.delete(ownType, name))
			}
		}
	}
	if n := strings.Count(fates[0], "F"); fates[0] != fates[1] || n < 4 || n > 16 {
		t.Errorf("fates %s and %s", fates[0], fates[1])
	}

	// Retries go on until the request is cancelled; reads fail as errors.
	r := s.command(t, 0, "type", "simulate", ownType, "--reset", "--on", "create,read", "--fail-with", "Throttling")
	wantParts(t, r.stdout, `"failWith": "Throttling"`)
	live := c.create(ownType, `{"Name":"throttled","Size":1}`)
	c.until(*live.RequestToken, "the create waits for its next try", func(e *types.ProgressEvent) bool { return e.RetryAfter != nil })
	c.cancel(*live.RequestToken)
	if e := c.ended(live); e.OperationStatus != types.OperationStatusCancelComplete {
		t.Error(describe(e))
	}
	_, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(ownType), Identifier: str("x")})
	wantParts(t, fmt.Sprint(err), "NotFound") // what is not there cannot be throttled

	// A crash changes nothing of it, --reset does; mistakes change nothing.
	s.kill9()
	s.restart()
	wantParts(t, s.command(t, 0, "type", "show", ownType).stdout, `"failWith":"Throttling"`)
	wantParts(t, s.command(t, 1, "type", "simulate", ownType, "--fail-with", "Nonsense").stderr, "failWith", "NotStabilized")
	wantParts(t, s.command(t, 1, "type", "simulate", ownType).stderr, "say how "+ownType+" is to behave")
	wantParts(t, s.command(t, 1, "type", "simulate", "GroundControl::Demo::Countdown", "--create", "1s").stderr, "is not simulated")
	wantParts(t, s.command(t, 0, "type", "simulate", ownType, "--file", writeFile(t, filepath.Join(t.TempDir(), "b.json"), `{"update":{"duration":"1s"}}`)).stdout, `"duration": "1s"`)
	wantParts(t, s.command(t, 0, "type", "simulate", ownType, "--reset").stdout, "behaves as by default")
	c = s.client(t)
	c.waited(c.create(ownType, `{"Name":"at last","Size":1}`))
}

func TestBehavioursComeFromAFileToo(t *testing.T) {
	t.Parallel()
	file := writeFile(t, filepath.Join(t.TempDir(), "behaviours.json"), `{"AWS::S3::Bucket": {"create": {"failWith": "ServiceLimitExceeded"}}}`)
	s := start(t, "--behaviours", file)
	if e := s.client(t).ended(s.client(t).create("AWS::S3::Bucket", `{"BucketName":"bucket"}`)); e.ErrorCode != types.HandlerErrorCodeServiceLimitExceeded {
		t.Error(describe(e))
	}
	r := groundcontrol(t, "serve", "--data", t.TempDir(), "--behaviours", writeFile(t, file, `{"AWS::S3::Bucket": {"create": {"failRate": 2}}}`))
	if wantParts(t, r.stderr, "--behaviours", "AWS::S3::Bucket: create.failRate"); r.code == 0 {
		t.Error("a bad file is taken")
	}
}
