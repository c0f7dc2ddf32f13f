package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/auth"
)

func TestVersionIsPrinted(t *testing.T) {
	t.Parallel()
	if r := groundcontrol(t, "version"); r != (result{0, "groundcontrol v0.0.0-test\n", ""}) {
		t.Errorf("%+v", r)
	}
}

func TestHelpIsAResult(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"env", "-h"}} {
		r := groundcontrol(t, args...)
		if r.code != 0 || !strings.Contains(r.stdout, "Usage: groundcontrol") || r.stderr != "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
	for _, flag := range []string{"--listen", "--data", "--store", "--auth", "--simulate", "--status-hold", "--retention", "--config"} {
		name := "GROUNDCONTROL_" + strings.ToUpper(strings.ReplaceAll(flag[2:], "-", "_"))
		if help := groundcontrol(t, "serve", "--help").stdout; !strings.Contains(help, flag) || !strings.Contains(help, name) {
			t.Errorf("the help says nothing of %s or %s", flag, name)
		}
	}
}

func TestEnvBeforeAnyServerTellsHowToStartOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "my data")
	for _, output := range []string{"shell", "json"} {
		r := groundcontrol(t, "env", "--data", dir, "-o", output)
		if want := "start one with `groundcontrol serve --data '" + dir + "'`"; r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%+v, want %q", r, want)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("env made the data directory")
	}
}

// A shell that evaluates what env prints gets these very values, whatever they hold.
func TestEnvIsSafeToEvaluate(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("install a POSIX shell (sh) to run this test")
	}
	secrets := []string{
		"plain/+=", "with space", "quote'quote", `"double"`, "$HOME", "`touch pwned`", "$(touch pwned)", `back\slash`, "; touch pwned", "a\nb", "*", "~", "#x", "=", "é💡", "-n",
	}
	data := filepath.Join(t.TempDir(), "it's $(touch pwned) a dir")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("endpoint", "http://127.0.0.1:4321\n")
	for _, secret := range secrets {
		key, err := json.Marshal(map[string]any{"keys": []auth.Key{{AccessKeyID: "AKIAOTHEROTHEROTHER1", SecretAccessKey: secret, Account: auth.RootAccount}}})
		if err != nil {
			t.Fatal(err)
		}
		write("credentials.json", string(key))
		const script = `out=$("$0" env --data "$1" --region="$2") && eval "$out" && printf '%s\0' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" \
			"$AWS_REGION" "$AWS_DEFAULT_REGION" "${AWS_SESSION_TOKEN-none}" "${AWS_PROFILE-none}" && ls`
		r := execute(t, clean("AWS_PROFILE=other", "AWS_SESSION_TOKEN=other"), "sh", "-c", script, binary, data, secret)
		want := strings.Join([]string{"http://127.0.0.1:4321", "AKIAOTHEROTHEROTHER1", secret, secret, secret, "none", "none", ""}, "\x00")
		if r.code != 0 || r.stdout != want {
			t.Errorf("secret %q:\ngot  %q\nwant %q\n%s", secret, r.stdout, want, r.stderr)
		}
		var values map[string]string
		if r := groundcontrol(t, "env", "-o", "json", "--data", data); json.Unmarshal([]byte(r.stdout), &values) != nil || values["AWS_SECRET_ACCESS_KEY"] != secret {
			t.Errorf("JSON of secret %q: %+v", secret, r)
		}
	}
}

func TestEnvOfAServerOnAllAddressesNamesOneThatCanBeReached(t *testing.T) {
	t.Parallel()
	s := start(t, "--listen", "0.0.0.0:0")
	if !strings.HasPrefix(s.endpoint, "http://127.0.0.1:") {
		t.Errorf("endpoint %s", s.endpoint)
	}
	s.client(t).requests()
}

func TestTheGreetingTellsWhatToPaste(t *testing.T) {
	t.Parallel()
	s := start(t)
	log := s.logged()
	for _, want := range []string{
		"serves Cloud Control on " + s.endpoint + "\n", `eval "$(` + binary + " env --data " + s.data + `)"`,
		"aws cloudcontrol create-resource --type-name AWS::Logs::LogGroup", "aws cloudcontrol list-resource-requests",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("nothing is said of %q: %s", want, log)
		}
	}
}
