// Package sample makes desired states that a schema accepts, and ones that it refuses for exactly one reason. For
// templates and tests.
//
// States are made by the schema alone: nothing here knows a resource type by name. What is made is checked with the
// schema before it is returned, and made again in another way, a bounded number of times, where it does not hold.
// Documents consist of what [schema.Decode] returns. They may share parts with the arguments and with one another, and
// are for reading only.
package sample

import (
	"fmt"
	"math/rand/v2"

	"example.org/groundcontrol/internal/schema"
)

// Least returns a desired state with as little as the schema accepts: no property of it can be left out by itself.
// Read-only properties are in it only where nothing is accepted without. The same schema gives the same state. The error
// names the property that no value could be made for.
func Least(s *schema.Schema) (map[string]any, error) {
	state, err := desired(s, rand.New(rand.NewPCG(1, 1)), true)
	if err != nil {
		return nil, err
	}
	return lessened(s, state), nil
}

// Random returns a desired state with optional properties, also write-only ones, taken by chance. Read-only properties
// are in it only where nothing is accepted without. The same numbers from rnd give the same state. The error names the
// property that no value could be made for in a bounded number of tries.
func Random(s *schema.Schema, rnd *rand.Rand) (map[string]any, error) {
	return desired(s, rnd, false)
}

// changeTries is how many values Change makes until it gives up: some schemas leave little choice.
const changeTries = 40

// Change returns a value for a top-level property with which, in the place of what model has there, model is still valid.
// It differs from what model has in more than the order of arrays. ok is false where no such value could be made.
func Change(s *schema.Schema, model map[string]any, name string, rnd *rand.Rand) (v any, ok bool) {
	top, _ := s.Property(nil)
	rules, allowed := member(holding(model, top), name)
	if !allowed {
		return nil, false
	}
	was, had := model[name]
	for range changeTries {
		v, bad := newMaker(s, rnd).value(schema.Pointer{name}, rules)
		if bad != nil {
			return nil, false
		}
		if had && schema.Equal(unordered(v), unordered(was)) {
			continue
		}
		if s.Validate(with(model, name, v)) == nil {
			return v, true
		}
	}
	return nil, false
}

// desired makes a whole state, with read-only properties only if it does not work without.
func desired(s *schema.Schema, rnd *rand.Rand, least bool) (map[string]any, error) {
	top, _ := s.Property(nil)
	failure := &unmade{}
	for _, lenient := range []bool{false, true} {
		m := newMaker(s, rnd)
		m.least, m.lenient = least, lenient
		v, bad := m.value(nil, []schema.Property{top})
		if state, ok := v.(map[string]any); ok { // the root of a type need not say that it is one
			return state, nil
		}
		if bad != nil {
			failure = bad
		}
	}
	return nil, fmt.Errorf("sample: %s: %w", s.TypeName, failure)
}

// lessened leaves out all that the schema accepts the state without.
func lessened(s *schema.Schema, state map[string]any) map[string]any {
	for again := true; again; {
		again = false
		for _, path := range members(nil, state) {
			if less, ok := without(state, path); ok && s.Validate(less) == nil {
				state, again = less.(map[string]any), true
			}
		}
	}
	return state
}

// holding are the rules that a valid value follows: the given ones, and those of their alternatives that take it.
func holding(v any, rules ...schema.Property) (all []schema.Property) {
	for _, r := range rules {
		each, some, one := r.Combined()
		all = append(all, r)
		all = append(all, holding(v, each...)...)
		for _, a := range append(some, one...) {
			if a.Validate(v) == nil {
				all = append(all, holding(v, a)...)
			}
		}
	}
	return all
}
