package registry

import (
	"embed"
	"fmt"
	"io/fs"

	"example.org/groundcontrol/internal/schema"
)

//go:embed builtin/*.json
var builtin embed.FS

// countdown is the one built-in type with a runtime of its own.
const countdown = "GroundControl::Demo::Countdown"

// Builtin returns the types that every server has, with schemas parsed from the
// files that are part of the program. Those of AWS are small schemas of our own that
// agree with the published ones in names, identifiers and what is read-only,
// write-only or create-only, but leave out what is rarely used.
func Builtin() ([]Type, error) {
	files, err := fs.Glob(builtin, "builtin/*.json")
	if err != nil {
		return nil, fmt.Errorf("registry: built-in types: %w", err)
	}
	types := make([]Type, 0, len(files))
	for _, file := range files {
		text, err := builtin.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("registry: built-in types: %w", err)
		}
		s, _, err := schema.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("registry: %s: %w", file, err)
		}
		t := Type{Name: s.TypeName, Version: FirstVersion, Schema: s, Runtime: Simulate}
		if t.Name == countdown {
			t.Runtime = Demo
		}
		types = append(types, t)
	}
	return types, nil
}
