package sample_test

import (
	"strings"
	"testing"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// definitions of the property A, with the least value that each accepts; "" where that is made by chance.
var definitions = map[string]string{
	`{}`:                                         `"A"`,
	`{"type":"string"}`:                          `"A"`,
	`{"type":"string","minLength":3}`:            `"AAA"`,
	`{"type":"string","maxLength":0}`:            `""`,
	`{"type":"string","minLength":5000}`:         ``,
	`{"type":"string","pattern":"^[A-Z]{1,3}$"}`: `"A"`,
	`{"type":"string","pattern":"^[a-z]{1,3}$"}`: `"a"`,
	`{"type":"string","pattern":"^(?!x)x?y+\\Z","minLength":7,"maxLength":7}`: `"yyyyyyy"`,
	`{"type":"string","pattern":"^[0-9]+$","minLength":90}`:                   ``,
	`{"type":"string","pattern":"^(?=.*1)[01]{4}$"}`:                          ``,
	`{"type":"string","pattern":"^(?=zz)[a-z]+$","default":"zzz"}`:            `"zzz"`,
	`{"type":"string","pattern":"a*{1,5}"}`:                                   `"A"`, // no engine takes it: dropped
	`{"type":"string","enum":["x","y"]}`:                                      `"x"`,
	`{"type":"string","enum":["x","yy"],"minLength":2}`:                       `"yy"`,
	`{"enum":[1,"x"]}`:                                                            `1`,
	`{"const":{"B":[1]}}`:                                                         `{"B":[1]}`,
	`{"const":null}`:                                                              `null`,
	`{"type":"null"}`:                                                             `null`,
	`{"type":"boolean"}`:                                                          `false`,
	`{"type":"boolean","enum":[true]}`:                                            `true`,
	`{"type":"integer"}`:                                                          `0`,
	`{"type":"integer","minimum":3}`:                                              `3`,
	`{"type":"integer","minimum":2.5}`:                                            `3`,
	`{"type":"integer","minimum":-9,"maximum":-3}`:                                `-3`,
	`{"type":"integer","maximum":-3}`:                                             `-3`,
	`{"type":"integer","exclusiveMinimum":3,"exclusiveMaximum":5}`:                `4`,
	`{"type":"integer","exclusiveMinimum":3,"multipleOf":0.7}`:                    `7`,
	`{"type":"integer","minimum":9223372036854775807}`:                            `9223372036854775807`,
	`{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}`:                 `0.5`,
	`{"type":"number","minimum":0.004,"maximum":0.006}`:                           `0.004`,
	`{"type":"number","minimum":0.2,"maximum":1,"multipleOf":0.3}`:                `0.3`,
	`{"type":"array"}`:                                                            `[]`,
	`{"type":"array","minItems":2,"items":{"type":"integer"}}`:                    `[0,0]`,
	`{"type":"array","minItems":3,"uniqueItems":true,"items":{"enum":[1,2,3]}}`:   ``,
	`{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"boolean"}}`: `[false,true]`,
	`{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"object","properties":{"B":{"type":"integer"}}}}`: ``,
	`{"type":"array","minItems":2,"items":[{"type":"string"},{"type":"integer"}],"additionalItems":false}`:             `["A",0]`,
	`{"type":"object"}`: `{}`,
	`{"type":"object","properties":{"B":{},"C":{"type":"object","properties":{"D":{}},"required":["D"]}},"required":["C"]}`:  `{"C":{"D":"D"}}`,
	`{"type":"object","properties":{"B":{},"C":{}},"minProperties":1}`:                                                       `{"B":"B"}`,
	`{"type":"object","properties":{"B":{},"C":{},"D":{}},"maxProperties":1}`:                                                `{}`,
	`{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2}`:                                          `{"Key1":0,"Key2":0}`,
	`{"type":"object","patternProperties":{"^[a-z]{2}$":{"type":"integer"}},"additionalProperties":false,"minProperties":1}`: ``,
	`{"type":"object","properties":{"B":{},"C":{}},"required":["B"],"dependencies":{"B":["C"]}}`:                             `{"B":"B","C":"C"}`,
	`{"type":"object","properties":{"B":{},"C":{}},"required":["B"],"dependencies":{"B":{"required":["C"]}}}`:                `{"B":"B","C":"C"}`,
	`{"type":["string","object"],"minLength":2}`:                                                                             `"AA"`,
	`{"type":["object","string"]}`:                                                                                     `{}`,
	`{"type":["null","integer"]}`:                                                                                      `null`,
	`{"type":"integer","minLength":3}`:                                                                                 `0`,
	`{"anyOf":[{"type":"integer","minimum":1},{"type":"string"}]}`:                                                     `1`,
	`{"anyOf":[{"type":"string","pattern":"^(?=a)b$"},{"type":"boolean"}]}`:                                            `false`,
	`{"oneOf":[{"type":"integer"},{"type":"number"}]}`:                                                                 ``,
	`{"allOf":[{"type":"string","minLength":2},{"maxLength":2},{"pattern":"^b"}]}`:                                     ``,
	`{"allOf":[{"anyOf":[{"minimum":1},{"minimum":2}]},{"oneOf":[{"type":"string"},{"type":"integer","minimum":4}]}]}`: ``,
	`{"type":"object","properties":{"B":{},"C":{}},"oneOf":[{"required":["B"]},{"required":["C"]}]}`:                   `{"B":"B"}`,
	`{"type":"object","properties":{"B":{"enum":["x","y"]},"C":{}},"oneOf":[{"properties":{"B":{"const":"y"}},"required":["B"]},{"required":["C"]}]}`: `{"B":"y"}`,
	`{"type":"object","oneOf":[{"properties":{"B":{}},"additionalProperties":false},{"properties":{"C":{}},"additionalProperties":false}]}`:           `{"B":"B"}`,
	`{"$ref":"#/definitions/Tree"}`:         `{"Name":"Name"}`,
	`{"$ref":"#/definitions/Loop"}`:         `"A"`,
	`{"not":{"type":"string"}}`:             `0`,
	`{"if":{"type":"string"},"then":false}`: `0`,
}

const shared = `"definitions":{
	"Tree":{"type":"object","properties":{"Name":{"type":"string"},"Left":{"$ref":"#/definitions/Tree"},
		"Rest":{"type":"array","items":{"$ref":"#/definitions/Tree"}}},"required":["Name"],"additionalProperties":false},
	"Loop":{"$ref":"#/definitions/Loop"},
	"Endless":{"type":"object","properties":{"Next":{"$ref":"#/definitions/Endless"}},"required":["Next"]}}`

func TestLeastIsAsLittleAsTheSchemaAccepts(t *testing.T) {
	for definition, want := range definitions {
		s := thing(t, `"properties":{"A":`+definition+`,"Z":{}},"required":["A"],`+shared)
		state, err := sample.Least(s)
		if err != nil {
			t.Errorf("%s: %v", definition, err)
			continue
		}
		if err := s.Validate(state); err != nil {
			t.Errorf("%s: %s: %v", definition, schema.Encode(state), err)
		}
		if got := string(schema.Encode(state)); want != "" && got != `{"A":`+want+`}` {
			t.Errorf("%s: got %s, want %s", definition, got, want)
		}
		if again, _ := sample.Least(s); !schema.Equal(again, state) {
			t.Errorf("%s: %s, and then %s", definition, schema.Encode(state), schema.Encode(again))
		}
	}
}

func TestRandomStatesAreValid(t *testing.T) {
	for definition := range definitions {
		s := thing(t, `"properties":{"A":`+definition+`,"Z":{}},"required":["A"],`+shared)
		for seed := range uint64(50) {
			state, err := sample.Random(s, numbers(seed))
			if err != nil {
				t.Errorf("%s: %v", definition, err)
				break
			}
			if err := s.Validate(state); err != nil {
				t.Errorf("%s: %s: %v", definition, schema.Encode(state), err)
			}
			if again, _ := sample.Random(s, numbers(seed)); !schema.Equal(again, state) {
				t.Errorf("%s: %s, and then %s", definition, schema.Encode(state), schema.Encode(again))
			}
		}
	}
}

func TestTheErrorNamesThePropertyThatNoValueFits(t *testing.T) {
	for members, want := range map[string]string{
		`"properties":{"A":{"type":"string","minLength":2,"maxLength":1}},"required":["A"]`:                                "/properties/A",
		`"properties":{"A":false},"required":["A"]`:                                                                        "/properties/A",
		`"properties":{"A":{}},"required":["B"]`:                                                                           "/properties/B",
		`"properties":{"A":{"type":"integer","minimum":1.2,"maximum":1.8}},"required":["A"]`:                               "/properties/A",
		`"properties":{"A":{"type":"array","minItems":2,"uniqueItems":true,"items":{"const":1}}},"required":["A"]`:         "/properties/A/*",
		`"properties":{"A":{"type":"object","properties":{"B":{"pattern":"^(?=a)b$"}},"required":["B"]}},"required":["A"]`: "/properties/A/B",
		`"properties":{"A":{"type":"object","minProperties":1,"additionalProperties":false}},"required":["A"]`:             "/properties/A",
		`"properties":{"A":{"type":"array","minItems":100000}},"required":["A"]`:                                           "/properties/A",
		`"properties":{"A":{"type":"string","minLength":1000000}},"required":["A"]`:                                        "/properties/A",
		`"properties":{"A":{"anyOf":[{"type":"string","enum":[1]},{"type":"integer","enum":["x"]}]}},"required":["A"]`:     "/properties/A",
		`"properties":{"A":{"$ref":"#/definitions/Endless"}},"required":["A"],` + shared:                                   "/properties/A" + strings.Repeat("/Next", 40),
	} {
		want = "sample: Test::Unit::Thing: no value could be made for " + want
		s := thing(t, members)
		if state, err := sample.Least(s); err == nil || err.Error() != want || state != nil {
			t.Errorf("%s: got %v %v, want %s", members, state, err, want)
		}
		if state, err := sample.Random(s, numbers(1)); err == nil || err.Error() != want || state != nil {
			t.Errorf("%s: got %v %v, want %s", members, state, err, want)
		}
	}
}

func TestReadOnlyPropertiesAreLeftOutAndWriteOnlyOnesAreNot(t *testing.T) {
	s := thing(t, `"properties":{"A":{"type":"string"},"Secret":{"type":"string"},"Parts":{"type":"array","items":{"type":"object",
		"properties":{"Id":{"type":"string"},"Name":{"type":"string"}}}},"Arn":{"type":"string"}},
		"readOnlyProperties":["/properties/Arn","/properties/Parts/*/Id"],"writeOnlyProperties":["/properties/Secret"]`)
	seen := map[string]int{}
	for seed := range uint64(100) {
		state, err := sample.Random(s, numbers(seed))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Arn", "Id", "Name", "Secret", "A"} {
			if strings.Contains(string(schema.Encode(state)), `"`+name+`":`) {
				seen[name]++
			}
		}
	}
	for name, n := range seen {
		if n == 0 || n == 100 {
			t.Errorf("%s is in %d of 100 states", name, n)
		}
	}
	if seen["Arn"]+seen["Id"] > 0 || len(seen) != 3 {
		t.Errorf("states have %v", seen)
	}
}

