// Package witness serves GroundControl::Chaos::Thing, the type that the chaos tests
// work on: every create, update and delete is told to a harness over HTTP, which
// records it and says how it ends. Reads and lists answer from the ledger, so that a
// test can compare the ledger with what the harness knows was done.
//
// Only servers built with the tag witness have it.
package witness

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Name is the runtime's name in a registry.Type, TypeName that of its one type.
const (
	Name     = "witness"
	TypeName = "GroundControl::Chaos::Thing"
)

//go:embed thing.json
var thing []byte

// Schema returns the schema of TypeName.
func Schema() (*schema.Schema, error) {
	s, _, err := schema.Parse(thing)
	return s, err
}

// Call is what the harness is told of a handler call, as JSON.
type Call struct {
	Node       string          `json:"node"` // the process that makes the call, as the harness named it
	Token      string          `json:"token"`
	Action     string          `json:"action"` // CREATE, UPDATE or DELETE
	Identifier string          `json:"identifier"`
	Desired    json.RawMessage `json:"desired,omitempty"`
	Callback   json.RawMessage `json:"callback,omitempty"`
}

// Answer is what the harness says to it.
type Answer struct {
	Status    string          `json:"status"` // of the handler contract
	ErrorCode string          `json:"errorCode,omitempty"`
	Message   string          `json:"message,omitempty"`
	Model     json.RawMessage `json:"model,omitempty"`
	Callback  json.RawMessage `json:"callback,omitempty"`
	Delay     time.Duration   `json:"delay,omitempty"` // in nanoseconds
}

// Runtime is the handler.Runtime of TypeName.
type Runtime struct {
	URL    string          // of the harness
	Node   string          // what it calls this process
	Ledger handler.Runtime // answers reads and lists
	Client *http.Client
}

var _ handler.Runtime = Runtime{}

// maxAnswer bounds what is read of the harness's answer.
const maxAnswer = 1 << 20

// Invoke makes one call; see handler.Runtime. It returns as soon as ctx is done, and
// the harness sees the connection close.
func (r Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	if c.Action == schema.Read || c.Action == schema.List {
		return r.Ledger.Invoke(ctx, c)
	}
	told, err := json.Marshal(Call{r.Node, c.Token, string(c.Action), c.Identifier, c.Desired, c.Callback})
	if err != nil {
		return handler.Answer{}, fmt.Errorf("witness: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(told))
	if err != nil {
		return handler.Answer{}, fmt.Errorf("witness: %w", err)
	}
	// Without GetBody the transport cannot send it again by itself: each call is told once.
	request.GetBody = nil
	response, err := r.Client.Do(request)
	if err != nil {
		return handler.Answer{}, fmt.Errorf("witness: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return handler.Answer{}, fmt.Errorf("witness: %w", err)
	}
	var said Answer
	if err := json.Unmarshal(text, &said); err != nil || response.StatusCode != http.StatusOK {
		return handler.Answer{}, fmt.Errorf("%w: the harness answered %s", handler.ErrInvalidAnswer, response.Status)
	}
	return said.decoded()
}

func (a Answer) decoded() (handler.Answer, error) {
	d := handler.Answer{
		Status: handler.Status(a.Status), ErrorCode: handler.Code(a.ErrorCode), Message: a.Message, Callback: a.Callback, Delay: a.Delay,
	}
	if a.Model == nil {
		return d, nil
	}
	model, err := schema.Decode(a.Model)
	if err != nil {
		return d, fmt.Errorf("%w: model: %w", handler.ErrInvalidAnswer, err)
	}
	d.Model = model
	return d, nil
}
