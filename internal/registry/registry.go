// Package registry knows which resource types exist, by which schema, and the name
// of the runtime that serves each: those built into the program, and those that were
// imported into the store. It knows nothing of what runtimes do.
package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/follow"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// ErrTypeNotFound means that no such type is registered, or not in that version.
var ErrTypeNotFound = errors.New("registry: type not found")

// The runtimes that serve types. Imported ones are simulated.
const (
	Simulate = "simulate"
	Demo     = "demo"
	Lambda   = "lambda" // of registered types whose code is here
	Invoke   = "invoke" // of those whose handlers run behind a Lambda Invoke endpoint
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
	Code    *Code  // of a registered type; nil for others
	// Configurable tells that the type declares a configuration; see Registry.Configure.
	Configurable bool
}

// Registry holds the types of one server. It is safe for use by many goroutines.
type Registry struct {
	builtin  map[string]Type
	docs     store.Documents            // nil where nothing can be imported
	imported *follow.Documents[imports] // by type name; nil likewise
	schemas  sync.Map                   // *compiled by the key of the schema's document
	outlines sync.Map                   // Outline likewise
	patterns schema.Patterns            // of all these
}

// New returns a registry of the given types. It refuses a type without a name,
// version, schema or runtime, one whose schema is another type's, and a second type
// of the same name.
func New(types ...Type) (*Registry, error) {
	r := &Registry{builtin: make(map[string]Type, len(types))}
	for _, t := range types {
		switch {
		case t.Name == "" || t.Version == "" || t.Runtime == "" || t.Schema == nil:
			return nil, fmt.Errorf("registry: type %q lacks its name, version, schema or runtime", t.Name)
		case t.Schema.TypeName != t.Name:
			return nil, fmt.Errorf("registry: type %s has the schema of %s", t.Name, t.Schema.TypeName)
		}
		if _, known := r.builtin[t.Name]; known {
			return nil, fmt.Errorf("registry: type %s is registered twice", t.Name)
		}
		r.builtin[t.Name] = t
	}
	return r, nil
}

// Open returns a registry of the given types, as New does, and of those that were
// imported into docs. It sees what other nodes import while Run runs.
func Open(ctx context.Context, docs store.Documents, types ...Type) (*Registry, error) {
	r, err := New(types...)
	if err != nil {
		return nil, err
	}
	r.docs, r.imported = docs, follow.New(docs, typeKind, readImports)
	if err := r.imported.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return r, nil
}

// Run follows what other nodes import until ctx is done; failed is told of what goes wrong.
func (r *Registry) Run(ctx context.Context, failed func(error)) { r.imported.Run(ctx, failed) }

// Lookup returns the type as an account sees it in a region. Version "" is the
// default version. Errors: ErrTypeNotFound, and those of the store, which is asked for
// the schema of an imported type once. A type that the account has registered in the
// region stands before one of the same name that all see.
func (r *Registry) Lookup(ctx context.Context, account, region, name, version string) (Type, error) {
	t, err := r.lookup(ctx, scopeOf(account, region), name, version)
	if r.imported == nil || !errors.Is(err, ErrTypeNotFound) {
		return t, err
	}
	// Another node may have imported it a moment ago.
	if err := r.imported.Refresh(ctx); err != nil {
		return Type{}, fmt.Errorf("registry: %w", err)
	}
	return r.lookup(ctx, scopeOf(account, region), name, version)
}

func (r *Registry) lookup(ctx context.Context, scope, name, version string) (Type, error) {
	v, builtin, err := r.find(scope, name, version)
	if err != nil || builtin.Schema != nil {
		return builtin, err
	}
	s, err := r.schema(ctx, v.Schema)
	if err != nil {
		return Type{}, fmt.Errorf("registry: type %s version %s: %w", name, v.ID, err)
	}
	t := Type{Name: name, Version: v.ID, Schema: s, Runtime: Simulate, Code: v.Code, Configurable: v.Configuration != ""}
	if v.Code != nil {
		t.Runtime = v.Code.servedBy()
	}
	return t, nil
}

// find returns the version of a type that is meant, or the type where it is a built-in one.
func (r *Registry) find(scope, name, version string) (v Version, builtin Type, err error) {
	if r.imported != nil {
		is, private := r.imported.Get(scope + name)
		if private == 0 {
			is, _ = r.imported.Get(name)
		}
		if v, ok := is.version(version); ok {
			return v, Type{}, nil
		}
		if private > 0 {
			return Version{}, Type{}, ErrTypeNotFound
		}
	}
	t, ok := r.builtin[name]
	if !ok || version != "" && version != t.Version {
		return Version{}, Type{}, ErrTypeNotFound
	}
	return Version{}, t, nil
}

