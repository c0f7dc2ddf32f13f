package registry

import (
	"context"
	"encoding/json"
	"fmt"
)

// Provisioning is what can be done with resources of a type, in CloudFormation's words.
type Provisioning string

// A type is immutable without an update handler, and cannot be provisioned without one to
// create, read or delete.
const (
	FullyMutable     Provisioning = "FULLY_MUTABLE"
	Immutable        Provisioning = "IMMUTABLE"
	NonProvisionable Provisioning = "NON_PROVISIONABLE"
)

// Outline is what lists of types say of a version.
type Outline struct {
	Description           string
	Provisioning          Provisioning
	Source, Documentation string // where to find them; "" where the schema does not say
}

// Outline returns the outline of a version of a type, "" being the default version. It reads
// a schema of the store once and does not compile it, so that all types can be asked for.
// Errors: ErrTypeNotFound, and the store's.
func (r *Registry) Outline(ctx context.Context, account, region, name, version string) (Outline, error) {
	v, builtin, err := r.find(scopeOf(account, region), name, version)
	if err != nil {
		return Outline{}, err
	}
	if builtin.Schema != nil {
		return outlineOf(builtin.Schema.Raw)
	}
	if known, ok := r.outlines.Load(v.Schema); ok {
		return known.(Outline), nil
	}
	d, err := r.docs.Document(ctx, schemaKind, v.Schema)
	if err != nil {
		return Outline{}, fmt.Errorf("registry: schema of %s: %w", name, err)
	}
	o, err := outlineOf(d.Body)
	if err != nil {
		return Outline{}, fmt.Errorf("registry: schema of %s: %w", name, err)
	}
	r.outlines.Store(v.Schema, o)
	return o, nil
}

func outlineOf(text []byte) (Outline, error) {
	var d struct {
		Description   string                     `json:"description"`
		Source        string                     `json:"sourceUrl"`
		Documentation string                     `json:"documentationUrl"`
		Handlers      map[string]json.RawMessage `json:"handlers"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return Outline{}, err
	}
	has := func(handler string) bool {
		_, ok := d.Handlers[handler]
		return ok || d.Handlers == nil // as schema.Supports says
	}
	o := Outline{d.Description, FullyMutable, d.Source, d.Documentation}
	switch {
	case !has("create") || !has("read") || !has("delete"):
		o.Provisioning = NonProvisionable
	case !has("update"):
		o.Provisioning = Immutable
	}
	return o, nil
}
