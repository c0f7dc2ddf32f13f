package contract

import (
	"context"
	"encoding/json"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

// Invoker hands a payload to the code of a provider, wherever that runs, and returns its answer's bytes and what it
// printed meanwhile. Errors are as those of a [Caller].
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) (answer []byte, output string, err error)
}

// Over is the Caller that reaches a provider by its payloads, each with what extra holds.
func Over(i Invoker, extra provider.Extra) Caller {
	return func(ctx context.Context, c handler.Call) (x Exchange, err error) {
		if x.Sent, err = provider.Payload(c, extra); err != nil {
			return x, err
		}
		x.Received, x.Output, err = i.Invoke(ctx, x.Sent)
		return x, err
	}
}

// Of is the Caller of a runtime: what it answers is written as the ProgressEvent that a provider would answer.
func Of(r handler.Runtime) Caller {
	return func(ctx context.Context, c handler.Call) (x Exchange, err error) {
		if x.Sent, err = provider.Payload(c, provider.Extra{}); err != nil {
			return x, err
		}
		a, err := r.Invoke(ctx, c)
		x.Output = a.Output
		if err == nil {
			x.Received, err = rendered(a)
		}
		return x, err
	}
}

// rendered is an answer as a ProgressEvent.
func rendered(a handler.Answer) ([]byte, error) {
	event := struct {
		Status   handler.Status  `json:"status"`
		Code     handler.Code    `json:"errorCode,omitempty"`
		Message  string          `json:"message"`
		Model    json.RawMessage `json:"resourceModel,omitempty"`
		Models   json.RawMessage `json:"resourceModels,omitempty"`
		Next     string          `json:"nextToken,omitempty"`
		Callback json.RawMessage `json:"callbackContext,omitempty"`
		Delay    float64         `json:"callbackDelaySeconds,omitempty"`
	}{Status: a.Status, Code: a.ErrorCode, Message: a.Message, Next: a.NextToken, Callback: a.Callback, Delay: a.Delay.Seconds()}
	if a.Model != nil {
		event.Model = schema.Encode(a.Model)
	}
	if a.Models != nil {
		event.Models = schema.Encode(a.Models)
	}
	return json.Marshal(event)
}
