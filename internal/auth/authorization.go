package auth

import (
	"net/http"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	isoBasic   = "20060102T150405Z"
)

// scope is a credential scope without its terminator.
type scope struct{ date, region, service string }

// authorization is what a request says about its signature. Nothing in it is verified.
type authorization struct {
	keyID         string
	scope         scope
	signedHeaders string
	signature     string
	timestamp     string // ISO 8601 basic format, as it was signed
	time          time.Time
}

// readAuthorization reads the Authorization and date headers. Its errors are in the order in which
// clients should hear of them: absent, parts missing, date, scope.
func readAuthorization(h http.Header) (authorization, error) {
	var a authorization
	values := h["Authorization"]
	if len(values) == 0 || values[0] == "" {
		return a, errMissingToken
	}
	if len(values) > 1 {
		return a, incomplete("The Authorization header was sent more than once.")
	}
	name, rest, _ := strings.Cut(values[0], " ")
	if name != algorithm {
		return a, incomplete("The Authorization header must start with '" + algorithm + "'; other ways to sign are not supported.")
	}
	credential, err := a.readParts(rest)
	if err != nil {
		return a, err
	}
	dates := h["X-Amz-Date"]
	if len(dates) == 0 {
		dates = h["Date"]
	}
	if text := missingParts(credential, a.signature, a.signedHeaders, len(dates) > 0); text != "" {
		return a, incomplete(text)
	}
	if err := a.readDate(dates); err != nil {
		return a, err
	}
	return a, a.readCredential(credential)
}

// readParts reads `Credential=…, SignedHeaders=…, Signature=…` in any order and returns the credential.
func (a *authorization) readParts(list string) (credential string, err error) {
	for more := list != ""; more; {
		var part string
		part, list, more = strings.Cut(list, ",")
		name, value, ok := strings.Cut(strings.Trim(part, " "), "=")
		if !ok {
			return "", incomplete("The Authorization header has a part that is not 'name=value'.")
		}
		var into *string
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &a.signedHeaders
		case "Signature":
			into = &a.signature
		default:
			continue
		}
		if *into != "" {
			return "", incomplete("The Authorization header has more than one '" + name + "'.")
		}
		*into = value
	}
	return credential, nil
}

// missingParts names all that is missing at once, in the order AWS does.
func missingParts(credential, signature, signedHeaders string, dated bool) string {
	var missing []string
	if credential == "" {
		missing = append(missing, "Authorization header requires 'Credential' parameter.")
	}
	if signature == "" {
		missing = append(missing, "Authorization header requires 'Signature' parameter.")
	}
	if signedHeaders == "" {
		missing = append(missing, "Authorization header requires 'SignedHeaders' parameter.")
	}
	if !dated {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	return strings.Join(missing, " ")
}

// readDate takes the ISO form, which clients send as X-Amz-Date, or the HTTP form of a plain Date header.
func (a *authorization) readDate(values []string) error {
	if len(values) == 1 {
		if t, err := time.Parse(isoBasic, values[0]); err == nil && len(values[0]) == len(isoBasic) {
			a.time, a.timestamp = t, values[0]
			return nil
		}
		if t, err := http.ParseTime(values[0]); err == nil {
			a.time, a.timestamp = t, t.UTC().Format(isoBasic)
			return nil
		}
	}
	return incomplete("The date of the request must be one value such as '" + isoBasic + "'.")
}

// readCredential reads `<key id>/<date>/<region>/<service>/aws4_request`.
func (a *authorization) readCredential(credential string) error {
	var last string
	a.keyID, a.scope, last = splitCredential(credential)
	switch {
	case last == "" || strings.Contains(last, "/"):
		return incomplete("Credential must have five parts: 'key id/date/region/service/" + terminator + "'.")
	case last != terminator:
		return invalid("Credential should be scoped with a valid terminator: '" + terminator + "'.")
	case a.scope.date != a.timestamp[:8]:
		return invalid("Credential should be scoped to the date of the request: '" + a.timestamp[:8] + "'.")
	case !isRegion(a.scope.region):
		return invalid("Credential should be scoped to a region: 1 to 32 lower-case letters, digits and dashes.")
	}
	return nil
}

// splitCredential returns an empty last part where there are fewer than five, and one with a slash where
// there are more.
func splitCredential(credential string) (keyID string, s scope, last string) {
	keyID, rest, _ := strings.Cut(credential, "/")
	s.date, rest, _ = strings.Cut(rest, "/")
	s.region, rest, _ = strings.Cut(rest, "/")
	s.service, last, _ = strings.Cut(rest, "/")
	return keyID, s, last
}

// IsRegion tells whether s can be the region of an [Identity].
func IsRegion(s string) bool { return isRegion(s) }

func isRegion(s string) bool {
	if len(s) < 1 || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