func TestReadOnlyPropertiesAreMadeOnlyWhereNothingIsAcceptedWithout(t *testing.T) {
	for members, want := range map[string]string{
		`"properties":{"A":{},"Arn":{}},"required":["Arn"]`:                                    `{"Arn":"Arn"}`,
		`"properties":{"A":{},"Arn":{}},"anyOf":[{"required":["Arn"]},{"required":["A"]}]`:     `{"A":"A"}`,
		`"properties":{"A":{"type":"object","properties":{"B":{}},"required":["B"]},"Arn":{}}`: `{}`,
		`"properties":{"A":{},"Arn":{}},"minProperties":2`:                                     ``,
	} {
		s := thing(t, members+`,"readOnlyProperties":["/properties/Arn","/properties/A/B"]`)
		state, err := sample.Least(s)
		if got := string(schema.Encode(state)); err == nil && got != want || err != nil && want != "" {
			t.Errorf("%s: got %s %v, want %s", members, got, err, want)
		}
	}
}

func TestEveryAlternativeAndOptionalMemberIsTakenSometimes(t *testing.T) {
	s := property(t, `{"type":"object","properties":{"B":{},"C":{},"D":{"type":["string","integer","array"],"enum":["x",1,[]]},"E":{}},
		"oneOf":[{"required":["B"]},{"required":["C"]}],"dependencies":{"E":["D"]}}`)
	seen := map[string]bool{}
	for seed := range uint64(200) {
		state, err := sample.Random(s, numbers(seed))
		if err != nil {
			t.Fatal(err)
		}
		a := state["A"].(map[string]any)
		for _, name := range []string{"B", "C", "D", "E"} {
			_, ok := a[name]
			seen[name] = seen[name] || ok
			seen["no "+name] = seen["no "+name] || !ok
		}
		if v, ok := a["D"]; ok {
			seen[string(schema.Encode(v))] = true
		}
	}
	for _, want := range []string{"B", "C", "D", "E", "no B", "no C", "no D", "no E", `"x"`, "1", "[]"} {
		if !seen[want] {
			t.Errorf("%s is never there in 200 states", want)
		}
	}
}

