package simulate

import (
	"fmt"
	"strings"
	"time"
)

// Rule says how long an action takes on a type: a [Behaviour] that has only a duration,
// for types that no [Profile] speaks of. Read and list cannot take time: the handler
// contract has them answer at once.
type Rule struct {
	Type     string // type name, or "*" for every type
	Action   string // "create", "update" or "delete", or "*" for these three
	Duration time.Duration
}

// ParseRule reads a rule such as "AWS::S3::Bucket=create:2s" or "*=*:500ms". The
// error says what is wrong and shows a right example.
func ParseRule(s string) (Rule, error) {
	bad := func(format string, args ...any) (Rule, error) {
		return Rule{}, fmt.Errorf("rule %q: %s; write it like AWS::S3::Bucket=create:2s or *=*:500ms",
			s, fmt.Sprintf(format, args...))
	}
	name, rest, ok := strings.Cut(s, "=")
	if !ok {
		return bad("there is no = after the type")
	}
	action, length, ok := strings.Cut(rest, ":")
	if !ok {
		return bad("there is no : after the operation")
	}
	if name != "*" && !isTypeName(name) {
		return bad("%q is no type name, nor *", name)
	}
	switch action {
	case "create", "update", "delete", "*":
	case "read", "list":
		return bad("%s cannot take time, only create, update and delete can", action)
	default:
		return bad("%q is no operation: create, update, delete or *", action)
	}
	d, err := time.ParseDuration(length)
	if err != nil {
		return bad("%q is no length of time", length)
	}
	if m, wrong := (Behaviour{Duration: Duration(d)}).check(action); wrong {
		return bad("%s", m.reason)
	}
	return Rule{Type: name, Action: action, Duration: d}, nil
}

// isTypeName reports whether s has three parts of letters and digits, 2 to 64 each.
func isTypeName(s string) bool {
	parts := strings.Split(s, "::")
	for _, p := range parts {
		plain := strings.IndexFunc(p, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}) < 0
		if !plain || len(p) < 2 || len(p) > 64 {
			return false
		}
	}
	return len(parts) == 3
}

// String returns the rule as ParseRule reads it.
func (r Rule) String() string { return fmt.Sprintf("%s=%s:%s", r.Type, r.Action, r.Duration) }

func (r Rule) matches(typeName, action string) bool {
	return (r.Type == "*" || r.Type == typeName) && (r.Action == "*" || r.Action == action)
}
