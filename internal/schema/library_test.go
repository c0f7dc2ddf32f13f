package schema

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// emitter writes nodes back as a draft-07 document for the JSON Schema library. The document holds only the keywords
// that decide, references only among its own definitions, no $schema, $id or format, and none of the dropped patterns:
// so the library needs to fetch nothing and decides by the very schema that explainer walks.
type emitter struct {
	definitions map[string]any
	names       map[*node]string
}

// emit gives one document with the roots under the given names of /definitions.
func emit(roots map[string]*node) map[string]any {
	e := emitter{definitions: map[string]any{}, names: map[*node]string{}}
	for name, n := range roots {
		e.definitions[name] = e.node(n)
	}
	return map[string]any{"definitions": e.definitions}
}

func (e *emitter) node(n *node) any {
	switch {
	case n == nil:
		return true
	case n.never:
		return false
	case n.isRef:
		return e.reference(n.ref)
	}
	m := map[string]any{}
	if n.typeList {
		m["type"] = texts(n.types)
	} else if len(n.types) == 1 {
		m["type"] = n.types[0]
	}
	if n.hasEnum {
		m["enum"] = n.enum
	}
	if n.hasConst {
		m["const"] = n.constant
	}
	e.list(m, "allOf", n.allOf)
	e.list(m, "anyOf", n.anyOf)
	e.list(m, "oneOf", n.oneOf)
	e.one(m, "not", n.not)
	e.one(m, "if", n.test)
	e.one(m, "then", n.then)
	e.one(m, "else", n.other)
	if n.object != nil {
		e.object(m, n.object)
	}
	if n.array != nil {
		e.array(m, n.array)
	}
	if n.text != nil {
		count(m, "minLength", n.text.min)
		count(m, "maxLength", n.text.max)
		if n.text.pattern != nil {
			m["pattern"] = n.text.source
		}
	}
	if r := n.number; r != nil {
		decimal(m, "minimum", r.min)
		decimal(m, "maximum", r.max)
		decimal(m, "exclusiveMinimum", r.above)
		decimal(m, "exclusiveMaximum", r.below)
		decimal(m, "multipleOf", r.multiple)
	}
	return m
}

func (e *emitter) reference(target *node) any {
	if target == nil {
		return true
	}
	name, ok := e.names[target]
	if !ok {
		name = strconv.Itoa(len(e.names))
		e.names[target] = name
		e.definitions[name] = e.node(target)
	}
	return map[string]any{"$ref": "#/definitions/" + name}
}

func (e *emitter) object(m map[string]any, o *objectRules) {
	if len(o.required) > 0 {
		m["required"] = texts(o.required)
	}
	e.one(m, "propertyNames", o.names)
	count(m, "minProperties", o.min)
	count(m, "maxProperties", o.max)
	if len(o.properties) > 0 {
		members := map[string]any{}
		for _, p := range o.properties {
			members[p.name] = e.node(p.node)
		}
		m["properties"] = members
	}
	if len(o.patterns) > 0 {
		members := map[string]any{}
		for _, p := range o.patterns {
			members[p.pattern.source] = e.node(p.node)
		}
		m["patternProperties"] = members
	}
	if o.closed {
		m["additionalProperties"] = false
	} else {
		e.one(m, "additionalProperties", o.additional)
	}
	if len(o.dependencies) > 0 {
		members := map[string]any{}
		for _, d := range o.dependencies {
			if d.node != nil {
				members[d.on] = e.node(d.node)
			} else {
				members[d.on] = texts(d.keys)
			}
		}
		m["dependencies"] = members
	}
}

func (e *emitter) array(m map[string]any, a *arrayRules) {
	count(m, "minItems", a.min)
	count(m, "maxItems", a.max)
	if a.unique {
		m["uniqueItems"] = true
	}
	e.one(m, "items", a.items)
	if a.isTuple {
		list := []any{}
		for _, n := range a.tuple {
			list = append(list, e.node(n))
		}
		m["items"] = list
		if a.closed {
			m["additionalItems"] = false
		} else {
			e.one(m, "additionalItems", a.additional)
		}
	}
	e.one(m, "contains", a.contains)
}

func (e *emitter) one(m map[string]any, keyword string, n *node) {
	if n != nil {
		m[keyword] = e.node(n)
	}
}

func (e *emitter) list(m map[string]any, keyword string, nodes []*node) {
	if len(nodes) == 0 {
		return
	}
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = e.node(n)
	}
	m[keyword] = list
}

// texts drops repeated names, which the library's meta-schema refuses.
func texts(names []string) []any {
	list := make([]any, 0, len(names))
	seen := map[string]bool{}
	for _, s := range names {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

func count(m map[string]any, keyword string, n *int) {
	if n != nil {
		m[keyword] = json.Number(strconv.Itoa(*n))
	}
}

func decimal(m map[string]any, keyword string, n *json.Number) {
	if n != nil {
		m[keyword] = *n
	}
}

// library is the JSON Schema library's form of a type, nothing fetched, patterns run by our engines.
type library map[string]*jsonschema.Schema

func compileLibrary(s *Schema) (library, error) {
	const base = "schema:///type"
	roots := map[string]*node{"model": s.root}
	if s.list != nil {
		roots["list"] = s.list
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(func(text string) (jsonschema.Regexp, error) {
		if text == anything.source {
			return oraclePattern{anything}, nil
		}
		p, err := newPattern(text)
		return oraclePattern{p}, err
	})
	if err := c.AddResource(base, emit(roots)); err != nil {
		return nil, err
	}
	all := library{}
	for name := range roots {
		compiled, err := c.Compile(base + "#/definitions/" + name)
		if err != nil {
			return nil, err
		}
		all[name] = compiled
	}
	return all, nil
}

type oraclePattern struct{ *pattern }

func (p oraclePattern) String() string { return p.source }

// MatchString has no way to return an error; a pattern that takes too long is taken to match.
func (p oraclePattern) MatchString(s string) bool {
	ok, err := p.match(s)
	return ok || err != nil
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, errors.New("not fetched: " + url) }

// hasFraction tells whether v has a number whose text is not that of an integer. The library goes by value, AWS's
// validator by text, so the two may differ on it.
func hasFraction(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if hasFraction(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasFraction)
	case json.Number:
		return !isWhole(v)
	}
	return false
}
