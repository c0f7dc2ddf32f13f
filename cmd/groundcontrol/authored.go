package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/child"
	"example.org/groundcontrol/internal/handler/invoke"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/project"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// authored is a provider as its author has it, called as a server would call it on which it is registered. It is the
// registry of that one type, too.
type authored struct {
	registry.Type
	zip     []byte
	target  handler.Target
	runtime handler.RawInvoker
}

// Lookup returns the type; see child.Types.
func (a *authored) Lookup(context.Context, string, string, string, string) (registry.Type, error) {
	return a.Type, nil
}

// Zip returns the code; see child.Types.
func (a *authored) Zip(context.Context, registry.Code) ([]byte, error) { return a.zip, nil }

// Invoke makes one call; see contract.Invoker.
func (a *authored) Invoke(ctx context.Context, payload []byte) (answer []byte, output string, err error) {
	raw, err := a.runtime.InvokeRaw(ctx, a.target, payload)
	if err == nil && raw.Failed {
		err = fmt.Errorf("the report of a function that failed: %s", raw.Body)
	}
	return raw.Body, raw.Output, err
}

// call makes the provider ready to be called, here or elsewhere. Call end at last.
func (c *typeTest) call(p project.Project, s *schema.Schema, region string) (called *authored, end func(), err error) {
	a := &authored{
		Type:   registry.Type{Name: s.TypeName, Version: registry.FirstVersion, Schema: s},
		target: handler.Target{Region: region, TypeName: s.TypeName, TypeVersion: registry.FirstVersion},
	}
	quiet := slog.New(slog.DiscardHandler)
	if c.Invoke != "" {
		a.Code = &registry.Code{Endpoint: c.Invoke, Function: cmp.Or(c.Function, "TypeFunction")}
		r := invoke.New(a, nil, environmentKey(), quiet)
		a.runtime = r
		return a, r.Close, nil
	}
	dir, err := os.MkdirTemp("", "groundcontrol-test-")
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(p.Code)
	a.zip, a.Code = p.Code, &registry.Code{Digest: hex.EncodeToString(sum[:]), Runtime: p.Runtime, Handler: p.Handler, Command: p.Command}
	r := &child.Runtime{
		Types: a, Dir: filepath.Join(dir, "code"), Log: quiet,
		Pool: lambda.NewPool(lambda.Config{Most: 1, Temp: filepath.Join(dir, "handlers"), Log: quiet}),
	}
	end = func() {
		_ = r.Pool.Close()
		_ = os.RemoveAll(dir)
	}
	if err := r.Prepare(context.Background(), a.target); err != nil {
		end()
		return nil, nil, err
	}
	a.runtime = r
	return a, end, nil
}

// environmentKey is the key for calls to AWS itself, if there is one.
func environmentKey() provider.Credentials {
	return provider.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
}

// checkInvoke refuses what --invoke cannot be. The text may hold a password and is not repeated.
func checkInvoke(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("--invoke is no address of a server: write it like http://127.0.0.1:3001")
	}
	return nil
}
