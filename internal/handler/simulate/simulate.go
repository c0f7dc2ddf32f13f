// Package simulate serves any resource type from its schema: it keeps what the
// client asked for and makes up what the real service would add.
//
// It has no backend. What exists is what the ledger says, so a call is a pure
// function of itself and the ledger: nothing can half-happen, and a repeated call
// gives the same answer. It must not know requests or the wire, and of the store
// nothing but how the ledger is read.
//
// What is known of a type is worked out once (plan.go); maker.go completes a model,
// value.go has the rules for single values, overlay.go what no schema tells.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// Ledger is what the runtime reads of the ledger; a store.Store is one.
type Ledger interface {
	// Resource returns the ledger's entry, or store.ErrNotFound.
	Resource(ctx context.Context, key resource.Key) (resource.Resource, error)
	// Resources returns one page of the ledger, ordered by identifier.
	Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error)
}

// Runtime is the handler.Runtime of simulated types. It is safe for use by many
// goroutines once its fields are set; use it by pointer.
//
// A create, update or delete is answered at once, or after the time that Rules give
// it. Answers of Success carry the ledger's revision that they were computed from.
// Invoke returns an error only where the ledger does.
type Runtime struct {
	Ledger Ledger
	Rules  []Rule // the last that matches a call counts

	plans plans
}

var _ handler.Runtime = (*Runtime)(nil)

// Invoke makes one call; see handler.Runtime.
func (r *Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	switch c.Action {
	case schema.Create:
		return r.create(ctx, c)
	case schema.Update:
		return r.update(ctx, c)
	case schema.Delete:
		return r.remove(ctx, c)
	case schema.Read:
		return r.read(ctx, c)
	case schema.List:
		return r.list(ctx, c)
	}
	return failed(handler.InvalidRequest, "Invalid request provided: there is no action %v", c.Action), nil
}

// entry is a resource of the ledger with its model decoded. The zero value is
// "not there".
type entry struct {
	resource.Resource
	model map[string]any
}

func (e entry) found() bool { return e.Revision != 0 }

// by reports whether the entry is already what the request of the call made of it.
func (e entry) by(c handler.Call) bool { return c.Token != "" && e.Request == c.Token }

func (r *Runtime) entry(ctx context.Context, c handler.Call, identifier string) (entry, error) {
	if identifier == "" {
		return entry{}, nil
	}
	key := resource.Key{Account: c.Account, Region: c.Region, TypeName: c.TypeName, Identifier: identifier}
	found, err := r.Ledger.Resource(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, fmt.Errorf("simulate: ledger: %w", err)
	}
	model, err := object(found.Model)
	if err != nil {
		return entry{}, fmt.Errorf("simulate: ledger: model of %s %s: %w", c.TypeName, identifier, err)
	}
	return entry{found, model}, nil
}

var errNoObject = errors.New("not a JSON object")

// object decodes a document that has to be an object; nothing, or null, is an empty one.
func object(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return map[string]any{}, nil
	}
	v, err := schema.Decode(text)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case nil:
		return map[string]any{}, nil
	}
	return nil, errNoObject
}

func failed(code handler.Code, format string, args ...any) handler.Answer {
	return handler.Answer{Status: handler.Failed, ErrorCode: code, Message: fmt.Sprintf(format, args...)}
}

// The texts are the default messages of the Java plug-in.

func notFound(c handler.Call, identifier string) handler.Answer {
	return failed(handler.NotFound, "Resource of type '%s' with identifier '%s' was not found.", c.TypeName, identifier)
}

func alreadyExists(c handler.Call, identifier string) handler.Answer {
	return failed(handler.AlreadyExists, "Resource of type '%s' with identifier '%s' already exists.", c.TypeName, identifier)
}

func notUpdatable(c handler.Call, identifier string) handler.Answer {
	return failed(handler.NotUpdatable, "Resource of type '%s' with identifier '%s' is not updatable with parameters provided.",
		c.TypeName, identifier)
}

func badDesired(err error) handler.Answer {
	return failed(handler.InvalidRequest, "Invalid request provided: desired state: %v", err)
}

func succeeded(model any, revision int64) handler.Answer {
	return handler.Answer{Status: handler.Success, Model: model, Ledger: &revision}
}

// now is the time of a call in the precision that models show.
func now(c handler.Call) time.Time { return c.Now.UTC().Truncate(time.Second) }
