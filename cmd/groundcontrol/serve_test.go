package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := groundcontrol(t, "serve", "--data", s.data, "--listen", "127.0.0.1:0")
	if r.code != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, "groundcontrol: ") ||
		!strings.Contains(r.stderr, "in use by another server") || !strings.Contains(r.stderr, "choose another data directory with --data") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	endpoint, err := os.ReadFile(filepath.Join(s.data, "endpoint"))
	if err != nil || strings.TrimSpace(string(endpoint)) != s.endpoint {
		t.Errorf("the second server took over the endpoint: %s, %v", endpoint, err)
	}
	s.client(t).waited(s.client(t).create(bucket, `{"BucketName":"still-here"}`))
	s.stop()
	s.restart()
	s.client(t).get(bucket, "still-here")
}

func TestAPortInUseIsToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // of no interest
	r := groundcontrol(t, "serve", "--data", t.TempDir(), "--listen", l.Addr().String())
	if r.code != 1 || !strings.Contains(r.stderr, "address already in use") || !strings.Contains(r.stderr, "--listen") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

func TestADataDirectoryThatCannotBeMadeIsTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{file, filepath.Join(file, "data")} {
		r := groundcontrol(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
		if r.code != 1 || !strings.Contains(r.stderr, "data directory: ") || !strings.Contains(r.stderr, "--data") {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
	}
}

func TestWrongUseIsRefusedWithTheNextStep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, of := range map[string]struct {
		args []string
		want []string // in what is told
	}{
		"no command":                {nil, []string{"serve", "env", "request"}},
		"an unknown command":        {[]string{"server"}, []string{"server", "serve"}},
		"an unknown flag":           {[]string{"serve", "--liste", ":1"}, []string{"--liste", "--listen"}},
		"authentication off":        {[]string{"serve", "--auth", "off", "--listen", "0.0.0.0:0"}, []string{"--auth off", "loopback"}},
		"off on every address":      {[]string{"serve", "--auth", "off", "--listen", ":0"}, []string{"--auth off", "loopback"}},
		"off on every IPv6 address": {[]string{"serve", "--auth", "off", "--listen", "[::]:0"}, []string{"--auth off", "loopback"}},
		"off on a name":             {[]string{"serve", "--auth", "off", "--listen", "example.org:0"}, []string{"--auth off", "loopback"}},
		"another authentication":    {[]string{"serve", "--auth", "none"}, []string{"--auth", "sigv4", "off"}},
		"a port only":               {[]string{"serve", "--listen", "4321"}, []string{"--listen", "127.0.0.1:4321"}},
		"a rule without operation":  {[]string{"serve", "--simulate", "AWS::S3::Bucket"}, []string{"--simulate", "AWS::S3::Bucket=create:2s"}},
		"a rule for a read":         {[]string{"serve", "--simulate", "*=read:2s"}, []string{"--simulate", "create"}},
		"a rule for a bad type":     {[]string{"serve", "--simulate", "S3=create:2s"}, []string{"--simulate", "AWS::S3::Bucket=create:2s"}},
		"a hold without end":        {[]string{"serve", "--status-hold", "21s"}, []string{"--status-hold", "20s"}},
		"a hold that is no time":    {[]string{"serve", "--status-hold", "x"}, []string{"--status-hold"}},
		"a short retention":         {[]string{"serve", "--retention", "1s"}, []string{"--retention", "one minute"}},
		"no concurrency":            {[]string{"serve", "--concurrency", "0"}, []string{"--concurrency", "1 or more"}},
		"another store":             {[]string{"serve", "--store", "mysql://x"}, []string{"--store", "sqlite:PATH"}},
		"a config that is missing":  {[]string{"serve", "--config", filepath.Join(dir, "absent")}, []string{"config", "absent"}},
		"a config that is no JSON":  {[]string{"serve", "--config", file("words", "listen = 1")}, []string{"config", "JSON object"}},
		"an unknown member":         {[]string{"serve", "--config", file("unknown", `{"listne":"127.0.0.1:0"}`)}, []string{`unknown member "listne"`, "known are", "listen"}},
		"a config in a config":      {[]string{"serve", "--config", file("nested", `{"config":"x"}`)}, []string{`unknown member "config"`}},
		"a wrong member":            {[]string{"serve", "--config", file("wrong", `{"status-hold":"soon"}`)}, []string{"--status-hold"}},
		"no children":               {[]string{"serve", "--handler-children", "0"}, []string{"--handler-children", "1 or more"}},
		"no idle time":              {[]string{"serve", "--handler-idle", "0s"}, []string{"--handler-idle"}},
		"memory in bananas":         {[]string{"serve", "--handler-memory", "5bananas"}, []string{"--handler-memory", "5bananas", "512MiB"}},
		"memory for nothing":        {[]string{"serve", "--handler-memory", "1MiB"}, []string{"--handler-memory", "16MiB"}},
		"too little CPU":            {[]string{"serve", "--handler-cpu", "10ms"}, []string{"--handler-cpu", "1s"}},
		"a user who is not there":   {[]string{"serve", "--handler-user", "no such"}, []string{"--handler-user", "no such"}},
		"a group that is not there": {[]string{"serve", "--handler-user", "0:no such"}, []string{"--handler-user", "group"}},
		"a time-out of nothing":     {[]string{"serve", "--handler-timeout", "5m"}, []string{"--handler-timeout", "My::Org::Thing=5m"}},
		"a time-out of no time":     {[]string{"serve", "--handler-timeout", "*=soon"}, []string{"--handler-timeout", "*=soon", "90s"}},
		"a read without end":        {[]string{"serve", "--handler-timeout", "*=5m/48h"}, []string{"--handler-timeout", "24h"}},
		"another output":            {[]string{"env", "-o", "yaml"}, []string{"shell", "json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := of.args
			if len(args) > 0 && args[0] != "server" {
				args = append(args, "--data", filepath.Join(t.TempDir(), "data"))
			}
			r := groundcontrol(t, args...)
			if r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, "groundcontrol: ") {
				t.Errorf("exit %d, stdout %q: %s", r.code, r.stdout, r.stderr)
			}
			for _, want := range of.want {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("nothing is said of %q: %s", want, r.stderr)
				}
			}
		})
	}
}

