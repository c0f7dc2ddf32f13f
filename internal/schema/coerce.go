package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxWays bounds in how many ways a value is looked at; a choice of the schema that would make more is as if it were
	// not there.
	maxWays = 64
	// maxWarnings bounds the warnings about one model.
	maxWarnings = 20
	// maxExpanded is how many digits a number may get where its exponent is written out: 1e999 in an array of a million
	// would otherwise take all memory.
	maxExpanded = 64
)

// Coerce gives the scalars of a handler's model the JSON kind that the schema asks for: many handlers return every scalar
// as a string, "true" and "1e+06". A string stays where the schema allows strings, or where it does not say; so does
// everything that is valid as it is. Numbers keep their text, except that one where only an integer may be is written out
// (1e+06 becomes 1000000). Nulls, in objects and in arrays, are removed.
//
// What cannot be read as what the schema asks for stays and gives a warning with its path, never with its value;
// there are at most a few of them. The input is not changed.
func (s *Schema) Coerce(model any) (any, []string) {
	c := coercer{schema: s}
	out := c.value([]way{{s.root}}, model)
	if c.more > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("%d more of the kind", c.more))
	}
	return out, c.warnings
}

// way is one way for a value to be valid: the schemas that it has to satisfy, all of them. Where the schema offers
// alternatives there are several ways.
type way []*node

// coercer walks a model along the schema.
type coercer struct {
	schema   *Schema
	path     []string
	warnings []string
	more     int // warnings that there was no room for
}

// value coerces the value at the path. asked are the ways of the place, their alternatives not looked at yet.
func (c *coercer) value(asked []way, v any) any {
	var ways []way
	for _, w := range asked {
		ways = union(ways, c.expand(w, v))
	}
	if len(ways) > maxWays {
		ways = []way{nil}
	}
	wanted := kindsOf(ways, v)
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		if wanted&objectKind == 0 {
			c.warn(wanted, v)
		}
		return c.object(ways, v)
	case []any:
		if wanted&arrayKind == 0 {
			c.warn(wanted, v)
		}
		return c.array(ways, v)
	}
	out, ok := convert(wanted, v)
	if !ok {
		c.warn(wanted, v)
	}
	return out
}

func (c *coercer) object(ways []way, m map[string]any) any {
	out := make(map[string]any, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) { // sorted for the warnings' sake
		if m[name] == nil {
			continue
		}
		asked := below(ways, func(n *node) []*node {
			nodes, _ := n.member(name)
			return nodes
		})
		out[name] = c.in(name, asked, m[name])
	}
	return out
}

func (c *coercer) array(ways []way, list []any) any {
	out := make([]any, 0, len(list))
	for _, e := range list {
		if e == nil {
			continue
		}
		i := len(out)
		asked := below(ways, func(n *node) []*node { return n.element(i) })
		out = append(out, c.in(strconv.Itoa(i), asked, e))
	}
	return out
}

// in coerces a member or an element.
func (c *coercer) in(segment string, asked []way, v any) any {
	c.path = append(c.path, segment)
	out := c.value(asked, v)
	c.path = c.path[:len(c.path)-1]
	return out
}

func (c *coercer) warn(wanted kinds, v any) {
	if len(c.warnings) == maxWarnings {
		c.more++
		return
	}
	c.warnings = append(c.warnings, fmt.Sprintf("#%s: expected type: %s, found: %s", Pointer(c.path).path(), wanted, className(v)))
}

// below takes each way a step down.
func below(ways []way, step func(*node) []*node) (asked []way) {
	for _, w := range ways {
		var next way
		for _, n := range w {
			for _, child := range step(n) {
				next = next.with(child)
			}
		}
		asked = union(asked, []way{next})
	}
	return asked
}

// expand follows references, and multiplies a way by the alternatives that v may be one of.
func (c *coercer) expand(w way, v any) []way {
	ways := []way{nil}
	for _, n := range w {
		ways = c.and(ways, n, v)
	}
	return ways
}

// and are the ways in which v may satisfy n too.
func (c *coercer) and(ways []way, n *node, v any) []way {
	n = n.resolved()
	if n == nil || !slices.ContainsFunc(ways, func(w way) bool { return !slices.Contains(w, n) }) {
		return ways
	}
	var out []way
	for _, w := range ways {
		out = union(out, []way{w.with(n)})
	}
	for _, each := range n.allOf {
		out = c.and(out, each, v)
	}
	for _, each := range n.dependent(v) {
		out = c.and(out, each, v)
	}
	out = c.or(out, n.anyOf, v)
	out = c.or(out, n.oneOf, v)
	if n.then != nil || n.other != nil {
		out = c.or(out, []*node{n.then, n.other}, v)
	}
	return out
}

