package provider

import (
	"context"
	"errors"

	"example.org/groundcontrol/internal/handler"
)

// Source gives what a call carries besides itself: fresh credentials for its role or account,
// and the configuration where the type declares one and one is set. A nil Source gives neither.
// Errors: [ErrNoCredentials]; others pass.
type Source func(ctx context.Context, c handler.Call) (Extra, error)

// For asks the source.
func (s Source) For(ctx context.Context, c handler.Call) (Extra, error) {
	if s == nil {
		return Extra{}, nil
	}
	return s(ctx, c)
}

// ErrNoCredentials means that there are none for the role that a call names. Its text says which.
var ErrNoCredentials = errors.New("there are no credentials")

// Refused is the answer to a call for which a [Source] has failed: the handler is not called.
// What did not work this once is worth another try.
func Refused(err error) handler.Answer {
	code := handler.ServiceInternalError
	if errors.Is(err, ErrNoCredentials) {
		code = handler.InvalidCredentials
	}
	return handler.Answer{Status: handler.Failed, ErrorCode: code, Message: err.Error()}
}