// Which value counts is seen from a value that is refused: the refusal names it.
func TestAFlagWinsOverTheEnvironmentAndThatOverTheConfigFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"status-hold":"31s"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"GROUNDCONTROL_STATUS_HOLD=32s"}
	for name, of := range map[string]struct {
		env, args []string
		want      string
	}{
		"the file alone":                 {nil, []string{"--config", file}, "31s"},
		"the file named by the variable": {[]string{"GROUNDCONTROL_CONFIG=" + file}, nil, "31s"},
		"the environment alone":          {env, nil, "32s"},
		"the environment over the file":  {env, []string{"--config", file}, "32s"},
		"the flag over the file":         {nil, []string{"--config", file, "--status-hold", "33s"}, "33s"},
		"the flag over both":             {env, []string{"--status-hold", "33s", "--config", file}, "33s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"serve", "--data", t.TempDir(), "--listen", "256.0.0.1:1"}, of.args...)
			r := execute(t, clean(of.env...), binary, args...)
			if want := "--status-hold " + of.want; r.code != 2 || !strings.Contains(r.stderr, want) {
				t.Errorf("exit %d, want %q: %s", r.code, want, r.stderr)
			}
		})
	}
}

func TestAServerTakesItsSettingsFromFileAndEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	text, err := json.Marshal(map[string]any{
		"status-hold": "0s", "concurrency": 3, "access-log": false,
		"store": "sqlite:" + filepath.Join(dir, "elsewhere.db"), "retention": "24h",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := startIn(t, filepath.Join(dir, "data"), []string{
		"GROUNDCONTROL_LOG_FORMAT=json", "GROUNDCONTROL_SIMULATE=" + bucket + "=create:1h," + logGroup + "=create:1h",
	}, "--config", file)
	c := s.client(t)
	began := time.Now()
	for _, e := range []string{bucket, logGroup} {
		c.status(*c.idle(c.create(e, `{}`)).RequestToken)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("held: %v", took)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere.db")); err != nil {
		t.Error(err)
	}
	s.stop()
	log := s.logged()
	if strings.Contains(log, `"msg":"request"`) || !strings.Contains(log, `"msg":"stopped"`) {
		t.Errorf("log: %s", log)
	}
}

func TestWithoutAuthenticationEverybodyIsRoot(t *testing.T) {
	t.Parallel()
	s := start(t, "--auth", "off", "--region", "eu-north-1")
	unsigned := call{target: "CreateResource", body: `{"TypeName":"AWS::SQS::Queue","DesiredState":"{\"QueueName\":\"q\"}"}`, plain: true}
	if got := s.send(t, unsigned); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	anybody := auth.Key{AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: "x"}
	c := s.clientOf(t, anybody, "eu-north-1")
	eventually(t, "the queue is there, in the region of the flag", func() bool {
		e := c.requests()
		return len(e) == 1 && e[0].Identifier != nil && *e[0].Identifier == "https://sqs.eu-north-1.amazonaws.com/000000000000/q"
	})
	if listed := s.clientOf(t, anybody, "eu-west-1").requests(); len(listed) != 0 {
		t.Errorf("a signed call is not in the region it names: %v", listed)
	}
}

func TestTheKeyIsMadeOnceAndFilesAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := s.key
	s.client(t).waited(s.client(t).create(bucket, `{"BucketName":"kept"}`))
	s.stop()
	s.restart()
	if s.key != key {
		t.Errorf("the key was %v and is %v", key, s.key)
	}
	s.client(t).get(bucket, "kept")
	files, err := os.ReadDir(s.data)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		seen[f.Name()] = true
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %04o", f.Name(), mode)
		}
	}
	for _, name := range []string{"credentials.json", "secret.key", "groundcontrol.db", "endpoint"} {
		if !seen[name] {
			t.Errorf("%s is missing among %v", name, seen)
		}
	}
	if info, err := os.Stat(s.data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory: %v, %v", info.Mode(), err)
	}
}

func TestKeysThatAreNotSafeOrNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		spoil func(*testing.T, string) error
		want  string
	}{
		"credentials that others can read": {func(_ *testing.T, dir string) error { return os.Chmod(filepath.Join(dir, "credentials.json"), 0o644) }, "chmod 600"},
		"credentials cut short":            {func(_ *testing.T, dir string) error { return os.Truncate(filepath.Join(dir, "credentials.json"), 10) }, "correct the file"},
		"an encryption key cut short":      {func(_ *testing.T, dir string) error { return os.Truncate(filepath.Join(dir, "secret.key"), 10) }, "restore it from a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.stop()
			if err := of.spoil(t, s.data); err != nil {
				t.Fatal(err)
			}
			r := groundcontrol(t, "serve", "--data", s.data, "--listen", "127.0.0.1:0")
			if r.code != 1 || !strings.Contains(r.stderr, of.want) {
				t.Errorf("exit %d, want %q: %s", r.code, of.want, r.stderr)
			}
		})
	}
}