// or are the ways in which v may satisfy one of the branches too: one of those that it can be seen to fit, if there are any.
func (c *coercer) or(ways []way, branches []*node, v any) []way {
	if len(branches) == 0 {
		return ways
	}
	fitting := slices.DeleteFunc(slices.Clone(branches), func(n *node) bool { return !c.fits(n, v) })
	if len(fitting) == 0 {
		fitting = branches
	}
	var out []way
	for _, n := range fitting {
		out = union(out, c.and(ways, n, v))
		if len(out) > maxWays {
			return ways
		}
	}
	return out
}

// fits tells whether v may be valid by n, as far as one look tells: it never refuses what is valid, nor what becomes valid
// by coercion.
func (c *coercer) fits(n *node, v any) bool {
	n = n.resolved()
	if n == nil {
		return true
	}
	for _, each := range n.allOf {
		if each = each.resolved(); each != nil && !c.fitsOwn(each, v) {
			return false
		}
	}
	return c.fitsOwn(n, v)
}

// fitsOwn is fits without the schemas that n is combined of.
func (c *coercer) fitsOwn(n *node, v any) bool {
	if n.kinds(v)&readable(v) == 0 {
		return false
	}
	m, ok := v.(map[string]any)
	if !ok || n.object == nil {
		return true
	}
	for _, key := range n.object.required {
		// Only what a handler may leave out can be required and missing: write-only members are often left out.
		if m[key] == nil && !c.isWriteOnly(key) {
			return false
		}
	}
	for name, member := range m {
		if member == nil {
			continue
		}
		nodes, allowed := n.member(name)
		if !allowed {
			return false
		}
		for _, child := range nodes {
			if child = child.resolved(); child != nil && child.kinds(member)&readable(member) == 0 {
				return false
			}
		}
	}
	return true
}

// isWriteOnly tells of a member of the object at the path.
func (c *coercer) isWriteOnly(name string) bool {
	path := append(slices.Clone(c.path), name)
	return slices.ContainsFunc(c.schema.WriteOnly, func(p Pointer) bool { return p.covers(path) })
}

// with returns the way with n in it too.
func (w way) with(n *node) way {
	if slices.Contains(w, n) {
		return w
	}
	return append(slices.Clip(w), n)
}

func union(ways, more []way) []way {
	for _, w := range more {
		if !slices.ContainsFunc(ways, func(have way) bool { return slices.Equal(have, w) }) {
			ways = append(ways, w)
		}
	}
	return ways
}

// member is what n itself asks of a member with this name, and whether there may be one.
func (n *node) member(name string) (nodes []*node, allowed bool) {
	if n.object == nil {
		return nil, true
	}
	declared, taken := n.object.index[name]
	if taken {
		nodes = append(nodes, declared)
	}
	for _, p := range n.object.patterns {
		ok, err := p.pattern.match(name)
		if ok && err == nil {
			nodes = append(nodes, p.node)
		}
		taken = taken || ok || err != nil // a pattern that was not decided in time may take it
	}
	if taken {
		return nodes, true
	}
	if n.object.additional != nil {
		nodes = append(nodes, n.object.additional)
	}
	return nodes, !n.object.closed
}

// element is what n itself asks of an array's element.
func (n *node) element(i int) (nodes []*node) {
	switch a := n.array; {
	case a == nil:
	case a.items != nil:
		nodes = append(nodes, a.items)
	case i < len(a.tuple):
		nodes = append(nodes, a.tuple[i])
	case a.isTuple && a.additional != nil:
		nodes = append(nodes, a.additional)
	}
	return nodes
}

// dependent are the schemas that v has to satisfy because of the members it has.
func (n *node) dependent(v any) (nodes []*node) {
	m, ok := v.(map[string]any)
	if !ok || n.object == nil {
		return nil
	}
	for _, d := range n.object.dependencies {
		if m[d.on] != nil && d.node != nil {
			nodes = append(nodes, d.node)
		}
	}
	return nodes
}

// kinds is a set of JSON kinds. numberKind holds the integers too.
type kinds uint

const (
	stringKind kinds = 1 << iota
	integerKind
	numberKind
	booleanKind
	nullKind
	arrayKind
	objectKind

	anyKind = 1<<iota - 1
)

var kindByName = map[string]kinds{
	"string": stringKind, "integer": integerKind, "number": numberKind | integerKind, "boolean": booleanKind,
	"null": nullKind, "array": arrayKind, "object": objectKind,
}

