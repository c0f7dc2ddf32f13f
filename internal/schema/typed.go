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
	if r.min != nil && compareNumbers(n, *r.min) < 0 {
		found = append(found, e.fail(n, "minimum", "%s is not greater or equal to %s", n, *r.min))
	}
	if r.above != nil && compareNumbers(n, *r.above) <= 0 {
		found = append(found, e.fail(n, "exclusiveMinimum", "%s is not greater than %s", n, *r.above))
	}
	if r.max != nil && compareNumbers(n, *r.max) > 0 {
		found = append(found, e.fail(n, "maximum", "%s is not less or equal to %s", n, *r.max))
	}
	if r.below != nil && compareNumbers(n, *r.below) >= 0 {
		found = append(found, e.fail(n, "exclusiveMaximum", "%s is not less than %s", n, *r.below))
	}
	if r.multiple != nil {
		if value := rational(n); value != nil && !value.Quo(value, rational(*r.multiple)).IsInt() {
			found = append(found, e.fail(n, "multipleOf", "%s is not a multiple of %s", n, *r.multiple))
		}
	}
	return found
}

func (e *explainer) array(a *arrayRules, list []any) (found []*failure) {
	if a.min != nil && len(list) < *a.min {
		found = append(found, e.fail(list, "minItems", "expected minimum item count: %d, found: %d", *a.min, len(list)))
	}
	if a.max != nil && len(list) > *a.max {
		found = append(found, e.fail(list, "maxItems", "expected maximum item count: %d, found: %d", *a.max, len(list)))
	}
	if a.unique && hasTwins(list) {
		found = append(found, e.fail(list, "uniqueItems", "array items are not unique"))
	}
	if a.items != nil {
		for i, v := range list {
			found = add(found, e.at(strconv.Itoa(i), a.items, v))
		}
	}
	if a.isTuple {
		if a.closed && len(list) > len(a.tuple) {
			found = append(found, e.fail(list, "items", "expected: [%d] array items, found: [%d]", len(a.tuple), len(list)))
		}
		for i, v := range list {
			if i < len(a.tuple) {
				found = add(found, e.at(strconv.Itoa(i), a.tuple[i], v))
			} else if a.additional != nil {
				found = add(found, e.at(strconv.Itoa(i), a.additional, v))
			}
		}
	}
	if a.contains != nil && !slices.ContainsFunc(list, func(v any) bool { return e.node(a.contains, v) == nil }) {
		found = append(found, e.fail(list, "contains", "expected at least one array item to match 'contains' schema"))
	}
	return found
}

func hasTwins(list []any) bool {
	const few = 8
	if len(list) <= few { // comparing all with all costs less than writing them down
		for i, v := range list {
			if slices.ContainsFunc(list[:i], func(w any) bool { return Equal(v, w) }) {
				return true
			}
		}
		return false
	}
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
	for _, key := range o.required {
		if _, ok := m[key]; !ok {
			found = append(found, e.missing(m, key, "required", "required key [%s] not found"))
		}
	}
	if o.names != nil {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			found = add(found, e.at(name, o.names, name))
		}
	}
	if o.min != nil && len(m) < *o.min {
		found = append(found, e.fail(m, "minProperties", "minimum size: [%d], found: [%d]", *o.min, len(m)))
	}
	if o.max != nil && len(m) > *o.max {
		found = append(found, e.fail(m, "maxProperties", "maximum size: [%d], found: [%d]", *o.max, len(m)))
	}
	for _, d := range o.dependencies {
		if _, ok := m[d.on]; ok {
			for _, key := range d.keys {
				if _, ok := m[key]; !ok {
					found = append(found, e.missing(m, key, "dependencies", "property [%s] is required"))
				}
			}
		}
	}
	for _, name := range e.extras(o, m) {
		if o.closed {
			found = append(found, e.missing(m, name, "additionalProperties", "extraneous key [%s] is not permitted"))
		} else {
			found = add(found, e.at(name, o.additional, m[name]))
		}
	}
	if len(o.patterns) > 0 {
		found = e.patternProperties(o, m, found)
	}
	for _, d := range o.dependencies {
		if _, ok := m[d.on]; ok && d.node != nil {
			found = add(found, e.node(d.node, m))
		}
	}
	for _, p := range o.properties {
		if v, ok := m[p.name]; ok {
			found = add(found, e.at(p.name, p.node, v))
		}
	}
	return found
}

func (e *explainer) patternProperties(o *objectRules, m map[string]any, found []*failure) []*failure {
	names := slices.Sorted(maps.Keys(m))
	for _, p := range o.patterns {
		for _, name := range names {
			if e.match(p.pattern, name) {
				found = add(found, e.at(name, p.node, m[name]))
			}
		}
	}
	return found
}

// missing is a failure about one key of an object.
func (e *explainer) missing(m map[string]any, key, keyword, text string) *failure {
	f := e.fail(m, keyword, text, key)
	f.key = key
	return f
}

// extras are the names that additionalProperties is about, sorted.
func (e *explainer) extras(o *objectRules, m map[string]any) (extras []string) {
	if !o.closed && o.additional == nil {
		return nil
	}
	for name := range m {
		if _, declared := o.index[name]; !declared && !e.named(o, name) {
			extras = append(extras, name)
		}
	}
	slices.Sort(extras)
	return extras
}

// named tells whether patternProperties takes the name.
func (e *explainer) named(o *objectRules, name string) bool {
	for _, p := range o.patterns {
		if e.match(p.pattern, name) {
			return true
		}
	}
	return false
}

// add appends a failure, if it is one.
func add(found []*failure, f *failure) []*failure {
	if f == nil {
		return found
	}
	return append(found, f)
}
