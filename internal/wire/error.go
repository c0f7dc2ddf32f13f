package wire

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
)

// exception is how an error looks on the wire.
type exception struct {
	namespace string // before the # of __type
	member    string // that holds the text
	status    int
}

// The families of errors. AWS answers 400 to every client fault, whatever its model says.
var (
	modelled   = exception{"com.amazon.cloudapiservice", "Message", 400}
	serverSide = exception{"com.amazon.cloudapiservice", "Message", 502}
	framework  = exception{"com.amazon.coral.service", "message", 400}
)

// internalError is the name of our own faults, with status 500 instead of the 502 that it
// has where a handler answered it.
const internalError = "ServiceInternalErrorException"

// exceptions is the one table of errors that clients see. A name that is not in it becomes
// internalError.
var exceptions = map[string]exception{
	"AlreadyExistsException":          modelled,
	"ClientTokenConflictException":    modelled,
	"ConcurrentOperationException":    modelled,
	"GeneralServiceException":         modelled,
	"InvalidCredentialsException":     modelled,
	"InvalidRequestException":         modelled,
	"NotStabilizedException":          modelled,
	"NotUpdatableException":           modelled,
	"PrivateTypeException":            modelled,
	"RequestTokenNotFoundException":   modelled,
	"ResourceConflictException":       modelled,
	"ResourceNotFoundException":       modelled,
	"ServiceLimitExceededException":   modelled,
	"TypeNotFoundException":           modelled,
	"UnsupportedActionException":      modelled,
	"HandlerFailureException":         serverSide,
	"HandlerInternalFailureException": serverSide,
	"NetworkFailureException":         serverSide,
	internalError:                     serverSide,

	"ConcurrentModificationException": {"com.amazon.cloudapiservice", "Message", 500},
	"ValidationException":             {"com.amazon.coral.validate", "message", 400},
	"ThrottlingException":             {"com.amazon.coral.availability", "message", 400},
	"AccessDeniedException":           {"com.amazon.coral.service", "Message", 400},

	"SerializationException":         framework,
	"UnknownOperationException":      framework,
	auth.CodeMissingToken:            framework,
	auth.CodeIncompleteSignature:     framework,
	auth.CodeUnrecognizedClient:      framework,
	auth.CodeInvalidSignature:        framework,
	"ExpiredTokenException":          framework,
	"RequestTimeoutException":        framework, // SDKs try again on this name
	"RequestEntityTooLargeException": framework,
	"ServiceUnavailableException":    {"com.amazon.coral.service", "message", http.StatusServiceUnavailable},
}

// aborted is the name, in logs only, of a call whose client left before the answer.
const aborted = "Aborted"

// statusAborted is what some servers log for it. No client sees it.
const statusAborted = 499

// Errors lists, sorted, every name that [Call].Error can hold, so that a metric can have
// it as a label.
func Errors() []string {
	names := slices.AppendSeq([]string{aborted, "InvalidAction"}, maps.Keys(exceptions))
	for _, e := range queryErrors {
		names = append(names, e.code)
	}
	names = slices.AppendSeq(names, maps.Keys(lambdaErrors))
	slices.Sort(names)
	return slices.Compact(names)
}

// What this package refuses itself.
var (
	// AWS gives no text in these two.
	errNotJSON       = &control.Error{Name: "SerializationException"}
	errUnknownTarget = &control.Error{Name: "UnknownOperationException"}

	errTooDeep     = &control.Error{Name: "SerializationException", Text: "The request body is nested too deeply."}
	errNoOperation = &control.Error{Name: "UnknownOperationException", Text: "The request names no operation. " +
		"It must be a POST to the path / with an X-Amz-Target header, or carry an Action."}
	errContentType = &control.Error{Name: "UnknownOperationException", Text: "The Content-Type is not that of a JSON call: send application/x-amz-json-1.0."}
	errThrottled   = &control.Error{Name: "ThrottlingException", Text: "Rate exceeded"}
	errTooLarge    = &control.Error{Name: "RequestEntityTooLargeException", Text: "The request body is longer than 4 MiB."}
	errTooSlow     = &control.Error{Name: "RequestTimeoutException", Text: "The request body did not arrive in time."}
)

// answerJSON sends x.out, or err in its place.
func (x *exchange) answerJSON(w http.ResponseWriter, err error) {
	if err == nil {
		x.write(w, http.StatusOK, jsonType, x.out)
		return
	}
	name, text, status := x.seen(err)
	x.writeError(w, name, text, status)
}

// seen is what the client sees of err.
func (x *exchange) seen(err error) (name, text string, status int) {
	if refusal, ok := errors.AsType[*control.Error](err); ok {
		if e, known := exceptions[refusal.Name]; known {
			return refusal.Name, refusal.Text, e.status
		}
	}
	if refusal, ok := errors.AsType[*auth.Error](err); ok {
		if e, known := exceptions[refusal.Code]; known {
			return refusal.Code, refusal.Text, e.status
		}
	}
	if x.r.Context().Err() != nil || errors.Is(err, errAborted) {
		return aborted, "", statusAborted
	}
	return internalError, x.fault(err), http.StatusInternalServerError
}

func (x *exchange) writeError(w http.ResponseWriter, name, text string, status int) {
	x.call.Error = name
	w.Header()["x-amzn-ErrorType"] = []string{name}
	x.write(w, status, jsonType, appendError(x.out[:0], name, text))
}

// cut bounds a text to what AWS's model allows an error message: 2,048 characters.
func cut(text string) string {
	const most = 2048
	if len(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n == most-1 {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

func appendError(b []byte, name, text string) []byte {
	e, ok := exceptions[name]
	if !ok {
		e = framework
	}
	b = append(b, `{"__type":"`...)
	b = append(b, e.namespace...)
	b = append(b, '#')
	b = append(b, name...)
	b = append(b, '"')
	if text != "" {
		b = append(b, ',', '"')
		b = append(b, e.member...)
		b = append(b, '"', ':')
		b = appendString(b, cut(text))
	}
	return append(b, '}')
}

// Fault answers for a call that ended in a panic: internalError with status 500 and a text
// that holds the request id only. A call that was answered before gets no second answer;
// Fault then returns false, and the connection must be cut, for nobody knows how much of the
// first one is out.
func Fault(w http.ResponseWriter, call *Call) bool {
	call.Error = internalError
	if call.Status != 0 {
		return false
	}
	if call.RequestID == "" {
		call.RequestID = newRequestID()
	}
	w.Header()["x-amzn-ErrorType"] = []string{internalError}
	write(w, call, http.StatusInternalServerError, jsonType, appendError(nil, internalError, faultText(call.RequestID)))
	return true
}
