package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// step is the callback context of a call that takes time.
type step struct {
	Step  string    `json:"step"`
	Since time.Time `json:"since"` // of the first call: what it made with that time stays as it is
}

// started returns the time of the first call of the request.
func started(c handler.Call) time.Time {
	var s step
	if len(c.Callback) > 0 && json.Unmarshal(c.Callback, &s) == nil && !s.Since.IsZero() {
		return s.Since
	}
	return now(c)
}

// pending answers that the call needs d. The next call gets model as its desired
// state, so it is the whole of it, write-only values included.
func pending(c handler.Call, doing string, model any, d time.Duration) (handler.Answer, error) {
	callback, err := json.Marshal(step{Step: ruleNames[c.Action], Since: now(c)})
	if err != nil {
		return handler.Answer{}, fmt.Errorf("simulate: callback: %w", err)
	}
	return handler.Answer{
		Status:   handler.InProgress,
		Message:  fmt.Sprintf("%s; this takes %s.", doing, d),
		Model:    model,
		Callback: callback,
		Delay:    d,
	}, nil
}

func (r *Runtime) create(ctx context.Context, c handler.Call) (handler.Answer, error) {
	desired, err := object(c.Desired)
	if err != nil {
		return badDesired(err), nil
	}
	m := r.maker(c, desired, nil)
	if missing := m.make(); missing != "" {
		return failed(handler.InvalidRequest, "Invalid request provided: no value could be made for %s, which identifies the resource; give one", missing), nil
	}
	identifier, ok := c.Schema.Identifier(m.model)
	if !ok {
		return failed(handler.InvalidRequest, "Invalid request provided: the desired state does not identify the resource"), nil
	}
	d := r.wait(c)
	// Names are seldom taken, and an answer for "not there" counts only where that is so.
	// Look only if there is time to save, or when told that one is.
	if d > 0 || c.Moved {
		there, err := r.entry(ctx, c, identifier)
		switch {
		case err != nil:
			return handler.Answer{}, err
		case there.by(c):
			return succeeded(there.model, there.Revision), nil
		case there.found():
			return alreadyExists(c, identifier), nil
		}
	}
	if d > 0 {
		return pending(c, "Creating "+identifier, m.model, d)
	}
	return succeeded(c.Schema.WithoutWriteOnly(m.model), 0), nil
}

func (r *Runtime) update(ctx context.Context, c handler.Call) (handler.Answer, error) {
	desired, err := object(c.Desired)
	if err != nil {
		return badDesired(err), nil
	}
	identifier := identifierOf(c, desired)
	there, err := r.entry(ctx, c, identifier)
	if err != nil {
		return handler.Answer{}, err
	}
	if !there.found() {
		return notFound(c, identifier), nil
	}
	if there.by(c) {
		return succeeded(there.model, there.Revision), nil
	}
	m := r.maker(c, desired, there.model)
	if missing := m.make(); missing != "" {
		return notUpdatable(c, identifier), nil
	}
	if now, ok := c.Schema.Identifier(m.model); !ok || now != identifier {
		return notUpdatable(c, identifier), nil
	}
	if d := r.wait(c); d > 0 {
		return pending(c, "Updating "+identifier, m.model, d)
	}
	return succeeded(c.Schema.WithoutWriteOnly(m.model), there.Revision), nil
}

func (r *Runtime) remove(ctx context.Context, c handler.Call) (handler.Answer, error) {
	desired, err := object(c.Desired)
	if err != nil {
		return badDesired(err), nil
	}
	identifier := identifierOf(c, desired)
	there, err := r.entry(ctx, c, identifier)
	if err != nil {
		return handler.Answer{}, err
	}
	if !there.found() {
		return notFound(c, identifier), nil
	}
	if d := r.wait(c); d > 0 {
		return pending(c, "Deleting "+identifier, identity(c.Schema, there.model), d)
	}
	return succeeded(nil, there.Revision), nil
}

// identifierOf is the identifier of the resource that a call is about, "" for unknown.
func identifierOf(c handler.Call, desired map[string]any) string {
	if c.Identifier != "" {
		return c.Identifier
	}
	identifier, _ := c.Schema.Identifier(desired)
	return identifier
}

// identity is the part of a model that identifies it.
func identity(s *schema.Schema, model map[string]any) map[string]any {
	id := map[string]any{}
	for _, p := range s.PrimaryIdentifier {
		if v, ok := get(model, p); ok {
			set(id, p, v)
		}
	}
	return id
}
