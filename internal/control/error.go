package control

import (
	"fmt"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Error is a refusal that clients see: the name of the exception and its text, both
// AWS's own where AWS's are known. Any other error of this package is a fault of
// ours: the text stays in the log.
type Error struct {
	Name string // such as "ResourceNotFoundException"
	Text string
}

func (e *Error) Error() string { return e.Name + ": " + e.Text }

// The exceptions that more than one place raises.
const (
	validation = "ValidationException"
	throttling = "ThrottlingException"
)

func refuse(name, format string, args ...any) *Error {
	return &Error{Name: name, Text: fmt.Sprintf(format, args...)}
}

// fromSchema gives an error of package schema the exception of its kind.
func fromSchema(e *schema.Error) *Error {
	switch e.Kind {
	case schema.NotUpdatable:
		return &Error{Name: "NotUpdatableException", Text: e.Text}
	case schema.InvalidRequest:
		return &Error{Name: "InvalidRequestException", Text: e.Text}
	}
	return &Error{Name: validation, Text: e.Text}
}

// fromHandler is the exception for a read or list handler that answered FAILED.
func fromHandler(typeName string, a handler.Answer, token string) *Error {
	message := a.Message
	if message == "" {
		message = "null" // as AWS prints it
	}
	return refuse(exceptionOf(a.ErrorCode), "%s Handler returned status FAILED: %s (HandlerErrorCode: %s, RequestToken: %s)",
		typeName, message, a.ErrorCode, token)
}

func exceptionOf(c handler.Code) string {
	switch c {
	case handler.NotFound:
		return "ResourceNotFoundException"
	case handler.AccessDenied, handler.UnauthorizedTaggingOperation:
		return "AccessDeniedException"
	case handler.GeneralServiceException:
		return "GeneralServiceException"
	case handler.InternalFailure, handler.HandlerInternalFailure:
		return "HandlerInternalFailureException"
	case handler.InvalidRequest, handler.InvalidTypeConfiguration:
		return "InvalidRequestException"
	case handler.Throttling:
		return throttling
	case handler.AlreadyExists, handler.NotUpdatable, handler.InvalidCredentials, handler.ResourceConflict,
		handler.ServiceLimitExceeded, handler.NotStabilized, handler.ServiceInternalError, handler.NetworkFailure:
		return string(c) + "Exception"
	}
	return "PrivateTypeException"
}