func TestChangeGivesAnotherValidValue(t *testing.T) {
	for _, c := range []struct {
		name, members, model string
		ok                   bool
	}{
		{"a text", `"properties":{"A":{"type":"string"}}`, `{"A":"x"}`, true},
		{"the other boolean", `"properties":{"A":{"type":"boolean"}}`, `{"A":true}`, true},
		{"the other of an enum", `"properties":{"A":{"enum":["x","y"]}}`, `{"A":"x"}`, true},
		{"what was not there", `"properties":{"A":{"const":1}}`, `{}`, true},
		{"a const", `"properties":{"A":{"const":1}}`, `{"A":1}`, false},
		{"a const written otherwise", `"properties":{"A":{"const":1}}`, `{"A":1.0}`, false},
		{"more than the order", `"properties":{"A":{"type":"array","items":{"enum":[1,2]},"minItems":2,"uniqueItems":true}}`, `{"A":[1,2]}`, false},
		{"no such property", `"properties":{"A":{}}`, `{}`, false},
		{"what needs another property", `"properties":{"A":{},"B":{"type":"string"}},"dependencies":{"A":["B"]}`, `{}`, false},
		{
			"within the alternative that holds", `"properties":{"A":{"type":"integer"},"Kind":{}},
			"oneOf":[{"properties":{"Kind":{"const":"big"},"A":{"minimum":1000,"maximum":1001}},"required":["Kind"]},{"properties":{"Kind":{"const":"small"},"A":{"maximum":3}},"required":["Kind"]}]`,
			`{"A":1000,"Kind":"big"}`, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, model := thing(t, c.members), decode(t, c.model)
			name := "A"
			if c.name == "no such property" {
				name = "B"
			}
			for seed := range uint64(20) {
				v, ok := sample.Change(s, model, name, numbers(seed))
				if ok != c.ok {
					t.Fatalf("got %v %v", v, ok)
				}
				if !ok {
					continue
				}
				was, had := model[name]
				changed := decode(t, c.model)
				changed[name] = v
				if err := s.Validate(changed); err != nil || had && schema.Equal(v, was) {
					t.Errorf("changed to %s: %v", schema.Encode(changed), err)
				}
			}
			if string(schema.Encode(model)) != string(schema.Encode(decode(t, c.model))) {
				t.Errorf("the model itself became %s", schema.Encode(model))
			}
		})
	}
}
