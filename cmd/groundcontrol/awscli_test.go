package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// cli is the real aws CLI, pointed at a server.
type cli struct {
	t   *testing.T
	s   *server
	env []string
}

func (s *server) cli(t *testing.T) cli {
	t.Helper()
	need(t, "aws", "awscli")
	return cli{t, s, clean(
		"AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region,
		"AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(t.TempDir(), "none"),
	)}
}

func (c cli) run(args ...string) result {
	c.t.Helper()
	r := execute(c.t, c.env, "aws", append([]string{"--endpoint-url", c.s.endpoint, "--output", "json"}, args...)...)
	r.stderr = strings.Replace(r.stderr, " (reached max retries: 0)", "", 1) // what CLI 2.9 adds, of its own, to an error
	return r
}

// ok runs a command of cloudcontrol that must succeed, and decodes what it prints.
func (c cli) ok(args ...string) map[string]any {
	c.t.Helper()
	r := c.run(append([]string{"cloudcontrol"}, args...)...)
	if r.code != 0 {
		c.t.Fatalf("aws cloudcontrol %q: exit %d: %s", args, r.code, r.stderr)
	}
	var out map[string]any
	if r.stdout != "" {
		if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
			c.t.Fatalf("aws cloudcontrol %q: %v: %s", args, err, r.stdout)
		}
	}
	return out
}

func (c cli) event(args ...string) map[string]any {
	c.t.Helper()
	e, _ := c.ok(args...)["ProgressEvent"].(map[string]any)
	if e == nil {
		c.t.Fatalf("aws cloudcontrol %q prints no event", args)
	}
	return e
}

// wait waits as a user does.
func (c cli) wait(e map[string]any) {
	c.t.Helper()
	c.ok("wait", "resource-request-success", "--request-token", e["RequestToken"].(string))
}

func has(t *testing.T, e, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if e[name] != value {
			t.Errorf("%s is %v, want %v in %v", name, e[name], value, e)
		}
	}
}

