package credential_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler/credential"
	"example.org/groundcontrol/internal/handler/provider"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials.json")
	write(t, path, text)
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const role = "arn:aws:iam::000000000002:role/deploy"

func TestRoleThenAccountThenDefault(t *testing.T) {
	f, err := credential.Open(file(t, `{
		"default": {"accessKeyId": "D", "secretAccessKey": "ds"},
		"accounts": {"000000000002": {"accessKeyId": "A", "secretAccessKey": "as", "sessionToken": "at"}},
		"roles": {"`+role+`": {"accessKeyId": "R", "secretAccessKey": "rs"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		account, role string
		want          provider.Credentials
	}{
		{"000000000001", "", provider.Credentials{AccessKeyID: "D", SecretAccessKey: "ds"}},
		{"000000000002", "", provider.Credentials{AccessKeyID: "A", SecretAccessKey: "as", SessionToken: "at"}},
		{"000000000001", role, provider.Credentials{AccessKeyID: "R", SecretAccessKey: "rs"}},
	} {
		if got, err := f.For(t.Context(), c.account, c.role); got != c.want || err != nil {
			t.Errorf("%s as %q: %s, %v", c.account, c.role, got.AccessKeyID, err)
		}
	}
	if _, err := f.For(t.Context(), "000000000002", role+"2"); !errors.Is(err, provider.ErrNoCredentials) || !strings.Contains(err.Error(), role+"2") {
		t.Errorf("a role that the file lacks: %v", err)
	}
}

func TestAccountWithoutAnyHasNone(t *testing.T) {
	f, err := credential.Open(file(t, `{"accounts": {"000000000002": {"accessKeyId": "A", "secretAccessKey": "as"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.For(t.Context(), "000000000001", ""); got != (provider.Credentials{}) || err != nil {
		t.Errorf("%s, %v", got.AccessKeyID, err)
	}
}

func TestChangedFileIsReadAgain(t *testing.T) {
	path := file(t, `{"default": {"accessKeyId": "one", "secretAccessKey": "s"}}`)
	f, err := credential.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, `{"default": {"accessKeyId": "another", "secretAccessKey": "s"}}`)
	if got, err := f.For(t.Context(), "000000000001", ""); got.AccessKeyID != "another" || err != nil {
		t.Errorf("%s, %v", got.AccessKeyID, err)
	}
	write(t, path, `{"default": `)
	if got, err := f.For(t.Context(), "000000000001", ""); err == nil {
		t.Errorf("%s of a file that is broken", got.AccessKeyID)
	}
}

func TestProgramIsAskedAgainBeforeItsCredentialsExpire(t *testing.T) {
	dir := t.TempDir()
	count := filepath.Join(dir, "count")
	for name, c := range map[string]struct {
		expires time.Duration
		calls   int
	}{"in an hour": {time.Hour, 1}, "in a minute": {time.Minute, 3}} {
		t.Run(name, func(t *testing.T) {
			write(t, count, "")
			script := fmt.Sprintf(`echo >> %s; echo '{"Version":1,"AccessKeyId":"P","SecretAccessKey":"ps","SessionToken":"pt","Expiration":"%s"}'`,
				count, time.Now().Add(c.expires).UTC().Format(time.RFC3339))
			f, err := credential.Open(file(t, fmt.Sprintf(`{"default": {"process": ["/bin/sh", "-c", %q]}}`, script)))
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				got, err := f.For(t.Context(), "000000000001", "")
				if want := (provider.Credentials{AccessKeyID: "P", SecretAccessKey: "ps", SessionToken: "pt"}); got != want || err != nil {
					t.Fatalf("%s, %v", got.AccessKeyID, err)
				}
			}
			lines, err := os.ReadFile(count)
			if err != nil || len(lines) != c.calls {
				t.Errorf("it ran %d times, want %d (%v)", len(lines), c.calls, err)
			}
		})
	}
}

func TestProgramThatFailsIsAnError(t *testing.T) {
	for name, script := range map[string]string{
		"exit":           "exit 3",
		"rubbish":        "echo hello",
		"another form":   `echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"s"}'`,
		"bad expiration": `echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"soon"}'`,
		"endless":        `yes`,
	} {
		t.Run(name, func(t *testing.T) {
			f, err := credential.Open(file(t, fmt.Sprintf(`{"default": {"process": ["/bin/sh", "-c", %q]}}`, script)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.For(t.Context(), "000000000001", ""); err == nil || errors.Is(err, provider.ErrNoCredentials) {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsWrongWithAFileIsSaidWithoutWhatItHolds(t *testing.T) {
	for text, want := range map[string]string{
		`{"default": {"accessKeyId": "AKSECRET"}}`:                                              "default: want accessKeyId and secretAccessKey, or process",
		`{"roles": {"x": {"process": [], "accessKeyId": "AKSECRET"}}}`:                          "roles.x: want",
		`{"roles": {"x": null}}`:                                                                "roles.x: want",
		`{"default": {"accessKeyId": "a", "secretAccessKey": "AKSECRET", "process": ["true"]}}`: "default: want",
		`{"default": "AKSECRET"}`:                                                               "default is of another kind",
		`{"Profile": {}}`:                                                                       "unknown field",
		`{} {"secretAccessKey": "AKSECRET"}`:                                                    "one JSON object",
	} {
		_, err := credential.Open(file(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "AKSECRET") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := credential.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
