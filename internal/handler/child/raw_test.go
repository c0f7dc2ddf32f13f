package child

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/registry"
)

// commanded is a registry of one type, whose handlers are a command.
type commanded []string

func (c commanded) Lookup(context.Context, string, string, string, string) (registry.Type, error) {
	return registry.Type{Runtime: registry.Lambda, Code: &registry.Code{Digest: "digest", Command: c}}, nil
}

func (commanded) Zip(context.Context, registry.Code) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("empty"); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func TestARawCallOfACommandThatFailsOrHangs(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		body   string // of a function that failed
		err    error
	}{
		"ends":  {"echo printed; exit 3", `"errorType":"Runtime.ExitError"`, nil},
		"hangs": {"echo printed; sleep 600", "", context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			pool := lambda.NewPool(lambda.Config{Temp: filepath.Join(t.TempDir(), "t"), Log: slog.New(slog.DiscardHandler)})
			defer pool.Close() //nolint:errcheck // never fails
			r := &Runtime{Types: commanded{"/bin/sh", "-c", c.script}, Pool: pool, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
			limit := 2 * time.Minute
			if c.err != nil {
				limit = time.Second / 2
			}
			var got handler.Raw
			var err error
			for ; !strings.Contains(got.Output, "printed") && limit < 10*time.Minute; limit *= 4 { // longer on a machine that does not get as far
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				got, err = r.InvokeRaw(ctx, handler.Target{Account: "1", Region: "r", TypeName: "Own::Test::Thing", TypeVersion: "00000001"}, []byte(`{}`))
				cancel()
			}
			if !errors.Is(err, c.err) || got.Failed != (c.err == nil) || !strings.Contains(string(got.Body), c.body) || !strings.Contains(got.Output, "printed") {
				t.Errorf("%s, failed %v, printed %q, %v", got.Body, got.Failed, got.Output, err)
			}
		})
	}
}
