package sample

import (
	"math"
	"slices"

	"example.org/groundcontrol/internal/schema"
)

const (
	longArray   = 1000 // elements are made at most
	uniqueTries = 50   // for an element that is not there yet
)

// array makes as many elements as are needed, and up to two more.
func (m *maker) array(sh *shape) (any, *unmade) {
	fewest, most, unique := lengths(sh.parts)
	n := fewest
	for range 2 {
		if !m.plain() && n < most && m.chance(len(sh.at)) {
			n++
		}
	}
	if n > longArray {
		return nil, &unmade{sh.at}
	}
	list := []any{}
	for i := range n {
		v, bad := m.element(sh, list, unique)
		if bad != nil && i < fewest {
			return nil, bad
		}
		if bad != nil {
			break
		}
		list = append(list, v)
	}
	return list, nil
}

// lengths are the bounds on the number of elements.
func lengths(parts []schema.Property) (fewest, most int, unique bool) {
	most = math.MaxInt
	for _, p := range parts {
		if p.MinItems != nil {
			fewest = max(fewest, *p.MinItems)
		}
		if p.MaxItems != nil {
			most = min(most, *p.MaxItems)
		}
		unique = unique || p.UniqueItems
	}
	return fewest, most, unique
}

// element makes the next element of a list, one that is not in it yet if they are to be unique.
func (m *maker) element(sh *shape, list []any, unique bool) (any, *unmade) {
	at := sh.below("*")
	rules, allowed := element(sh.parts, len(list))
	if !allowed {
		return nil, &unmade{at}
	}
	was := m.vary
	defer func() { m.vary = was }()
	for range uniqueTries {
		v, bad := m.value(at, rules)
		if bad != nil || !unique || !has(list, v) {
			return v, bad
		}
		m.vary = true
	}
	return nil, &unmade{at}
}

func has(list []any, v any) bool {
	return slices.ContainsFunc(list, func(e any) bool { return schema.Equal(e, v) })
}

// element is all that the parts ask of the element with this index.
func element(parts []schema.Property, i int) (rules []schema.Property, allowed bool) {
	for _, p := range parts {
		more, allowed := p.Element(i)
		if !allowed {
			return nil, false
		}
		rules = append(rules, more...)
	}
	return rules, true
}
