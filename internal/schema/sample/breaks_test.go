package sample_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// breakCases: the definition of property A, a valid value of it, and what breaks it: the keyword and the line, also "type"
// with everything after "found: " left out.
var breakCases = []struct {
	name, definition, value string
	want                    []string
}{
	{"type", `{"type":"string"}`, `"x"`, []string{"type #/A: expected type: String"}},
	{"type null", `{"type":"null"}`, `null`, []string{"type #/A: expected: null"}},
	{"a list of types", `{"type":["integer","object"]}`, `1`, []string{"type #/A: expected type: Integer"}},
	{"a group without a type takes all others", `{"minLength":1}`, `7`, nil},
	{"minLength", `{"minLength":3}`, `"xyz"`, []string{"minLength #/A: expected minLength: 3, actual: 2"}},
	{"minLength counts characters", `{"minLength":2}`, `"éé"`, []string{"minLength #/A: expected minLength: 2, actual: 1"}},
	{"maxLength", `{"maxLength":3}`, `"x"`, []string{"maxLength #/A: expected maxLength: 3, actual: 4"}},
	{"maxLength of nothing", `{"maxLength":0}`, `""`, []string{"maxLength #/A: expected maxLength: 0, actual: 1"}},
	{"a maximum too far away", `{"maxLength":1000000}`, `"x"`, nil},
	{"pattern", `{"pattern":"^[a-z]+$"}`, `"x"`, []string{"pattern #/A: failed validation constraint for keyword [pattern]"}},
	{"a pattern that takes everything", `{"pattern":"^[\\s\\S]*$"}`, `"x"`, nil},
	{
		"lengths that the pattern goes with", `{"minLength":3,"maxLength":5,"pattern":"^[a-z]+-[0-9]*$"}`, `"abc-"`,
		[]string{
			"maxLength #/A: expected maxLength: 5, actual: 6", "minLength #/A: expected minLength: 3, actual: 2",
			"pattern #/A: failed validation constraint for keyword [pattern]",
		},
	},
	{"enum", `{"enum":["x","xx"]}`, `"x"`, []string{"enum #/A: failed validation constraint for keyword [enum]"}},
	{"enum of booleans", `{"enum":[true]}`, `true`, []string{"enum #/A: failed validation constraint for keyword [enum]"}},
	{"an enum of all booleans", `{"enum":[true,false]}`, `true`, nil},
	{"const", `{"const":7}`, `7`, []string{"const #/A: failed validation constraint for keyword [const]"}},
	{"minimum", `{"minimum":2}`, `2`, []string{"minimum #/A: failed validation constraint for keyword [minimum]"}},
	{"minimum of integers", `{"type":"integer","minimum":2.5}`, `3`, []string{
		"minimum #/A: failed validation constraint for keyword [minimum]", "type #/A: expected type: Integer",
	}},
	{"maximum", `{"maximum":9223372036854775807}`, `2`, []string{"maximum #/A: failed validation constraint for keyword [maximum]"}},
	{"exclusiveMinimum", `{"exclusiveMinimum":2}`, `3`, []string{"exclusiveMinimum #/A: failed validation constraint for keyword [exclusiveMinimum]"}},
	{"exclusiveMaximum", `{"exclusiveMaximum":2}`, `1`, []string{"exclusiveMaximum #/A: failed validation constraint for keyword [exclusiveMaximum]"}},
	{"multipleOf", `{"multipleOf":0.1}`, `0.3`, []string{"multipleOf #/A: failed validation constraint for keyword [multipleOf]"}},
	{"minItems", `{"minItems":2}`, `[1,2,3]`, []string{"minItems #/A: expected minimum item count: 2, found: 1"}},
	{"maxItems", `{"maxItems":2}`, `[1]`, []string{"maxItems #/A: expected maximum item count: 2, found: 3"}},
	{"uniqueItems", `{"uniqueItems":true}`, `[1]`, []string{"uniqueItems #/A: array items are not unique"}},
	{"uniqueItems of many", `{"uniqueItems":true,"maxItems":2}`, `[1,2]`, []string{
		"maxItems #/A: expected maximum item count: 2, found: 3", "uniqueItems #/A: array items are not unique",
	}},
	{"elements", `{"items":{"minimum":2}}`, `[2,3]`, []string{
		"minimum #/A/0: failed validation constraint for keyword [minimum]",
		"minimum #/A/1: failed validation constraint for keyword [minimum]",
	}},
	{"a list of schemas", `{"items":[{"const":1},{"minLength":1}],"additionalItems":{"const":3}}`, `[1,"x",3]`, []string{
		"const #/A/0: failed validation constraint for keyword [const]", "const #/A/2: failed validation constraint for keyword [const]",
		"minLength #/A/1: expected minLength: 1, actual: 0",
	}},
	{"required", `{"required":["B","C"]}`, `{"B":1,"C":1}`, []string{
		"required #/A: required key [B] not found", "required #/A: required key [C] not found",
	}},
	{"additionalProperties", `{"additionalProperties":false}`, `{}`, []string{"additionalProperties #/A: extraneous key [Extraneous] is not permitted"}},
	{"members of a map", `{"patternProperties":{"^a":{"const":1}},"additionalProperties":{"const":2}}`, `{"a/~":1,"b":2}`, []string{
		"const #/A/a~1~0: failed validation constraint for keyword [const]", "const #/A/b: failed validation constraint for keyword [const]",
	}},
	{"minProperties", `{"minProperties":2}`, `{"B":1,"C":1}`, []string{"minProperties #/A: minimum size: [2], found: [1]"}},
	{"minProperties without what is required", `{"minProperties":1,"required":["C"]}`, `{"B":1,"C":1}`, []string{
		"minProperties #/A: minimum size: [1], found: [0]", "required #/A: required key [C] not found",
	}},
	{"maxProperties", `{"maxProperties":1}`, `{}`, []string{"maxProperties #/A: maximum size: [1], found: [2]"}},
	{"maxProperties of a closed object", `{"maxProperties":1,"properties":{"B":{"type":"string"},"C":{}},"additionalProperties":false}`, `{"C":1}`, []string{
		"additionalProperties #/A: extraneous key [Extraneous] is not permitted", "maxProperties #/A: maximum size: [1], found: [2]",
	}},
	{"dependencies", `{"dependencies":{"B":["C"],"D":["E"]}}`, `{"B":1,"C":1}`, []string{"dependencies #/A: property [C] is required"}},
	{"a schema that depends", `{"dependencies":{"B":{"minProperties":2,"required":["B"]},"D":{"required":["E"]}}}`, `{"B":1,"C":1}`, []string{
		"minProperties #/A: minimum size: [2], found: [1]",
	}},
	{"allOf", `{"allOf":[{"minLength":1},{"enum":["x"]}]}`, `"x"`, []string{
		"enum #/A: failed validation constraint for keyword [enum]", "minLength #/A: expected minLength: 1, actual: 0",
	}},
	{"anyOf with another that takes it", `{"anyOf":[{"minLength":2},{"type":"string"}]}`, `"xx"`, nil},
	{"anyOf", `{"anyOf":[{"minLength":2,"type":"string"},{"type":"integer"}]}`, `"xx"`, []string{
		"minLength #/A: expected minLength: 2, actual: 1", "type #/A: expected type: String",
	}},
	{"oneOf", `{"oneOf":[{"required":["B"]},{"required":["C"]}]}`, `{"B":1}`, []string{"required #/A: required key [B] not found"}},
	{"oneOf below oneOf", `{"oneOf":[{"oneOf":[{"required":["B"]},{"required":["C"]}]},{"type":"object","maxProperties":0}]}`, `{"B":1}`, nil},
	{"a reference", `{"$ref":"#/definitions/D","type":"integer"}`, `{"D":{}}`, []string{
		"additionalProperties #/A/D: extraneous key [Extraneous] is not permitted", "additionalProperties #/A: extraneous key [Extraneous] is not permitted",
	}},
}

