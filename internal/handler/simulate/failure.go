package simulate

import (
	"fmt"
	"strings"

	"example.org/groundcontrol/internal/handler"
)

func failed(code handler.Code, format string, args ...any) handler.Answer {
	return handler.Answer{Status: handler.Failed, ErrorCode: code, Message: fmt.Sprintf(format, args...)}
}

// texts are the default messages of the Java plug-in, by every code that a resource
// handler may answer with. The plug-in has none of its own for the last two, and leaves
// reasons to its callers.
var texts = map[handler.Code]string{
	handler.NotUpdatable:                 "{resource} is not updatable with parameters provided.",
	handler.InvalidRequest:               "Invalid request provided: a simulated failure",
	handler.AccessDenied:                 "Access denied for operation '{action}'.",
	handler.UnauthorizedTaggingOperation: "Unauthorized tagging operation",
	handler.InvalidCredentials:           "Invalid credentials provided.",
	handler.AlreadyExists:                "{resource} already exists.",
	handler.NotFound:                     "{resource} was not found.",
	handler.ResourceConflict:             "{resource} has a conflict. Reason: a simulated failure.",
	handler.Throttling:                   "Rate exceeded for operation '{action}'.",
	handler.ServiceLimitExceeded:         "Limit exceeded for resource of type '{type}'. Reason: a simulated failure",
	handler.NotStabilized:                "{resource} did not stabilize.",
	handler.GeneralServiceException:      "Error occurred during operation '{action}'.",
	handler.ServiceInternalError:         "Internal error reported from downstream service during operation '{action}'.",
	handler.NetworkFailure:               "Network failure occurred during operation '{action}'.",
	handler.InternalFailure:              "Internal error occurred.",
	handler.HandlerInternalFailure:       "Internal error occurred in the handler.",
	handler.InvalidTypeConfiguration:     "Invalid type configuration provided.",
}

// failure answers with the code's default message. identifier may be "", for unknown.
func failure(code handler.Code, c handler.Call, identifier string) handler.Answer {
	resource := "Resource of type '" + c.TypeName + "'"
	if identifier != "" {
		resource += " with identifier '" + identifier + "'"
	}
	fill := strings.NewReplacer("{resource}", resource, "{type}", c.TypeName, "{action}", string(c.Action))
	return failed(code, "%s", fill.Replace(texts[code]))
}

func badDesired(err error) handler.Answer {
	return failed(handler.InvalidRequest, "Invalid request provided: desired state: %v", err)
}