// compiled is a schema once it was needed.
type compiled struct {
	mu     sync.Mutex // held by who compiles
	schema atomic.Pointer[schema.Schema]
}

// schema returns a schema of the store, which is read and compiled when it is first needed.
func (r *Registry) schema(ctx context.Context, key string) (*schema.Schema, error) {
	held, ok := r.schemas.Load(key)
	if !ok {
		held, _ = r.schemas.LoadOrStore(key, new(compiled))
	}
	c := held.(*compiled)
	if s := c.schema.Load(); s != nil {
		return s, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schema.Load(); s != nil {
		return s, nil
	}
	d, err := r.docs.Document(ctx, schemaKind, key)
	if err != nil {
		return nil, err
	}
	s, _, err := schema.ParseSharing(d.Body, &r.patterns)
	if err != nil {
		return nil, err
	}
	s.Raw = nil // the store has it
	c.schema.Store(s)
	return s, nil
}

// Summary is a type without its schema.
type Summary struct {
	Name     string
	Version  string // the default version
	Versions []Version
	Private  bool // it is the account's own, in its region
}

// Version is one version of a type.
type Version struct {
	ID       string    // eight digits
	Imported time.Time // zero for a type that is built in
	Schema   string    `json:",omitempty"` // the key of its schema in the store; "" for a type that is built in
	Code     *Code     `json:",omitempty"` // its handlers; nil for a simulated type
	// Configuration is the key of the schema of its configuration; "" for a type that declares none.
	Configuration string `json:",omitempty"`
}

// same reports whether two versions are the same but for when they were imported.
func (v Version) same(o Version) bool {
	return v.Schema == o.Schema && v.Configuration == o.Configuration && (v.Code == nil) == (o.Code == nil) && (v.Code == nil || reflect.DeepEqual(*v.Code, *o.Code))
}

// Code says how the handlers of a type are run.
type Code struct {
	Digest  string   `json:",omitempty"` // SHA-256 of the zip with the code, in hex; see PutCode
	Parts   int      `json:",omitempty"` // that the zip is stored in
	Runtime string   `json:",omitempty"` // Lambda's name of what runs it, such as provided.al2023 or python3.12
	Handler string   `json:",omitempty"` // where it begins, such as my_pkg.handlers.resource
	Command []string `json:",omitempty"` // what to run, in place of both

	// Where handlers run that are not run here: then nothing of the above is set.
	Endpoint string `json:",omitempty"` // URL that the Lambda Invoke API is served at
	Function string `json:",omitempty"` // name or ARN of the function there
}

// servedBy is the name of the runtime that calls the handlers.
func (c Code) servedBy() string {
	if c.Endpoint != "" {
		return Invoke
	}
	return Lambda
}

// Types returns every type that an account sees in a region, sorted by name.
func (r *Registry) Types(account, region string) []Summary {
	all := make(map[string]Summary, len(r.builtin))
	for name, t := range r.builtin {
		all[name] = Summary{Name: name, Version: t.Version, Versions: []Version{{ID: t.Version}}}
	}
	if r.imported != nil {
		private := map[string]imports{}
		for name, is := range r.imported.All() {
			if own, ok := strings.CutPrefix(name, scopeOf(account, region)); ok {
				private[own] = is
			} else if !strings.Contains(name, "/") {
				all[name] = Summary{Name: name, Version: is.Default, Versions: append(all[name].Versions, is.Versions...)}
			}
		}
		for name, is := range private {
			all[name] = Summary{Name: name, Version: is.Default, Versions: is.Versions, Private: true}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Summary) int { return strings.Compare(a.Name, b.Name) })
}

// Describe returns one type as Types does, and the schema of a version of it as it was
// imported; version "" is the default version. The error is as for Lookup.
func (r *Registry) Describe(ctx context.Context, account, region, name, version string) (Summary, Type, []byte, error) {
	t, err := r.Lookup(ctx, account, region, name, version)
	if err != nil {
		return Summary{}, t, nil, err
	}
	all := r.Types(account, region)
	i, _ := slices.BinarySearchFunc(all, name, func(s Summary, name string) int { return strings.Compare(s.Name, name) })
	for _, v := range all[i].Versions {
		if v.ID == t.Version && v.Schema != "" {
			d, err := r.docs.Document(ctx, schemaKind, v.Schema)
			return all[i], t, d.Body, err
		}
	}
	return all[i], t, t.Schema.Raw, nil
}
