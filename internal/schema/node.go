package schema

import "encoding/json"

// node is one schema of the type's JSON Schema, with its $ref already followed to another node. It keeps the keywords in
// the groups that AWS's validator makes of them, and property order, which its messages depend on.
//
// Its methods that look something up accept a nil node, which knows nothing.
type node struct {
	never bool // the schema `false`

	isRef bool
	ref   *node // the target; nil in a broken or endless reference, which then accepts everything

	types     []string
	typeList  bool
	enum      []any
	hasEnum   bool
	constant  any
	hasConst  bool
	def       any
	hasDef    bool
	unordered bool // insertionOrder: false

	allOf, anyOf, oneOf []*node
	not                 *node
	notText             string // not, as the schema has it
	test, then, other   *node  // if, then, else

	object *objectRules
	array  *arrayRules
	text   *textRules
	number *numberRules

	checks []check // what AWS's validator makes of it, set when the whole schema is read
}

type objectRules struct {
	required     []string
	names        *node
	min, max     *int
	dependencies []dependency
	closed       bool  // additionalProperties: false
	additional   *node // additionalProperties: {…}
	patterns     []patternProperty
	properties   []property
	index        map[string]*node // properties by name
}

type property struct {
	name string
	node *node
}

type patternProperty struct {
	pattern *pattern
	node    *node
}

// dependency holds keys or node, never both.
type dependency struct {
	on   string
	keys []string
	node *node
}

type arrayRules struct {
	min, max   *int
	unique     bool
	items      *node
	tuple      []*node
	isTuple    bool
	closed     bool  // additionalItems: false
	additional *node // additionalItems: {…}
	contains   *node
}

type textRules struct {
	min, max *int
	pattern  *pattern // nil also where the pattern was dropped
	source   string   // the pattern as the schema has it
	format   string   // never asserted
}

type numberRules struct {
	min, max, above, below, multiple *json.Number
}

// resolved follows references to the schema that they stand for.
func (n *node) resolved() *node {
	for n != nil && n.isRef {
		n = n.ref
	}
	return n
}

// alternatives are the subschemas that describe the same value.
func (n *node) alternatives() []*node {
	var all []*node
	all = append(all, n.allOf...)
	all = append(all, n.anyOf...)
	all = append(all, n.oneOf...)
	if n.then != nil {
		all = append(all, n.then)
	}
	if n.other != nil {
		all = append(all, n.other)
	}
	if n.object != nil {
		for _, d := range n.object.dependencies {
			if d.node != nil {
				all = append(all, d.node)
			}
		}
	}
	return all
}

// search looks for what pick finds, first in n, then in its alternatives.
func (n *node) search(pick func(*node) *node) *node {
	n = n.resolved()
	if n == nil {
		return nil
	}
	if found := pick(n); found != nil {
		return found
	}
	for _, a := range n.alternatives() {
		if found := a.search(pick); found != nil {
			return found
		}
	}
	return nil
}

// child is the schema of the member with this name of an object.
func (n *node) child(name string) *node {
	declared := n.search(func(n *node) *node {
		if n.object == nil {
			return nil
		}
		return n.object.index[name]
	})
	if declared != nil {
		return declared
	}
	return n.search(func(n *node) *node {
		if n.object == nil {
			return nil
		}
		for _, p := range n.object.patterns {
			if ok, err := p.pattern.match(name); ok && err == nil {
				return p.node
			}
		}
		return n.object.additional
	})
}

// item is the schema of an array's elements.
func (n *node) item() *node {
	return n.search(func(n *node) *node {
		if n.array == nil {
			return nil
		}
		return n.array.items
	})
}

// any is what "*" leads to: the elements of an array or the values of a map.
func (n *node) any() *node {
	if item := n.item(); item != nil {
		return item
	}
	return n.search(func(n *node) *node {
		switch {
		case n.object == nil:
			return nil
		case len(n.object.patterns) > 0:
			return n.object.patterns[0].node
		}
		return n.object.additional
	})
}

// isUnordered tells whether array order means nothing here.
func (n *node) isUnordered() bool {
	return n.search(func(n *node) *node {
		if n.unordered {
			return n
		}
		return nil
	}) != nil
}

// at walks a property pointer.
func (n *node) at(p Pointer) *node {
	for _, s := range p {
		if s == "*" || isIndex(s) && n.item() != nil {
			n = n.any()
		} else {
			n = n.child(s)
		}
	}
	return n
}

// inPlace are the subschemas that look at the same value as n. A way from a node to itself along them never ends.
func (n *node) inPlace() []*node {
	if n.isRef {
		if n.ref == nil {
			return nil
		}
		return []*node{n.ref}
	}
	all := n.alternatives()
	if n.not != nil {
		all = append(all, n.not)
	}
	if n.test != nil {
		all = append(all, n.test)
	}
	return all
}

// cutEndless makes references that lead back to themselves accept everything and tells whether there were any.
func cutEndless(nodes []*node) (found bool) {
	const visiting, done = 1, 2
	state := map[*node]int{}
	var visit func(n *node)
	visit = func(n *node) {
		state[n] = visiting
		for _, next := range n.inPlace() {
			switch state[next] {
			case 0:
				visit(next)
			case visiting:
				if n.isRef {
					n.ref, found = nil, true
				}
			}
		}
		state[n] = done
	}
	for _, n := range nodes {
		if state[n] == 0 {
			visit(n)
		}
	}
	return found
}