// String lists the kinds in the words of JSON Schema.
func (k kinds) String() string {
	var names []string
	for _, name := range typeNames {
		if own := kindByName[name]; k&own == own && !(name == "integer" && k&numberKind != 0) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// kindsOf are the kinds that v may have: those of any way that has some. Where nothing fits, as in a schema at odds
// with itself, enums are not looked at, and then every kind is possible.
func kindsOf(ways []way, v any) kinds {
	for _, of := range []func(*node) kinds{func(n *node) kinds { return n.kinds(v) }, (*node).declared} {
		var all kinds
		for _, w := range ways {
			each := kinds(anyKind)
			for _, n := range w {
				each &= of(n)
			}
			all |= each
		}
		if all != 0 {
			return all
		}
	}
	return anyKind
}

// declared are the kinds that n's own types allow.
func (n *node) declared() (k kinds) {
	if n.never {
		return 0
	}
	if len(n.types) == 0 {
		return anyKind
	}
	for _, t := range n.types {
		k |= kindByName[t]
	}
	return k
}

// kinds are those that n itself allows for a value that reads as v does: an enum leaves the kinds of its equals.
func (n *node) kinds(v any) kinds {
	k := n.declared()
	if n.hasEnum {
		k &= kindsOfTwins(n.enum, v)
	}
	if n.hasConst {
		k &= kindsOfTwins([]any{n.constant}, v)
	}
	return k
}

func kindsOfTwins(list []any, v any) (k kinds) {
	text, ok := scalarText(v)
	if !ok {
		return anyKind // objects and arrays are not looked into
	}
	for _, e := range list {
		if twin, ok := scalarText(e); ok && (twin == text || sameReading(twin, text)) {
			k |= kindOf(e)
		}
	}
	return k
}

// sameReading tells whether two texts are one number.
func sameReading(a, b string) bool {
	x, ok := readNumber(a)
	if !ok {
		return false
	}
	y, ok := readNumber(b)
	return ok && sameNumber(x, y)
}

// kindOf is the kind of a scalar.
func kindOf(v any) kinds {
	switch v := v.(type) {
	case string:
		return stringKind
	case bool:
		return booleanKind
	case json.Number:
		if _, ok := integer(v); ok {
			return numberKind | integerKind
		}
		return numberKind
	}
	return 0
}

// readable are the kinds that v has or that convert can give it.
func readable(v any) (k kinds) {
	switch v := v.(type) {
	case map[string]any:
		return objectKind
	case []any:
		return arrayKind
	case nil:
		return nullKind
	case string:
		if n, ok := readNumber(v); ok {
			k |= kindOf(n)
		}
		if _, ok := readBoolean(v); ok {
			k |= booleanKind
		}
		return k | stringKind
	}
	return kindOf(v) | stringKind
}

// convert gives a scalar a kind that is wanted, its own if it is. ok is false where that cannot be done.
func convert(wanted kinds, v any) (out any, ok bool) {
	if _, isString := v.(string); isString && wanted&stringKind != 0 {
		return v, true
	}
	text, ok := scalarText(v)
	if !ok {
		return v, true // nothing that Decode makes
	}
	_, wasString := v.(string)
	if n, ok := v.(json.Number); ok || wasString {
		if wasString {
			n, ok = readNumber(text)
		}
		if ok && wanted&numberKind != 0 {
			return n, true
		}
		if whole, isWhole := integer(n); ok && isWhole && wanted&integerKind != 0 {
			return whole, true
		}
	}
	if b, ok := readBoolean(text); ok && wanted&booleanKind != 0 {
		return b, true
	}
	if wanted&stringKind != 0 {
		return text, true
	}
	return v, false
}

// scalarText is how a scalar is written as a string.
func scalarText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// readBoolean takes what the languages print: Python's True too.
func readBoolean(text string) (value, ok bool) {
	switch text {
	case "true", "True":
		return true, true
	case "false", "False":
		return false, true
	}
	return false, false
}

// readNumber takes what JSON takes for a number, and nothing around it.
func readNumber(text string) (json.Number, bool) {
	v, err := Decode([]byte(text))
	n, ok := v.(json.Number)
	return n, err == nil && ok && string(n) == text
}

// integer is n as an integer is written, ok if it is one by its value.
func integer(n json.Number) (whole json.Number, ok bool) {
	if isWhole(n) {
		return n, true
	}
	digits, exponent, found := strings.Cut(canonicalNumber(n), "e")
	if !found { // zero, or what Decode does not make
		return "0", digits == "0"
	}
	zeros, err := strconv.Atoi(exponent)
	if err != nil || zeros < 0 || len(digits)+zeros > maxExpanded {
		return n, false
	}
	return json.Number(digits + strings.Repeat("0", zeros)), true
}
