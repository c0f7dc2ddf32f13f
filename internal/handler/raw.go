package handler

import (
	"context"
	"errors"
)

// Errors of a handler that is reached over a network, beside [ErrInvalidAnswer]. Settle makes the
// call again after both, with the same token.
var (
	// ErrUnreachable means that the handler was not asked: nothing of the call has left.
	ErrUnreachable = errors.New("handler: unreachable")
	// ErrLostOutcome means that the handler may have been asked, and what it said was lost.
	ErrLostOutcome = errors.New("handler: outcome lost")
	// ErrThrottled means that the handler was not asked, because it is asked too often.
	ErrThrottled = errors.New("handler: throttled")
	// ErrNoFunction means that there is no such function where the handler should be.
	ErrNoFunction = errors.New("handler: no such function")
)

// Target says whose handlers a raw call is for.
type Target struct{ Account, Region, TypeName, TypeVersion string }

// Raw is what came of a raw call.
type Raw struct {
	// Body is the answer as it came, or where Failed the function's report of its error: a JSON
	// object with errorType and errorMessage.
	Body   []byte
	Failed bool
	Output string // what the function printed, or the end of it; also beside an error
}

// RawInvoker is a Runtime that can also pass a payload to the handlers of a type and hand back what
// they answered, both untouched. Nothing is checked, coerced or written down.
type RawInvoker interface {
	// InvokeRaw makes one call within ctx. A function that failed is a Raw, not an error. Errors:
	// those of this package, the cause of ctx, and whatever kept the function from being called.
	InvokeRaw(ctx context.Context, t Target, payload []byte) (Raw, error)
}
