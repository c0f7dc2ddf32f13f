package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherSDKsTakeAResourceThroughItsLife runs one program for each: both print the same.
func TestOtherSDKsTakeAResourceThroughItsLife(t *testing.T) {
	t.Parallel()
	want := strings.Join([]string{
		`["CREATE","SUCCESS","one"]`, `["UPDATE","SUCCESS","one"]`, `[14]`, `["CREATE","SUCCESS","two"]`, `[["one","two"]]`,
		`["ValidationException","Model validation failed (#: extraneous key [Nope] is not permitted)"]`,
		`["DELETE","SUCCESS","one"]`,
		`["ResourceNotFoundException","AWS::Logs::LogGroup Handler returned status FAILED: Resource of type 'AWS::Logs::LogGroup' with identifier 'one' was not found."]`,
		`[true,3]`,
	}, "\n") + "\n"
	modules, err := filepath.Abs("../../.cache/js/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]struct {
		program, file string
		try           []string // fails where the SDK is missing
		hint          string
	}{
		"boto3":      {"python3", "life.py", []string{"-c", "import boto3"}, "apt-get install python3-boto3"},
		"JavaScript": {"node", "life.js", []string{"-e", "require('@aws-sdk/client-cloudcontrol')"}, "make setup (npm install @aws-sdk/client-cloudcontrol)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe := exec.CommandContext(t.Context(), of.program, of.try...)
			probe.Env = clean("NODE_PATH=" + modules)
			needThat(t, probe.Run(), name, of.hint)
			s := start(t)
			file, err := filepath.Abs(filepath.Join("testdata/clients", of.file))
			if err != nil {
				t.Fatal(err)
			}
			r := execute(t, clean("NODE_PATH="+modules, "AWS_ENDPOINT_URL="+s.endpoint, "AWS_REGION="+region, "AWS_EC2_METADATA_DISABLED=true",
				"AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey,
				"AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none"), of.program, file)
			if r.code != 0 {
				t.Fatalf("exit %d: %s", r.code, r.stderr)
			}
			wantDiff(t, "what it prints", r.stdout, want)
		})
	}
}
