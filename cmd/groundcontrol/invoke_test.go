package main_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

const note = "Own::Test::Note"

// noted runs a server on which the note provider is registered.
func noted(t *testing.T, args ...string) *server {
	t.Helper()
	needPython(t)
	s := start(t, args...)
	s.command(t, 0, "type", "register", noteProject(t))
	return s
}

func noteProject(t *testing.T) string {
	t.Helper()
	project, err := filepath.Abs("testdata/note")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// payload is what the note provider is called with, as a test tool writes it.
func payload(action, path, text string) string {
	return fmt.Sprintf(`{
  "requestData": {"callerCredentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c"}, "resourceProperties": {"Path": %q, "Text": %q}},
  "region": "us-east-1", "awsAccountId": "123456789012", "action": %q, "callbackContext": {"step": 1}, "bearerToken": "t"
}`, path, text, action)
}

// TestHandlersOnAnotherServerServeTheirType takes a resource through its life on one server
// while its handlers run on another, which nobody tells of resources.
func TestHandlersOnAnotherServerServeTheirType(t *testing.T) {
	t.Parallel()
	there, here := noted(t, "--invoke-unsigned"), start(t)
	r := here.command(t, 0, "type", "register", filepath.Join(noteProject(t), "schema.json"), "--invoke", there.endpoint+"/", "--function", "Own-Test-Note")
	wantParts(t, r.stdout, note+" 00000001 NEW in us-east-1")
	r = here.command(t, 0, "type", "register", noteProject(t), "--endpoint", there.endpoint, "--function", "Own-Test-Note")
	wantParts(t, r.stdout, note+" 00000001 UNCHANGED")
	wantParts(t, here.command(t, 0, "type", "show", note).stdout, "invoke: function Own-Test-Note at "+there.endpoint+"\n")
	file := filepath.Join(t.TempDir(), "note")
	c := here.client(t)
	e := c.ended(c.create(note, `{"Path":"`+file+`","Text":"hello"}`))
	if e.OperationStatus != types.OperationStatusSuccess || *e.ResourceModel != `{"Path":"`+file+`","Size":5,"Text":"hello"}` {
		t.Fatal(describe(e))
	}
	got, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: &file})
	if err != nil || !strings.Contains(*got.ResourceDescription.Properties, `"Size":5`) {
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
	if _, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: &file}); !isError(err, "ResourceNotFoundException") {
		t.Errorf("after the delete: %v", err)
	}
	if e := c.ended(c.create(note, `{"Path":"`+file+`","Text":"crash"}`)); e.ErrorCode != types.HandlerErrorCodeInternalFailure || !strings.Contains(*e.StatusMessage, "Runtime.ExitError") {
		t.Error(describe(e))
	}
	if all, err := there.client(t).ListResourceRequests(t.Context(), &cloudcontrol.ListResourceRequestsInput{}); err != nil || len(all.ResourceRequestStatusSummaries) != 0 {
		t.Errorf("requests on the other server: %+v, %v", all, err)
	}
	// A type that is passed on in a circle comes to an end.
	here.command(t, 0, "type", "register", noteProject(t), "--invoke", there.endpoint)
	there.command(t, 0, "type", "register", noteProject(t), "--invoke", there.endpoint)
	if e := c.ended(c.create(note, `{"Path":"`+file+`","Text":"round"}`)); e.ErrorCode != types.HandlerErrorCodeInternalFailure || !strings.Contains(*e.StatusMessage, "passed on once only") {
		t.Error(describe(e))
	}
}

