package invoke

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/project"
	"example.org/groundcontrol/internal/schema"
)

// served runs a provider behind an endpoint.
func served(t *testing.T, p project.Project) string {
	t.Helper()
	code := t.TempDir()
	if err := project.Unpack(p.Code, code); err != nil {
		t.Fatal(err)
	}
	command, err := lambda.Command(p.Runtime, code, p.Handler)
	if err != nil {
		t.Fatal(err)
	}
	f := lambda.Function{Key: "memo", Dir: code, Handler: p.Handler, Command: command}
	pool := lambda.NewPool(lambda.Config{Temp: filepath.Join(t.TempDir(), "handlers"), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = pool.Close() })
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return // whoever called is gone
		}
		result, err := pool.Invoke(r.Context(), f, payload)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(result.Body)
	}).URL
}

func TestAProviderBehindAnEndpointKeepsToTheContract(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("needs python3: apt-get install python3")
	}
	p, err := project.Read(filepath.Join("..", "child", "testdata", "memo"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := schema.Parse(p.Schema)
	if err != nil {
		t.Fatal(err)
	}
	handlertest.Run(t, handlertest.Subject{Schema: s, New: func(t *testing.T) handler.Runtime { return runtimeAt(t, served(t, p)) }})
}
