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
	Version  string // that is now the default; "" where it was refused
	Outcome  Outcome
	Problems []string // why it was refused, else what is odd about it and harms nothing
}

// Import stores schema documents and makes each the default version of its type. Documents
// that cannot be used change nothing and do not stop the others; what it returns is in the
// order of the documents. The error is of the store: then some may have been imported, and
// doing it again is the remedy.
func (r *Registry) Import(ctx context.Context, texts [][]byte) ([]Imported, error) {
	if r.docs == nil {
		return nil, errors.New("registry: there is no store to import into")
	}
	results := make([]Imported, len(texts))
	at := time.Now()
	r.examine(texts, results)
	for range 10 {
		if err := r.imported.Refresh(ctx); err != nil {
			return nil, fmt.Errorf("registry: import: %w", err)
		}
		docs, err := r.plan(ctx, texts, results, at)
		if err != nil {
			return nil, err
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
func (r *Registry) examine(texts [][]byte, results []Imported) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i] = r.examined(texts[i])
			}
		})
	}
	for i := range texts {
		next <- i
	}
	close(next)
	wg.Wait()
}

func (r *Registry) examined(text []byte) Imported {
	s, warnings, err := schema.Parse(text)
	if err != nil {
		return Imported{TypeName: claimedName(text), Outcome: Refused, Problems: []string{err.Error()}}
	}
	if b, ok := r.builtin[s.TypeName]; ok && b.Runtime != Simulate {
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
func (r *Registry) plan(ctx context.Context, texts [][]byte, results []Imported, at time.Time) ([]store.Document, error) {
	var docs []store.Document
	planned := map[string]bool{} // names of documents
	now := map[string]imports{}
	for i, text := range texts {
		name := results[i].TypeName
		if results[i].Outcome == Refused {
			continue
		}
		is, again := now[name]
		_, revision := r.imported.Get(name)
		if !again {
			is, _ = r.imported.Get(name)
		}
		digest := sha256.Sum256(text)
		key := hex.EncodeToString(digest[:])
		is, results[i].Outcome = r.with(name, is, key, at)
		results[i].Version = is.Default
		if results[i].Outcome == Unchanged {
			continue
		}
		now[name] = is
		body, err := json.Marshal(is)
		if err != nil {
			return nil, fmt.Errorf("registry: import %s: %w", name, err)
		}
		d := store.Document{Kind: typeKind, Name: name, Body: body, Revision: revision}
		if again { // the same type twice in one import: one write of the outcome
			docs[slices.IndexFunc(docs, func(o store.Document) bool { return o.Kind == typeKind && o.Name == name })] = d
		} else {
			docs = append(docs, d)
		}
		if planned[key] {
			continue
		}
		planned[key] = true
		switch _, err := r.docs.Document(ctx, schemaKind, key); {
		case errors.Is(err, store.ErrNotFound):
			docs = append(docs, store.Document{Kind: schemaKind, Name: key, Body: text})
		case err != nil:
			return nil, fmt.Errorf("registry: import %s: %w", name, err)
		}
	}
	return docs, nil
}

// with returns what is known of a type once the schema with the given key is its default.
func (r *Registry) with(name string, is imports, key string, at time.Time) (imports, Outcome) {
	if v, ok := is.version(""); ok && v.Schema == key {
		return is, Unchanged
	}
	for _, v := range is.Versions {
		if v.Schema == key {
			is.Default = v.ID
			return is, Changed
		}
	}
	_, builtin := r.builtin[name]
	outcome, n := Added, len(is.Versions)+1
	if builtin {
		n++
	}
	if n > 1 {
		outcome = Changed
	}
	v := Version{ID: fmt.Sprintf("%08d", n), Imported: at.UTC().Truncate(time.Second), Schema: key}
	return imports{Default: v.ID, Versions: append(slices.Clone(is.Versions), v)}, outcome
}
