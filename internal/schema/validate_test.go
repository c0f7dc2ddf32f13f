package schema

import (
	"strings"
	"sync"
	"testing"
)

// validateCases: the members of a schema, a model, and the lines inside `Model validation failed (…)`; "" is valid.
var validateCases = []struct{ name, schema, model, want string }{
	{
		"recorded: two missing keys", `"properties":{"A":{},"B":{}},"required":["A","B"]`, `{}`,
		"#: required key [A] not found\n#: required key [B] not found",
	},
	{
		"recorded: an enum below a oneOf",
		`"properties":{"StorageConfiguration":{"type":"object","properties":{"Type":{"type":"string","enum":["S3","EFS"]}},
			"oneOf":[{"required":["Type"]},{"required":["Other"]}]}}`,
		`{"StorageConfiguration":{"Type":"x"}}`,
		"#/StorageConfiguration: #: only 1 subschema matches out of 2\n" +
			"#/StorageConfiguration/Type: #: only 1 subschema matches out of 2\n" +
			"#/StorageConfiguration/Type: failed validation constraint for keyword [enum]",
	},
	{"an object that fits", `"properties":{"A":{"type":"string"}}`, `{"A":"x"}`, ""},
	{"a model that is no object", `"properties":{"A":{}}`, `[]`, "#: expected type: JSONObject, found: JSONArray"},
	{"a model that is null", `"properties":{"A":{}}`, `null`, "#: expected type: JSONObject, found: Null"},
	{
		"extraneous keys come sorted", `"properties":{"A":{}}`, `{"Z":1,"A":1,"B":1}`,
		"#: extraneous key [B] is not permitted\n#: extraneous key [Z] is not permitted",
	},

	// Types and Java class names.
	{"string wanted", `"properties":{"A":{"type":"string"}}`, `{"A":1}`, "#/A: expected type: String, found: Integer"},
	{"a long", `"properties":{"A":{"type":"string"}}`, `{"A":2147483648}`, "#/A: expected type: String, found: Long"},
	{"the least integer", `"properties":{"A":{"type":"string"}}`, `{"A":-2147483648}`, "#/A: expected type: String, found: Integer"},
	{"a big integer", `"properties":{"A":{"type":"string"}}`, `{"A":9223372036854775808}`, "#/A: expected type: String, found: BigInteger"},
	{"a decimal", `"properties":{"A":{"type":"integer"}}`, `{"A":1.5}`, "#/A: expected type: Integer, found: BigDecimal"},
	{"7.0 is no integer", `"properties":{"A":{"type":"integer"}}`, `{"A":7.0}`, "#/A: expected type: Integer, found: BigDecimal"},
	{"1e2 is no integer", `"properties":{"A":{"type":"integer"}}`, `{"A":1e2}`, "#/A: expected type: Integer, found: BigDecimal"},
	{"7.0 is a number", `"properties":{"A":{"type":"number"}}`, `{"A":7.0}`, ""},
	{"integer wanted", `"properties":{"A":{"type":"integer"}}`, `{"A":"1"}`, "#/A: expected type: Integer, found: String"},
	{"number wanted", `"properties":{"A":{"type":"number"}}`, `{"A":true}`, "#/A: expected type: Number, found: Boolean"},
	{"boolean wanted", `"properties":{"A":{"type":"boolean"}}`, `{"A":null}`, "#/A: expected type: Boolean, found: Null"},
	{"array wanted", `"properties":{"A":{"type":"array"}}`, `{"A":{}}`, "#/A: expected type: JSONArray, found: JSONObject"},
	{"object wanted", `"properties":{"A":{"type":"object"}}`, `{"A":[]}`, "#/A: expected type: JSONObject, found: JSONArray"},
	{"null wanted", `"properties":{"A":{"type":"null"}}`, `{"A":"x"}`, "#/A: expected: null, found: String"},
	{
		"a type list is an anyOf", `"properties":{"A":{"type":["string","object"]}}`, `{"A":1}`,
		"#/A: #: no subschema matched out of the total 2 subschemas\n#/A: expected type: String, found: Integer\n" +
			"#/A: expected type: JSONObject, found: Integer",
	},

	// One keyword each.
	{"minLength counts characters", `"properties":{"A":{"type":"string","minLength":3}}`, `{"A":"éé"}`, "#/A: expected minLength: 3, actual: 2"},
	{"maxLength counts characters beyond 16 bits once", `"properties":{"A":{"type":"string","maxLength":1}}`, `{"A":"😀😀"}`, "#/A: expected maxLength: 1, actual: 2"},
	{"pattern is one line", `"properties":{"A":{"type":"string","pattern":"^a$"}}`, `{"A":"secret"}`, "#/A: failed validation constraint for keyword [pattern]"},
	{"pattern is searched", `"properties":{"A":{"type":"string","pattern":"b"}}`, `{"A":"abc"}`, ""},
	{
		"a short string that does not match fails twice", `"properties":{"A":{"type":"string","minLength":3,"pattern":"^a*$"}}`, `{"A":"b"}`,
		"#/A: expected minLength: 3, actual: 1\n#/A: failed validation constraint for keyword [pattern]",
	},
	{"minItems", `"properties":{"A":{"type":"array","minItems":2}}`, `{"A":[1]}`, "#/A: expected minimum item count: 2, found: 1"},
	{"maxItems", `"properties":{"A":{"type":"array","maxItems":0}}`, `{"A":[1]}`, "#/A: expected maximum item count: 0, found: 1"},
	{"uniqueItems by value", `"properties":{"A":{"type":"array","uniqueItems":true}}`, `{"A":[1,1.0]}`, "#/A: array items are not unique"},
	{"contains", `"properties":{"A":{"type":"array","contains":{"type":"string"}}}`, `{"A":[1]}`, "#/A: expected at least one array item to match 'contains' schema"},
	{"a tuple that is too long", `"properties":{"A":{"type":"array","items":[{}],"additionalItems":false}}`, `{"A":[1,2]}`, "#/A: failed validation constraint for keyword [items]"},
	{"minProperties", `"properties":{"A":{"type":"object","minProperties":1}}`, `{"A":{}}`, "#/A: minimum size: [1], found: [0]"},
	{"maxProperties", `"properties":{"A":{"type":"object","maxProperties":1}}`, `{"A":{"X":1,"Y":2}}`, "#/A: maximum size: [1], found: [2]"},
	{"dependencies on names", `"properties":{"A":{},"B":{}},"dependencies":{"A":["B"]}`, `{"A":1}`, "#: property [B] is required"},
	{"minimum", `"properties":{"A":{"type":"integer","minimum":2}}`, `{"A":1}`, "#/A: failed validation constraint for keyword [minimum]"},
	{"maximum at any size", `"properties":{"A":{"type":"integer","maximum":9223372036854775807}}`, `{"A":9223372036854775808}`, "#/A: failed validation constraint for keyword [maximum]"},
	{"exclusiveMinimum", `"properties":{"A":{"type":"number","exclusiveMinimum":2}}`, `{"A":2}`, "#/A: failed validation constraint for keyword [exclusiveMinimum]"},
	{"exclusiveMaximum", `"properties":{"A":{"type":"number","exclusiveMaximum":2}}`, `{"A":2.0}`, "#/A: failed validation constraint for keyword [exclusiveMaximum]"},
	{"multipleOf is exact", `"properties":{"A":{"type":"number","multipleOf":0.1}}`, `{"A":0.3}`, ""},
	{"multipleOf", `"properties":{"A":{"type":"number","multipleOf":0.1}}`, `{"A":0.35}`, "#/A: failed validation constraint for keyword [multipleOf]"},
	{"enum without type", `"properties":{"A":{"enum":["a",1]}}`, `{"A":"b"}`, "#/A: failed validation constraint for keyword [enum]"},
	{"enum by value", `"properties":{"A":{"enum":[1]}}`, `{"A":1.0}`, ""},
	{"const", `"properties":{"A":{"const":"x"}}`, `{"A":"y"}`, "#/A: failed validation constraint for keyword [const]"},
	{"not", `"properties":{"A":{"not":{"type":"string"}}}`, `{"A":"y"}`, "#/A: failed validation constraint for keyword [not]"},
	{"false", `"properties":{"A":false}`, `{"A":1}`, "#/A: failed validation constraint for keyword [false]"},
	{"propertyNames", `"properties":{"A":{"type":"object","propertyNames":{"maxLength":1}}}`, `{"A":{"XY":1}}`, "#/A/XY: expected maxLength: 1, actual: 2"},
	{"format is not asserted", `"properties":{"A":{"type":"string","format":"date-time"}}`, `{"A":"x"}`, ""},
	{"defaults are not filled in", `"properties":{"A":{"type":"string","default":"x"}},"required":["A"]`, `{}`, "#: required key [A] not found"},
	{"null is not absent", `"properties":{"A":{"type":"string"}}`, `{"A":null}`, "#/A: expected type: String, found: Null"},

	// Combinations.
	{
		"an enum with a type is an allOf", `"properties":{"A":{"type":"string","enum":["a"]}}`, `{"A":"b"}`,
		"#/A: #: only 1 subschema matches out of 2\n#/A: failed validation constraint for keyword [enum]",
	},
	{
		"enum and type may both fail", `"properties":{"A":{"type":"string","enum":["a"]}}`, `{"A":1}`,
		"#/A: #: only 0 subschema matches out of 2\n#/A: failed validation constraint for keyword [enum]\n#/A: expected type: String, found: Integer",
	},
	{
		"a keyword of another type is a schema of its own", `"properties":{"A":{"type":"integer","format":"int64"}}`, `{"A":"b"}`,
		"#/A: #: only 1 subschema matches out of 2\n#/A: expected type: Integer, found: String",
	},
	{
		"anyOf", `"properties":{"A":{"anyOf":[{"type":"string"},{"type":"integer"}]}}`, `{"A":true}`,
		"#/A: #: no subschema matched out of the total 2 subschemas\n#/A: expected type: String, found: Boolean\n#/A: expected type: Integer, found: Boolean",
	},
	{
		"oneOf with two fits", `"properties":{"A":{"oneOf":[{"type":"string"},{"minLength":1}]}}`, `{"A":"x"}`,
		"#/A: #: 2 subschemas matched instead of one",
	},
	{
		"oneOf beside properties at the root", `"properties":{"A":{},"B":{}},"oneOf":[{"required":["A"]},{"required":["B"]}]`, `{}`,
		"#: #: only 1 subschema matches out of 2\n#: #: 0 subschemas matched instead of one\n#: required key [A] not found\n#: required key [B] not found",
	},
	{
		"several failures of one subschema have no line of their own", `"properties":{"A":{"allOf":[{"minLength":2,"pattern":"^a"}]}}`, `{"A":"b"}`,
		"#/A: #: only 0 subschema matches out of 1\n#/A: expected minLength: 2, actual: 1\n#/A: failed validation constraint for keyword [pattern]",
	},
	{
		"then", `"properties":{"A":{"if":{"type":"string"},"then":{"minLength":2}}}`, `{"A":"x"}`,
		"#/A: failed validation constraint for keyword [then]\n#/A: expected minLength: 2, actual: 1",
	},
	{
		"else", `"properties":{"A":{"if":{"type":"string"},"else":{"type":"integer"}}}`, `{"A":true}`,
		"#/A: failed validation constraint for keyword [else]\n#/A: expected type: String, found: Boolean\n#/A: expected type: Integer, found: Boolean",
	},

	// Order and places.
	{
		"the order inside an object",
		`"properties":{"B":{"type":"string"},"A":{"type":"string"}},"required":["Z","Y"],"minProperties":9,"dependencies":{"A":["X"]}`,
		`{"A":1,"B":2,"Q":3}`,
		"#: required key [Z] not found\n#: required key [Y] not found\n#: minimum size: [9], found: [3]\n#: property [X] is required\n" +
			"#: extraneous key [Q] is not permitted\n#/B: expected type: String, found: Integer\n#/A: expected type: String, found: Integer",
	},
	{
		"pointers name elements and escape names", `"properties":{"A":{"type":"array","items":{"type":"object","additionalProperties":{"type":"string"}}}}`,
		`{"A":[{},{"a/b~c":1}]}`, "#/A/1/a~1b~0c: expected type: String, found: Integer",
	},
	{
		"patternProperties", `"properties":{"A":{"type":"object","patternProperties":{"^a":{"type":"string"}},"additionalProperties":false}}`,
		`{"A":{"ab":1,"ba":1}}`, "#/A: extraneous key [ba] is not permitted\n#/A/ab: expected type: String, found: Integer",
	},
	{
		"a reference adds no line and hides its siblings", `"definitions":{"D":{"type":"string","minLength":2}},"properties":{"A":{"$ref":"#/definitions/D","type":"integer"}}`,
		`{"A":"x"}`, "#/A: expected minLength: 2, actual: 1",
	},
	{
		"a recursive definition", `"definitions":{"D":{"type":"object","properties":{"D":{"$ref":"#/definitions/D"}},"additionalProperties":false}},"properties":{"A":{"$ref":"#/definitions/D"}}`,
		`{"A":{"D":{"D":{"X":1}}}}`, "#/A/D/D: extraneous key [X] is not permitted",
	},
	{"a reference to itself accepts everything", `"definitions":{"D":{"$ref":"#/definitions/D"}},"properties":{"A":{"$ref":"#/definitions/D"}}`, `{"A":[1]}`, ""},
	{"an endless allOf accepts what the rest accepts", `"definitions":{"D":{"allOf":[{"$ref":"#/definitions/D"}],"type":"string"}},"properties":{"A":{"$ref":"#/definitions/D"}}`, `{"A":"x"}`, ""},
}

