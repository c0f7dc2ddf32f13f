package sample_test

import (
	"math/rand/v2"
	"testing"

	"example.org/groundcontrol/internal/schema"
)

// thing parses the schema of a type with the given members besides those that every schema has.
func thing(t testing.TB, members string) *schema.Schema {
	t.Helper()
	s, _, err := schema.Parse([]byte(`{"typeName":"Test::Unit::Thing","description":"d","additionalProperties":false,
		"primaryIdentifier":["/properties/A"],` + members + `}`))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return s
}

// property is a type with one property, A, that is required.
func property(t testing.TB, definition string) *schema.Schema {
	t.Helper()
	return thing(t, `"properties":{"A":`+definition+`},"required":["A"]`)
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	v, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.(map[string]any)
}

func numbers(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }
