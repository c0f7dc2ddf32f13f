package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// coerceCases have the members of a schema document, a handler's model, and what it becomes.
var coerceCases = []struct {
	name, schema, model, want string
	warnings                  []string
}{
	{"scalars from strings", `"properties":{"I":{"type":"integer"},"N":{"type":"number"},"B":{"type":"boolean"},"S":{"type":"string"}}`, `{"I":"10","N":"1.50","B":"true","S":"true"}`, `{"B":true,"I":10,"N":1.50,"S":"true"}`, nil},
	{"scalars as they should be", `"properties":{"I":{"type":"integer"},"N":{"type":"number"},"B":{"type":"boolean"},"S":{"type":"string"}}`, `{"I":10,"N":1e2,"B":false,"S":"10"}`, `{"B":false,"I":10,"N":1e2,"S":"10"}`, nil},
	{"integers in Go's notation of floats", `"properties":{"A":{"type":"integer"}}`, `{"A":"1e+06"}`, `{"A":1000000}`, nil},
	{"more of them", `"properties":{"A":{"type":"array","items":{"type":"integer"}}}`, `{"A":["-1.5e1","0.0","1.7976931348623157e+16",2.0,"-0",9007199254740993]}`, `{"A":[-15,0,17976931348623157,2,-0,9007199254740993]}`, nil},
	{"a number keeps its notation", `"properties":{"A":{"type":"number"}}`, `{"A":"1e+06"}`, `{"A":1e+06}`, nil},
	{"Python's booleans", `"properties":{"A":{"type":"boolean"},"B":{"type":"boolean"}}`, `{"A":"True","B":"False"}`, `{"A":true,"B":false}`, nil},
	{
		"what cannot be read stays", `"properties":{"I":{"type":"array","items":{"type":"integer"}},"B":{"type":"boolean"},"N":{"type":"number"}}`,
		`{"I":["x","1.5"," 1","0x1","007","","1e999"],"B":"yes","N":"NaN"}`, `{"B":"yes","I":["x","1.5"," 1","0x1","007","","1e999"],"N":"NaN"}`,
		[]string{
			"#/B: expected type: boolean, found: String", "#/I/0: expected type: integer, found: String", "#/I/1: expected type: integer, found: String",
			"#/I/2: expected type: integer, found: String", "#/I/3: expected type: integer, found: String", "#/I/4: expected type: integer, found: String",
			"#/I/5: expected type: integer, found: String", "#/I/6: expected type: integer, found: String", "#/N: expected type: number, found: String",
		},
	},
	{
		"what is no scalar stays", `"properties":{"I":{"type":"integer"},"O":{"type":"object"},"L":{"type":["array","boolean"]}}`, `{"I":{"X":"1"},"O":"x","L":1}`, `{"I":{"X":"1"},"L":1,"O":"x"}`,
		[]string{"#/I: expected type: integer, found: JSONObject", "#/L: expected type: boolean or array, found: Integer", "#/O: expected type: object, found: String"},
	},
	{"texts from numbers and booleans", `"properties":{"A":{"type":"string"},"B":{"type":"string"},"C":{"type":"string"}}`, `{"A":1.50,"B":true,"C":1e+06}`, `{"A":"1.50","B":"true","C":"1e+06"}`, nil},
	{"a list of types that allows strings", `"properties":{"A":{"type":["string","integer"]},"B":{"type":["integer","string"]}}`, `{"A":"1","B":2}`, `{"A":"1","B":2}`, nil},
	{"a list of types that does not", `"properties":{"A":{"type":["integer","boolean"]},"B":{"type":["integer","boolean"]},"C":{"type":["number","object"]}}`, `{"A":"1","B":"false","C":"1.5"}`, `{"A":1,"B":false,"C":1.5}`, nil},
	{"a list of types and another kind", `"properties":{"A":{"type":["string","boolean"]},"B":{"type":["string","integer"]}}`, `{"A":1,"B":1.5}`, `{"A":"1","B":"1.5"}`, nil},
	{"no type", `"properties":{"A":{}}`, `{"A":"1","B":"2","C":true}`, `{"A":"1","B":"2","C":true}`, nil},
	{"kinds of an enum", `"properties":{"A":{"enum":[1,2]},"B":{"enum":["1","2"]},"C":{"const":true},"D":{"enum":["x",1]},"E":{"type":"integer","enum":[1]}}`, `{"A":"1","B":"1","C":"true","D":"1","E":"2"}`, `{"A":1,"B":"1","C":true,"D":1,"E":2}`, nil},
	{"an enum at odds with its type", `"properties":{"A":{"type":"integer","enum":["1","2"]}}`, `{"A":"1"}`, `{"A":1}`, nil},
	{"references", `"definitions":{"D":{"type":"object","properties":{"I":{"$ref":"#/definitions/E"},"Next":{"$ref":"#/definitions/D"}}},"E":{"type":"integer"}},"properties":{"A":{"$ref":"#/definitions/D"}}`, `{"A":{"I":"1","Next":{"I":"2","Next":{"I":"3"}}}}`, `{"A":{"I":1,"Next":{"I":2,"Next":{"I":3}}}}`, nil},
	{"a reference without end", `"definitions":{"D":{"$ref":"#/definitions/D"}},"properties":{"A":{"$ref":"#/definitions/D"}}`, `{"A":"1"}`, `{"A":"1"}`, nil},
	{"arrays", `"properties":{"A":{"type":"array","items":{"type":"array","items":{"type":"boolean"}}}}`, `{"A":[["true"],[],["false","true"]]}`, `{"A":[[true],[],[false,true]]}`, nil},
	{"tuples", `"properties":{"A":{"type":"array","items":[{"type":"string"},{"type":"integer"}],"additionalItems":{"type":"boolean"}}}`, `{"A":["1","2","true"]}`, `{"A":["1",2,true]}`, nil},
	{"maps by name", `"properties":{"A":{"type":"object","patternProperties":{"^i":{"type":"integer"},"^b":{"type":"boolean"}},"additionalProperties":{"type":"string"}}}`, `{"A":{"i1":"1","b":"true","s":1}}`, `{"A":{"b":true,"i1":1,"s":"1"}}`, nil},
	{"a map of anything", `"properties":{"A":{"type":"object","additionalProperties":{"type":"number"}}}`, `{"A":{"x":"1","y":"2.5"}}`, `{"A":{"x":1,"y":2.5}}`, nil},
	{"a name that is a pattern's too", `"properties":{"A":{"type":"object","properties":{"x":{"type":["integer","string"]}},"patternProperties":{"x":{"type":"integer"}}}}`, `{"A":{"x":"1"}}`, `{"A":{"x":1}}`, nil},
	{"allOf", `"properties":{"A":{"allOf":[{"type":["string","integer"]},{"type":["integer","boolean"]}]}}`, `{"A":"1"}`, `{"A":1}`, nil},
	{"anyOf of one kind", `"properties":{"A":{"anyOf":[{"type":"integer","minimum":3},{"type":"integer","maximum":1}]}}`, `{"A":"1"}`, `{"A":1}`, nil},
	{"oneOf with strings", `"properties":{"A":{"oneOf":[{"type":"integer"},{"type":"string"}]}}`, `{"A":"1"}`, `{"A":"1"}`, nil},
	{"a string that must be another", `"properties":{"A":{"oneOf":[{"type":"integer"},{"type":"string","enum":["auto"]}]},"B":{"oneOf":[{"type":"integer"},{"type":"string","enum":["auto"]}]}}`, `{"A":"1","B":"auto"}`, `{"A":1,"B":"auto"}`, nil},
	{"members of a choice that only requires", `"properties":{"A":{"type":"object","properties":{"I":{"type":"integer"}},"oneOf":[{"required":["I"]},{"required":["J"]}]}}`, `{"A":{"I":"1"}}`, `{"A":{"I":1}}`, nil},
	{"members of closed choices", `"properties":{"A":{"oneOf":[{"additionalProperties":false,"properties":{"I":{"type":"integer"}}},{"additionalProperties":false,"properties":{"J":{"type":"boolean"}}}]}}`, `{"A":{"J":"true"}}`, `{"A":{"J":true}}`, nil},
	{
		"members of choices told apart by a constant", `"properties":{"A":{"type":"array","items":{"oneOf":[{"properties":{"K":{"const":"i"},"V":{"type":"integer"}}},{"properties":{"K":{"const":"s"},"V":{"type":"string"}}}]}}}`,
		`{"A":[{"K":"i","V":"1"},{"K":"s","V":"1"},{"V":"1"}]}`, `{"A":[{"K":"i","V":1},{"K":"s","V":"1"},{"V":"1"}]}`, nil,
	},
	{
		"members of choices told apart by what they require", `"properties":{"A":{"anyOf":[{"required":["I"],"properties":{"V":{"type":"integer"}}},{"required":["S"],"properties":{"V":{"type":"string"}}}]}}`,
		`{"A":{"I":"x","V":"1"}}`, `{"A":{"I":"x","V":1}}`, nil,
	},
	{
		"a write-only member may be missing", `"writeOnlyProperties":["/properties/A/S"],"properties":{"A":{"anyOf":[{"required":["I"],"properties":{"V":{"type":"integer"}}},{"required":["S"],"properties":{"V":{"type":"string"}}}]}}`,
		`{"A":{"I":"x","V":"1"}}`, `{"A":{"I":"x","V":"1"}}`, nil,
	},
	{"members of a choice that nothing of is met", `"properties":{"A":{"type":"object","properties":{"I":{"type":"integer"}},"oneOf":[{"required":["X"]},{"required":["Y"],"properties":{"J":{"type":"integer"}}}]}}`, `{"A":{"I":"1","J":"1"}}`, `{"A":{"I":1,"J":"1"}}`, nil},
	{
		"choices that are combined themselves", `"definitions":{"S":{"properties":{"K":{"const":"s"}}}},"properties":{"A":{"oneOf":[{"properties":{"K":{"const":"i"},"V":{"type":"integer"}}},{"allOf":[{"$ref":"#/definitions/S"}],"properties":{"V":{"type":"string"}}}]}}`,
		`{"A":{"K":"i","V":"1"}}`, `{"A":{"K":"i","V":1}}`, nil,
	},
	{"then and else", `"properties":{"A":{"if":{"required":["X"]},"then":{"properties":{"V":{"type":"integer"}}},"else":{"properties":{"V":{"type":"number"}}}}}`, `{"A":{"V":"1"}}`, `{"A":{"V":1}}`, nil},
	{"dependencies", `"properties":{"A":{"dependencies":{"X":{"properties":{"V":{"type":"integer"}}}}},"B":{"dependencies":{"X":{"properties":{"V":{"type":"integer"}}}}}}`, `{"A":{"X":"x","V":"1"},"B":{"V":"1"}}`, `{"A":{"V":1,"X":"x"},"B":{"V":"1"}}`, nil},
	{"nulls", `"properties":{"A":{"type":"array","items":{"type":["integer","null"]}},"B":{"type":"null"},"C":{"type":"object"}}`, `{"A":[null,"1",null],"B":null,"C":{"X":null,"Y":{"Z":null}}}`, `{"A":[1],"C":{"Y":{}}}`, nil},
	{"no model", `"properties":{"A":{}}`, `null`, `null`, nil},
	{"no object", `"type":"object","properties":{"A":{}}`, `"1"`, `"1"`, []string{"#: expected type: object, found: String"}},
}