// TestACallThatACrashCutShortIsRepeatedWithItsToken has handlers behind an endpoint that is
// not up at first, that is then asked by a server which is killed, and that answers at last.
func TestACallThatACrashCutShortIsRepeatedWithItsToken(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var tokens []string
	seen := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(tokens)
	}
	endpoint := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got struct{ BearerToken, Action string }
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &got) != nil || got.Action != "CREATE" {
			t.Errorf("%s, %v", body, err)
		}
		mu.Lock()
		tokens = append(tokens, got.BearerToken)
		n := len(tokens)
		mu.Unlock()
		switch n {
		case 1:
			<-r.Context().Done() // the work is done, and nobody is there to hear of it
		case 2:
			panic(http.ErrAbortHandler) // the answer is lost on its way
		default:
			_, _ = io.WriteString(w, `{"status":"SUCCESS","resourceModel":{"Path":"p","Text":"t","Size":"1"}}`)
		}
	}))
	address := endpoint.Listener.Addr().String()
	if err := endpoint.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.command(t, 0, "type", "register", noteProject(t), "--invoke", "http://"+address)
	c := s.client(t)
	e := c.create(note, `{"Path":"p","Text":"t"}`)
	e = c.until(*e.RequestToken, "the create waits for the endpoint", func(e *types.ProgressEvent) bool { return e.RetryAfter != nil })
	if e.ErrorCode != "" && e.ErrorCode != types.HandlerErrorCodeNetworkFailure || !strings.Contains(*e.StatusMessage, "could not be reached: http://"+address) {
		t.Error(describe(e))
	}
	if _, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(note), Identifier: str("p")}); !isError(err, "NetworkFailureException") {
		t.Errorf("get: %v", err)
	}
	listen(t, endpoint, address)
	eventually(t, "the endpoint is asked", func() bool { return seen() == 1 })
	s.kill9()
	s.restart()
	c = s.client(t)
	if e = c.ended(e); e.OperationStatus != types.OperationStatusSuccess || *e.ResourceModel != `{"Path":"p","Size":1,"Text":"t"}` {
		t.Fatal(describe(e))
	}
	mu.Lock()
	defer mu.Unlock()
	if len(tokens) != 3 || tokens[0] != *e.RequestToken || tokens[1] != tokens[0] || tokens[2] != tokens[0] {
		t.Errorf("the tokens were %q, want %q three times", tokens, *e.RequestToken)
	}
}

