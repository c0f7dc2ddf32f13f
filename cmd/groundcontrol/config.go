package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile is the flag --config: a JSON object whose members are named as the
// flags are. A flag given on the command line or by the environment wins over it.
type configFile string

// BeforeResolve makes the file a source of flag values.
func (c configFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFile))
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	values := map[string]any{}
	if err := json.Unmarshal(raw, &values); err != nil {
		return fmt.Errorf("config %s: %w (it is to hold one JSON object, such as {\"listen\": \"127.0.0.1:4321\"})", path, err)
	}
	ctx.AddResolver(&fileValues{path, values})
	return nil
}

type fileValues struct {
	path   string
	values map[string]any
}

// Validate refuses members that name no flag: a misspelt one would go unnoticed.
func (f *fileValues) Validate(app *kong.Application) error {
	var known []string
	for _, command := range app.Children {
		if command.Name == "serve" {
			for _, flag := range command.Flags {
				known = append(known, flag.Name)
			}
		}
	}
	for name := range f.values {
		if !slices.Contains(known, name) || name == "config" {
			slices.Sort(known)
			return fmt.Errorf("config %s: unknown member %q; known are %s", f.path, name, strings.Join(known, ", "))
		}
	}
	return nil
}

// Resolve gives the file's value for a flag, unless the environment has one: kong
// would put the file first.
func (f *fileValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return f.values[flag.Name], nil
}
