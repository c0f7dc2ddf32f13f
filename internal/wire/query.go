package wire

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
)

const (
	getCallerIdentity = "GetCallerIdentity"

	stsVersion            = "2011-06-15"
	stsNamespace          = "https://sts.amazonaws.com/doc/2011-06-15/"
	cloudFormationVersion = "2010-05-15"
	cloudFormationSpace   = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
)

var stsServices = []string{"sts"}

// query is a call of the query protocol: what decides who is to answer it.
type query struct{ action, version string }

// readQuery looks for the action in a POST's form body first, then in the query string.
func (x *exchange) readQuery() query {
	var q query
	if x.r.Method == http.MethodPost {
		q.read(string(x.body))
	}
	q.read(x.r.URL.RawQuery)
	return q
}

// read takes from a form what q does not have yet. A pair that cannot be decoded counts as
// absent. It makes no map: a body can hold a million pairs.
func (q *query) read(form string) {
	for more := form != ""; more; {
		var pair string
		pair, form, more = strings.Cut(form, "&")
		if len(pair) > 1024 || strings.Contains(pair, ";") {
			continue // longer than any of ours; a semicolon once separated pairs
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil || key != "Action" && key != "Version" {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil {
			continue
		}
		if into := q.member(key); *into == "" {
			*into = value
		}
	}
}

func (q *query) member(key string) *string {
	if key == "Action" {
		return &q.action
	}
	return &q.version
}

// queryError is an error as the query protocol has it.
type queryError struct {
	code   string
	status int
}

// queryErrors are the errors that clients of the query protocol see, by our own names. Unlike
// Cloud Control, STS and CloudFormation answer 403 to a caller they do not know, and 404 where
// a type is not there.
var queryErrors = map[string]queryError{
	auth.CodeMissingToken:        {"MissingAuthenticationToken", http.StatusForbidden},
	auth.CodeIncompleteSignature: {"IncompleteSignature", http.StatusBadRequest},
	auth.CodeUnrecognizedClient:  {"InvalidClientTokenId", http.StatusForbidden},
	auth.CodeInvalidSignature:    {"SignatureDoesNotMatch", http.StatusForbidden},
	internalError:                {"InternalFailure", http.StatusInternalServerError},
	invalidAction:                {invalidAction, http.StatusBadRequest},
	"MalformedQueryString":       {"MalformedQueryString", http.StatusBadRequest},
	"ValidationException":        {"ValidationError", http.StatusBadRequest},
	"ThrottlingException":        {"Throttling", http.StatusBadRequest},
	"CFNRegistryException":       {"CFNRegistryException", http.StatusBadRequest},
	"TypeNotFoundException":      {"TypeNotFoundException", http.StatusNotFound},

	"TypeConfigurationNotFoundException": {"TypeConfigurationNotFoundException", http.StatusNotFound},
}

const invalidAction = "InvalidAction"

func (x *exchange) serveQuery(w http.ResponseWriter, q query) {
	switch {
	case q.version == cloudFormationVersion:
		x.answerXML(w, cloudFormationSpace, x.serveCloudFormation(q))
	case q.action == getSessionToken && q.version == stsVersion:
		x.call.Operation = getSessionToken
		x.answerXML(w, stsNamespace, x.getSession())
	case q.action != getCallerIdentity || q.version != stsVersion:
		x.answerXML(w, stsNamespace, &control.Error{
			Name: invalidAction,
			Text: "Could not find operation " + q.action + " for version " + q.version,
		})
	default:
		x.call.Operation = getCallerIdentity
		x.answerXML(w, stsNamespace, x.getCallerIdentity())
	}
}

func (x *exchange) getCallerIdentity() error {
	_, id, err := x.caller(stsServices)
	if err != nil {
		return err
	}
	b := append(x.out, `<GetCallerIdentityResponse xmlns="`+stsNamespace+`"><GetCallerIdentityResult>`...)
	b = appendElement(b, "Arn", id.Arn)
	b = appendElement(b, "UserId", id.UserID)
	b = appendElement(b, "Account", id.Account)
	b = append(b, `</GetCallerIdentityResult><ResponseMetadata>`...)
	b = appendElement(b, "RequestId", x.call.RequestID)
	x.out = append(b, `</ResponseMetadata></GetCallerIdentityResponse>`...)
	return nil
}

// answerXML sends x.out, or err in its place.
func (x *exchange) answerXML(w http.ResponseWriter, namespace string, err error) {
	if err == nil {
		x.write(w, http.StatusOK, "text/xml", x.out)
		return
	}
	e, text := x.seenInXML(err)
	x.call.Error = e.code
	sender := "Sender"
	if e.status >= 500 {
		sender = "Receiver"
	}
	b := append(x.out[:0], `<ErrorResponse xmlns="`+namespace+`"><Error>`...)
	b = appendElement(b, "Type", sender)
	b = appendElement(b, "Code", e.code)
	b = appendElement(b, "Message", text)
	b = append(b, `</Error>`...)
	b = appendElement(b, "RequestId", x.call.RequestID)
	x.write(w, e.status, "text/xml", append(b, `</ErrorResponse>`...))
}

func (x *exchange) seenInXML(err error) (queryError, string) {
	name, text := "", ""
	if refusal, ok := errors.AsType[*control.Error](err); ok {
		name, text = refusal.Name, refusal.Text
	} else if refusal, ok := errors.AsType[*auth.Error](err); ok {
		name, text = refusal.Code, refusal.Text
	}
	if e, ok := queryErrors[name]; ok {
		return e, text
	}
	if x.r.Context().Err() != nil {
		return queryError{aborted, statusAborted}, ""
	}
	return queryErrors[internalError], x.fault(err)
}

// appendElement appends an element that holds text. Characters that XML cannot hold become
// U+FFFD.
func appendElement(b []byte, name, text string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	b = append(b, '>')
	w := appender(b)
	_ = xml.EscapeText(&w, []byte(text)) // an appender cannot fail
	b = append(w, '<', '/')
	b = append(b, name...)
	return append(b, '>')
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