func TestValidate(t *testing.T) {
	for _, c := range validateCases {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, `"primaryIdentifier":["/properties/A"],`+c.schema)
			want := ""
			if c.want != "" {
				want = "Model validation failed (" + c.want + ")"
			}
			err := s.Validate(doc(t, c.model))
			if got := errorText(err); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if e, ok := err.(*Error); err != nil && (!ok || e.Kind != Invalid) {
				t.Errorf("%#v is not an Error of kind Invalid", err)
			}
			judge, jerr := compileLibrary(s)
			if jerr != nil {
				t.Fatalf("the library does not compile the schema: %v", jerr)
			}
			model := doc(t, c.model)
			_, isObject := model.(map[string]any) // AWS's validator takes objects only, whatever the schema says
			if jerr := judge["model"].Validate(model); (jerr == nil) != (err == nil) && isObject && !hasFraction(model) {
				t.Errorf("the library says %v", jerr)
			}
		})
	}
}

func TestValidateListTextsAreNotScrubbed(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{
		"ClusterName":{"type":"string","pattern":"^c-"},"Mode":{"enum":["on"]},"Size":{"type":"integer","minimum":2,"multipleOf":5},"A":{"not":{"type":"boolean"}}},
		"handlers":{"list":{"permissions":[],"handlerSchema":{"required":["ClusterName"],"properties":{
			"ClusterName":{"$ref":"resource-schema.json#/properties/ClusterName"},"Mode":{"$ref":"#/properties/Mode"},
			"Size":{"$ref":"resource-schema.json#/properties/Size"},"A":{"$ref":"resource-schema.json#/properties/A"}}}}}`)
	cases := []struct{ name, model, lines string }{
		{"recorded: a missing model", "", "#: required key [ClusterName] not found"},
		{"an empty model", `{}`, "#: required key [ClusterName] not found"},
		{"a good model", `{"ClusterName":"c-1","Other":1}`, ""},
		{"a pattern", `{"ClusterName":"x"}`, "#/ClusterName: string [x] does not match pattern ^c-"},
		{"an enum", `{"ClusterName":"c-1","Mode":"off"}`, "#/Mode: off is not a valid enum value"},
		{"a bound", `{"ClusterName":"c-1","Size":1}`, "#/Size: 1 is not greater or equal to 2\n#/Size: 1 is not a multiple of 5"},
		{"a not", `{"ClusterName":"c-1","A":true}`, `#/A: subject must not be valid against schema {"type":"boolean"}`},
		{"no object", `"x"`, "#: expected type: JSONObject, found: String"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := ""
			if c.lines != "" {
				want = "Missing or invalid ResourceModel property in Test::Unit::Thing list handler request input.Required property:  (" + c.lines + ")"
			}
			var model any
			if c.model != "" {
				model = doc(t, c.model)
			}
			err := s.ValidateList(model)
			if got := errorText(err); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if e, ok := err.(*Error); err != nil && (!ok || e.Kind != InvalidRequest) {
				t.Errorf("%#v is not an Error of kind InvalidRequest", err)
			}
		})
	}
}

