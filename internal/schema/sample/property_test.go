package sample_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// maker makes schemas, also ones that accept nothing.
type maker struct{ t *rapid.T }

func (m maker) chance(of int) bool { return rapid.IntRange(1, of).Draw(m.t, "chance") == 1 }

func (m maker) number(least, most int) int { return rapid.IntRange(least, most).Draw(m.t, "number") }

func (m maker) one(list ...string) string { return rapid.SampledFrom(list).Draw(m.t, "one") }

// definition makes the schema of one value.
func (m maker) definition(depth int) map[string]any {
	d := map[string]any{}
	if depth > 0 && m.chance(8) {
		d["$ref"] = "#/definitions/" + m.one("D", "E")
		return d
	}
	kind := m.one("string", "integer", "number", "boolean", "array", "object", "null")
	switch m.number(1, 8) {
	case 1: // a schema without a type
	case 2:
		d["type"] = []string{kind, m.one("string", "integer", "object")}
	default:
		d["type"] = kind
	}
	maybe := func(key string, v any) {
		if m.chance(4) {
			d[key] = v
		}
	}
	switch kind {
	case "string":
		maybe("minLength", m.number(0, 6))
		maybe("maxLength", m.number(0, 12))
		maybe("pattern", m.one(`^[a-z]+$`, `^[A-Z]{2,4}$`, `(a|bb|ccc)`, `^(?!x)[x-z]*$`, `[0-9]$`, `.*`))
		maybe("enum", []any{"x", "yy", m.one("x", "zzz")})
	case "integer", "number":
		maybe("minimum", m.bound())
		maybe("maximum", m.bound())
		maybe("exclusiveMinimum", m.bound())
		maybe("exclusiveMaximum", m.bound())
		maybe("multipleOf", json.Number(m.one("1", "3", "0.5", "2.5")))
		maybe("const", m.bound())
	case "array":
		maybe("minItems", m.number(0, 3))
		maybe("maxItems", m.number(0, 4))
		maybe("uniqueItems", true)
		if depth > 0 {
			d["items"] = m.definition(depth - 1)
		}
	case "object":
		m.object(d, depth, maybe)
	}
	if depth > 0 {
		for _, key := range []string{"allOf", "anyOf", "oneOf"} {
			if m.chance(8) {
				d[key] = []any{m.definition(depth - 1), m.definition(depth - 1)}
			}
		}
	}
	return d
}

func (m maker) bound() json.Number { return json.Number(m.one("-7", "0", "2", "2.0", "2.5", "10")) }

func (m maker) object(d map[string]any, depth int, maybe func(string, any)) {
	names := []string{"B", "C", "E"}
	maybe("required", []string{m.one(names...)})
	maybe("minProperties", m.number(0, 2))
	maybe("maxProperties", m.number(0, 3))
	maybe("additionalProperties", false)
	maybe("dependencies", map[string]any{m.one(names...): []string{m.one(names...)}})
	if depth == 0 {
		return
	}
	maybe("dependencies", map[string]any{m.one(names...): m.definition(depth - 1)})
	maybe("additionalProperties", m.definition(depth-1))
	maybe("patternProperties", map[string]any{m.one("^E", "^[a-z]{2}$"): m.definition(depth - 1)})
	properties := map[string]any{}
	for _, name := range names {
		if m.chance(2) {
			properties[name] = m.definition(depth - 1)
		}
	}
	d["properties"] = properties
	if m.chance(4) {
		d["oneOf"] = []any{map[string]any{"required": names[:1]}, map[string]any{"required": names[1:2]}}
	}
}

func (m maker) schema() *schema.Schema {
	root := map[string]any{}
	for root["properties"] == nil {
		root = map[string]any{"type": "object"}
		m.object(root, 3, func(key string, v any) {
			if m.chance(6) {
				root[key] = v
			}
		})
	}
	root["properties"].(map[string]any)["A"] = map[string]any{}
	root["typeName"] = "Test::Unit::Thing"
	root["primaryIdentifier"] = []string{"/properties/A"}
	root["definitions"] = map[string]any{"D": m.definition(2), "E": m.definition(1)}
	raw, err := json.Marshal(root)
	if err != nil {
		m.t.Fatal(err)
	}
	s, _, err := schema.Parse(raw)
	if err != nil {
		m.t.Fatalf("%v: %s", err, raw)
	}
	return s
}

// What is made of any schema keeps its promises; nothing need be made of one that accepts nothing.
func TestPromisesHoldForAnySchema(t *testing.T) {
	var made, failed int
	rapid.Check(t, func(t *rapid.T) {
		s := maker{t}.schema()
		seed := rapid.Uint64().Draw(t, "seed")
		state, err := sample.Random(s, rand.New(rand.NewPCG(seed, 1)))
		least, leastErr := sample.Least(s)
		if (err == nil) != (leastErr == nil) {
			t.Logf("Random says %v and Least %v: %s", err, leastErr, s.Raw)
		}
		if leastErr == nil {
			promises(t, s, least, seed)
		}
		if err != nil {
			failed++
			return
		}
		made++
		promises(t, s, state, seed)
	})
	t.Logf("of %d schemas states were made, of %d none", made, failed)
	if made < failed {
		t.Error("that is too few")
	}
}

func promises(t *rapid.T, s *schema.Schema, state map[string]any, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	text := string(schema.Encode(state))
	if err := s.Validate(state); err != nil {
		t.Fatalf("%s: %v\n%s", text, err, s.Raw)
	}
	if v, err := schema.Decode([]byte(text)); err != nil || !schema.Equal(v, state) {
		t.Fatalf("%s is not what Decode makes: %v", text, err)
	}
	for _, b := range sample.Breaks(s, state, rnd) {
		got := lines(s.Validate(b.Document))
		if !slices.Contains(got, b.Line) {
			t.Fatalf("%s: %s is broken in %s\nline: %s\ngot:  %q\n%s", text, b.Keyword, schema.Encode(b.Document), b.Line, got, s.Raw)
		}
	}
	for _, name := range s.PropertyNames() {
		v, ok := sample.Change(s, state, name, rnd)
		if !ok {
			continue
		}
		changed := map[string]any{}
		for n, w := range state {
			changed[n] = w
		}
		changed[name] = v
		if err := s.Validate(changed); err != nil || schema.Equal(changed, state) {
			t.Fatalf("%s changed to %s: %v\n%s", text, schema.Encode(changed), err, s.Raw)
		}
	}
	if string(schema.Encode(state)) != text {
		t.Fatalf("%s became %s", text, schema.Encode(state))
	}
}
