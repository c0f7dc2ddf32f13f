package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/lambda"
)

var _ handler.RawInvoker = (*Runtime)(nil)

// InvokeRaw makes one call; see handler.RawInvoker.
func (r *Runtime) InvokeRaw(ctx context.Context, t handler.Target, payload []byte) (handler.Raw, error) {
	f, err := r.function(ctx, t)
	if err != nil {
		return handler.Raw{}, err
	}
	result, err := r.Pool.Invoke(ctx, f, payload)
	raw := handler.Raw{Body: result.Body, Output: result.Output}
	if err == nil {
		return raw, nil
	}
	if failure, ok := errors.AsType[*lambda.FunctionError](err); ok {
		raw.Failed = true
		if !json.Valid(raw.Body) {
			raw.Body = reportOf(failure)
		}
		return raw, nil
	}
	if errors.Is(err, lambda.ErrTimeout) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return raw, fmt.Errorf("child: %w", err)
}

// reportOf is what a function reports that can do so itself.
func reportOf(e *lambda.FunctionError) []byte {
	text, _ := json.Marshal(struct { // strings can always be encoded
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{e.Message, e.Type})
	return text
}
