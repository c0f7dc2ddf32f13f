package contract

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// relax is the schema that every model of the type has to satisfy, complete or not: the contract takes out what a part of
// a model may lack (required, dependencies, propertyNames). What only makes sense with those goes too: of alternatives
// that differ in what they require several may fit, and conditions may not be what they were.
func relax(s *schema.Schema) (*schema.Schema, error) {
	var document any
	d := json.NewDecoder(bytes.NewReader(s.Raw)) // schema.Decode is for models: patterns may hold what those may not
	d.UseNumber()
	if err := d.Decode(&document); err != nil {
		return nil, err
	}
	relaxed, _, err := schema.Parse(schema.Encode(relaxedRule(document)))
	return relaxed, err
}

// dropped are the keywords that are taken out.
var dropped = []string{"required", "dependencies", "propertyNames", "minProperties", "not", "if", "then", "else"}

func relaxedRule(rule any) any {
	o, ok := rule.(map[string]any)
	if !ok {
		return rule // true, false
	}
	o = maps.Clone(o)
	for _, name := range dropped {
		delete(o, name)
	}
	for _, name := range []string{"properties", "patternProperties", "definitions"} {
		if members, ok := o[name].(map[string]any); ok {
			members = maps.Clone(members)
			for k, v := range members {
				members[k] = relaxedRule(v)
			}
			o[name] = members
		}
	}
	for _, name := range []string{"additionalProperties", "additionalItems", "contains"} {
		if v, ok := o[name]; ok {
			o[name] = relaxedRule(v)
		}
	}
	switch items := o["items"].(type) {
	case map[string]any:
		o["items"] = relaxedRule(items)
	case []any:
		o["items"] = relaxedRules(items)
	}
	for _, name := range []string{"allOf", "anyOf", "oneOf"} {
		if rules, ok := o[name].([]any); ok {
			o[name] = relaxedRules(rules)
		}
	}
	return atLeastOne(o)
}

func relaxedRules(rules []any) []any {
	out := make([]any, len(rules))
	for i, r := range rules {
		out[i] = relaxedRule(r)
	}
	return out
}

// atLeastOne turns oneOf into anyOf.
func atLeastOne(o map[string]any) map[string]any {
	one, ok := o["oneOf"].([]any)
	if !ok {
		return o
	}
	delete(o, "oneOf")
	if _, taken := o["anyOf"]; !taken {
		o["anyOf"] = one
		return o
	}
	all, _ := o["allOf"].([]any)
	o["allOf"] = append(slices.Clone(all), map[string]any{"anyOf": one})
	return o
}

// transformed are the properties that the schema has a propertyTransform for: the service may show them in another form.
func transformed(s *schema.Schema) (all []schema.Pointer) {
	var document struct {
		PropertyTransform map[string]json.RawMessage `json:"propertyTransform"`
	}
	if json.Unmarshal(s.Raw, &document) != nil {
		return nil
	}
	for name := range document.PropertyTransform {
		if path, ok := strings.CutPrefix(name, "/properties/"); ok {
			all = append(all, strings.Split(path, "/"))
		}
	}
	return all
}
