// Package demo serves GroundControl::Demo::Countdown: a create that can be watched,
// waited for and cancelled. It must not know what a simulated resource is made of.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Runtime is the handler.Runtime of the countdown. A create counts down second by
// second, one call each, before Simulate creates the resource; all else is Simulate's.
// The count is in the callback context only, so any process can go on with it.
type Runtime struct {
	Simulate handler.Runtime // serves the type without the waiting
}

var _ handler.Runtime = Runtime{}

const (
	second         = time.Second // between two calls
	defaultSeconds = 10          // the schema's default
)

// count is the callback context while the countdown runs.
type count struct {
	Remaining *int `json:"remaining"`
}

// Invoke makes one call; see handler.Runtime.
func (r Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	if c.Action != schema.Create {
		return r.Simulate.Invoke(ctx, c)
	}
	model, err := schema.Decode(c.Desired)
	desired, ok := model.(map[string]any)
	if err != nil || !ok {
		return r.Simulate.Invoke(ctx, c) // says what is wrong with it
	}
	if len(c.Callback) == 0 {
		if taken, err := r.taken(ctx, c, desired); err != nil || taken.Status == handler.Failed {
			return taken, err
		}
		return r.count(ctx, c, desired, seconds(desired))
	}
	var at count
	if err := json.Unmarshal(c.Callback, &at); err != nil || at.Remaining == nil {
		return r.Simulate.Invoke(ctx, c) // the countdown is over; the callback is Simulate's
	}
	return r.count(ctx, c, desired, *at.Remaining-1)
}

// taken fails with AlreadyExists where the name is in use: nobody should wait for that.
func (r Runtime) taken(ctx context.Context, c handler.Call, desired map[string]any) (handler.Answer, error) {
	identifier, ok := c.Schema.Identifier(desired)
	if !ok {
		return handler.Answer{}, nil
	}
	read := c
	read.Action, read.Identifier, read.Desired = schema.Read, identifier, nil
	found, err := r.Simulate.Invoke(ctx, read)
	if err != nil || found.ErrorCode == handler.NotFound {
		return handler.Answer{}, err
	}
	if found.Status != handler.Success {
		return found, nil
	}
	return handler.Answer{
		Status:    handler.Failed,
		ErrorCode: handler.AlreadyExists,
		Message:   fmt.Sprintf("Resource of type '%s' with identifier '%s' already exists.", c.TypeName, identifier),
	}, nil
}

// count answers with the seconds that remain, or creates the resource when none do.
func (r Runtime) count(ctx context.Context, c handler.Call, desired map[string]any, remaining int) (handler.Answer, error) {
	if remaining <= 0 {
		c.Callback = nil
		answer, err := r.Simulate.Invoke(ctx, c)
		if err == nil && answer.Status == handler.Success {
			answer.Message = "Liftoff"
		}
		return answer, err
	}
	callback, err := json.Marshal(count{&remaining})
	if err != nil {
		return handler.Answer{}, fmt.Errorf("demo: callback: %w", err)
	}
	unit := "seconds"
	if remaining == 1 {
		unit = "second"
	}
	return handler.Answer{
		Status:   handler.InProgress,
		Message:  fmt.Sprintf("T minus %d %s", remaining, unit),
		Model:    maps.Clone(desired), // all of it: the next call gets it as its desired state
		Callback: callback,
		Delay:    second,
		Ledger:   new(int64),
	}, nil
}

// seconds is what the client asked for. What is no count is left to the schema.
func seconds(desired map[string]any) int {
	n, ok := desired["Seconds"].(json.Number)
	if !ok {
		return defaultSeconds
	}
	whole, err := n.Int64()
	if err != nil {
		return defaultSeconds
	}
	return int(whole)
}
