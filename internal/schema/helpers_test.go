package schema

import (
	"encoding/json"
	"testing"
)

func number(text string) json.Number { return json.Number(text) }

// doc decodes a document written in a test.
func doc(t testing.TB, text string) any {
	t.Helper()
	v, err := Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// parse makes a type of the members of its schema document, without the outer braces; the form's own members are added.
func parse(t testing.TB, members string) *Schema {
	t.Helper()
	s, warnings, err := Parse([]byte(`{"typeName":"Test::Unit::Thing","description":"","additionalProperties":false,` + members + `}`))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	for _, w := range warnings {
		t.Logf("warning: %s", w)
	}
	return s
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
