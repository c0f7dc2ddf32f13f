package simulate

import (
	"testing"

	"example.org/groundcontrol/internal/schema"
)

func TestPlansAreMadeOncePerSchemaAndBounded(t *testing.T) {
	text := []byte(`{"typeName":"Own::Test::Thing","description":"d","additionalProperties":false,
		"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`)
	var all plans
	var last *schema.Schema
	for range maxPlans + 10 {
		s, _, err := schema.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if first := all.of(s); all.of(s) != first {
			t.Fatal("a second plan of one schema")
		}
		last = s
	}
	if n := len(all.known); n > maxPlans || all.known[last] == nil {
		t.Errorf("%d plans are kept", n)
	}
}
