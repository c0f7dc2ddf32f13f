package schema

import (
	"encoding/json"
	"slices"
)

// Property describes one property as far as the schema tells, references followed. Where the schema offers alternatives
// (oneOf, anyOf, allOf), Types holds the types of all of them and the other fields hold what is said outside of them.
type Property struct {
	Types            []string // JSON Schema's names; empty when the schema does not say
	Enum             []any    // nil without the keyword
	Const            any
	HasConst         bool
	Default          any // documentation only: validation does not fill it in
	HasDefault       bool
	Pattern          string // as the schema has it, also where no engine takes it
	Format           string // never asserted
	MinLength        *int
	MaxLength        *int
	Minimum          *json.Number
	Maximum          *json.Number
	ExclusiveMinimum *json.Number
	ExclusiveMaximum *json.Number
	MultipleOf       *json.Number
	MinItems         *int
	MaxItems         *int
	UniqueItems      bool
	Unordered        bool // insertionOrder: false
	Required         []string

	node *node
}

// Property returns the property at a pointer; ok is false when the schema has none there.
func (s *Schema) Property(p Pointer) (Property, bool) { return describe(s.root.at(p)) }

// PropertyNames lists the top-level properties in the schema's order.
func (s *Schema) PropertyNames() []string {
	property, _ := describe(s.root)
	return property.Children()
}

// Child returns the member with this name: a declared property, else what patternProperties or additionalProperties say.
func (p Property) Child(name string) (Property, bool) { return describe(p.node.child(name)) }

// Item returns what the elements of an array are.
func (p Property) Item() (Property, bool) { return describe(p.node.item()) }

// Children lists the declared members in the schema's order, those of alternatives last.
func (p Property) Children() []string {
	var names []string
	var add func(n *node)
	add = func(n *node) {
		if n = n.resolved(); n == nil {
			return
		}
		if n.object != nil {
			for _, child := range n.object.properties {
				if !slices.Contains(names, child.name) {
					names = append(names, child.name)
				}
			}
		}
		for _, a := range n.alternatives() {
			add(a)
		}
	}
	add(p.node)
	return names
}

// MatchesPattern tells whether s fits the pattern. It is true where there is none or it was dropped, false where the
// answer could not be had within 200 ms.
func (p Property) MatchesPattern(s string) bool {
	n := p.node.resolved()
	if n == nil || n.text == nil || n.text.pattern == nil {
		return true
	}
	ok, err := n.text.pattern.match(s)
	return ok && err == nil
}

func describe(n *node) (Property, bool) {
	if n == nil {
		return Property{}, false
	}
	if n = n.resolved(); n == nil {
		return Property{}, true // an endless reference: declared, but nothing is said of it
	}
	p := Property{
		Types: n.typesOf(), Enum: n.enum, Const: n.constant, HasConst: n.hasConst, Default: n.def, HasDefault: n.hasDef,
		Unordered: n.isUnordered(), node: n,
	}
	if t := n.text; t != nil {
		p.Pattern, p.Format, p.MinLength, p.MaxLength = t.source, t.format, t.min, t.max
	}
	if r := n.number; r != nil {
		p.Minimum, p.Maximum, p.ExclusiveMinimum, p.ExclusiveMaximum, p.MultipleOf = r.min, r.max, r.above, r.below, r.multiple
	}
	if a := n.array; a != nil {
		p.MinItems, p.MaxItems, p.UniqueItems = a.min, a.max, a.unique
	}
	if n.object != nil {
		p.Required = n.object.required
	}
	return p, true
}

// typesOf are the declared types, else those of the alternatives, else what the keywords are about.
func (n *node) typesOf() []string {
	if n = n.resolved(); n == nil {
		return nil
	}
	if len(n.types) > 0 {
		return slices.Clone(n.types)
	}
	var types []string
	for _, a := range n.alternatives() {
		for _, t := range a.typesOf() {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	if len(types) == 0 {
		types = n.looseGroups()
	}
	return types
}
