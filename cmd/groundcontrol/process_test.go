package main_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

// region is where tests work that do not say otherwise.
const region = "us-east-1"

// server is a running `groundcontrol serve` and its data directory.
type server struct {
	t    *testing.T
	data string
	args []string
	env  []string

	endpoint string
	key      auth.Key // of the root, as `env` gives it

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	log  string        // path of what all its processes wrote to standard error

	mu      sync.Mutex
	secrets []string // must be in no log
}

// start runs a server on a new data directory until the test ends.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	return startIn(t, filepath.Join(t.TempDir(), "data"), nil, args...)
}

// startIn runs a server on a data directory, with variables added to the environment.
func startIn(t *testing.T, data string, env []string, args ...string) *server {
	t.Helper()
	s := &server{
		t: t, data: data, env: clean(env...), log: filepath.Join(t.TempDir(), "log"),
		args: append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, args...),
	}
	t.Cleanup(func() {
		s.kill9()
		s.checkLog()
	})
	s.restart()
	return s
}

// restart starts a process on the data directory and waits until it is ready. The
// port is another one each time.
func (s *server) restart() {
	s.t.Helper()
	s.launch()
	var endpoint []byte
	eventually(s.t, "the server is ready", func() bool {
		select {
		case <-s.done:
			s.t.Fatalf("the server ended at once: %v\n%s", s.cmd.ProcessState, s.logged())
		default:
		}
		// The file of the process before is removed first, so this one is its own.
		var err error
		if endpoint, err = os.ReadFile(filepath.Join(s.data, "endpoint")); err != nil {
			return false
		}
		answer, err := httpClient.Get(strings.TrimSpace(string(endpoint)) + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close() //nolint:errcheck // read only
		return answer.StatusCode == http.StatusOK
	})
	s.readEnv()
}

// launch starts a process and does not wait for it.
func (s *server) launch() {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.data, "endpoint")); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the process has its own handle
	s.cmd = exec.Command(binary, s.args...)
	s.cmd.Env, s.cmd.Stderr = s.env, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // the state is looked at later
		close(done)
	}(s.cmd, s.done)
}

// readEnv asks the program how its server is to be reached.
func (s *server) readEnv() {
	s.t.Helper()
	r := groundcontrol(s.t, "env", "-o", "json", "--data", s.data)
	var env map[string]string
	if err := json.Unmarshal([]byte(r.stdout), &env); err != nil || r.code != 0 {
		s.t.Fatalf("env: exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	s.endpoint = env["AWS_ENDPOINT_URL"]
	s.key = auth.Key{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"], Account: auth.RootAccount}
	s.secret(s.key.SecretAccessKey)
}

// kill9 ends the process as a crash of it does.
func (s *server) kill9() {
	s.t.Helper()
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails where it has ended already
	<-s.done
}

// stop asks the process to end and checks that it does so soon and well.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if code := s.wait(5 * time.Second); code != 0 {
		lines := strings.Split(s.logged(), "\n")
		s.t.Errorf("exit %d after SIGTERM: %s", code, strings.Join(lines[max(0, len(lines)-4):], "\n"))
	}
}

// wait returns the exit code of the process, which must end in time.
func (s *server) wait(limit time.Duration) int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(limit):
		s.t.Fatalf("the server still runs after %v", limit)
	}
	return s.cmd.ProcessState.ExitCode()
}

// secret names a text that no log may have.
func (s *server) secret(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, text)
	return text
}

func (s *server) logged() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// checkLog fails the test where the log has a secret, or tells of a panic or a fault
// of the server.
func (s *server) checkLog() {
	s.t.Helper()
	log := s.logged()
	for _, secret := range s.secrets {
		if strings.Contains(log, secret) {
			s.t.Errorf("the log has the secret %q", secret)
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") || strings.Contains(line, "DATA RACE") {
			s.t.Errorf("log: %s", line)
		}
	}
	if s.t.Failed() && testing.Verbose() {
		s.t.Logf("log:\n%s", log)
	}
}

// fileHas reports whether a file below the data directory has the text.
func (s *server) fileHas(text string) bool {
	s.t.Helper()
	found := false
	err := filepath.WalkDir(s.data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		found = found || strings.Contains(string(content), text)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary one
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}
