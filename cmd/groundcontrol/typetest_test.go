package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/contract"
)

// memo copies the sample provider and replaces texts in its files.
func memo(t *testing.T, changes map[string][2]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "memo")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "internal", "handler", "child", "testdata", "memo"))); err != nil {
		t.Fatal(err)
	}
	for name, change := range changes {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), change[0]) {
			t.Fatalf("%s holds no %q", name, change[0])
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const handlersFile = "src/memo/handlers.py"

func TestAProviderIsTestedWithoutAServer(t *testing.T) {
	t.Parallel()
	needPython(t)
	good := groundcontrol(t, "type", "test", memo(t, nil))
	if good.code != 0 {
		t.Fatalf("exit %d\n%s%s", good.code, good.stdout, good.stderr)
	}
	wantParts(t, good.stdout, "ok    create_read (", "Warnings\n", "/Copies", "20 tests, 20 ok, 0 failed, 0 skipped in ")
	if strings.Contains(good.stdout, "\x1b[") || strings.Contains(good.stdout, "called for") || good.stderr != "" {
		t.Errorf("%s%s", good.stdout, good.stderr)
	}
	wantParts(t, groundcontrol(t, "type", "test", memo(t, nil), "-v", "--test", "create_delete").stdout, "called for DELETE", "1 tests, 1 ok")
}

func TestWhatAProviderBreaksIsNamedAndItsSecretsAreNot(t *testing.T) {
	t.Parallel()
	needPython(t)
	dir := memo(t, map[string][2]string{
		handlersFile:                  {"print(\"called for\", action)", "print(event)\n    if action == \"READ\" and not os.path.exists(path(desired[\"Name\"])): return failed(\"AccessDenied\")"},
		"schema.json":                 {`"required": ["Name", "Text"]`, `"typeConfiguration": {"type": "object", "properties": {"Login": {"type": "string"}}}, "required": ["Name", "Text"]`},
		"inputs/inputs_1_create.json": {"only-for-us", "only-\\\"for\\\"-us"},
	})
	login := filepath.Join(t.TempDir(), "configuration.json")
	if err := os.WriteFile(login, []byte(`{"Login":"open-sesame"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := groundcontrol(t, "type", "test", dir, "--configuration", login)
	if bad.code != 1 {
		t.Fatalf("exit %d\n%s%s", bad.code, bad.stdout, bad.stderr)
	}
	wantParts(t, bad.stdout, "FAIL  delete_read (", "delete-read: READ of a deleted resource fails with NotFound", "expected  FAILED with NotFound", "call      READ, the 4th call of the test",
		`"errorCode":"AccessDenied"`, "output of the handler:", `'Key': '(redacted)'`, `"typeConfiguration":{"Login":"(redacted)"}`, `"callerCredentials":"(redacted)"`, "19 ok, 1 failed")
	wantParts(t, bad.stderr, "groundcontrol: 1 test failed")
	for _, secret := range []string{"for\\\"-us", "for\"-us", "open-sesame", "only-for-them"} {
		if strings.Contains(bad.stdout+bad.stderr, secret) {
			t.Errorf("%s is shown in\n%s", secret, bad.stdout)
		}
	}
	var report contract.Report
	r := groundcontrol(t, "type", "test", dir, "-o", "json", "--test", "create,delete_read")
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != 1 {
		t.Fatalf("exit %d, %v: %s", r.code, err, r.stdout)
	}
	if len(report.Tests) != 2 || report.Tests[0].Status != contract.Passed || len(report.Tests[1].Failures) != 1 || report.Tests[1].Failures[0].Rule != "delete-read" {
		t.Errorf("%+v", report)
	}
	wantParts(t, r.stderr, "the type has a configuration and none is sent")
}

func TestAProviderWithoutInputsIsTestedWithMadeUpOnes(t *testing.T) {
	t.Parallel()
	needPython(t)
	dir := memo(t, map[string][2]string{"inputs/inputs_1_create.json": {"milk", "{{output}}"}})
	r := groundcontrol(t, "type", "test", dir, "--seed", "7")
	if r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	wantParts(t, r.stderr, "inputs_1, create: it holds placeholders such as {{output}}", "this set is left out", "they are made up from the schema, with --seed 7")
	wantParts(t, r.stdout, "skip  create_invalid: there is no invalid input")
}

func TestWhatCannotBeTestedIsToldWithTheNextStep(t *testing.T) {
	t.Parallel()
	configuration := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(configuration, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		code int
		args []string
	}{
		`there is no test "nonsense"; there are create, `: {2, []string{memo(t, nil), "--test", "nonsense"}},
		"write a duration such as 90s":                    {2, []string{memo(t, nil), "--timeout", "0s"}},
		"the type declares none":                          {2, []string{memo(t, nil), "--configuration", configuration}},
		"--function needs the address":                    {2, []string{memo(t, nil), "--function", "f"}},
		"choose one":                                      {2, []string{memo(t, nil), "--invoke", "http://127.0.0.1:1", "--command", "x"}},
		"--invoke is no address of a server":              {2, []string{memo(t, nil), "--invoke", "http://me:secret@127.0.0.1:1"}},
		"no project of the cfn CLI":                       {1, []string{t.TempDir()}},
		"inputs holds no inputs_2_create.json":            {1, []string{renamed(t, "inputs_1_update.json", "inputs_2_update.json")}},
		"inputs_1, create: ":                              {1, []string{memo(t, map[string][2]string{"inputs/inputs_1_create.json": {`{"Name`, `[{"Name`}})}},
		"to create, of case inputs_1: Model valid":        {1, []string{memo(t, map[string][2]string{"inputs/inputs_1_create.json": {`"Copies": 2`, `"Copies": "2"`}})}},
	} {
		r := groundcontrol(t, append([]string{"type", "test"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, want) {
			t.Errorf("exit %d, %s, want %d and %q", r.code, r.stderr, c.code, want)
		}
	}
}

// renamed is the sample provider with one of its inputs under another name.
func renamed(t *testing.T, from, to string) string {
	t.Helper()
	dir := memo(t, nil)
	if err := os.Rename(filepath.Join(dir, "inputs", from), filepath.Join(dir, "inputs", to)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTheExamplesKeepToTheContract has the witnesses pass every test, as examples should.
func TestTheExamplesKeepToTheContract(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"go", "python", "node"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := witnesses(t, language)[0]
			for _, name := range []string{"create", "update", "invalid"} { // a file of its own where they list
				file := filepath.Join(w.project, "inputs", "inputs_1_"+name+".json")
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, file, strings.Replace(string(text), `/one"`, fmt.Sprintf(`/test-%d"`, os.Getpid()), 1))
			}
			r := groundcontrol(t, "type", "test", w.project)
			if r.code != 0 || r.stderr != "" {
				t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			wantParts(t, r.stdout, "20 tests, 20 ok, 0 failed, 0 skipped in ")
			if strings.Contains(r.stdout, "(redacted)") {
				t.Errorf("texts of ours are redacted: %s", r.stdout)
			}
		})
	}
}

// TestAProviderBehindAnEndpointIsTested has the tests go through the Invoke endpoint of a server, unsigned.
func TestAProviderBehindAnEndpointIsTested(t *testing.T) {
	t.Parallel()
	needPython(t)
	s := start(t, "--invoke-unsigned")
	project := memo(t, nil)
	s.command(t, 0, "type", "register", project)
	r := groundcontrol(t, "type", "test", project, "--invoke", s.endpoint+"/", "-v", "--test", "create,create_list,create_invalid,update_read,delete_read")
	if r.code != 0 || r.stderr != "" {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	wantParts(t, r.stdout, "called for DELETE", "5 tests, 5 ok, 0 failed, 0 skipped in ")
	// A schema alone will do, and what is wrong there is told.
	r = groundcontrol(t, "type", "test", filepath.Join(project, "schema.json"), "--invoke", s.endpoint, "--function", "Own-Test-Memo", "--test", "create_read")
	if r.code != 0 {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	wantParts(t, r.stderr, "they are made up from the schema")
	r = groundcontrol(t, "type", "test", project, "--invoke", s.endpoint, "--function", "Own-Test-Other", "--test", "create")
	if wantParts(t, r.stdout, "FAIL  create ", "has no function Own-Test-Other"); r.code != 1 {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	broken := memo(t, map[string][2]string{handlersFile: {"print(\"called for\", action)", "os._exit(3)"}})
	s.command(t, 0, "type", "register", broken, "--region", "eu-west-1")
	r = groundcontrol(t, "type", "test", broken, "--invoke", s.endpoint, "--region", "eu-west-1", "--test", "create")
	if wantParts(t, r.stdout, "answers: each call ends with a ProgressEvent", "a function that failed: ", "Runtime.ExitError"); r.code != 1 {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
