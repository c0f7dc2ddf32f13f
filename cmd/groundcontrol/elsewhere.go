package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/invoke"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/registry"
)

// elsewhere is a provider behind an endpoint that speaks AWS Lambda's Invoke API. It is the registry of that one type, too.
type elsewhere struct {
	code    registry.Code
	region  string
	runtime *invoke.Runtime
}

func newElsewhere(endpoint, function, region string) *elsewhere {
	e := &elsewhere{code: registry.Code{Endpoint: endpoint, Function: function}, region: region}
	e.runtime = invoke.New(e, nil, environmentKey(), slog.New(slog.DiscardHandler))
	return e
}

// environmentKey is the key for calls to AWS itself, if there is one.
func environmentKey() provider.Credentials {
	return provider.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
}

// Lookup tells where the type is; see invoke.Types.
func (e *elsewhere) Lookup(context.Context, string, string, string, string) (registry.Type, error) {
	return registry.Type{Runtime: registry.Invoke, Code: &e.code}, nil
}

// Invoke makes one call; see contract.Invoker.
func (e *elsewhere) Invoke(ctx context.Context, payload []byte) (answer []byte, output string, err error) {
	raw, err := e.runtime.InvokeRaw(ctx, handler.Target{Region: e.region}, payload)
	if err == nil && raw.Failed {
		err = fmt.Errorf("the report of a function that failed: %s", raw.Body)
	}
	return raw.Body, raw.Output, err
}

func (e *elsewhere) close() { e.runtime.Close() }

// checkInvoke refuses what --invoke cannot be. The text may hold a password and is not repeated.
func checkInvoke(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("--invoke is no address of a server: write it like http://127.0.0.1:3001")
	}
	return nil
}