func TestCoerce(t *testing.T) {
	for _, c := range coerceCases {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, `"primaryIdentifier":["/properties/A"],`+c.schema)
			model := doc(t, c.model)
			before := string(Encode(model))
			got, warnings := s.Coerce(model)
			if string(Encode(got)) != c.want {
				t.Errorf("%s became %s, not %s", c.model, Encode(got), c.want)
			}
			if !slices.Equal(warnings, c.warnings) {
				t.Errorf("warnings: %q, not %q", warnings, c.warnings)
			}
			if string(Encode(model)) != before {
				t.Errorf("the input became %s", Encode(model))
			}
		})
	}
}

func TestCoerceWarnsAFewTimesOnly(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"array","items":{"type":"integer"}}}`)
	_, warnings := s.Coerce(doc(t, `{"A":["x"`+strings.Repeat(`,"x"`, 999)+`]}`))
	if len(warnings) != maxWarnings+1 || warnings[maxWarnings] != "980 more of the kind" {
		t.Errorf("%d warnings, the last is %q", len(warnings), warnings[len(warnings)-1])
	}
}

// Many choices about one value, and references that double at each level, take no time to speak of.
func TestCoerceGivesUpOnTooManyWays(t *testing.T) {
	var choices []string
	for i := range 12 {
		choices = append(choices, fmt.Sprintf(`{"anyOf":[{"properties":{"A%d":{"type":"integer"}}},{"properties":{"B%d":{"type":"integer"}}}]}`, i, i))
	}
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"integer"},"D":{"$ref":"#/definitions/D"}},"allOf":[`+strings.Join(choices, ",")+`],
		"definitions":{"D":{"anyOf":[{"properties":{"x":{"$ref":"#/definitions/D"}}},{"properties":{"x":{"allOf":[{"$ref":"#/definitions/D"}]}}}],"properties":{"x":{"$ref":"#/definitions/D"},"I":{"type":"integer"}}}}`)
	deep := `{"I":"1"}`
	want := `{"I":1}`
	for range MaxDepth - 2 {
		deep, want = `{"I":"1","x":`+deep+`}`, `{"I":1,"x":`+want+`}`
	}
	got, _ := s.Coerce(doc(t, `{"A":"1","D":`+deep+`}`))
	if string(Encode(got)) != `{"A":1,"D":`+want+`}` {
		t.Errorf("%s", Encode(got))
	}
}