// TestTheAWSCLIInvokesHandlers calls a provider past Cloud Control, signed.
func TestTheAWSCLIInvokesHandlers(t *testing.T) {
	t.Parallel()
	s := noted(t)
	c := s.cli(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "note")
	answer := func() string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	invoke := func(function, payload string, args ...string) result {
		t.Helper()
		_ = os.Remove(filepath.Join(dir, "out"))
		in := writeFile(t, filepath.Join(dir, "in"), payload)
		return c.run(append([]string{"lambda", "invoke", "--function-name", function, "--payload", "fileb://" + in, filepath.Join(dir, "out")}, args...)...)
	}
	r := invoke(note, payload("CREATE", file, "hello"), "--log-type", "Tail", "--qualifier", "00000001")
	var got struct {
		StatusCode                 int
		ExecutedVersion, LogResult string
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.StatusCode != 200 || got.ExecutedVersion != "$LATEST" {
		t.Fatalf("exit %d: %s%s, %v", r.code, r.stdout, r.stderr, err)
	}
	if printed, err := base64.StdEncoding.DecodeString(got.LogResult); err != nil || !strings.Contains(string(printed), "called for CREATE") {
		t.Errorf("the log holds %q, %v", printed, err)
	}
	// As the handler wrote it: numbers that are strings, nulls.
	wantParts(t, answer(), `"Size": "5"`, `"Nothing": null`)
	if r := invoke("Own-Test-Note", payload("READ", file, "")); r.code != 0 || strings.Contains(r.stdout, "FunctionError") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	wantParts(t, answer(), `"Text": "hello"`)
	wantParts(t, invoke("TypeFunction", payload("CREATE", file+"2", "crash")).stdout, `"FunctionError": "Unhandled"`)
	wantParts(t, answer(), `"errorType":"Runtime.ExitError"`)
	wantParts(t, invoke("TypeFunction", `{}`, "--invocation-type", "DryRun").stdout, `"StatusCode": 204`)
	wantParts(t, invoke("AWS::S3::Bucket", `{}`).stderr, "(ResourceNotFoundException)", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:AWS-S3-Bucket", "simulate")
	wantParts(t, invoke("Own::Test::Other", `{}`).stderr, "(ResourceNotFoundException)", "there is "+note)
	wantParts(t, invoke("TypeFunction", `{}`, "--invocation-type", "Event").stderr, "(InvalidParameterValueException)", "asynchronously")
	wantParts(t, invoke("TypeFunction", `{}`, "--no-sign-request").stderr, "--invoke-unsigned")
	wantParts(t, c.run("sts", "get-session-token").stderr, "(InvalidAction)", "--invoke-unsigned")
	// The ledger knows nothing of it.
	if rows := c.ok("list-resource-requests")["ResourceRequestStatusSummaries"].([]any); len(rows) != 0 {
		t.Errorf("requests: %v", rows)
	}
}

// TestUnsignedToolsInvokeHandlersWhereTheyMay calls a provider as cfn test does: without a
// signature, and with keys that nobody knows.
func TestUnsignedToolsInvokeHandlersWhereTheyMay(t *testing.T) {
	t.Parallel()
	s := noted(t, "--invoke-unsigned", "--region", "eu-north-1")
	file := filepath.Join(t.TempDir(), "note")
	post := func(path, body string) (int, http.Header, string) {
		t.Helper()
		r, err := httpClient.Post(s.endpoint+path, "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close() //nolint:errcheck // read only
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, r.Header, string(text)
	}
	const path = "/2015-03-31/functions/TypeFunction/invocations"
	status, headers, body := post(path, payload("CREATE", file, "hello"))
	if status != 200 || headers.Get("X-Amz-Function-Error") != "" || !strings.Contains(body, `"Size": "5"`) {
		t.Errorf("%d %v %s", status, headers, body)
	}
	if status, _, body = post(path, `{"action":"CREATE"}`); status != 404 || !strings.Contains(body, "region eu-north-1") { // the payload names none
		t.Errorf("%d %s", status, body)
	}
	status, headers, body = post(path, `{"region":"us-east-1"}`)
	if status != 200 || headers.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(body, `"errorType":`) || !strings.Contains(body, "requestData") {
		t.Errorf("%d %v %s", status, headers, body)
	}
	c := s.cli(t)
	dir := t.TempDir()
	in, out := writeFile(t, filepath.Join(dir, "in"), payload("READ", file, "")), filepath.Join(dir, "out")
	for _, how := range [][]string{{"--no-sign-request"}, nil} {
		c.env = append(c.env, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=dummy", "AWS_SESSION_TOKEN=dummy")
		if r := c.run(append([]string{"lambda", "invoke", "--function-name", "TypeFunction", "--payload", "fileb://" + in, out}, how...)...); r.code != 0 {
			t.Errorf("%q: exit %d: %s", how, r.code, r.stderr)
		}
		if text, err := os.ReadFile(out); err != nil || !strings.Contains(string(text), `"Text": "hello"`) {
			t.Errorf("%q: %s, %v", how, text, err)
		}
	}
	if r := s.cli(t).run("sts", "get-session-token"); r.code != 0 || !strings.Contains(r.stdout, `"SessionToken"`) || !strings.Contains(r.stdout, `"ASIA`) {
		t.Errorf("a session for the tool's payloads: exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := c.run("cloudcontrol", "list-resource-requests"); !strings.Contains(r.stderr, "UnrecognizedClientException") {
		t.Errorf("Cloud Control takes unknown keys: %s%s", r.stdout, r.stderr)
	}
}

func TestMistakesOfRegisteringElsewhereAreTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	project := noteProject(t)
	for want, args := range map[string][]string{
		"--function needs the address": {"--function", "f"},
		"choose one":                   {"--invoke", "http://127.0.0.1:1", "--command", "x"},
		"is no URL of a server":        {"--invoke", "127.0.0.1:1"},
		"names a user":                 {"--invoke", "http://me:secret@127.0.0.1:1"},
		"'function'":                   {"--invoke", "http://127.0.0.1:1", "--function", "a b"},
		"endpoint has a query or a":    {"--invoke", "http://127.0.0.1:1?a=b"},
	} {
		r := groundcontrol(t, append([]string{"type", "register", project, "--data", s.data}, args...)...)
		if r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: exit %d: %s, want %q", args, r.code, r.stderr, want)
		}
	}
	r := groundcontrol(t, "serve", "--data", t.TempDir(), "--invoke-unsigned", "--listen", "0.0.0.0:0")
	if wantParts(t, r.stderr, "--invoke-unsigned", "loopback"); r.code != 2 {
		t.Errorf("exit %d", r.code)
	}
}

// listen starts a test server on an address that was its own before.
func listen(t *testing.T, s *httptest.Server, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
}
