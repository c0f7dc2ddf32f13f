// Package simulate serves any resource type from its schema: it keeps what the
// client asked for and makes up what the real service would add.
//
// It has no backend. What exists is what the ledger says, so a call is a pure
// function of itself and the ledger: nothing can half-happen, and a repeated call
// gives the same answer. (Throttling is the exception: it counts calls.) It must not
// know requests or the wire, and of the store nothing but how the ledger is read.
//
// What is known of a type is worked out once (plan.go); maker.go completes a model,
// value.go has the rules for single values, overlay.go what no schema tells.
// behaviour.go has how long things take and how they fail, profile.go how that is written.
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
// Calls succeed at once but for what Profiles and Rules say. Answers of Success, and of
// failed creates that leave something behind, carry the ledger's revision that they were
// computed from. Invoke returns an error only where the ledger does.
type Runtime struct {
	Ledger Ledger
	Rules  []Rule // the last that matches a call counts
	// Profiles returns how a type goes in an account and region; nil, as the func or what
	// it returns, for nothing in particular. It is asked in each call, by many goroutines
	// at once, and what it says counts from that call on, in requests under way too. An
	// entry for a call's action, or for "*", stands in place of Rules.
	Profiles func(account, region, typeName string) Profile

	plans     plans
	throttles throttles
}

var _ handler.Runtime = (*Runtime)(nil)

// Invoke makes one call; see handler.Runtime.
func (r *Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	b := r.behaviour(c)
	if !r.throttles.allow(b.Throttle, c) {
		return failure(handler.Throttling, c, c.Identifier), nil
	}
	switch c.Action {
	case schema.Create:
		return r.create(ctx, c, b)
	case schema.Update:
		return r.update(ctx, c, b)
	case schema.Delete:
		return r.remove(ctx, c, b)
	case schema.Read:
		a, err := r.read(ctx, c)
		return b.spoil(c, a), err
	case schema.List:
		a, err := r.list(ctx, c)
		return b.spoil(c, a), err
	}
	return failed(handler.InvalidRequest, "Invalid request provided: there is no action %v", c.Action), nil
}

// entry is a resource of the ledger with its model decoded. The zero value is
// "not there".
type entry struct {
	resource.Resource
	model map[string]any
}

// found reports whether it is a resource: what another runtime's create has begun is none.
func (e entry) found() bool { return e.Revision != 0 && !e.Unfinished }

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

func succeeded(model any, revision int64) handler.Answer {
	return handler.Answer{Status: handler.Success, Model: model, Ledger: &revision}
}

// now is the time of a call in the precision that models show.
func now(c handler.Call) time.Time { return c.Now.UTC().Truncate(time.Second) }
