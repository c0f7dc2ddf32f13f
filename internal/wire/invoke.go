package wire

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
)

const (
	invoke = "Invoke"

	functionsPath = "/2015-03-31/functions/"
	invocations   = "/invocations"

	// maxPayload is AWS Lambda's limit.
	maxPayload = 6 << 20
	// maxLogResult is how many bytes of output Lambda answers with.
	maxLogResult = 4 << 10
	// forwarded is a header of the calls of our own Invoke runtime.
	forwarded = "Groundcontrol-Forwarded"
)

var lambdaServices = []string{"lambda"}

// lambdaErrors is how Lambda's API answers errors; a name that is not in it becomes serviceError.
var lambdaErrors = map[string]int{
	"ResourceNotFoundException":      http.StatusNotFound,
	"InvalidParameterValueException": http.StatusBadRequest,
	"InvalidRequestContentException": http.StatusBadRequest,
	"ValidationException":            http.StatusBadRequest,
	"TooManyRequestsException":       http.StatusTooManyRequests,
	"RequestEntityTooLargeException": http.StatusRequestEntityTooLarge,
	"RequestTimeoutException":        http.StatusRequestTimeout,
	"SerializationException":         http.StatusBadRequest, // chunks that are none
	serviceError:                     http.StatusBadGateway,
	auth.CodeMissingToken:            http.StatusForbidden,
	auth.CodeIncompleteSignature:     http.StatusForbidden,
	auth.CodeUnrecognizedClient:      http.StatusForbidden,
	auth.CodeInvalidSignature:        http.StatusForbidden,
}

// serviceError is a function that could not be called, and with status 500 a fault of ours.
const serviceError = "ServiceException"

var (
	errPayload   = &control.Error{Name: "RequestEntityTooLargeException", Text: "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}
	errRate      = &control.Error{Name: "TooManyRequestsException", Text: "Rate Exceeded."}
	errEvent     = &control.Error{Name: "InvalidParameterValueException", Text: "X-Amz-Invocation-Type must be RequestResponse or DryRun: functions are not called asynchronously here"}
	errNotObject = &control.Error{Name: "InvalidRequestContentException", Text: "Could not parse request body into json"}
	errRegion    = &control.Error{Name: "InvalidParameterValueException", Text: "The region of the payload is none: 1 to 32 lower-case letters, digits and dashes"}
	errOrigin    = &control.Error{Name: auth.CodeMissingToken, Text: "Calls of pages in a browser must be signed"}
)

// functionOf is the name of the function that r invokes, if it does that.
func functionOf(r *http.Request) (name string, ok bool) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, functionsPath) {
		return "", false
	}
	name, ok = strings.CutSuffix(strings.TrimPrefix(r.URL.EscapedPath(), functionsPath), invocations)
	if !ok || name == "" || strings.Contains(name, "/") {
		return "", false
	}
	name, err := url.PathUnescape(name)
	return name, err == nil
}

// serveInvoke answers Lambda's Invoke.
func (x *exchange) serveInvoke(w http.ResponseWriter, function string) {
	x.call.Operation = invoke
	got, err := x.invoke(w, function)
	if err != nil {
		x.answerLambda(w, err)
		return
	}
	h := w.Header()
	h.Set("X-Amz-Executed-Version", "$LATEST")
	if x.dryRun() {
		x.write(w, http.StatusNoContent, "application/json", nil)
		return
	}
	if got.Failed {
		h.Set("X-Amz-Function-Error", "Unhandled")
	}
	if x.r.Header.Get("X-Amz-Log-Type") == "Tail" {
		tail := got.Output[max(0, len(got.Output)-maxLogResult):]
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(tail)))
	}
	x.write(w, http.StatusOK, "application/json", got.Answer)
}

func (x *exchange) dryRun() bool { return x.r.Header.Get("X-Amz-Invocation-Type") == "DryRun" }

func (x *exchange) invoke(w http.ResponseWriter, function string) (control.Invoked, error) {
	if err := x.readBody(w, maxPayload); errors.Is(err, errTooLarge) {
		return control.Invoked{}, errPayload
	} else if err != nil {
		return control.Invoked{}, err
	}
	caller, err := x.lambdaCaller()
	if err != nil {
		return control.Invoked{}, err
	}
	if !x.h.allow(caller.Account, invoke) {
		return control.Invoked{}, errRate
	}
	in := control.InvokeInput{
		Function: function, Qualifier: x.r.URL.Query().Get("Qualifier"), DryRun: x.dryRun(),
		Forwarded: x.r.Header.Get(forwarded) != "",
		Payload:   bytes.Clone(x.body), // whoever sends it on may read it for longer than we wait
	}
	switch kind := x.r.Header.Get("X-Amz-Invocation-Type"); {
	case kind != "" && kind != "RequestResponse" && !in.DryRun:
		return control.Invoked{}, errEvent
	case len(in.Payload) == 0:
		in.Payload = []byte("{}") // as Lambda has it
	case !json.Valid(in.Payload):
		return control.Invoked{}, errNotObject
	}
	return x.h.control.Invoke(x.r.Context(), caller, in)
}

// lambdaCaller authenticates the caller of a function. Test tools do not sign their calls, or with
// keys that nobody knows; where that is allowed, the payload says which region is meant.
func (x *exchange) lambdaCaller() (control.Caller, error) {
	caller, id, err := x.caller(lambdaServices)
	if refusal, ok := errors.AsType[*auth.Error](err); ok &&
		(refusal.Code == auth.CodeMissingToken || refusal.Code == auth.CodeUnrecognizedClient) {
		if x.h.unsigned == nil {
			return caller, &auth.Error{Code: refusal.Code, Text: refusal.Text + " (calls that are not signed with a key of this server are taken if it is started with --invoke-unsigned)"}
		}
		id, err = x.h.unsigned(x.r), nil
	}
	if err != nil {
		return caller, err
	}
	if id.AccessKeyID == "" { // nobody has verified a region
		if x.r.Header.Get("Origin") != "" {
			return caller, errOrigin
		}
		var payload struct {
			Region string `json:"region"`
		}
		_ = json.Unmarshal(x.body, &payload) // what is no object is not for us to judge
		if payload.Region != "" && !auth.IsRegion(payload.Region) {
			return caller, errRegion
		}
		id.Region = cmp.Or(payload.Region, id.Region)
	}
	x.call.Account, x.call.Region = id.Account, id.Region
	return control.Caller{Account: id.Account, Region: id.Region, Arn: id.Arn}, nil
}

// answerLambda sends err as Lambda does.
func (x *exchange) answerLambda(w http.ResponseWriter, err error) {
	name, text := "", ""
	if refusal, ok := errors.AsType[*control.Error](err); ok {
		name, text = refusal.Name, refusal.Text
	} else if refusal, ok := errors.AsType[*auth.Error](err); ok {
		name, text = refusal.Code, refusal.Text
	}
	status, known := lambdaErrors[name]
	kind := "User"
	switch {
	case known && name == serviceError:
		kind = "Service"
	case known:
	case x.r.Context().Err() != nil || errors.Is(err, errAborted):
		name, text, status = aborted, "", statusAborted
	default:
		name, kind, text, status = serviceError, "Service", x.fault(err), http.StatusInternalServerError
	}
	x.call.Error = name
	w.Header()["x-amzn-ErrorType"] = []string{name}
	x.write(w, status, "application/json", appendJSON(x.out[:0], struct{ Type, Message string }{kind, cut(text)}))
}
