// Package registry knows which resource types exist, by which schema, and the name
// of the runtime that serves each. It knows nothing of what runtimes do.
package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// ErrTypeNotFound means that no such type is registered, or not in that version.
var ErrTypeNotFound = errors.New("registry: type not found")

// The runtimes that serve the built-in types.
const (
	Simulate = "simulate"
	Demo     = "demo"
)

// FirstVersion is the version of a type that was registered once.
const FirstVersion = "00000001"

// Type is one version of a resource type. It is a value; what it points to is never
// written to after registration.
type Type struct {
	Name    string // three parts, such as AWS::Logs::LogGroup; case counts
	Version string // eight digits
	Schema  *schema.Schema
	Runtime string // the name of the runtime that serves the type, such as Simulate
}

// Registry holds the types of one server. It does not change after New and is safe
// for use by many goroutines.
type Registry struct {
	types []Type // by name
	index map[string]int
}

// New returns a registry of the given types. It refuses a type without a name,
// version, schema or runtime, one whose schema is another type's, and a second type
// of the same name.
func New(types ...Type) (*Registry, error) {
	r := &Registry{types: slices.Clone(types), index: make(map[string]int, len(types))}
	slices.SortFunc(r.types, func(a, b Type) int { return strings.Compare(a.Name, b.Name) })
	for i, t := range r.types {
		switch {
		case t.Name == "" || t.Version == "" || t.Runtime == "" || t.Schema == nil:
			return nil, fmt.Errorf("registry: type %q lacks its name, version, schema or runtime", t.Name)
		case t.Schema.TypeName != t.Name:
			return nil, fmt.Errorf("registry: type %s has the schema of %s", t.Name, t.Schema.TypeName)
		}
		if _, known := r.index[t.Name]; known {
			return nil, fmt.Errorf("registry: type %s is registered twice", t.Name)
		}
		r.index[t.Name] = i
	}
	return r, nil
}

// Lookup returns the type as an account sees it in a region. Version "" is the
// default version. The error is ErrTypeNotFound. Today every account and region sees
// the same types; callers say who asks all the same, so that this can change.
func (r *Registry) Lookup(account, region, name, version string) (Type, error) {
	i, ok := r.index[name]
	if !ok || version != "" && version != r.types[i].Version {
		return Type{}, ErrTypeNotFound
	}
	return r.types[i], nil
}

// Types returns every type, sorted by name. The slice is the caller's own.
func (r *Registry) Types() []Type { return slices.Clone(r.types) }
