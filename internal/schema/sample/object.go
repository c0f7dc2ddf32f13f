package sample

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"example.org/groundcontrol/internal/schema"
)

// objectBuilder makes one object.
type objectBuilder struct {
	*maker
	*shape
	made map[string]any // members, also those that did not come in
}

// object makes the required members and then as many others as are needed, or wanted and accepted.
func (m *maker) object(sh *shape) (any, *unmade) {
	b := objectBuilder{maker: m, shape: sh, made: map[string]any{}}
	o := map[string]any{}
	for _, p := range sh.parts {
		if bad := b.addAll(o, p.Required); bad != nil {
			return nil, bad
		}
	}
	fewest, most := sizes(sh.parts)
	optional := b.optional(o, fewest)
	for len(o) < fewest && len(optional) > 0 {
		_ = b.add(o, optional[0]) // the size tells whether it worked
		optional = optional[1:]
	}
	if len(o) < fewest {
		return nil, &unmade{sh.at}
	}
	if !b.accepts(o) {
		o = b.repaired(o, optional)
	}
	if m.plain() {
		return o, nil
	}
	wanted := slices.DeleteFunc(optional, func(string) bool { return !m.chance(len(sh.at)) })
	return b.extended(o, wanted, most), nil
}

// chance decides whether something optional is made: the deeper, the less likely.
func (m *maker) chance(depth int) bool {
	return m.room > 0 && depth < maxDepth/4 && m.rnd.IntN(8+max(0, depth-3)) < m.dense
}

// sizes are the bounds on the number of members.
func sizes(parts []schema.Property) (fewest, most int) {
	most = math.MaxInt
	for _, p := range parts {
		if p.MinProperties != nil {
			fewest = max(fewest, *p.MinProperties)
		}
		if p.MaxProperties != nil {
			most = min(most, *p.MaxProperties)
		}
	}
	return fewest, most
}

// extended takes all that is wanted if the rules accept it like that, else what they accept one after the other.
func (b *objectBuilder) extended(o map[string]any, wanted []string, most int) map[string]any {
	all := o
	for _, name := range wanted {
		all = b.tried(all, name, most)
	}
	if b.accepts(all) {
		return all
	}
	for _, name := range wanted {
		if more := b.tried(o, name, most); len(more) > len(o) && b.accepts(more) {
			o = more
		}
	}
	return o
}

// repaired returns the object with one more member that makes it acceptable, and as it is where there is none: with
// optional members alone alternatives may look alike.
func (b *objectBuilder) repaired(o map[string]any, optional []string) map[string]any {
	for _, name := range optional {
		if more := b.tried(o, name, math.MaxInt); b.accepts(more) {
			return more
		}
	}
	return o
}

// tried returns the object with one more member, and as it is where that cannot be. The member gets only some of the values
// that are left to make: something optional that cannot be made must not spend what the rest needs.
func (b *objectBuilder) tried(o map[string]any, name string, most int) map[string]any {
	had := b.values
	b.values = min(had, someValues)
	defer func() { b.values += had - min(had, someValues) }()
	more := maps.Clone(o)
	if b.add(more, name) != nil || len(more) > most {
		return o
	}
	return more
}

func (b *objectBuilder) addAll(o map[string]any, names []string) *unmade {
	for _, name := range names {
		if bad := b.add(o, name); bad != nil {
			return bad
		}
	}
	return nil
}

// add sets a member and what must come with it.
func (b *objectBuilder) add(o map[string]any, name string) *unmade {
	if _, ok := o[name]; ok {
		return nil
	}
	v, ok := b.made[name]
	if !ok {
		var bad *unmade
		if v, bad = b.member(name); bad != nil {
			return bad
		}
		b.made[name] = v
	}
	o[name] = v
	for _, p := range b.parts {
		for _, d := range p.Dependencies() {
			if d.On != name {
				continue
			}
			needed := d.Names
			for _, rule := range d.Rules {
				needed = append(needed, rule.Required...)
			}
			if bad := b.addAll(o, needed); bad != nil {
				return bad
			}
		}
	}
	return nil
}

func (b *objectBuilder) member(name string) (any, *unmade) {
	at := b.below(name)
	rules, allowed := member(b.parts, name)
	if !allowed || b.isReadOnly(at) && !b.lenient {
		return nil, &unmade{at}
	}
	return b.value(at, rules)
}

func (sh *shape) below(name string) schema.Pointer { return append(slices.Clone(sh.at), name) }

// optional are the names that the object may have besides those that it has, at least as many as it needs if possible.
func (b *objectBuilder) optional(o map[string]any, fewest int) (names []string) {
	isMap := true
	for _, p := range b.parts {
		for _, name := range p.Declared() {
			isMap = false
			if _, ok := o[name]; !ok && !slices.Contains(names, name) && !b.isReadOnly(b.below(name)) {
				names = append(names, name)
			}
		}
	}
	if !b.plain() {
		shuffle(b.rnd, names)
	}
	keys := max(fewest-len(o)-len(names), 0)
	if isMap && !b.plain() {
		keys += 2
	}
	for i := range keys {
		if name, ok := b.key(i + 1); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// key makes a name that is not declared.
func (b *objectBuilder) key(number int) (name string, ok bool) {
	allowed := func(name string) bool {
		_, ok := member(b.parts, name)
		return ok
	}
	for _, p := range b.parts {
		for _, pattern := range p.NamePatterns() {
			if g := b.grammar(pattern); g != nil {
				if name, ok := g.Text(b.rnd.IntN, "", allowed); ok && name != "" {
					return name, true
				}
			}
		}
	}
	name = "Key" + strconv.Itoa(number)
	return name, allowed(name)
}
