package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// typed checks a value against a type and that type's group of keywords. A group without a declared type (required
// false) has nothing to say about values of other types.
func (e *explainer) typed(n *node, name string, required bool, v any) *failure {
	wrong := func(class string) *failure {
		if !required {
			return nil
		}
		return e.fail(v, "type", "expected type: %s, found: %s", class, className(v))
	}
	switch name {
	case "object":
		m, ok := v.(map[string]any)
		if !ok {
			return wrong("JSONObject")
		}
		if n.object == nil {
			return nil
		}
		return gather(e.object(n.object, m))
	case "array":
		list, ok := v.([]any)
		if !ok {
			return wrong("JSONArray")
		}
		if n.array == nil {
			return nil
		}
		return gather(e.array(n.array, list))
	case "string":
		s, ok := v.(string)
		if !ok {
			return wrong("String")
		}
		if n.text == nil {
			return nil
		}
		return gather(e.text(n.text, s))
	case "number", "integer":
		number, ok := v.(json.Number)
		switch {
		case name == "integer" && (!ok || !isWhole(number)):
			return wrong("Integer")
		case !ok:
			return wrong("Number")
		case n.number == nil:
			return nil
		}
		return gather(e.number(n.number, number))
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong("Boolean")
		}
	case "null":
		if v != nil {
			return e.fail(v, "type", "expected: null, found: %s", className(v))
		}
	}
	return nil
}

func (e *explainer) text(t *textRules, s string) (found []*failure) {
	length := utf8.RuneCountInString(s)
	if t.min != nil && length < *t.min {
		found = append(found, e.fail(s, "minLength", "expected minLength: %d, actual: %d", *t.min, length))
	}
	if t.max != nil && length > *t.max {
		found = append(found, e.fail(s, "maxLength", "expected maxLength: %d, actual: %d", *t.max, length))
	}
	if t.pattern != nil && !e.match(t.pattern, s) {
		found = append(found, e.fail(s, "pattern", "string [%s] does not match pattern %s", s, t.source))
	}
	return found
}

func (e *explainer) number(r *numberRules, n json.Number) (found []*failure) {
	value := rational(n)
	if value == nil {
		return nil
	}
	compare := func(limit *json.Number, keyword, text string, broken func(order int) bool) {
		if limit != nil && broken(value.Cmp(rational(*limit))) {
			found = append(found, e.fail(n, keyword, text, n, *limit))
		}
	}
	compare(r.min, "minimum", "%s is not greater or equal to %s", func(o int) bool { return o < 0 })
	compare(r.above, "exclusiveMinimum", "%s is not greater than %s", func(o int) bool { return o <= 0 })
	compare(r.max, "maximum", "%s is not less or equal to %s", func(o int) bool { return o > 0 })
	compare(r.below, "exclusiveMaximum", "%s is not less than %s", func(o int) bool { return o >= 0 })
	if r.multiple != nil && !value.Quo(value, rational(*r.multiple)).IsInt() {
		found = append(found, e.fail(n, "multipleOf", "%s is not a multiple of %s", n, *r.multiple))
	}
	return found
}

func (e *explainer) array(a *arrayRules, list []any) (found []*failure) {
	add := func(f *failure) {
		if f != nil {
			found = append(found, f)
		}
	}
	if a.min != nil && len(list) < *a.min {
		add(e.fail(list, "minItems", "expected minimum item count: %d, found: %d", *a.min, len(list)))
	}
	if a.max != nil && len(list) > *a.max {
		add(e.fail(list, "maxItems", "expected maximum item count: %d, found: %d", *a.max, len(list)))
	}
	if a.unique && hasTwins(list) {
		add(e.fail(list, "uniqueItems", "array items are not unique"))
	}
	if a.items != nil {
		for i, v := range list {
			add(e.at(strconv.Itoa(i), a.items, v))
		}
	}
	if a.isTuple {
		if a.closed && len(list) > len(a.tuple) {
			add(e.fail(list, "items", "expected: [%d] array items, found: [%d]", len(a.tuple), len(list)))
		}
		for i, v := range list {
			if i < len(a.tuple) {
				add(e.at(strconv.Itoa(i), a.tuple[i], v))
			} else if a.additional != nil {
				add(e.at(strconv.Itoa(i), a.additional, v))
			}
		}
	}
	if a.contains != nil && !slices.ContainsFunc(list, func(v any) bool { return e.node(a.contains, v) == nil }) {
		add(e.fail(list, "contains", "expected at least one array item to match 'contains' schema"))
	}
	return found
}

func hasTwins(list []any) bool {
	seen := make(map[string]bool, len(list))
	for _, v := range list {
		text := string(appendCanonical(nil, nil, v))
		if seen[text] {
			return true
		}
		seen[text] = true
	}
	return false
}

// object keeps the order of AWS's validator from group to group. Inside a group AWS's order is that of a hash; ours is
// the schema's, and sorted for what only the document names.
func (e *explainer) object(o *objectRules, m map[string]any) (found []*failure) {
	add := func(f *failure) {
		if f != nil {
			found = append(found, f)
		}
	}
	named := func(key, keyword, text string) {
		f := e.fail(m, keyword, text, key)
		f.key = key
		add(f)
	}
	names := slices.Sorted(maps.Keys(m))
	for _, key := range o.required {
		if _, ok := m[key]; !ok {
			named(key, "required", "required key [%s] not found")
		}
	}
	if o.names != nil {
		for _, name := range names {
			add(e.at(name, o.names, name))
		}
	}
	if o.min != nil && len(m) < *o.min {
		add(e.fail(m, "minProperties", "minimum size: [%d], found: [%d]", *o.min, len(m)))
	}
	if o.max != nil && len(m) > *o.max {
		add(e.fail(m, "maxProperties", "maximum size: [%d], found: [%d]", *o.max, len(m)))
	}
	for _, d := range o.dependencies {
		if _, ok := m[d.on]; ok {
			for _, key := range d.keys {
				if _, ok := m[key]; !ok {
					named(key, "dependencies", "property [%s] is required")
				}
			}
		}
	}
	for _, name := range e.extras(o, names) {
		if o.closed {
			named(name, "additionalProperties", "extraneous key [%s] is not permitted")
		} else {
			add(e.at(name, o.additional, m[name]))
		}
	}
	for _, p := range o.patterns {
		for _, name := range names {
			if e.match(p.pattern, name) {
				add(e.at(name, p.node, m[name]))
			}
		}
	}
	for _, d := range o.dependencies {
		if _, ok := m[d.on]; ok && d.node != nil {
			add(e.node(d.node, m))
		}
	}
	for _, p := range o.properties {
		if v, ok := m[p.name]; ok {
			add(e.at(p.name, p.node, v))
		}
	}
	return found
}

// extras are the names that additionalProperties is about.
func (e *explainer) extras(o *objectRules, names []string) []string {
	if !o.closed && o.additional == nil {
		return nil
	}
	var extras []string
	for _, name := range names {
		_, declared := o.index[name]
		if !declared && !slices.ContainsFunc(o.patterns, func(p patternProperty) bool { return e.match(p.pattern, name) }) {
			extras = append(extras, name)
		}
	}
	return extras
}
