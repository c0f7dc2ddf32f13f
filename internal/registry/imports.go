package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// The kinds of documents in the store: what is known of a type, by its name, and schema
// documents, by their digest, so that one that comes again is the same.
const (
	typeKind   = "type"
	schemaKind = "schema"
)

// imports is the document of an imported type.
type imports struct {
	Default  string
	Last     int `json:",omitempty"` // the highest version there ever was: none comes again
	Versions []Version
}

func readImports(name string, body []byte) (is imports, err error) {
	if err = json.Unmarshal(body, &is); err == nil {
		if _, ok := is.version(""); !ok {
			err = fmt.Errorf("type %s has no version %q, which is to be its default", name, is.Default)
		}
	}
	return is, err
}

// version returns the version with the given ID, "" being the default.
func (is imports) version(id string) (Version, bool) {
	if id == "" {
		id = is.Default
	}
	i := slices.IndexFunc(is.Versions, func(v Version) bool { return v.ID == id })
	if i < 0 {
		return Version{}, false
	}
	return is.Versions[i], true
}

// Outcome is what an import did.
type Outcome string

// What an import can do.
const (
	Added     Outcome = "NEW"       // the type was not known
	Changed   Outcome = "CHANGED"   // the schema is another one: there is a new version, or an earlier one is the default again
	Unchanged Outcome = "UNCHANGED" // it is the default version already
	Refused   Outcome = "REFUSED"   // the document is no schema that could be used
)

// Imported is what became of one schema document.
type Imported struct {
	TypeName string // "" where the document does not say
	Version  string // that it is, and the default unless it was to be none yet; "" where it was refused
	Outcome  Outcome
	Problems []string // why it was refused, else what is odd about it and harms nothing
}

// Import stores schema documents and makes each the default version of its type, for all
// accounts. Documents that cannot be used change nothing and do not stop the others; what
// it returns is in the order of the documents. The error is of the store: then some may
// have been imported, and doing it again is the remedy.
func (r *Registry) Import(ctx context.Context, texts [][]byte) ([]Imported, error) {
	all := make([]wanted, len(texts))
	for i, text := range texts {
		all[i] = wanted{text: text}
	}
	return r.bring(ctx, all)
}

// Registration is a version of a type with handlers of its own.
type Registration struct {
	Schema []byte // JSON
	// Configuration is the schema of the type's configuration; nil for what Schema itself
	// declares.
	Configuration []byte
	Code          Code
	// KeepDefault leaves the default version as it is, where there is one.
	KeepDefault bool
}

// Register makes a schema with the code of its handlers a version, by default the default
// version, of a type that only one account sees, in one region. It returns and fails as
// Import does.
func (r *Registry) Register(ctx context.Context, account, region string, reg Registration) (Imported, error) {
	all, err := r.bring(ctx, []wanted{{
		text: reg.Schema, configuration: reg.Configuration, scope: scopeOf(account, region), code: &reg.Code, keepDefault: reg.KeepDefault,
	}})
	if err != nil {
		return Imported{}, err
	}
	return all[0], nil
}

// wanted is a version that is to be of its type.
type wanted struct {
	text          []byte
	configuration []byte // the schema of its configuration; nil for none
	scope         string // "" for every account, else as of scopeOf
	code          *Code  // nil for a simulated type
	keepDefault   bool   // it is to be the default version only if there is none
}

func scopeOf(account, region string) string { return account + "/" + region + "/" }

// bring stores what is wanted, all that can be used.
func (r *Registry) bring(ctx context.Context, all []wanted) ([]Imported, error) {
	if r.docs == nil {
		return nil, errors.New("registry: there is no store to import into")
	}
	results := make([]Imported, len(all))
	r.examine(all, results)
	for range 10 {
		if err := r.imported.Refresh(ctx); err != nil {
			return nil, fmt.Errorf("registry: import: %w", err)
		}
		docs, err := r.plan(ctx, all, results, time.Now())
		if err != nil {
			return nil, fmt.Errorf("registry: import: %w", err)
		}
		err = r.docs.Write(ctx, docs)
		if errors.Is(err, store.ErrStale) {
			continue // another import was quicker
		}
		if err == nil {
			err = r.imported.Refresh(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("registry: import: %w", err)
		}
		return results, nil
	}
	return nil, errors.New("registry: import: other imports go on at the same time")
}

// examine parses the documents and notes those that cannot be used.
func (r *Registry) examine(all []wanted, results []Imported) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i] = r.examined(&all[i])
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
}

func (r *Registry) examined(w *wanted) Imported {
	s, warnings, err := schema.Parse(w.text)
	if err != nil {
		return Imported{TypeName: claimedName(w.text), Outcome: Refused, Problems: []string{err.Error()}}
	}
	if w.configuration == nil {
		w.configuration = schema.ConfigurationIn(w.text)
	}
	if w.configuration != nil {
		if _, err := schema.ParseConfiguration(w.configuration); err != nil {
			return Imported{TypeName: s.TypeName, Outcome: Refused, Problems: []string{"configuration schema: " + err.Error()}}
		}
	}
	if b, ok := r.builtin[s.TypeName]; ok && b.Runtime != Simulate && w.scope == "" {
		return Imported{TypeName: s.TypeName, Outcome: Refused, Problems: []string{"the type is built in and is not simulated from its schema"}}
	}
	return Imported{TypeName: s.TypeName, Problems: warnings}
}

// claimedName is the type name of a document that is no schema.
func claimedName(text []byte) string {
	var d struct {
		TypeName string `json:"typeName"`
	}
	_ = json.Unmarshal(text, &d) // it may not even be JSON
	return d.TypeName
}