// Coerce changes no input, says nothing of values, only gives what Decode could make, and is done after one time.
func FuzzCoerce(f *testing.F) {
	for _, c := range coerceCases {
		f.Add([]byte(thing(`"primaryIdentifier":["/properties/A"],`+c.schema)), []byte(c.model))
	}
	f.Fuzz(func(t *testing.T, document, text []byte) {
		s, _, err := Parse(document)
		if err != nil {
			return
		}
		model, err := Decode(text)
		if err != nil || strings.Contains(string(document), "(") { // patterns cost time and are tested elsewhere
			return
		}
		before := string(Encode(model))
		got, _ := s.Coerce(model)
		if string(Encode(model)) != before {
			t.Fatalf("the input became %s", Encode(model))
		}
		if again, err := Decode(Encode(got)); err != nil || !Equal(again, got) || hasNull(got) && got != nil {
			t.Fatalf("%s is no document without nulls: %v", Encode(got), err)
		}
		if again, _ := s.Coerce(got); !Equal(again, got) {
			t.Fatalf("%s becomes %s when coerced again", Encode(got), Encode(again))
		}
		if !hasNull(model) && s.Validate(model) == nil && !Equal(got, model) {
			t.Fatalf("%s is valid, but became %s", Encode(model), Encode(got))
		}
	})
}

func hasNull(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if hasNull(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	case string, bool, json.Number:
	default:
		return true
	}
	return false
}
