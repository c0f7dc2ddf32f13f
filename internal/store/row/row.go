// Package row is how the stores on SQL databases write requests into rows: the parts
// that SQLite and PostgreSQL have in common. Its encodings stand in databases; what
// is read once must be readable for ever.
package row

import (
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/operation"
)

// Scope is how account and region stand in a row: one text, so that indexes are short.
func Scope(account, region string) string { return account + "/" + region }

// SplitScope is the inverse of Scope.
func SplitScope(scope string) (account, region string) {
	account, region, _ = strings.Cut(scope, "/")
	return account, region
}

// Token returns the 16 bytes of a request token.
func Token(token string) ([16]byte, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return u, fmt.Errorf("store: %q is no request token", token)
	}
	return u, nil
}

// Nanos is t in nanoseconds since 1970, 0 for the zero time.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Instant is the inverse of Nanos, in UTC.
func Instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