// plan says what is to be written, and notes in results what that does.
func (r *Registry) plan(ctx context.Context, all []wanted, results []Imported, at time.Time) ([]store.Document, error) {
	types, schemas := map[string]imports{}, map[string][]byte{}
	for i, w := range all {
		if results[i].Outcome == Refused {
			continue
		}
		name := w.scope + results[i].TypeName
		is, planned := types[name]
		if !planned {
			is, _ = r.imported.Get(name)
		}
		v := Version{Imported: at.UTC().Truncate(time.Second), Schema: schemaKey(w.text), Code: w.code, Configuration: schemaKey(w.configuration)}
		_, builtin := r.builtin[name]
		is, results[i].Version, results[i].Outcome = is.with(v, builtin, w.keepDefault)
		if results[i].Outcome == Unchanged {
			continue
		}
		types[name], schemas[v.Schema] = is, w.text
		if v.Configuration != "" {
			schemas[v.Configuration] = w.configuration
		}
	}
	var docs []store.Document
	for name, is := range types {
		body, err := json.Marshal(is)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		_, revision := r.imported.Get(name)
		docs = append(docs, store.Document{Kind: typeKind, Name: name, Body: body, Revision: revision})
	}
	for key, text := range schemas {
		switch _, err := r.docs.Document(ctx, schemaKind, key); {
		case errors.Is(err, store.ErrNotFound):
			docs = append(docs, store.Document{Kind: schemaKind, Name: key, Body: text})
		case err != nil:
			return nil, err
		}
	}
	return docs, nil
}

// schemaKey is the name of a schema document in the store, "" for none.
func schemaKey(text []byte) string {
	if text == nil {
		return ""
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// with returns what is known of a type once v is a version of it, one that is there already
// or a new one, and the version's ID. It is then the default unless keepDefault says that
// there is to be the one that there is. builtin tells that the first version is the built-in one.
func (is imports) with(v Version, builtin, keepDefault bool) (imports, string, Outcome) {
	if now, ok := is.version(""); ok && now.same(v) {
		return is, now.ID, Unchanged
	}
	keepDefault = keepDefault && is.Default != ""
	for _, old := range is.Versions {
		if !old.same(v) {
			continue
		}
		if keepDefault {
			return is, old.ID, Unchanged
		}
		is.Default = old.ID
		return is, old.ID, Changed
	}
	outcome, last := Added, is.Last
	for _, old := range is.Versions { // documents of before did not count
		n, _ := strconv.Atoi(old.ID)
		last = max(last, n)
	}
	if builtin {
		last = max(last, 1)
	}
	if last > 0 {
		outcome = Changed
	}
	v.ID = fmt.Sprintf("%08d", last+1)
	next := imports{Default: v.ID, Last: last + 1, Versions: append(slices.Clone(is.Versions), v)}
	if keepDefault {
		next.Default = is.Default
	}
	return next, v.ID, outcome
}

// ErrLastVersion means that the default version of a type that has others cannot go.
var ErrLastVersion = errors.New("registry: it is the default version: make another one the default first")

// SetDefault makes a version of a type the default one: of the type that the account has
// registered in the region, or else of the one that all see. Error: ErrTypeNotFound.
func (r *Registry) SetDefault(ctx context.Context, account, region, name, version string) error {
	return r.edit(ctx, account, region, name, func(is imports) (imports, error) {
		if _, ok := is.version(version); !ok {
			return is, ErrTypeNotFound
		}
		is.Default = version
		return is, nil
	})
}

// Deregister takes a version away, or with version "" the type with all of its versions;
// of a built-in type what was imported. Resources of it stay in the ledger, and are out of
// reach until it is registered again. Errors: ErrTypeNotFound, ErrLastVersion.
func (r *Registry) Deregister(ctx context.Context, account, region, name, version string) error {
	return r.edit(ctx, account, region, name, func(is imports) (imports, error) {
		if version == "" {
			return imports{}, nil
		}
		if _, ok := is.version(version); !ok {
			return is, ErrTypeNotFound
		}
		if len(is.Versions) > 1 && is.Default == version {
			return is, ErrLastVersion
		}
		is.Versions = slices.DeleteFunc(slices.Clone(is.Versions), func(v Version) bool { return v.ID == version })
		return is, nil
	})
}

// edit changes what is stored of a type; without versions it is removed, and its configurations
// with it.
func (r *Registry) edit(ctx context.Context, account, region, name string, change func(imports) (imports, error)) error {
	for range 10 {
		if err := r.imported.Refresh(ctx); err != nil {
			return fmt.Errorf("registry: %w", err)
		}
		document := scopeOf(account, region) + name
		is, revision := r.imported.Get(document)
		if revision == 0 {
			document = name
			is, revision = r.imported.Get(document)
		}
		if revision == 0 {
			return ErrTypeNotFound
		}
		is, err := change(is)
		if err != nil {
			return err
		}
		docs := []store.Document{{Kind: typeKind, Name: document, Revision: revision}}
		if len(is.Versions) > 0 {
			docs[0].Body, err = json.Marshal(is)
		} else {
			var left []store.Document
			left, err = r.configurationsOf(ctx, document)
			docs = append(docs, left...)
		}
		if err != nil {
			return fmt.Errorf("registry: %s: %w", name, err)
		}
		if err = r.docs.Write(ctx, docs); errors.Is(err, store.ErrStale) {
			continue // somebody else was quicker
		}
		if err == nil {
			err = r.imported.Refresh(ctx)
		}
		if err != nil {
			return fmt.Errorf("registry: %w", err)
		}
		return nil
	}
	return errors.New("registry: others change the type at the same time")
}
