package contract

import (
	"strings"
	"testing"

	"example.org/groundcontrol/internal/schema"
)

func parsed(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, _, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	v, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

func TestModelsAreComparedByTheirSchema(t *testing.T) {
	s := parsed(t, `{
		"typeName": "Test::Contract::Pair", "description": "d", "primaryIdentifier": ["/properties/A"],
		"properties": {
			"A": {"type": "string"}, "Free": {},
			"Set": {"type": "array", "insertionOrder": false, "items": {"type": "object", "properties": {"K": {"type": "string"}, "L": {"type": "array", "insertionOrder": false}}}},
			"List": {"type": "array", "items": {"type": "object", "properties": {"K": {"type": "string"}}}}
		}}`)
	for _, c := range []struct{ name, want, got, differs string }{
		{"the same", `{"A":"a","Free":{"x":[1,null]}}`, `{"A":"a","Free":{"x":[1.0,null]}}`, ""},
		{"more members", `{"Free":{"x":1}}`, `{"A":"a","Free":{"x":1,"y":2}}`, ""},
		{"null is nothing", `{"A":null}`, `{}`, ""},
		{"missing", `{"A":"a"}`, `{}`, `/A is missing, it should be "a"`},
		{"another value", `{"A":"a"}`, `{"A":"b"}`, `/A is "b", it should be "a"`},
		{"another kind", `{"Free":{"x":1}}`, `{"Free":[1]}`, `/Free is [1], it should be {"x":1}`},
		{"any order", `{"Set":[{"K":"1","L":[1,2]},{"K":"2"}]}`, `{"Set":[{"K":"2","More":1},{"K":"1","L":[2,1]}]}`, ""},
		{"a set with twins", `{"Set":[{"K":"1"},{"K":"1"}]}`, `{"Set":[{"K":"1"},{"K":"2"}]}`, `/Set holds {"K":"2"}, it should hold {"K":"1"}, in any order`},
		{"a list in another order", `{"List":[{"K":"1"},{"K":"2"}]}`, `{"List":[{"K":"2"},{"K":"1"}]}`, `/List has its elements in another order: [{"K":"2"},{"K":"1"}], it should be [{"K":"1"},{"K":"2"}]; the schema does not say insertionOrder: false`},
		{"a list of others", `{"List":[{"K":"1"},{"K":"2"}]}`, `{"List":[{"K":"1"},{"K":"3"}]}`, `/List/1/K is "3", it should be "2"`},
		{"a longer list", `{"List":[{"K":"1"}]}`, `{"List":[{"K":"0"},{"K":"1"}]}`, "/List has 2 elements, it should have 1"},
		{"an order that is not declared", `{"Free":[1,2]}`, `{"Free":[2,1]}`, "/Free has its elements in another order: [2,1], it should be [1,2]; the schema does not say insertionOrder: false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range (comparer{schema: s}).shows(decoded(t, c.want), decoded(t, c.got)) {
				got = append(got, d.String())
			}
			if text := strings.Join(got, "\n"); text != c.differs {
				t.Errorf("got  %s\nwant %s", text, c.differs)
			}
		})
	}
}

// TestPartsOfModelsConform tells what the rule on models asks of one that is not whole.
func TestPartsOfModelsConform(t *testing.T) {
	s := parsed(t, `{
		"typeName": "Test::Contract::Part", "description": "d", "primaryIdentifier": ["/properties/A"], "additionalProperties": false,
		"required": ["A", "required"], "dependencies": {"A": ["B"]}, "oneOf": [{"required": ["B"]}, {"required": ["C"]}],
		"definitions": {"D": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}, "additionalProperties": false}},
		"properties": {
			"A": {"type": "string"}, "B": {"$ref": "#/definitions/D"}, "C": {"type": "array", "items": {"$ref": "#/definitions/D"}}, "required": {"type": "boolean"},
			"M": {"type": "object", "propertyNames": {"pattern": "^x"}, "patternProperties": {"": {"type": "object", "required": ["y"]}}},
			"O": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["z"]}], "not": {"required": ["n"]}, "oneOf": [{"type": "string"}, {"type": "object"}]}
		}}`)
	relaxed, err := relax(s)
	if err != nil {
		t.Fatal(err)
	}
	for text, fits := range map[string]bool{
		`{}`:                 true,
		`{"A":"a","B":{}}`:   true,
		`{"C":[{},{"x":1}]}`: true,
		`{"M":{"a":{}}}`:     true,
		`{"O":{}}`:           true,
		`{"required":true}`:  true,
		`{"required":1}`:     false,
		`{"A":1}`:            false,
		`{"B":{"x":"1"}}`:    false,
		`{"C":[{"y":1}]}`:    false,
		`{"M":{"a":1}}`:      false,
		`{"O":1}`:            false,
		`{"Other":1}`:        false,
	} {
		if err := relaxed.Validate(decoded(t, text)); (err == nil) != fits {
			t.Errorf("%s: %v", text, err)
		}
	}
}