func TestATypeWithoutHandlerSchemaListsWithAnyModel(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{}}`)
	for _, model := range []any{nil, map[string]any{"X": true}} {
		if err := s.ValidateList(model); err != nil {
			t.Errorf("%v: %v", model, err)
		}
	}
}

func TestAPatternThatTakesTooLongIsReported(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"string","pattern":"^(?!x)(a+)+$"},"B":{"not":{"pattern":"^(?!x)(a+)+$"}}}`)
	for _, name := range []string{"A", "B"} {
		err := s.Validate(map[string]any{name: strings.Repeat("a", 40) + "!"})
		want := "Model validation failed (#/" + name + ": could not be checked against its pattern in time)"
		if errorText(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDroppedPatternsAcceptEverything(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"string","pattern":"a*{1,5}"},
		"M":{"type":"object","patternProperties":{"b+{1,2}":{"type":"string"}},"additionalProperties":false}}`)
	if err := s.Validate(doc(t, `{"A":"?","M":{"?":1}}`)); err != nil {
		t.Error(err)
	}
}

func TestValidateMayRunConcurrently(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"string","pattern":"^(?!x)a"}}`)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			err := s.Validate(map[string]any{"A": []string{"a", "b"}[i%2]})
			if (err == nil) != (i%2 == 0) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
}

func BenchmarkValidate(b *testing.B) {
	s := corpusType(b, "aws-logs-loggroup")
	model := doc(b, `{"LogGroupName":"/app/web","RetentionInDays":30,"Tags":[{"Key":"Team","Value":"web"}]}`)
	if err := s.Validate(model); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Validate(model)
	}
}

func BenchmarkValidateRefused(b *testing.B) {
	s := corpusType(b, "aws-logs-loggroup")
	model := doc(b, `{"LogGroupName":"?","RetentionInDays":31,"Tags":[{"Key":"Team"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Validate(model)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := openCorpus(b)["aws-logs-loggroup"]
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
