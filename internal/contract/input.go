package contract

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// maxUpdates bounds how many updates are made up for one resource.
const maxUpdates = 8

// Generate makes a case up from the schema: an input for each test, with optional properties by chance, and updates that
// change one property after the other. The same seed gives the same case. The error names the property that no value
// could be made up for.
func Generate(s *schema.Schema, seed uint64) (Case, error) {
	c := Case{Name: "generated"}
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range tests() {
		create, err := random(s, rnd)
		if err != nil {
			return Case{}, err
		}
		c.Inputs = append(c.Inputs, Input{Create: create, Updates: updates(s, create, rnd)})
	}
	return c, nil
}

const (
	maxIdentifier = 1024 // characters: no call can name a resource by a longer one
	tries         = 20
)

// random makes a state up whose resource can be named.
func random(s *schema.Schema, rnd *rand.Rand) (map[string]any, error) {
	for range tries {
		state, err := sample.Random(s, rnd)
		if err != nil {
			return nil, err
		}
		state = named(s, withoutEmpty(s, state), rnd)
		if id, _ := s.Identifier(state); utf8.RuneCountInString(id) <= maxIdentifier {
			return state, s.Validate(state)
		}
	}
	return nil, errors.New("only identifiers that are too long were made up")
}

// withoutEmpty leaves out empty texts where that is accepted: many services take them as nothing said.
func withoutEmpty(s *schema.Schema, state map[string]any) map[string]any {
	out := maps.Clone(state)
	for _, name := range sorted(state) {
		if state[name] != "" {
			continue
		}
		if delete(out, name); s.Validate(out) != nil {
			out[name] = ""
		}
	}
	return out
}

// named gives a state what identifies the resource and what a list of the type asks for, where the caller may say it.
func named(s *schema.Schema, state map[string]any, rnd *rand.Rand) map[string]any {
	wanted := slices.Clone(s.PrimaryIdentifier)
	if model, ok := s.ListModel(); ok {
		for _, name := range model.Required {
			wanted = append(wanted, schema.Pointer{name})
		}
	}
	for _, p := range wanted {
		if v, ok := get(state, p); ok && v != "" || names(s.ReadOnly, p) { // an empty text names nothing
			continue
		}
		if v, ok := sample.Change(s, state, p[0], rnd); ok {
			state[p[0]] = v
		}
	}
	return state
}

// updates change one top-level property after the other, of those that an update may change as a whole.
func updates(s *schema.Schema, create map[string]any, rnd *rand.Rand) (all []map[string]any) {
	left := map[string]bool{}
	for _, p := range slices.Concat(fixed(s), s.ConditionalCreateOnly) {
		left[p[0]] = true
	}
	now := create
	for _, name := range s.PropertyNames() {
		if left[name] || len(all) == maxUpdates {
			continue
		}
		v, ok := sample.Change(s, now, name, rnd)
		if !ok || v == "" {
			continue
		}
		now = put(now, schema.Pointer{name}, v)
		all = append(all, now)
	}
	return all
}

// Files are the input files of a case, as a project has them: JSON texts, nil where there is none.
type Files struct {
	Name                    string
	Create, Update, Invalid []byte
}

// ErrPlaceholder means that an input refers to what another stack made, which only a deployment could fill in.
var ErrPlaceholder = errors.New("it holds placeholders such as {{output}}, which are not filled in here")

// Read makes a case of files. Where there is no update, one is made up from the schema, by the seed. The error names the
// file, and wraps [ErrPlaceholder] where that is why it cannot be used.
func Read(s *schema.Schema, f Files, seed uint64) (Case, error) {
	var in Input
	var err error
	if in.Create, err = state(f.Create); err != nil {
		return Case{}, fmt.Errorf("%s, create: %w", f.Name, err)
	}
	if in.Invalid, err = state(f.Invalid); err != nil {
		return Case{}, fmt.Errorf("%s, invalid: %w", f.Name, err)
	}
	update, err := state(f.Update)
	if err != nil {
		return Case{}, fmt.Errorf("%s, update: %w", f.Name, err)
	}
	switch {
	case in.Create == nil:
		return Case{}, fmt.Errorf("%s: there is no desired state to create", f.Name)
	case update != nil:
		in.Updates = []map[string]any{update}
	case s.Validate(in.Create) == nil:
		in.Updates = updates(s, in.Create, rand.New(rand.NewPCG(seed, 2)))
	}
	c := Case{Name: f.Name, Inputs: []Input{in}}
	return c, c.check(s)
}

// state reads a desired state, nil for no text. Nulls in it are nothing.
func state(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	v, err := schema.Decode(text)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is no JSON object")
	}
	if slices.ContainsFunc(leaves(o), func(t string) bool { return strings.Contains(t, "{{") }) {
		return nil, ErrPlaceholder
	}
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
	return o, nil
}
