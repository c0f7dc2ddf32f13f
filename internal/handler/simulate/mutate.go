package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// step is the callback context of a call that takes time. A repeated call has the same
// one, so it makes the same step again.
type step struct {
	Step  string    `json:"step"`
	Done  int       `json:"done"`  // how many steps there were, this one included
	Since time.Time `json:"since"` // of the first call: what it made with that time stays as it is
}

// progress returns the step that the call comes after; before the first it has none done.
func progress(c handler.Call) step {
	if len(c.Callback) == 0 {
		return step{Since: now(c)}
	}
	var s step
	if json.Unmarshal(c.Callback, &s) != nil || s.Since.IsZero() {
		s.Since = now(c)
	}
	s.Done = max(s.Done, 1) // requests of before steps were counted had one
	return s
}

// started returns the time of the first call of the request.
func started(c handler.Call) time.Time { return progress(c).Since }

// pending answers with the next step. The next call gets model as its desired state, so
// it is the whole of it, write-only values included.
func (b Behaviour) pending(c handler.Call, doing string, model any) handler.Answer {
	s := progress(c)
	s.Step, s.Done = actionNames[c.Action], s.Done+1
	delay := time.Duration(b.Duration) / time.Duration(b.steps())
	message := fmt.Sprintf("%s: step %d of %d", doing, s.Done, b.steps())
	if b.steps() == 1 && delay > 0 {
		message = fmt.Sprintf("%s; this takes %s.", doing, delay)
	}
	return handler.Answer{
		Status:   handler.InProgress,
		Message:  message,
		Model:    model,
		Callback: schema.Encode(s),
		Delay:    delay,
		Ledger:   new(int64),
	}
}

func (r *Runtime) create(ctx context.Context, c handler.Call, b Behaviour) (handler.Answer, error) {
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
	early, ok := b.early(c, "Creating", identifier, m.model)
	// Names are seldom taken, and an answer for "not there" counts only where that is so.
	// Look only if the create is not to succeed now, or when told that a name is taken.
	if ok || c.Moved {
		there, err := r.entry(ctx, c, identifier)
		switch {
		case err != nil:
			return handler.Answer{}, err
		case there.by(c) && early.Ledger != nil: // it failed, and left this behind
			early.Model, early.Ledger = there.model, &there.Revision
			return early, nil
		case there.by(c):
			return succeeded(there.model, there.Revision), nil
		case there.found():
			return failure(handler.AlreadyExists, c, identifier), nil
		}
	}
	if ok {
		return early, nil
	}
	return succeeded(c.Schema.WithoutWriteOnly(m.model), 0), nil
}

func (r *Runtime) update(ctx context.Context, c handler.Call, b Behaviour) (handler.Answer, error) {
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
		return failure(handler.NotFound, c, identifier), nil
	}
	if there.by(c) {
		return succeeded(there.model, there.Revision), nil
	}
	m := r.maker(c, desired, there.model)
	if missing := m.make(); missing != "" {
		return failure(handler.NotUpdatable, c, identifier), nil
	}
	if now, ok := c.Schema.Identifier(m.model); !ok || now != identifier {
		return failure(handler.NotUpdatable, c, identifier), nil
	}
	if early, ok := b.early(c, "Updating", identifier, m.model); ok {
		return early, nil
	}
	return succeeded(c.Schema.WithoutWriteOnly(m.model), there.Revision), nil
}

func (r *Runtime) remove(ctx context.Context, c handler.Call, b Behaviour) (handler.Answer, error) {
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
		return failure(handler.NotFound, c, identifier), nil
	}
	if early, ok := b.early(c, "Deleting", identifier, identity(c.Schema, there.model)); ok {
		return early, nil
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
