package auth_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/auth"
	"github.com/google/go-cmp/cmp"
)

func TestTheFirstStartMakesARootKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials.json")
	keys, err := auth.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	all := keys.All()
	if len(all) != 1 {
		t.Fatalf("%d keys", len(all))
	}
	k := all[0]
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(k.AccessKeyID) {
		t.Errorf("access key id %q", k.AccessKeyID)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(k.SecretAccessKey) {
		t.Errorf("secret of %d characters", len(k.SecretAccessKey))
	}
	if k.Account != "000000000000" || k.Arn != "arn:aws:iam::000000000000:root" || k.UserID != "000000000000" {
		t.Errorf("account %s, arn %s, user %s", k.Account, k.Arn, k.UserID)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}

	again, err := auth.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, again.All()); d != "" {
		t.Errorf("the second start reads other keys:\n%s", d)
	}
	other, err := auth.LoadOrCreate(filepath.Join(dir, "other.json"))
	if err != nil {
		t.Fatal(err)
	}
	if other.All()[0].SecretAccessKey == k.SecretAccessKey {
		t.Error("two new keys have one secret")
	}
}

const (
	oneKey = `{"accessKeyId": "AKIATESTTESTTESTTEST", "secretAccessKey": "do-not-show", "account": "123456789012"}`
	twoKey = `{"accessKeyId": "AKIAOTHEROTHEROTHER2", "secretAccessKey": "do-not-show", "account": "210987654321",
		"arn": "arn:aws:iam::210987654321:user/u", "userId": "AIDAU"}`
)

func TestAFileHoldsKeysOfSeveralAccounts(t *testing.T) {
	path := writeKeys(t, `{"keys": [`+oneKey+`,`+twoKey+`]}`, 0o600)
	keys, err := auth.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	one, ok1 := keys.Lookup("AKIATESTTESTTESTTEST")
	two, ok2 := keys.Lookup("AKIAOTHEROTHEROTHER2")
	_, ok3 := keys.Lookup("AKIA")
	if !ok1 || !ok2 || ok3 {
		t.Fatalf("found: %v %v %v", ok1, ok2, ok3)
	}
	if one.Arn != "arn:aws:iam::123456789012:root" || one.UserID != "123456789012" {
		t.Errorf("left out, but filled in as %s, %s", one.Arn, one.UserID)
	}
	if two.Account != "210987654321" || two.Arn != "arn:aws:iam::210987654321:user/u" || two.UserID != "AIDAU" {
		t.Errorf("second key %s, %s, %s", two.Account, two.Arn, two.UserID)
	}
}

func TestABadFileIsRefusedWithTheNextStep(t *testing.T) {
	with := func(old, text string) string { return `{"keys": [` + strings.Replace(oneKey, old, text, 1) + `]}` }
	for _, c := range []struct {
		name, text string
		mode       fs.FileMode
		want       string
	}{
		{"readable by others", with("", ""), 0o644, "run: chmod 600 "},
		{"readable by the group", with("", ""), 0o640, "run: chmod 600 "},
		{"empty", "", 0o600, "correct the file, or move it away"},
		{"broken JSON", `{"keys": [`, 0o600, "correct the file, or move it away"},
		{"text after", with("", "") + "{}", 0o600, "remove what follows"},
		{"misspelt member", with("account", "acount"), 0o600, `unknown field "acount"`},
		{"no keys", `{"keys": []}`, 0o600, "add one"},
		{"id twice", `{"keys": [` + oneKey + `,` + oneKey + `]}`, 0o600, `key 2: access key id "AKIATESTTESTTESTTEST" is used twice`},
		{"id too short", with("AKIATESTTESTTESTTEST", "AKIA"), 0o600, "16 to 128 letters and digits"},
		{"id with a slash", with("AKIATESTTEST", "AKIA/TESTTEST"), 0o600, "16 to 128 letters and digits"},
		{"no secret", with("do-not-show", ""), 0o600, "no secret access key"},
		{"account too short", with("123456789012", "12345678901"), 0o600, "write 12 digits"},
		{"account of letters", with("123456789012", "12345678901x"), 0o600, "write 12 digits"},
		{"arn of another account", with(`"account"`, `"arn": "arn:aws:iam::000000000000:root", "account"`), 0o600, "such as arn:aws:iam::123456789012:root"},
		{"arn that is none", with(`"account"`, `"arn": "root", "account"`), 0o600, "such as arn:aws:iam::123456789012:root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeKeys(t, c.text, c.mode)
			_, err := auth.LoadOrCreate(path)
			if err == nil {
				t.Fatal("accepted")
			}
			if got := err.Error(); !strings.Contains(got, path) || !strings.Contains(got, c.want) || strings.Contains(got, "do-not-show") {
				t.Errorf("error %q, want the file and %q", got, c.want)
			}
			if data, _ := os.ReadFile(path); string(data) != c.text {
				t.Error("the file was changed")
			}
		})
	}
}

func TestADirectoryThatIsNotThereIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "credentials.json")
	if _, err := auth.LoadOrCreate(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestAPrintedKeyHidesItsSecret(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", testKey)
	fmt.Fprintf(&out, "%v %+v %#v %s", testKey, testKey, testKey, testKey)
	if strings.Contains(out.String(), testKey.SecretAccessKey) || !strings.Contains(out.String(), testKey.AccessKeyID) {
		t.Errorf("printed %s", out.String())
	}
}

func writeKeys(t *testing.T, text string, mode fs.FileMode) string {
	t.Helper()
	if mode != 0o600 && runtime.GOOS == "windows" {
		t.Skip("needs Unix permission bits: run on Linux or macOS")
	}
	path := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // the umask may have taken bits away
		t.Fatal(err)
	}
	return path
}
