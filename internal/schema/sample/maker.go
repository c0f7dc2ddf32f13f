package sample

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"example.org/groundcontrol/internal/schema"
)

const (
	maxValues  = 5000 // made for one state, failed tries included: tries in tries multiply
	someValues = 300  // of them for something optional
	maxDepth   = 40   // of a state; only a schema that requires itself gets there
	maxWays    = 32   // through the alternatives for one value
	fewTries   = 4    // for one value where there is one way only
	roomy      = 150  // values in a random state; what comes after is only what is required
)

// maker makes the values of one state.
type maker struct {
	rnd      *rand.Rand
	least    bool // as little as possible, the same each time
	vary     bool // another one each time: for the elements of a set, and after the plainest values failed
	readOnly []schema.Pointer
	lenient  bool // makes required properties even where they are read-only
	grammars map[string]*Grammar
	dense    int // of 8: how likely what is optional is made
	values   int // left to make
	room     int // left for optional ones
}

func newMaker(s *schema.Schema, rnd *rand.Rand) *maker {
	return &maker{
		rnd: rnd, readOnly: s.ReadOnly, grammars: map[string]*Grammar{}, dense: 1 + rnd.IntN(8), values: maxValues, room: roomy,
	}
}

// unmade says where no value could be made.
type unmade struct{ at schema.Pointer }

func (e *unmade) Error() string { return fmt.Sprintf("no value could be made for %s", e.at) }

// shape is what one value has to satisfy.
type shape struct {
	at    schema.Pointer    // "*" for the elements of arrays
	rules []schema.Property // all of these: what the value is checked with
	parts []schema.Property // the same and one of each of their alternatives: what the value is made by
}

func (sh *shape) accepts(v any) bool {
	return !slices.ContainsFunc(sh.rules, func(r schema.Property) bool { return r.Validate(v) != nil })
}

// choices numbers the ways through alternatives: consecutive numbers take them in turn.
type choices struct{ number, ways int }

func (c *choices) below(n int) int {
	k := c.number % n
	c.number /= n
	c.ways = min(c.ways*n, maxWays)
	return k
}

// parts are the rules and the alternatives chosen for them.
func (c *choices) parts(rules ...schema.Property) (all []schema.Property) {
	for _, r := range rules {
		each, some, one := r.Combined()
		all = append(append(all, r), c.parts(each...)...)
		for _, group := range [][]schema.Property{some, one} {
			if len(group) > 0 {
				all = append(all, c.parts(group[c.below(len(group))])...)
			}
		}
	}
	return all
}

// value makes a value that satisfies all rules: by one way through their alternatives after the other, and then by each
// of them again with values that are less plain.
func (m *maker) value(at schema.Pointer, rules []schema.Property) (any, *unmade) {
	failure := &unmade{at}
	if m.values--; m.values < 0 || len(at) > maxDepth {
		return nil, failure
	}
	was, first := m.vary, 0
	defer func() { m.vary = was }()
	if !m.least {
		first = m.rnd.IntN(1 << 16)
	}
	for try, ways := 0, 1; try < max(2*ways, fewTries); try++ {
		c := choices{number: first + try, ways: 1}
		sh := &shape{at, rules, c.parts(rules...)}
		ways = max(ways, c.ways)
		m.vary = was || try >= ways
		v, bad := m.make(sh)
		if bad == nil {
			m.room--
			return v, nil
		}
		if len(bad.at) > len(failure.at) {
			failure = bad
		}
	}
	return nil, failure
}

// make makes a value of the first type that one can be made of.
func (m *maker) make(sh *shape) (any, *unmade) {
	if listed, ok := sh.listed(); ok {
		return m.oneOf(sh, listed)
	}
	types := sh.types()
	if !m.least {
		shuffle(m.rnd, types)
	}
	failure := &unmade{sh.at}
	for _, t := range types {
		v, bad := m.ofType(t, sh)
		switch {
		case bad == nil && sh.accepts(v):
			return v, nil
		case bad != nil && len(bad.at) > len(failure.at):
			failure = bad
		}
	}
	return nil, failure
}

func (m *maker) ofType(name string, sh *shape) (any, *unmade) {
	switch name {
	case "object":
		return m.object(sh)
	case "array":
		return m.array(sh)
	case "string":
		return m.text(sh)
	case "integer", "number":
		return m.number(sh, name == "integer")
	case "boolean":
		return !m.plain() && m.rnd.IntN(2) == 0, nil
	}
	return nil, nil // null
}

// plain reports whether the likeliest value is wanted, not just any.
func (m *maker) plain() bool { return m.least && !m.vary }

// listed are the values that an enum or const leaves.
func (sh *shape) listed() ([]any, bool) {
	for _, p := range sh.parts {
		switch {
		case p.HasConst:
			return []any{p.Const}, true
		case p.Enum != nil:
			return slices.Clone(p.Enum), true
		}
	}
	return nil, false
}

func (m *maker) oneOf(sh *shape, list []any) (any, *unmade) {
	if !m.plain() {
		shuffle(m.rnd, list)
	}
	for _, v := range list {
		if sh.accepts(v) {
			return v, nil
		}
	}
	return nil, &unmade{sh.at}
}

// types are those that all parts name, the likeliest first.
func (sh *shape) types() []string {
	var types []string
	for _, p := range sh.parts {
		switch both := common(types, p.Types); {
		case len(p.Types) == 0:
		case len(types) == 0:
			types = slices.Clone(p.Types)
		case len(both) > 0:
			types = both
		default:
			// One of them may come from keywords that say nothing about other types.
			types = append(types, p.Types...)
		}
	}
	if len(types) == 0 {
		return []string{"string", "integer", "boolean", "object"}
	}
	return types
}

func common(a, b []string) (both []string) {
	for _, t := range a {
		switch {
		case slices.Contains(b, t):
			both = append(both, t)
		case t == "number" && slices.Contains(b, "integer"), t == "integer" && slices.Contains(b, "number"):
			both = append(both, "integer")
		}
	}
	return both
}

// member is all that the parts ask of a member with this name.
func member(parts []schema.Property, name string) (rules []schema.Property, allowed bool) {
	for _, p := range parts {
		more, allowed := p.Member(name)
		if !allowed {
			return nil, false
		}
		rules = append(rules, more...)
	}
	return rules, true
}

// isReadOnly reports whether clients leave a property out.
func (m *maker) isReadOnly(at schema.Pointer) bool {
	return slices.ContainsFunc(m.readOnly, func(p schema.Pointer) bool {
		return slices.EqualFunc(p, at, func(pattern, name string) bool { return pattern == "*" || pattern == name })
	})
}

func shuffle[T any](rnd *rand.Rand, list []T) {
	rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