func TestEachKeywordIsBroken(t *testing.T) {
	for _, c := range breakCases {
		t.Run(c.name, func(t *testing.T) {
			s := thing(t, `"properties":{"A":`+c.definition+`},"definitions":{"D":{"properties":{"D":{"$ref":"#/definitions/D"}},"additionalProperties":false}}`)
			state := decode(t, `{"A":`+c.value+`}`)
			if err := s.Validate(state); err != nil {
				t.Fatalf("the state itself: %v", err)
			}
			for seed := range uint64(5) {
				var got []string
				for _, b := range sample.Breaks(s, state, numbers(seed)) {
					line, _, _ := strings.Cut(b.Line, ", found: J") // classes are chosen by chance
					for _, class := range []string{"String", "Integer", "Long", "BigInteger", "BigDecimal", "Boolean", "Null"} {
						line = strings.TrimSuffix(line, ", found: "+class)
					}
					if strings.HasPrefix(b.Path, "#/A") {
						got = append(got, b.Keyword+" "+line)
					}
					checkBreak(t, s, b)
				}
				slices.Sort(got)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			if string(schema.Encode(state["A"])) != string(schema.Encode(decode(t, `{"A":`+c.value+`}`)["A"])) {
				t.Errorf("the state itself became %s", schema.Encode(state))
			}
		})
	}
}

// lines are those of a validation error.
func lines(err error) []string {
	if err == nil {
		return []string{"accepted"}
	}
	text := strings.TrimSuffix(strings.TrimPrefix(err.Error(), "Model validation failed ("), ")")
	return strings.Split(text, "\n")
}

// checkBreak checks that the validator prints the line of the break, and that the line is of its place.
func checkBreak(t testing.TB, s *schema.Schema, b sample.Break) (causes int) {
	t.Helper()
	got := lines(s.Validate(b.Document))
	if strings.HasSuffix(got[0], "could not be checked against its pattern in time") {
		t.Logf("%s: %s: %s", s.TypeName, b.Line, got[0]) // on a machine that is very busy
		return 0
	}
	if !slices.Contains(got, b.Line) {
		t.Errorf("%s: %s is broken in %s\nline: %s\ngot:  %q", s.TypeName, b.Keyword, schema.Encode(b.Document), b.Line, got)
	}
	if !strings.HasPrefix(b.Line, b.Path+": ") {
		t.Errorf("%s: the line %s is not of %s", s.TypeName, b.Line, b.Path)
	}
	for _, line := range got {
		if !strings.Contains(line, ": #: ") {
			causes++
		}
	}
	return causes
}

func TestABreakHasOneReasonWhereItCanBe(t *testing.T) {
	s := thing(t, `"properties":{
		"A":{"type":"string","minLength":3,"maxLength":5,"pattern":"^a[a-z]+$"},
		"E":{"type":"string","enum":["one","two"]},
		"N":{"type":"integer","minimum":1,"maximum":5},
		"L":{"type":"array","minItems":1,"maxItems":3,"uniqueItems":true,"items":{"type":"string"}},
		"O":{"type":"object","properties":{"P":{"type":"string"},"Q":{"type":"string"},"R":{"type":"string"}},"required":["P"],"minProperties":1,"maxProperties":2},
		"M":{"type":"object","additionalProperties":{"type":"string"},"maxProperties":1}},
		"required":["A"]`)
	state := decode(t, `{"A":"abcd","E":"one","N":2,"L":["x","y"],"O":{"P":"p","Q":"q"},"M":{"K":"k"}}`)
	if err := s.Validate(state); err != nil {
		t.Fatal(err)
	}
	both := map[string]bool{
		"#/O: minimum size: [1], found: [0]":    true, // what is left out is required
		"#/L: array items are not unique":       false,
		"#/E: expected type: String":            true, // no other type is in the enum
		"#/O/P: expected type: String":          false,
		"#/A: expected maxLength: 5, actual: 6": false,
	}
	for _, b := range sample.Breaks(s, state, numbers(3)) {
		line, _, _ := strings.Cut(b.Line, ", found: ")
		if !strings.Contains(b.Line, "expected type") {
			line = b.Line
		}
		if causes := checkBreak(t, s, b); causes > 1 && !both[line] {
			t.Errorf("%q has %d reasons: %v", b.Line, causes, s.Validate(b.Document))
		}
	}
}

func TestTheSameNumbersGiveTheSameBreaks(t *testing.T) {
	s := property(t, `{"type":["string","object"],"minProperties":1,"maxProperties":3,"additionalProperties":{"type":"integer","minimum":3}}`)
	state := decode(t, `{"A":{"B":3,"C":4}}`)
	if diff := cmp.Diff(sample.Breaks(s, state, numbers(1)), sample.Breaks(s, state, numbers(1))); diff != "" {
		t.Error(diff)
	}
}
