package sample

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"example.org/groundcontrol/internal/schema"
)

func (b *breaker) objectWays(sp *spot, p schema.Property, o map[string]any) []way {
	ways := []way{b.fewer(sp, p, o), b.more(sp, p, o), extraneous(p, o)}
	missing := func(keyword, text, name string) {
		if _, ok := o[name]; ok {
			ways = append(ways, way{keyword, []attempt{{lacking(o, name), fmt.Sprintf(text, name)}}})
		}
	}
	for _, name := range p.Required {
		missing("required", "required key [%s] not found", name)
	}
	for _, d := range p.Dependencies() {
		for _, name := range d.Names {
			if _, ok := o[d.On]; ok && name != d.On {
				missing("dependencies", "property [%s] is required", name)
			}
		}
	}
	return ways
}

// extraneous adds a member that is not allowed.
func extraneous(p schema.Property, o map[string]any) way {
	w := way{keyword: "additionalProperties"}
	for _, name := range []string{"Extraneous", "NotDeclared", "!"} {
		_, there := o[name]
		if _, allowed := p.Member(name); !allowed && !there {
			w.attempts = append(w.attempts, attempt{with(o, name, true), fmt.Sprintf("extraneous key [%s] is not permitted", name)})
		}
	}
	return w
}

// fewer leaves out members, optional ones first.
func (b *breaker) fewer(sp *spot, p schema.Property, o map[string]any) way {
	w := way{keyword: "minProperties"}
	if p.MinProperties == nil || *p.MinProperties < 1 || len(o) < *p.MinProperties {
		return w
	}
	names := sortedNames(o)
	slices.SortStableFunc(names, func(x, y string) int { return sp.needs(x) - sp.needs(y) })
	n := *p.MinProperties - 1
	w.attempts = []attempt{{
		lacking(o, names[:len(names)-n]...), fmt.Sprintf("minimum size: [%d], found: [%d]", *p.MinProperties, n),
	}}
	return w
}

// needs is 1 for a required member.
func (sp *spot) needs(name string) int {
	if slices.ContainsFunc(sp.parts, func(p rule) bool { return slices.Contains(p.Required, name) }) {
		return 1
	}
	return 0
}

// more adds members, those that the schema allows first.
func (b *breaker) more(sp *spot, p schema.Property, o map[string]any) way {
	w := way{keyword: "maxProperties"}
	if p.MaxProperties == nil || *p.MaxProperties >= farArray {
		return w
	}
	n := *p.MaxProperties + 1
	b.values, b.room = maxValues, 0
	builder := objectBuilder{maker: b.maker, shape: sp.shape(), made: map[string]any{}}
	full := maps.Clone(o)
	for _, name := range builder.optional(o, n) {
		if len(full) < n {
			full = builder.tried(full, name, n)
		}
	}
	for i := 1; len(full) < n; i++ {
		full["Extraneous"+strconv.Itoa(i)] = true
	}
	w.attempts = []attempt{{full, fmt.Sprintf("maximum size: [%d], found: [%d]", *p.MaxProperties, n)}}
	return w
}
