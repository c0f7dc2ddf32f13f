package schema

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseReadsTheWholeDocument(t *testing.T) {
	s := parse(t, `"sourceUrl":"x","$schema":"https://nowhere.invalid/schema.json","$id":"y",
		"primaryIdentifier":["/properties/A","/properties/B/C"],"additionalIdentifiers":[["/properties/D"],["/properties/A","/properties/D"]],
		"properties":{"A":{},"B":{"type":"object","properties":{"C":{}}},"D":{},"L":{"type":"array","items":{"properties":{"X":{}}}},"Labels":{}},
		"readOnlyProperties":["/properties/D"],"writeOnlyProperties":["/properties/L/*/X"],"createOnlyProperties":["/properties/A"],
		"conditionalCreateOnlyProperties":["/properties/B"],"deprecatedProperties":["/properties/B/C"],
		"tagging":{"taggable":true,"tagUpdatable":false,"tagProperty":"/properties/Labels"},
		"handlers":{"create":{"permissions":[],"timeoutInMinutes":2160},"read":{"permissions":[]},"list":{"permissions":[],"timeoutInMinutes":1}}`)
	for _, c := range []struct{ got, want any }{
		{s.TypeName, "Test::Unit::Thing"},
		{s.PrimaryIdentifier, []Pointer{{"A"}, {"B", "C"}}},
		{s.AdditionalIdentifiers, [][]Pointer{{{"D"}}, {{"A"}, {"D"}}}},
		{s.ReadOnly, []Pointer{{"D"}}},
		{s.WriteOnly, []Pointer{{"L", "*", "X"}}},
		{s.CreateOnly, []Pointer{{"A"}}},
		{s.ConditionalCreateOnly, []Pointer{{"B"}}},
		{s.Deprecated, []Pointer{{"B", "C"}}},
		{s.Tagging, Tagging{Taggable: true, TagOnCreate: true, TagProperty: Pointer{"Labels"}}},
		{s.Timeout(Create), 36 * time.Hour},
		{s.Timeout(Read), 2 * time.Hour},
		{s.Timeout(List), 2 * time.Hour}, // 1 minute is out of bounds
		{s.Timeout(Update), 2 * time.Hour},
		{s.PropertyNames(), []string{"A", "B", "D", "L", "Labels"}},
		{s.HasHandlers(), true},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Error(diff)
		}
	}
	for action, want := range map[Action]bool{Create: true, Read: true, Update: false, Delete: false, List: true} {
		if s.Supports(action) != want {
			t.Errorf("Supports(%s) is not %v", action, want)
		}
	}
	if err := s.Validate(doc(t, `{"A":1}`)); err != nil {
		t.Error(err)
	}
}

