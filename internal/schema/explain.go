package schema

import (
	"fmt"
	"slices"
	"strings"
)

// keywordTime marks a pattern that could not be decided in time. JSON Schema has no such keyword.
const keywordTime = "matchTimeout"

// explainer walks schema and instance as AWS's validator does and finds every failure in its order, texts unscrubbed. A
// model without a failure is valid: where AWS's validator differs from the letter of draft-07 (integers go by their text),
// it decides. Tests hold the walk against a JSON Schema library.
type explainer struct {
	path []string
	slow *failure // the first pattern that took too long; nothing after it counts
}

// explain returns nil where v is valid.
func explain(n *node, v any) *failure {
	var e explainer
	f := e.node(n, v)
	if e.slow != nil {
		return e.slow
	}
	return f
}

func (e *explainer) fail(v any, keyword, format string, args ...any) *failure {
	return &failure{keyword: keyword, text: fmt.Sprintf(format, args...), path: slices.Clone(e.path), value: v}
}

// at runs a schema on a member or an element.
func (e *explainer) at(segment string, n *node, v any) *failure {
	e.path = append(e.path, segment)
	f := e.node(n, v)
	e.path = e.path[:len(e.path)-1]
	return f
}

// match is p.match, noting a pattern that took too long. After that all patterns fit, so that the walk ends soon.
func (e *explainer) match(p *pattern, s string) bool {
	if e.slow != nil {
		return true
	}
	ok, err := p.match(s)
	if err != nil {
		e.slow = e.fail(s, keywordTime, "could not be checked against its pattern in time")
		return true
	}
	return ok
}

// A check is one of the schemas that AWS's validator makes out of a schema node.
type check func(e *explainer, v any) *failure

func (e *explainer) node(n *node, v any) *failure {
	switch {
	case n == nil:
		return nil
	case n.never:
		return e.fail(v, "false", "false schema always fails")
	case n.isRef:
		return e.node(n.ref, v)
	}
	switch len(n.checks) {
	case 0:
		return nil
	case 1:
		return n.checks[0](e, v)
	}
	return e.combine("allOf", n.checks, v)
}

// split makes the checks of a node. Two or more are an allOf that nobody wrote. The combined ones come first, as in AWS's
// validator; within the rest AWS's order is that of a hash, ours is fixed.
func (n *node) split() []check {
	var list []check
	for _, c := range []struct {
		keyword string
		nodes   []*node
	}{{"allOf", n.allOf}, {"anyOf", n.anyOf}, {"oneOf", n.oneOf}} {
		if c.nodes != nil {
			each := written(c.nodes)
			list = append(list, func(e *explainer, v any) *failure { return e.combine(c.keyword, each, v) })
		}
	}
	if n.typeList {
		var types []check
		for _, t := range n.types {
			types = append(types, func(e *explainer, v any) *failure { return e.typed(n, t, true, v) })
		}
		list = append(list, func(e *explainer, v any) *failure { return e.combine("anyOf", types, v) })
	}
	if n.hasEnum {
		list = append(list, func(e *explainer, v any) *failure {
			if slices.ContainsFunc(n.enum, func(allowed any) bool { return Equal(allowed, v) }) {
				return nil
			}
			return e.fail(v, "enum", "%s is not a valid enum value", valueText(v))
		})
	}
	if n.not != nil {
		list = append(list, func(e *explainer, v any) *failure {
			if e.node(n.not, v) != nil {
				return nil
			}
			return e.fail(v, "not", "subject must not be valid against schema %s", n.notText)
		})
	}
	if n.hasConst {
		list = append(list, func(e *explainer, v any) *failure {
			if Equal(n.constant, v) {
				return nil
			}
			return e.fail(v, "const", "")
		})
	}
	if len(n.types) > 0 && !n.typeList {
		list = append(list, func(e *explainer, v any) *failure { return e.typed(n, n.types[0], true, v) })
	}
	for _, t := range n.looseGroups() {
		list = append(list, func(e *explainer, v any) *failure { return e.typed(n, t, false, v) })
	}
	if n.test != nil || n.then != nil || n.other != nil {
		list = append(list, func(e *explainer, v any) *failure { return e.conditional(n, v) })
	}
	return list
}

// written makes checks of a written combination, those that are combined themselves first.
func written(nodes []*node) []check {
	var first, rest []check
	for _, n := range nodes {
		c := func(e *explainer, v any) *failure { return e.node(n, v) }
		if n.isCombined() {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	return append(first, rest...)
}

func (e *explainer) combine(keyword string, checks []check, v any) *failure {
	var causes []*failure
	for _, c := range checks {
		if f := c(e, v); f != nil {
			causes = append(causes, f)
		}
	}
	total, matched := len(checks), len(checks)-len(causes)
	var f *failure
	switch {
	case keyword == "allOf" && matched < total:
		f = e.fail(v, keyword, "#: only %d subschema matches out of %d", matched, total)
	case keyword == "anyOf" && matched == 0:
		f = e.fail(v, keyword, "#: no subschema matched out of the total %d subschemas", total)
	case keyword == "oneOf" && matched != 1:
		f = e.fail(v, keyword, "#: %d subschemas matched instead of one", matched)
	default:
		return nil
	}
	f.causes = causes
	return f
}

func (e *explainer) conditional(n *node, v any) *failure {
	if n.test == nil {
		return nil
	}
	tested := e.node(n.test, v)
	if tested == nil {
		if cause := e.node(n.then, v); cause != nil {
			f := e.fail(v, "then", `input is invalid against the "then" schema`)
			f.causes = []*failure{cause}
			return f
		}
		return nil
	}
	if cause := e.node(n.other, v); cause != nil {
		f := e.fail(v, "else", `input is invalid against both the "if" and "else" schema`)
		f.causes = []*failure{tested, cause}
		return f
	}
	return nil
}

// isCombined tells whether AWS's validator makes a combination of the node.
func (n *node) isCombined() bool {
	if n.isRef || n.never {
		return false
	}
	count, combined := len(n.looseGroups()), false
	for _, c := range [][]*node{n.allOf, n.anyOf, n.oneOf} {
		if c != nil {
			count, combined = count+1, true
		}
	}
	if len(n.types) > 0 {
		count, combined = count+1, combined || n.typeList
	}
	for _, has := range []bool{n.hasEnum, n.hasConst, n.not != nil, n.test != nil || n.then != nil || n.other != nil} {
		if has {
			count++
		}
	}
	return count > 1 || combined
}

// looseGroups are the keyword groups that no declared type takes: they hold for values of their own type only.
func (n *node) looseGroups() []string {
	var loose []string
	for _, g := range []struct {
		name    string
		present bool
	}{
		{"array", n.array != nil}, {"object", n.object != nil}, {"number", n.number != nil}, {"string", n.text != nil},
	} {
		taken := slices.Contains(n.types, g.name) || g.name == "number" && slices.Contains(n.types, "integer")
		if g.present && !taken {
			loose = append(loose, g.name)
		}
	}
	return loose
}

// valueText is how an unscrubbed text shows a value.
func valueText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return strings.TrimSpace(string(Encode(v)))
}
