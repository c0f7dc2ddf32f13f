package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// listBase is what handlerSchema references begin with when they mean the type's own schema.
const listBase = "resource-schema.json"

// builder turns the decoded schema of a type into nodes. Problems are gathered, not returned one by one.
type builder struct {
	root     *object
	nodes    map[*object]*node
	all      []*node
	patterns map[string]*pattern
	known    *Patterns // of all types; nil where they share none
	path     []string
	problems []string // what the type cannot be used with
	warnings []string
}

func newBuilder(root *object, known *Patterns) *builder {
	return &builder{root: root, nodes: map[*object]*node{}, patterns: map[string]*pattern{}, known: known}
}

func (b *builder) where() string {
	var s strings.Builder
	s.WriteByte('#')
	for _, segment := range b.path {
		s.WriteByte('/')
		s.WriteString(escapeSegment(segment))
	}
	return s.String()
}

func (b *builder) problem(format string, args ...any) {
	b.problems = append(b.problems, b.where()+": "+fmt.Sprintf(format, args...))
}

func (b *builder) warn(format string, args ...any) {
	b.warnings = append(b.warnings, b.where()+": "+fmt.Sprintf(format, args...))
}

func (b *builder) in(segment string, f func()) {
	b.path = append(b.path, segment)
	f()
	b.path = b.path[:len(b.path)-1]
}

// schema builds the node for one schema; nil for a value that is none.
func (b *builder) schema(v any) *node {
	switch v := v.(type) {
	case bool:
		n := &node{never: !v}
		b.all = append(b.all, n)
		return n
	case *object:
		if n := b.nodes[v]; n != nil {
			return n
		}
		n := &node{}
		b.nodes[v] = n
		b.all = append(b.all, n)
		if ref, ok := v.values["$ref"]; ok {
			n.isRef = true
			b.in("$ref", func() { n.ref = b.reference(ref) })
			return n
		}
		for _, key := range v.keys {
			b.in(key, func() { b.keyword(n, key, v.values[key]) })
		}
		return n
	}
	b.problem("expected type: JSONObject, found: %s", className(plain(v)))
	return nil
}

// reference finds the target of a $ref, always inside the type's own schema: nothing is fetched.
func (b *builder) reference(v any) *node {
	text, ok := v.(string)
	if !ok {
		b.problem("expected type: String, found: %s", className(plain(v)))
		return nil
	}
	fragment, ok := strings.CutPrefix(strings.TrimPrefix(text, listBase), "#")
	if !ok {
		b.problem("reference to another document: %s", text)
		return nil
	}
	segments := splitPointer("#" + fragment)
	var at any = b.root
	for _, s := range segments {
		switch v := at.(type) {
		case *object:
			at, ok = v.values[s]
		case []any:
			i, err := strconv.Atoi(s)
			if ok = err == nil && i >= 0 && i < len(v); ok {
				at = v[i]
			}
		default:
			ok = false
		}
		if !ok {
			b.problem("reference to nothing: %s", text)
			return nil
		}
	}
	path := b.path
	b.path = segments
	n := b.schema(at)
	b.path = path
	return n
}

func (b *builder) schemas(v any) []*node {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		b.problem("expected a list of schemas")
		return nil
	}
	var nodes []*node
	for i, e := range list {
		b.in(strconv.Itoa(i), func() {
			if n := b.schema(e); n != nil {
				nodes = append(nodes, n)
			}
		})
	}
	return nodes
}

// each calls f for the members of an object of schemas.
func (b *builder) each(v any, f func(name string, v any)) {
	o, ok := v.(*object)
	if !ok {
		b.problem("expected type: JSONObject, found: %s", className(plain(v)))
		return
	}
	for _, name := range o.keys {
		b.in(name, func() { f(name, o.values[name]) })
	}
}

func (b *builder) strings(v any) []string {
	list, ok := v.([]any)
	if !ok {
		b.problem("expected type: JSONArray, found: %s", className(plain(v)))
		return nil
	}
	texts := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			b.problem("expected a list of names")
			return nil
		}
		texts = append(texts, s)
	}
	return texts
}

func (b *builder) string(v any) string {
	s, ok := v.(string)
	if !ok {
		b.problem("expected type: String, found: %s", className(plain(v)))
	}
	return s
}

func (b *builder) bool(v any) bool {
	t, ok := v.(bool)
	if !ok {
		b.problem("expected type: Boolean, found: %s", className(plain(v)))
	}
	return t
}

func (b *builder) decimal(v any) *json.Number {
	n, ok := v.(json.Number)
	if !ok {
		b.problem("expected type: Number, found: %s", className(plain(v)))
		return nil
	}
	return &n
}

// count reads a size, which is never below 0.
func (b *builder) count(v any) *int {
	n := b.decimal(v)
	if n == nil {
		return nil
	}
	i, err := strconv.Atoi(strings.TrimSuffix(string(*n), ".0"))
	if err != nil || i < 0 {
		b.problem("expected a count, found: %s", *n)
		return nil
	}
	return &i
}

// regex gives the pattern of this text, one per text and type; nil, with a warning, where no engine takes it.
func (b *builder) regex(text string) *pattern {
	if p, ok := b.patterns[text]; ok {
		return p
	}
	p := b.known.get(text)
	if p == nil {
		var err error
		if p, err = newPattern(text); err != nil {
			b.warn("pattern dropped: %v", err)
		} else {
			p = b.known.put(p)
		}
	}
	b.patterns[text] = p
	return p
}

// plain turns what decodeOrdered made into what Decode makes.
func plain(v any) any {
	switch v := v.(type) {
	case *object:
		m := make(map[string]any, len(v.values))
		for k, e := range v.values {
			m[k] = plain(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	}
	return v
}
