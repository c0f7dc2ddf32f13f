// Package control is the eight operations of Cloud Control, and those of ours that AWS
// does not have, as Go methods: what each checks, in which order, and what it answers.
// It knows nothing of HTTP or of how inputs were written; what serves a type, and how
// requests run, is behind the registry, the handler contract and the engine.
package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// Control answers the operations. All fields but Hold and the read limits are required,
// and none is changed once it is in use. Its methods are safe for concurrent use.
type Control struct {
	Types    Types
	Runtimes map[string]handler.Runtime // by the name in registry.Type
	Store    store.Store
	Engine   *engine.Engine
	Journal  Journal
	// Behaviours is how simulated types behave.
	Behaviours Behaviours

	// Hold is how long GetResourceRequestStatus may wait for a live request to move.
	Hold time.Duration
	// Retention is how long after acceptance an ended request can be asked for.
	Retention time.Duration
	// ReadLimit is the time limit of one read or list call; 0 is 30 s, the handler contract's.
	ReadLimit time.Duration
	// ReadLimits is the same for one type; 0 is ReadLimit. Nil is 0 for all.
	ReadLimits func(typeName string) time.Duration
}

// kind is a resource type with what serves it.
type kind struct {
	registry.Type
	runtime handler.Runtime
	role    string // whom its handlers are to work as, "" for the account itself
}

// find returns the type and checks that it supports the actions.
func (c *Control) find(ctx context.Context, who Caller, name, version string, actions ...schema.Action) (kind, error) {
	t, err := c.Types.Lookup(ctx, who.Account, who.Region, name, version)
	if errors.Is(err, registry.ErrTypeNotFound) {
		return kind{}, noType(name)
	}
	if err != nil {
		return kind{}, err
	}
	for _, a := range actions {
		if !t.Schema.Supports(a) {
			return kind{}, refuse("UnsupportedActionException", "Resource type %s does not support %s action", name, a)
		}
	}
	runtime, ok := c.Runtimes[t.Runtime]
	if !ok {
		return kind{}, fmt.Errorf("control: type %s is served by runtime %q, which this server does not have", name, t.Runtime)
	}
	return kind{Type: t, runtime: runtime}, nil
}

// readLimit is how long one read or list call of a type may take.
func (c *Control) readLimit(typeName string) time.Duration {
	if c.ReadLimits != nil {
		if limit := c.ReadLimits(typeName); limit > 0 {
			return limit
		}
	}
	return cmp.Or(c.ReadLimit, 30*time.Second)
}

// read calls a read or list handler and returns its answer, which is a success.
func (c *Control) read(ctx context.Context, who Caller, k kind, call handler.Call) (handler.Answer, error) {
	limit := c.readLimit(k.Name)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	call.Token = c.Engine.NewToken()
	call.Account, call.Region, call.RoleArn = who.Account, who.Region, k.role
	call.TypeName, call.TypeVersion, call.Schema = k.Name, k.Version, k.Schema
	call.Now = c.Store.Now()
	a, err := k.runtime.Invoke(ctx, call)
	switch {
	case errors.Is(err, handler.ErrInvalidAnswer):
		return a, refuse("PrivateTypeException", "%s Handler gave an invalid answer: %v", k.Name, err)
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return a, refuse("HandlerFailureException", "%s Handler did not answer within %v", k.Name, limit)
	case err != nil && ctx.Err() != nil:
		return a, ctx.Err() // the client is gone
	case errors.Is(err, handler.ErrUnreachable), errors.Is(err, handler.ErrLostOutcome):
		return a, refuse("NetworkFailureException", "%s Handler could not be called: %v", k.Name, err)
	case err != nil:
		return a, refuse("HandlerFailureException", "%s Handler could not be called: %v", k.Name, err)
	case a.Status == handler.InProgress:
		return a, refuse("PrivateTypeException", "%s Handler gave an invalid answer: READ and LIST handlers must return synchronously.", k.Name)
	case a.Status == handler.Failed:
		return a, fromHandler(k.Name, a, call.Token)
	case a.Status != handler.Success:
		return a, refuse("PrivateTypeException", "%s Handler gave an invalid answer: its status is %q", k.Name, a.Status)
	}
	return a, nil
}

// parse decodes the JSON text of a member; member is its name in AWS's model.
func parse(member, text string) (any, error) {
	v, err := schema.Decode([]byte(text))
	if err != nil {
		return nil, refuse(validation, "Invalid JSON in %s: %v", member, err)
	}
	return v, nil
}

// parseObject is parse for members that hold a JSON object.
func parseObject(member, text string) (map[string]any, error) {
	v, err := parse(member, text)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(validation, "Invalid JSON in %s: not an object", member)
	}
	return object, nil
}
