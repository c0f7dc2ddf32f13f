package invoke_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/child"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/handler/invoke"
	"example.org/groundcontrol/internal/handler/provider"
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

// registered is the provider in Python, as if it was registered to run here.
func registered(t *testing.T) one {
	t.Helper()
	p, err := project.Read(filepath.Join("..", "child", "testdata", "memo"), nil)
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

// endpoint is an endpoint with the provider behind it.
func endpoint(t *testing.T, memo one) string {
	t.Helper()
	dir := t.TempDir()
	pool := lambda.NewPool(lambda.Config{Temp: filepath.Join(dir, "handlers"), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = pool.Close() })
	run := &child.Runtime{Types: memo, Pool: pool, Dir: filepath.Join(dir, "code"), Log: slog.New(slog.DiscardHandler)}
	target := handler.Target{Account: "1", Region: "r", TypeName: memo.Name, TypeVersion: memo.Version}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return // whoever called is gone
		}
		raw, err := run.InvokeRaw(r.Context(), target, payload)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if raw.Failed {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
		}
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(raw.Output)))
		_, _ = w.Write(raw.Body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAProviderBehindAnEndpointKeepsToTheContract(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs python3: apt-get install python3")
	}
	memo := registered(t)
	handlertest.Run(t, handlertest.Subject{Schema: memo.Schema, New: func(t *testing.T) handler.Runtime {
		there := memo.Type
		there.Runtime, there.Code = registry.Invoke, &registry.Code{Endpoint: endpoint(t, memo), Function: "TypeFunction"}
		r := invoke.New(one{Type: there}, nil, provider.Credentials{}, slog.New(slog.DiscardHandler))
		t.Cleanup(r.Close)
		return r
	}})
}
