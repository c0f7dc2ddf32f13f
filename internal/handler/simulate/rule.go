package simulate

import (
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Rule says how long an action takes on a type. Read and list cannot take time: the
// handler contract has them answer at once.
type Rule struct {
	Type     string // type name, or "*" for every type
	Action   string // "create", "update" or "delete", or "*" for these three
	Duration time.Duration
}

// maxDuration is the longest that a handler may take by the schema language: 36 hours.
const maxDuration = 36 * time.Hour

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
	if d < 0 || d > maxDuration {
		return bad("%s is not between 0s and %s", length, maxDuration)
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

var ruleNames = map[schema.Action]string{schema.Create: "create", schema.Update: "update", schema.Delete: "delete"}

// wait returns how long the call takes before it is done: nothing where it is the
// second call, which comes after that time.
func (r *Runtime) wait(c handler.Call) time.Duration {
	if len(c.Callback) > 0 {
		return 0
	}
	action := ruleNames[c.Action]
	for i := len(r.Rules) - 1; i >= 0; i-- {
		if r.Rules[i].matches(c.TypeName, action) {
			return r.Rules[i].Duration
		}
	}
	return 0
}
