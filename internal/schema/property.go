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
	MinProperties    *int
	MaxProperties    *int

	node *node
}

// Dependency is what follows for an object from having a member.
type Dependency struct {
	On    string
	Names []string   // members that must be there too
	Rules []Property // what the object must satisfy too
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

// Validate checks a value against this property alone, as [Schema.Validate] does for a model; pointers begin at the value.
func (p Property) Validate(v any) error {
	if f := explain(p.node, v); f != nil {
		return validationError(f)
	}
	return nil
}

// DeclaredTypes are the types that the property itself asks for; Types may also hold what follows from other keywords.
func (p Property) DeclaredTypes() []string {
	if p.node == nil {
		return nil
	}
	return slices.Clone(p.node.types)
}

// Combined returns the subschemas under allOf, anyOf and oneOf. They are about the same value.
func (p Property) Combined() (all, some, one []Property) {
	if p.node == nil {
		return nil, nil, nil
	}
	return describeAll(p.node.allOf...), describeAll(p.node.anyOf...), describeAll(p.node.oneOf...)
}

// Declared lists the members under `properties` in the schema's order, without those of alternatives.
func (p Property) Declared() []string {
	o := p.rules()
	names := make([]string, len(o.properties))
	for i, child := range o.properties {
		names[i] = child.name
	}
	return names
}

// NamePatterns lists the patterns of patternProperties, "" for one that was dropped.
func (p Property) NamePatterns() []string {
	var sources []string
	for _, child := range p.rules().patterns {
		sources = append(sources, child.pattern.source)
	}
	return sources
}

// Member returns all that the property itself, without its alternatives, asks of a member with this name. It is not
// allowed to be there where additionalProperties is false and nothing else takes the name.
func (p Property) Member(name string) (rules []Property, allowed bool) {
	o := p.rules()
	declared, taken := o.index[name]
	rules = describeAll(declared)
	for _, child := range o.patterns {
		if ok, err := child.pattern.match(name); ok && err == nil {
			taken = true
			rules = append(rules, describeAll(child.node)...)
		}
	}
	if taken {
		return rules, true
	}
	return describeAll(o.additional), !o.closed
}

// Dependencies lists what follows from having certain members, in the schema's order.
func (p Property) Dependencies() []Dependency {
	var all []Dependency
	for _, d := range p.rules().dependencies {
		all = append(all, Dependency{On: d.on, Names: slices.Clone(d.keys), Rules: describeAll(d.node)})
	}
	return all
}

// Element returns all that the property itself, without its alternatives, asks of an array's element at this index.
// None is allowed to be there where a list of schemas is at its end and additionalItems is false.
func (p Property) Element(i int) (rules []Property, allowed bool) {
	if p.node == nil || p.node.array == nil {
		return nil, true
	}
	a := p.node.array
	switch rules = describeAll(a.items); {
	case i < len(a.tuple):
		rules = append(rules, describeAll(a.tuple[i])...)
	case a.isTuple:
		return append(rules, describeAll(a.additional)...), !a.closed
	}
	return rules, true
}

// rules are those for objects, empty ones where there are none.
func (p Property) rules() *objectRules {
	if p.node == nil || p.node.object == nil {
		return &objectRules{}
	}
	return p.node.object
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
	if o := n.object; o != nil {
		p.Required, p.MinProperties, p.MaxProperties = o.required, o.min, o.max
	}
	return p, true
}

// describeAll leaves out nodes that are nil.
func describeAll(nodes ...*node) (all []Property) {
	for _, n := range nodes {
		if p, ok := describe(n); ok {
			all = append(all, p)
		}
	}
	return all
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
