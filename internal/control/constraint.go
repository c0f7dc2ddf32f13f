package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/groundcontrol/internal/operation"
)

// shape is what AWS's model says of one kind of string member. Lengths count
// Unicode code points.
type shape struct {
	min, max  int
	pattern   string // as AWS prints it; "" where anything goes
	match     func(string) bool
	sensitive bool // the value is never repeated in a message
}

var (
	typeName      = shape{min: 10, max: 196, pattern: `[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}`, match: isTypeName}
	typeVersionID = shape{min: 1, max: 128, pattern: `[A-Za-z0-9-]+`, match: only("-")}
	roleArn       = shape{min: 20, max: 2048, pattern: `arn:.+:iam::[0-9]{12}:role/.+`, match: isRoleArn}
	clientToken   = shape{min: 1, max: 128, pattern: `[-A-Za-z0-9+/=]+`, match: only("-+/=")}
	requestToken  = clientToken
	identifier    = shape{min: 1, max: 1024, pattern: `.+`, match: oneLine}
	nameable      = shape{min: 1, max: 1024} // what a call can name, in JSON form if need be
	document      = shape{min: 1, max: 262144, sensitive: true}
	nextToken     = shape{min: 1, max: 2048, pattern: `[-A-Za-z0-9+/=]+`, match: only("-+/=")}
	orphanToken   = shape{min: 1, max: 8192, pattern: `[-A-Za-z0-9+/=]+`, match: only("-+/=")}
	handlerToken  = shape{min: 1, max: 4096, pattern: `.+`, match: oneLine}
	reason        = shape{min: 1, max: operation.MaxReason, pattern: `[^\p{Cc}]*\S[^\p{Cc}]*`, match: isReason}
)

// constraints gathers what the members of one input break.
type constraints []string

// required checks a member that must be given and returns its value.
func (c *constraints) required(name string, v *string, s shape) string {
	if v == nil {
		*c = append(*c, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", name))
		return ""
	}
	return c.optional(name, v, s)
}

// optional checks a member that may be absent and returns its value, or "".
func (c *constraints) optional(name string, v *string, s shape) string {
	if v == nil {
		return ""
	}
	fail := func(constraint string) {
		if s.sensitive {
			c.fail(fmt.Sprintf("Value at '%s'", name), constraint)
			return
		}
		c.fail(fmt.Sprintf("Value '%s' at '%s'", shorten(*v), name), constraint)
	}
	n := len(*v)
	if n > s.max || n < s.min {
		n = utf8.RuneCountInString(*v) // bytes cannot be fewer than code points
	} else if n >= s.min && s.min > 1 {
		n = utf8.RuneCountInString(*v)
	}
	switch {
	case n > s.max:
		fail("Member must have length less than or equal to " + strconv.Itoa(s.max))
	case n < s.min:
		fail("Member must have length greater than or equal to " + strconv.Itoa(s.min))
	}
	if s.match != nil && !s.match(*v) {
		fail("Member must satisfy regular expression pattern: " + s.pattern)
	}
	return *v
}

// maxResults checks a page size and returns it, or def where it is absent.
func (c *constraints) maxResults(v *int, def int) int {
	switch {
	case v == nil:
		return def
	case *v < 1:
		c.fail(fmt.Sprintf("Value '%d' at 'maxResults'", *v), "Member must have value greater than or equal to 1")
	case *v > 100:
		c.fail(fmt.Sprintf("Value '%d' at 'maxResults'", *v), "Member must have value less than or equal to 100")
	}
	return *v
}

// enums checks a list of enum values and returns them typed, duplicates once.
func enums[T ~string](c *constraints, name string, values []string, set []T) []T {
	var all []T
	for _, v := range values {
		if !slices.Contains(set, T(v)) {
			names := make([]string, len(set))
			for i, s := range set {
				names[i] = string(s)
			}
			slices.Sort(names)
			c.fail(fmt.Sprintf("Value '[%s]' at '%s'", shorten(strings.Join(values, ", ")), name),
				"Member must satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(names, ", ")+"]]")
			return nil
		}
		if !slices.Contains(all, T(v)) {
			all = append(all, T(v))
		}
	}
	return all
}

func (c *constraints) fail(value, constraint string) {
	*c = append(*c, value+" failed to satisfy constraint: "+constraint)
}

// err is the exception for what was gathered, or nil.
func (c constraints) err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return &Error{Name: validation, Text: "1 validation error detected: " + c[0]}
	}
	return &Error{Name: validation, Text: fmt.Sprintf("%d validation errors detected: %s", len(c), strings.Join(c, "; "))}
}

// shorten keeps messages about very long values readable.
func shorten(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

func isTypeName(s string) bool {
	parts := 0
	for part := range strings.SplitSeq(s, "::") {
		if parts++; len(part) < 2 || len(part) > 64 || !isAlnum(part) {
			return false
		}
	}
	return parts == 3
}

func isAlnum(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// only matches one or more letters, digits, and the given characters.
func only(others string) func(string) bool {
	return func(s string) bool {
		for i := range len(s) {
			if !isAlnum(s[i:i+1]) && strings.IndexByte(others, s[i]) < 0 {
				return false
			}
		}
		return s != ""
	}
}

func isRoleArn(s string) bool {
	rest, ok := strings.CutPrefix(s, "arn:")
	partition, rest, found := strings.Cut(rest, ":iam::")
	account, role, slash := strings.Cut(rest, ":role/")
	if !ok || !found || !slash || partition == "" || role == "" || len(account) != 12 {
		return false
	}
	for i := range len(account) {
		if account[i] < '0' || account[i] > '9' {
			return false
		}
	}
	return true
}

// oneLine matches `.+` as Java does: no line terminators.
func oneLine(s string) bool { return s != "" && !strings.ContainsAny(s, "\n\r\u0085\u2028\u2029") }

// isReason matches one line that is not blank, and that a terminal can show.
func isReason(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

// filter checks the filter of ListResourceRequests.
func (c *constraints) filter(f *RequestStatusFilter) (ops []operation.Operation, statuses []operation.Status) {
	if f == nil {
		return nil, nil
	}
	ops = enums(c, "resourceRequestStatusFilter.operations", f.Operations, operation.Operations)
	statuses = enums(c, "resourceRequestStatusFilter.operationStatuses", f.OperationStatuses, operation.Statuses)
	return ops, statuses
}