func TestASchemaWithoutHandlersSupportsEverything(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{}}`)
	for _, a := range []Action{Create, Read, Update, Delete, List} {
		if !s.Supports(a) {
			t.Errorf("not %s", a)
		}
	}
	if s.HasHandlers() {
		t.Error("HasHandlers")
	}
}

func TestTaggingDefaults(t *testing.T) {
	cases := []struct {
		members string
		want    Tagging
	}{
		{`"properties":{"Tags":{}}`, Tagging{true, true, true, Pointer{"Tags"}}},
		{`"properties":{"A":{}}`, Tagging{true, true, true, nil}},
		{`"properties":{"Tags":{}},"taggable":false`, Tagging{false, false, false, Pointer{"Tags"}}},
		{`"properties":{"Tags":{}},"tagging":{"taggable":false}`, Tagging{false, false, false, Pointer{"Tags"}}},
		{`"properties":{"A":{}},"tagging":{"taggable":true,"tagOnCreate":false}`, Tagging{true, false, true, nil}},
	}
	for _, c := range cases {
		s := parse(t, `"primaryIdentifier":["/properties/A"],`+c.members)
		if diff := cmp.Diff(c.want, s.Tagging); diff != "" {
			t.Errorf("%s: %s", c.members, diff)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	cases := []struct{ name, document, want string }{
		{"no JSON", `{`, "schema is not JSON: unexpected end of text"},
		{"no object", `[]`, "#: expected type: JSONObject, found: JSONArray"},
		{"nothing", `{}`, "#: required key [typeName] not found\n#: required key [properties] not found\n#: required key [primaryIdentifier] not found\n#/typeName: is not of the form Organization::Service::Resource"},
		{"a name of two parts", `{"typeName":"AWS::S3","properties":{},"primaryIdentifier":["/properties/A"]}`, "#/typeName: is not of the form Organization::Service::Resource"},
		{"a name of four parts", `{"typeName":"AWS::S3::Bucket::MODULE","properties":{},"primaryIdentifier":["/properties/A"]}`, "#/typeName: is not of the form Organization::Service::Resource"},
		{"properties that are no object", thing(`"properties":[],"primaryIdentifier":["/properties/A"]`), "#/properties: expected type: JSONObject, found: JSONArray"},
		{"an unknown type", thing(`"properties":{"A":{"type":"strng"}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/type: unknown type: [strng]"},
		{"a property that is no schema", thing(`"properties":{"A":7},"primaryIdentifier":["/properties/A"]`), "#/properties/A: expected type: JSONObject, found: Integer"},
		{"a reference to nothing", thing(`"properties":{"A":{"$ref":"#/definitions/X"}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/$ref: reference to nothing: #/definitions/X"},
		{"a reference to elsewhere", thing(`"properties":{"A":{"$ref":"http://localhost/x.json#/a"}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/$ref: reference to another document: http://localhost/x.json#/a"},
		{"a negative length", thing(`"properties":{"A":{"minLength":-1}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/minLength: expected a count, found: -1"},
		{"a bound that is text", thing(`"properties":{"A":{"minimum":"1"}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/minimum: expected type: Number, found: String"},
		{"multiples of nothing", thing(`"properties":{"A":{"multipleOf":0}},"primaryIdentifier":["/properties/A"]`), "#/properties/A/multipleOf: multipleOf should be above 0"},
		{"no identifier", thing(`"properties":{"A":{}},"primaryIdentifier":[]`), "#/primaryIdentifier: names no property"},
		{"an identifier of many values", thing(`"properties":{"A":{"items":{}}},"primaryIdentifier":["/properties/A/*"]`), "#/primaryIdentifier: /properties/A/* does not name one value"},
		{"pointers that are no list", thing(`"properties":{"A":{}},"primaryIdentifier":"A"`), "#/primaryIdentifier: expected type: JSONArray, found: String\n#/primaryIdentifier: names no property"},
		{"a handler that is no object", thing(`"properties":{"A":{}},"primaryIdentifier":["/properties/A"],"handlers":{"read":true}`), "#/handlers/read: expected type: JSONObject, found: Boolean"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := Parse([]byte(c.document))
			if errorText(err) != c.want || s != nil {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func thing(members string) string {
	return `{"typeName":"Test::Unit::Thing","description":"","additionalProperties":false,` + members + `}`
}

func TestParseWarns(t *testing.T) {
	_, warnings, err := Parse([]byte(`{"typeName":"Test::Unit::Thing","primaryIdentifier":["/properties/A"],
		"properties":{"A":{"pattern":"a*{2,3}"},"B":{"$ref":"#/properties/B"}},"readOnlyProperties":["/properties/X","/definitions/Y"],
		"handlers":{"read":{},"list":{"permissions":[],"timeoutInMinutes":1},"purge":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"#: required key [description] not found",
		"#: required key [additionalProperties] not found",
		"#/properties/A/pattern: pattern dropped: error parsing regexp: nested quantifier '{'",
		"#/handlers/read: required key [permissions] not found",
		"#/handlers/list/timeoutInMinutes: is not from 2 to 2160; 120 taken",
		"#/handlers/purge: unknown handler",
		"#: a reference that only leads back to itself accepts everything",
		"#/readOnlyProperties: /properties/X does not resolve",
		"#/readOnlyProperties: /definitions/Y does not address the model",
	}
	if len(warnings) > 2 && strings.HasPrefix(warnings[2], "#/properties/A/pattern: pattern dropped: ") {
		want[2] = warnings[2] // the rest is the engine's wording
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestPropertyPointers(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],
		"properties":{"A":{"type":"object","properties":{"B":{"type":"string"}}},"P":{"type":"object","properties":{"properties":{}}},
			"L":{"type":"array","items":{"type":"object","properties":{"X":{"$ref":"#/definitions/D"}}}},"a/b":{"type":"object"},
			"O":{"oneOf":[{"type":"object","properties":{"Y":{}}}]},"M":{"type":"object","patternProperties":{"^k":{"properties":{"Z":{}}}}}},
		"definitions":{"D":{"type":"object","properties":{"E":{}}}}`)
	cases := []struct{ text, want, warning string }{
		{"/properties/A/B", "/properties/A/B", ""},
		{"/properties/A/properties/B", "/properties/A/B", ""},
		{"/properties/P/properties", "/properties/P/properties", ""},
		{"/properties/L/*/X/E", "/properties/L/*/X/E", ""},
		{"/properties/L/X", "/properties/L/*/X", ""},
		{"/properties/L/items/X", "/properties/L/*/X", ""},
		{"/properties/L/0/X", "/properties/L/0/X", ""},
		{"/properties/M/*/Z", "/properties/M/*/Z", ""},
		{"/properties/O/Y", "/properties/O/Y", ""},
		{"/properties/a~1b", "/properties/a~1b", ""},
		{"#/properties/a~1b", "/properties/a~1b", ""},
		{"#/properties/%41", "/properties/A", ""},
		{"properties/A", "/properties/A", "does not begin with /"},
		{"/A", "/properties/A", "does not begin with /properties"},
		{"/properties/A.B", "/properties/A.B", "does not resolve"},
		{"/properties/A/B/C/D", "/properties/A/B/C/D", "does not resolve"},
		{"/properties", "", "addresses no property"},
		{"/definitions/D/E", "", "does not address the model"},
		{"", "", "is empty"},
	}
	for _, c := range cases {
		p, ok, warning := parsePointer(s.root, c.text)
		got := ""
		if ok {
			got = p.String()
		}
		if got != c.want || warning != c.warning {
			t.Errorf("%q: got %q, warning %q; want %q, %q", c.text, got, warning, c.want, c.warning)
		}
	}
}

func TestProperties(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/S"],"properties":{
		"S":{"type":"string","minLength":1,"maxLength":9,"pattern":"^(?!x)[a-z]+$","format":"uri","default":"abc","enum":["abc"]},
		"N":{"type":["integer","string"],"minimum":1,"maximum":9223372036854775807,"multipleOf":2},
		"L":{"type":"array","minItems":1,"maxItems":2,"uniqueItems":true,"insertionOrder":false,"items":{"$ref":"#/definitions/D"}},
		"C":{"const":null},"O":{"oneOf":[{"type":"string"},{"type":"object","properties":{"P":{},"Q":{}}}]},
		"M":{"type":"object","patternProperties":{"^a":{"type":"string"}},"additionalProperties":{"type":"integer"}},
		"R":{"$ref":"#/definitions/Loop"},"U":{"properties":{"X":{}}}},
		"definitions":{"D":{"type":"object","required":["Z"],"properties":{"Z":{"type":"string"},"D":{"$ref":"#/definitions/D"}}},"Loop":{"$ref":"#/definitions/Loop"}}`)
	get := func(p ...string) Property {
		t.Helper()
		property, ok := s.Property(p)
		if !ok {
			t.Fatalf("no property %v", p)
		}
		return property
	}
	text, list, deep := get("S"), get("L"), get("L", "*", "D", "D", "Z")
	item, _ := list.Item()
	loop := get("R")
	pattern, _ := get("M").Child("ab")
	additional, _ := get("M").Child("ba")
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"string", []any{text.Types, *text.MinLength, *text.MaxLength, text.Format, text.Default, text.HasDefault, text.Enum}, []any{[]string{"string"}, 1, 9, "uri", "abc", true, []any{"abc"}}},
		{"patterns", []any{text.Pattern, text.MatchesPattern("abc"), text.MatchesPattern("xbc"), loop.MatchesPattern("?")}, []any{"^(?!x)[a-z]+$", true, false, true}},
		{"number", []any{get("N").Types, string(*get("N").Minimum), string(*get("N").Maximum), string(*get("N").MultipleOf)}, []any{[]string{"integer", "string"}, "1", "9223372036854775807", "2"}},
		{"array", []any{list.Types, *list.MinItems, *list.MaxItems, list.UniqueItems, list.Unordered}, []any{[]string{"array"}, 1, 2, true, true}},
		{"item", []any{item.Types, item.Required, item.Children()}, []any{[]string{"object"}, []string{"Z"}, []string{"Z", "D"}}},
		{"a definition in itself", deep.Types, []string{"string"}},
		{"const null", []any{get("C").HasConst, get("C").Const}, []any{true, any(nil)}},
		{"alternatives", []any{get("O").Types, get("O").Children()}, []any{[]string{"string", "object"}, []string{"P", "Q"}}},
		{"maps", []any{pattern.Types, additional.Types}, []any{[]string{"string"}, []string{"integer"}}},
		{"a reference to itself", []any{loop.Types, loop.Children()}, []any{[]string(nil), []string(nil)}},
		{"a type that nobody says", get("U").Types, []string{"object"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for _, p := range []Pointer{{"X"}, {"S", "X"}, {"L", "*", "X"}} {
		if _, ok := s.Property(p); ok {
			t.Errorf("%s exists", p)
		}
	}
}

func TestOddCorpusTypes(t *testing.T) {
	lens := corpusType(t, "aws-s3-storagelens")
	if id, ok := lens.Identifier(doc(t, `{"StorageLensConfiguration":{"Id":"x"}}`)); !ok || id != "x" {
		t.Errorf("StorageLens: %q", id)
	}
	listener := corpusType(t, "aws-elasticloadbalancingv2-listener")
	want := "Missing or invalid ResourceModel property in AWS::ElasticLoadBalancingV2::Listener list handler request input.Required property:  (" +
		"#: #: only 1 subschema matches out of 2\n#: #: 0 subschemas matched instead of one\n#: required key [LoadBalancerArn] not found\n#: required key [ListenerArns] not found)"
	if got := errorText(listener.ValidateList(nil)); got != want {
		t.Errorf("Listener: got %s", got)
	}
	if err := listener.ValidateList(doc(t, `{"LoadBalancerArn":"arn"}`)); err != nil {
		t.Error(err)
	}
	if s := corpusType(t, "aws-appstream-imagebuilder"); s.Supports(Update) || !s.Supports(Delete) {
		t.Error("ImageBuilder has no update handler, only")
	}
	if p := corpusType(t, "aws-efs-filesystem").Tagging.TagProperty; p.String() != "/properties/FileSystemTags" {
		t.Errorf("FileSystem: tags at %s", p)
	}
	if s := corpusType(t, "aws-rds-dbinstance"); s.Timeout(Create) != 36*time.Hour || !slices.ContainsFunc(s.WriteOnly, func(p Pointer) bool { return p.String() == "/properties/MasterUserPassword" }) {
		t.Errorf("DBInstance: %v, %v", s.Timeout(Create), s.WriteOnly)
	}
	trust := corpusType(t, "aws-ec2-verifiedaccesstrustprovider")
	if err := trust.Validate(doc(t, `{"PolicyReferenceName":"p","TrustProviderType":"user"}`)); err != nil {
		t.Error(err)
	}
}
