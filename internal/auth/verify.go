package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultSkew is how far the date of a request may be from our clock, either way.
const DefaultSkew = 15 * time.Minute

// Verifier checks Signature Version 4 in the Authorization header. Set the fields before first use and
// leave them: derived signing keys are cached. It is safe for concurrent use and must not be copied.
type Verifier struct {
	Keys *Keys
	Skew time.Duration // 0 means [DefaultSkew]

	derived signingKeys
}

// Verify checks the signature of r with the given body, already read, at time now and tells who called.
// The credential must be scoped to one of the services; with none given every call is refused.
//
// Every error is an [*Error]. They are looked for in this order: authentication absent, malformed, scope
// malformed, key unknown, wrong service, time, headers left unsigned, payload hash, signature.
// Temporary keys, presigned requests, unsigned and streaming payloads are not supported and refused.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time, services ...string) (Identity, error) {
	a, err := readAuthorization(r.Header)
	if err != nil {
		if err == errMissingToken && isPresigned(r) {
			err = incomplete("Presigned requests are not supported: sign with an Authorization header.")
		}
		return Identity{}, err
	}
	key, ok := v.Keys.Lookup(a.keyID)
	if !ok || r.Header["X-Amz-Security-Token"] != nil { // the keys here have no sessions
		return Identity{}, errUnknownKey
	}
	if !slices.Contains(services, a.scope.service) {
		return Identity{}, wrongService(services)
	}
	if err := v.checkTime(a, now); err != nil {
		return Identity{}, err
	}

	s := scratches.Get().(*scratch)
	defer s.release()
	if !s.setNames(a.signedHeaders) {
		return Identity{}, invalid("A header is named more than once in SignedHeaders.")
	}
	if err := checkSigned(r.Header, s); err != nil {
		return Identity{}, err
	}
	payload := sha256.Sum256(body)
	if err := checkPayload(r.Header, &payload); err != nil {
		return Identity{}, err
	}
	if err := s.canonicalRequest(r, body, &payload); err != nil {
		return Identity{}, err
	}
	s.stringToSign(a.timestamp, a.scope)

	derived := v.derived.get(a.keyID, a.scope)
	fresh := derived == nil
	if fresh {
		derived = deriveSigningKey(key.SecretAccessKey, a.scope)
	}
	derived.sign(s)
	// Text is compared, not bytes: upper-case hexadecimal is no signature.
	if !hmac.Equal(s.hex[:], []byte(a.signature)) {
		return Identity{}, errSignature
	}
	if fresh {
		v.derived.put(a.keyID, a.scope, derived)
	}
	return Identity{
		Account: key.Account, Region: derived.region, Arn: key.Arn, UserID: key.UserID,
		AccessKeyID: key.AccessKeyID, Service: derived.service,
	}, nil
}

// checkTime compares whole seconds, as the date of a request has no smaller unit.
func (v *Verifier) checkTime(a authorization, now time.Time) error {
	skew := v.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	now = now.UTC().Truncate(time.Second)
	switch earliest, latest := now.Add(-skew), now.Add(skew); {
	case a.time.Before(earliest):
		return invalid("Signature expired: " + a.timestamp + " is now earlier than " + earliest.Format(isoBasic) +
			" (" + now.Format(isoBasic) + " - " + inMinutes(skew) + ")")
	case a.time.After(latest):
		return invalid("Signature not yet current: " + a.timestamp + " is still later than " + latest.Format(isoBasic) +
			" (" + now.Format(isoBasic) + " + " + inMinutes(skew) + ")")
	}
	return nil
}

func inMinutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return d.String()
	}
	return strconv.Itoa(int(d/time.Minute)) + " min."
}

// checkSigned requires a signature over the host and all headers that AWS gives a meaning to.
func checkSigned(h http.Header, s *scratch) error {
	if !s.signs("host") {
		return unsigned("host")
	}
	for name := range h {
		if hasAmzPrefix(name) && !s.signs(name) {
			return unsigned(strings.ToLower(name))
		}
	}
	return nil
}

func unsigned(name string) *Error {
	return invalid("The header '" + name + "' must be one of the SignedHeaders.")
}

func hasAmzPrefix(name string) bool {
	const prefix = "X-Amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// checkPayload compares the hash that some clients send along.
func checkPayload(h http.Header, payload *[sha256.Size]byte) error {
	sent := h["X-Amz-Content-Sha256"]
	if len(sent) == 0 {
		return nil
	}
	var want [2 * sha256.Size]byte
	hex.Encode(want[:], payload[:])
	switch {
	case len(sent) == 1 && sent[0] == string(want[:]):
		return nil
	case strings.HasPrefix(sent[0], "UNSIGNED-PAYLOAD"), strings.HasPrefix(sent[0], "STREAMING-"):
		return invalid("Unsigned and streaming payloads are not supported: 'x-amz-content-sha256' must be the SHA-256 of the body.")
	}
	return invalid("The 'x-amz-content-sha256' header does not match the SHA-256 of the body.")
}

func wrongService(services []string) *Error {
	want := ""
	if len(services) > 0 {
		want = services[0]
	}
	// AWS ends this text with a space.
	return invalid("Credential should be scoped to correct service: '" + want + "'. ")
}

func isPresigned(r *http.Request) bool {
	query := r.URL.Query()
	return query.Has("X-Amz-Signature") || query.Has("X-Amz-Credential") || query.Has("X-Amz-Algorithm")
}