func TestTheAWSCLITakesAResourceThroughItsLife(t *testing.T) {
	t.Parallel()
	c := start(t).cli(t)
	const name = "LogGroupResourceExample"
	group := []string{"--type-name", "AWS::Logs::LogGroup", "--identifier", name}
	created := c.event("create-resource", "--type-name", "AWS::Logs::LogGroup", "--desired-state", `{"LogGroupName":"LogGroupResourceExample","RetentionInDays":7}`)
	has(t, created, map[string]any{"TypeName": "AWS::Logs::LogGroup", "Operation": "CREATE", "OperationStatus": "IN_PROGRESS", "Identifier": name})
	c.wait(created)
	has(t, c.event("get-resource-request-status", "--request-token", created["RequestToken"].(string)), map[string]any{
		"RequestToken": created["RequestToken"], "Operation": "CREATE", "OperationStatus": "SUCCESS", "Identifier": name,
	})
	got := c.ok(append([]string{"get-resource"}, group...)...)
	properties := decoded(t, str(got["ResourceDescription"].(map[string]any)["Properties"].(string)))
	has(t, properties, map[string]any{"LogGroupName": name, "RetentionInDays": 7.0, "LogGroupClass": "STANDARD"})

	updated := c.event(append([]string{"update-resource", "--patch-document", `[{"op":"replace","path":"RetentionInDays","value":14}]`}, group...)...)
	has(t, updated, map[string]any{"Operation": "UPDATE", "OperationStatus": "IN_PROGRESS", "Identifier": name})
	c.wait(updated)

	c.wait(c.event("create-resource", "--type-name", "AWS::Logs::LogGroup", "--desired-state", `{"LogGroupName":"another"}`))
	for _, paged := range [][]string{nil, {"--page-size", "1"}} { // the CLI puts pages together
		listed := c.ok(append([]string{"list-resources", "--type-name", "AWS::Logs::LogGroup"}, paged...)...)["ResourceDescriptions"].([]any)
		if len(listed) != 2 {
			t.Errorf("%d resources are listed: %v", len(listed), listed)
		}
	}
	ended := c.ok("list-resource-requests", "--resource-request-status-filter", "Operations=CREATE,UPDATE,OperationStatuses=SUCCESS,FAILED")
	if rows := ended["ResourceRequestStatusSummaries"].([]any); len(rows) != 3 || rows[1].(map[string]any)["RequestToken"] != updated["RequestToken"] {
		t.Errorf("requests that ended: %v", rows)
	}

	deleted := c.event(append([]string{"delete-resource"}, group...)...)
	has(t, deleted, map[string]any{"Operation": "DELETE", "Identifier": name})
	c.wait(deleted)
	r := c.run(append([]string{"cloudcontrol", "get-resource"}, group...)...)
	if want := "An error occurred (ResourceNotFoundException) when calling the GetResource operation: AWS::Logs::LogGroup Handler returned status FAILED: " +
		"Resource of type 'AWS::Logs::LogGroup' with identifier 'LogGroupResourceExample' was not found."; r.code == 0 || !strings.Contains(r.stderr, want) {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

func TestTheAWSCLIWatchesAndCancelsACountdown(t *testing.T) {
	t.Parallel()
	c := start(t).cli(t)
	live := c.event("create-resource", "--type-name", countdown, "--desired-state", `{"Name":"apollo","Seconds":600}`, "--client-token", "launch-1")
	token := live["RequestToken"].(string)
	rows := c.ok("list-resource-requests", "--resource-request-status-filter", "Operations=CREATE,OperationStatuses=IN_PROGRESS")["ResourceRequestStatusSummaries"].([]any)
	if len(rows) != 1 {
		t.Fatalf("in progress: %v", rows)
	}
	has(t, rows[0].(map[string]any), map[string]any{"RequestToken": token, "Identifier": "apollo", "OperationStatus": "IN_PROGRESS"})
	status := c.event("get-resource-request-status", "--request-token", token)
	if message, _ := status["StatusMessage"].(string); !strings.HasPrefix(message, "T minus ") {
		t.Errorf("status %v", status)
	}
	again := c.event("create-resource", "--type-name", countdown, "--desired-state", `{"Name": "apollo", "Seconds": 600}`, "--client-token", "launch-1")
	has(t, again, map[string]any{"RequestToken": token})
	r := c.run("cloudcontrol", "delete-resource", "--type-name", countdown, "--identifier", "apollo")
	if want := "An error occurred (ConcurrentOperationException) when calling the DeleteResource operation: Another operation on resource 'apollo' of type '" +
		countdown + "' is in progress with RequestToken " + token; r.code == 0 || !strings.Contains(r.stderr, want) {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}

	cancelled := c.event("cancel-resource-request", "--request-token", token)
	if got := cancelled["OperationStatus"]; got != "CANCEL_COMPLETE" && got != "CANCEL_IN_PROGRESS" {
		t.Errorf("cancelled: %v", cancelled)
	}
	r = c.run("cloudcontrol", "wait", "resource-request-success", "--request-token", token)
	if r.code == 0 || !strings.Contains(r.stderr, "Waiter ResourceRequestSuccess failed") {
		t.Errorf("the waiter: exit %d: %s", r.code, r.stderr)
	}
	has(t, c.event("cancel-resource-request", "--request-token", token), map[string]any{"OperationStatus": "CANCEL_COMPLETE"})
}

func TestTheAWSCLIShowsErrorsByNameAndText(t *testing.T) {
	t.Parallel()
	c := start(t).cli(t)
	for name, of := range map[string]struct {
		args []string
		want string
	}{
		"an unknown type":          {[]string{"list-resources", "--type-name", "AWS::No::Type"}, "(TypeNotFoundException) when calling the ListResources operation: The type 'AWS::No::Type' cannot be found."},
		"a desired state of words": {[]string{"create-resource", "--type-name", logGroup, "--desired-state", "LogGroupName=x"}, "(ValidationException) when calling the CreateResource operation: Invalid JSON in DesiredState: "},
		"a wrong model":            {[]string{"create-resource", "--type-name", logGroup, "--desired-state", `{"RetentionInDays":"7"}`}, "(ValidationException) when calling the CreateResource operation: Model validation failed (#/RetentionInDays: "},
		"an unknown token":         {[]string{"get-resource-request-status", "--request-token", "DOESNOTEXIST"}, "(RequestTokenNotFoundException) when calling the GetResourceRequestStatus operation: Request with token DOESNOTEXIST was not found"},
		"an unknown status":        {[]string{"list-resource-requests", "--resource-request-status-filter", "OperationStatuses=NOPE"}, "(ValidationException) when calling the ListResourceRequests operation: 1 validation error detected: "},
		"a stage without its API":  {[]string{"list-resources", "--type-name", stage}, "(InvalidRequestException) when calling the ListResources operation: Missing or invalid ResourceModel property in AWS::ApiGateway::Stage list handler request input.Required property:  (#: required key [RestApiId] not found)"},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			if r := c.run(append([]string{"cloudcontrol"}, of.args...)...); r.code < 254 || !strings.Contains(r.stderr, "An error occurred "+of.want) {
				t.Errorf("exit %d: %s", r.code, r.stderr)
			}
		})
	}
	c.t = t
	r := c.run("sts", "get-caller-identity")
	if r.code != 0 || !strings.Contains(r.stdout, `"Account": "000000000000"`) {
		t.Errorf("sts: exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	c.env = append(c.env, "AWS_SECRET_ACCESS_KEY=wrong")
	if r := c.run("cloudcontrol", "list-resource-requests"); r.code < 254 || !strings.Contains(r.stderr, "(InvalidSignatureException)") {
		t.Errorf("wrong key: exit %d: %s", r.code, r.stderr)
	}
}

// What env prints gives the CLI its key and region. Old builds of the CLI read no endpoint
// from the environment, so it is given as a flag here.
func TestTheAWSCLIRunsOnWhatEnvPrints(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.cli(t) // skips where there is none
	const script = `eval "$("$0" env --data "$1")" && aws --endpoint-url "$AWS_ENDPOINT_URL" --output json cloudcontrol list-resource-requests`
	r := execute(t, clean("AWS_PAGER="), "sh", "-c", script, binary, s.data)
	if r.code != 0 || !strings.Contains(r.stdout, `"ResourceRequestStatusSummaries": []`) {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}
