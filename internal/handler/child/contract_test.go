package child_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/child"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/project"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// one is a registry that knows one type.
type one struct {
	registry.Type
	zip []byte
}

func (o one) Lookup(_ context.Context, _, _, name, _ string) (registry.Type, error) {
	if name != o.Name {
		return registry.Type{}, errors.New("there is no such type")
	}
	return o.Type, nil
}

func (o one) Zip(context.Context, registry.Code) ([]byte, error) { return o.zip, nil }

// registered is the provider at a path as if it was registered.
func registered(t testing.TB, path string) one {
	t.Helper()
	p, err := project.Read(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := schema.Parse(p.Schema)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(p.Code)
	return one{registry.Type{
		Name: s.TypeName, Version: registry.FirstVersion, Schema: s, Runtime: registry.Lambda,
		Code: &registry.Code{Digest: hex.EncodeToString(sum[:]), Parts: 1, Runtime: p.Runtime, Handler: p.Handler},
	}, p.Code}
}

func TestAProviderInPythonKeepsToTheContract(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs python3: apt-get install python3")
	}
	memo := registered(t, filepath.Join("testdata", "memo"))
	handlertest.Run(t, handlertest.Subject{Schema: memo.Schema, New: func(t *testing.T) handler.Runtime {
		dir := t.TempDir()
		pool := lambda.NewPool(lambda.Config{Temp: filepath.Join(dir, "handlers"), Log: slog.New(slog.DiscardHandler)})
		t.Cleanup(func() { _ = pool.Close() })
		return &child.Runtime{Types: memo, Pool: pool, Dir: filepath.Join(dir, "code"), Log: slog.New(slog.DiscardHandler)}
	}})
}

func TestCodeThatCannotBeStartedIsToldBeforeTheFirstCall(t *testing.T) {
	memo := registered(t, filepath.Join("testdata", "memo"))
	memo.Code.Runtime = "cobol"
	r := &child.Runtime{Types: memo, Dir: filepath.Join(t.TempDir(), "code"), Log: slog.New(slog.DiscardHandler)}
	target := handler.Target{Account: "1", Region: "r", TypeName: memo.Name, TypeVersion: memo.Version}
	if err := r.Prepare(t.Context(), target); err == nil || !strings.Contains(err.Error(), `runtime "cobol"`) {
		t.Error(err)
	}
	memo.Code.Runtime, memo.Code.Command = "", []string{"/bin/true"}
	if err := r.Prepare(t.Context(), target); err != nil {
		t.Error(err)
	}
}
