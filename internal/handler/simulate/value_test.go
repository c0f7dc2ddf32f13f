package simulate_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// thing is a schema whose Value, of the given definition, is made by the service. name is
// that of the property.
func thing(t *testing.T, name, definition string) *schema.Schema {
	t.Helper()
	return parse(t, fmt.Sprintf(`{"typeName":"AWS::Test::Thing","description":"d","additionalProperties":false,
		"properties":{"Key":{"type":"string"},%q:%s},"primaryIdentifier":["/properties/Key"],
		"readOnlyProperties":["/properties/%s"],"createOnlyProperties":["/properties/Key"]}`, name, definition, name))
}

func TestReadOnlyValuesFollowTheirNameAndSchema(t *testing.T) {
	const arn = "arn:aws:test:eu-west-1:123456789012:"
	for _, c := range []struct{ name, definition, want string }{ // want is a pattern of the JSON
		{"Status", `{"type":"string","enum":["CREATING","Available","FAILED"]}`, `"Available"`},
		{"Status", `{"type":"string","enum":["CREATING","FAILED","Fine"]}`, `"Fine"`},
		{"Kind", `{"type":"string","enum":["A","B"]}`, `"A"`},
		{"Level", `{"type":"integer","enum":[3,1]}`, `3`},
		{"Fixed", `{"type":"string","const":"V_1"}`, `"V_1"`},
		{"Mode", `{"type":"string","default":"soft"}`, `"soft"`},
		{"Mode", `{"type":"boolean","default":"true"}`, `false`},
		{"Count", `{"type":"integer","default":0,"minimum":3}`, `3`},
		{"CreatedAt", `{"type":"string"}`, `"2026-07-01T12:00:00Z"`},
		{"CreationTime", `{"type":"number"}`, `1782907200`},
		{"Born", `{"type":"string","format":"date-time"}`, `"2026-07-01T12:00:00Z"`},
		{"CreationDate", `{"type":"string","pattern":"^\\d{4}-\\d{2}-\\d{2}$"}`, `"2026-07-01"`},
		{"CreationDate", `{"type":"string","pattern":"^\\d+$"}`, `"1782907200"`},
		{"Arn", `{"type":"string"}`, `"` + arn + `thing/k"`},
		{"ThingArn", `{"type":"string"}`, `"` + arn + `thing/k"`},
		{"PlanArn", `{"type":"string"}`, `"` + arn + `plan/k"`},
		{"Arn", `{"type":"string","pattern":"^arn:aws[a-z-]*:other:[a-z0-9-]+:\\d{12}:box:[a-z]+$"}`, `"arn:aws:other:eu-west-1:123456789012:box:k"`},
		{"Arn", `{"type":"string","pattern":"^arn:aws:other:[a-z0-9-]+:\\d{12}:box/[a-f0-9]{8}$"}`, `"arn:aws:other:eu-west-1:123456789012:box/[a-f0-9]{8}"`},
		{"Self", `{"type":"string","pattern":"^arn:.*$"}`, `"` + arn + `self/k"`},
		{"AccountId", `{"type":"string"}`, `"123456789012"`},
		{"OwnerId", `{"type":"string"}`, `"123456789012"`},
		{"Region", `{"type":"string"}`, `"eu-west-1"`},
		{"Id", `{"type":"string"}`, `"[a-z][a-z0-9]{19}"`},
		{"Id", `{"type":"string","maxLength":10}`, `"[a-z][a-z0-9]{9}"`},
		{"Id", `{"type":"string","pattern":"^[A-Z0-9]{13}$"}`, `"[A-Z0-9]{13}"`},
		{"Id", `{"type":"string","pattern":"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"}`, `"[0-9a-f-]{36}"`},
		{"Id", `{"type":"string","pattern":"^box-[0-9a-f]{17}$"}`, `"box-[0-9a-f]{17}"`},
		{"Id", `{"type":"string","pattern":"^(?!x)[ab]{3}\\Z"}`, `"[ab]{3}"`},
		{"Id", `{"type":"string","pattern":"^\\d{12}$"}`, `"[0-9]{12}"`},
		{"Id", `{"type":"integer"}`, `[1-9][0-9]*`},
		{"QueueUrl", `{"type":"string"}`, `"https://k\.test\.eu-west-1\.amazonaws\.com"`},
		{"Endpoint", `{"type":"string"}`, `"k\.test\.eu-west-1\.amazonaws\.com"`},
		{"PrivateIp", `{"type":"string"}`, `"10\.\d+\.\d+\.\d+"`},
		{"Port", `{"type":"integer"}`, `443`},
		{"Port", `{"type":"string"}`, `"443"`},
		{"Port", `{"type":"integer","minimum":1024}`, `1024`},
		{"Version", `{"type":"string"}`, `"1"`},
		{"Revision", `{"type":"integer"}`, `1`},
		{"Status", `{"type":"string"}`, `"ACTIVE"`},
		{"State", `{"type":"string","pattern":"^[a-z]+$"}`, `"active"`},
		{"Size", `{"type":"integer"}`, `0`},
		{"Size", `{"type":"integer","minimum":-5,"maximum":-2}`, `-2`},
		{"Size", `{"type":"integer","exclusiveMinimum":4}`, `5`},
		{"Size", `{"type":"integer","minimum":2.5}`, `3`},
		{"Size", `{"type":"number","minimum":2.5}`, `2\.5`},
		{"Ready", `{"type":"boolean"}`, `false`},
		{"Parts", `{"type":"array","items":{"type":"string"}}`, `\[\]`},
		{"Parts", `{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"string"}}`, `\["parts-\w{8}","parts-\w{8}"\]`},
		{"Parts", `{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"string","enum":["a","b","c"]}}`, `\["a","b"\]`},
		{"Info", `{"type":"object","properties":{"Size":{"type":"integer"},"Note":{"type":"string"}},"required":["Size"]}`, `\{"Size":0\}`},
		{"Label", `{"type":"string"}`, `"label-[a-z2-7]{8}"`},
		{"Label", `{"type":"string","maxLength":4}`, `"[a-z2-7]{4}"`},
		{"Label", `{"type":"string","minLength":40}`, `"label-[a-z0-9]{34}"`},
		{"Label", `{"type":["object","string"]}`, `"label-[a-z2-7]{8}"`},
		{"Label", `{"type":"string","pattern":"^[A-Z]{3}\\\\p{Graph}$"}`, `"[A-Z]{3}.*"|null`},
		{"Info", `{"type":"object","properties":{"Size":{"type":"integer"},"Reason":{"type":"string"}}}`, `\{"Size":0\}`},
		{"Info", `{"type":"object","properties":{"Sizes":{"type":"array","items":{"type":"integer"}}}}`, `null`},                                           // nothing to put in
		{"Info", `{"type":"object","properties":{"A":{"type":"integer"},"B":{"type":"integer"}},"oneOf":[{"required":["A"]},{"required":["B"]}]}`, `null`}, // not both
		{"StatusReason", `{"type":"string"}`, `null`},                                                                                                      // nothing is wrong
		{"Never", `{"type":"string","pattern":"^a$","minLength":5}`, `null`},
	} {
		t.Run(c.name+" "+c.definition, func(t *testing.T) {
			w := newWorld(t, thing(t, c.name, c.definition))
			_, model := w.create(map[string]any{"Key": "k"})
			if got := schema.Encode(model[c.name]); !regexp.MustCompile("^(?:" + c.want + ")$").Match(got) {
				t.Errorf("made %s, want %s", got, c.want)
			}
			if err := w.schema.Validate(model); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNamesFitTheirSchema(t *testing.T) {
	for definition, want := range map[string]string{
		`{"type":"string"}`:                                     `^thing-[a-z2-7]{12}$`,
		`{"type":"string","maxLength":15}`:                      `^th-[a-z2-7]{12}$`,
		`{"type":"string","maxLength":8}`:                       `^[a-z2-7]{8}$`,
		`{"type":"string","minLength":30}`:                      `^thing-[a-z0-9]{24}$`,
		`{"type":"string","pattern":"^[a-z0-9]+$"}`:             `^thing[a-z2-7]{12}$`,
		`{"type":"string","pattern":"^[a-zA-Z0-9_]+$"}`:         `^thing[a-z2-7]{12}$`,
		`{"type":"string","pattern":"^[A-Z][A-Za-z0-9]*$"}`:     `^Thing[a-z2-7]{12}$`,
		`{"type":"string","pattern":"^[0-9]+$"}`:                `^[0-9]{12}$`,
		`{"type":"string","pattern":"^[A-Z0-9]+$"}`:             `^THING[A-Z2-7]{12}$`,
		`{"type":"string","pattern":"^alias/[a-z]+$"}`:          `^alias/[a-z]+$`,
		`{"type":"string","enum":["one","two"]}`:                `^one$`,
		`{"type":"string","pattern":"^(?=.{2,256}$)[a-z-]{3}"}`: `^thing-`,
	} {
		t.Run(definition, func(t *testing.T) {
			s := parse(t, `{"typeName":"AWS::Test::Thing","description":"d","additionalProperties":false,
				"properties":{"Key":`+definition+`},"primaryIdentifier":["/properties/Key"],"createOnlyProperties":["/properties/Key"]}`)
			w := newWorld(t, s)
			identifier, model := w.create(map[string]any{})
			if !regexp.MustCompile(want).MatchString(identifier) {
				t.Errorf("made %s, want %s", identifier, want)
			}
			if err := s.Validate(model); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnIdentifierThatCannotBeMadeIsTheClientsToGive(t *testing.T) {
	s := parse(t, `{"typeName":"AWS::Test::Thing","description":"d","additionalProperties":false,
		"properties":{"Key":{"type":"string","pattern":"^a$","minLength":3}},"primaryIdentifier":["/properties/Key"]}`)
	w := newWorld(t, s)
	w.wantCode(w.call(schema.Create, "", map[string]any{}), handler.InvalidRequest, "/properties/Key")
}

const deep = `{"typeName":"AWS::Test::Deep","description":"d","additionalProperties":false,
	"definitions":{"Loop":{"type":"object","required":["Next"],"properties":{"Next":{"$ref":"#/definitions/Loop"}}},
	  "Part":{"type":"object","additionalProperties":false,"properties":{"Name":{"type":"string"},"PartId":{"type":"string"}}}},
	"properties":{"Name":{"type":"string"},"Label":{"type":"string"},
	  "Version":{"type":"integer"},"EngineVersion":{"type":"string","pattern":"^v[0-9]$"},
	  "CreatedAt":{"type":"string"},"UpdatedAt":{"type":"string"},"Arn":{"type":"string"},
	  "Parts":{"type":"array","items":{"$ref":"#/definitions/Part"}},
	  "Options":{"type":"object","properties":{"Size":{"type":"integer"},"Host":{"type":"string"}}},
	  "Where":{"type":"object","properties":{"Address":{"type":"string"},"Port":{"type":"integer"}}},
	  "LogConfiguration":{"type":"object"},"LogArn":{"type":"string"},
	  "Loop":{"$ref":"#/definitions/Loop"},
	  "Secret":{"type":"string"}},
	"primaryIdentifier":["/properties/Name"],"createOnlyProperties":["/properties/Name"],
	"writeOnlyProperties":["/properties/Secret"],
	"readOnlyProperties":["/properties/Version","/properties/EngineVersion","/properties/CreatedAt","/properties/UpdatedAt","/properties/Arn",
	  "/properties/Parts/*/PartId","/properties/Options/Host","/properties/Where/Address","/properties/Where/Port","/properties/LogArn","/properties/Loop"]}`

func TestOnlyWhatBelongsToTheDesiredStateIsMade(t *testing.T) {
	w := newWorld(t, parse(t, deep))
	_, model := w.create(decode(t, `{"Name":"n"}`))
	want := decode(t, `{"Name":"n","Version":1,"CreatedAt":"2026-07-01T12:00:00Z","UpdatedAt":"2026-07-01T12:00:00Z",
		"Arn":"arn:aws:test:eu-west-1:123456789012:deep/n","Where":{"Address":"n.test.eu-west-1.amazonaws.com","Port":443}}`)
	delete(model, "EngineVersion")
	if diff := cmp.Diff(want, model); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, model = w.create(decode(t, `{"Name":"m","Options":{"Size":1},"Parts":[{"Name":"a"},{"Name":"b"}],"LogConfiguration":{}}`))
	for _, at := range []schema.Pointer{{"Options", "Host"}, {"LogArn"}} {
		if v := member(model, at); v == nil {
			t.Errorf("%s has no value: %s", at, schema.Encode(model))
		}
	}
	parts := model["Parts"].([]any)
	if a, b := member(parts[0], schema.Pointer{"PartId"}), member(parts[1], schema.Pointer{"PartId"}); a == nil || b == nil || a == b {
		t.Errorf("parts have the ids %v and %v", a, b)
	}
}

func member(v any, p schema.Pointer) any {
	for _, name := range p {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func TestUpdateMovesVersionsAndUpdateTimesAndKeepsTheRest(t *testing.T) {
	w := newWorld(t, parse(t, deep))
	identifier, before := w.create(decode(t, `{"Name":"n","Label":"one","Options":{"Size":1},"LogConfiguration":{},"Secret":"s",
		"Parts":[{"Name":"a"},{"Name":"b"}]}`))
	w.now = w.now.Add(time.Hour)
	desired := decode(t, string(schema.Encode(before)))
	desired["Label"] = "two"
	a, b := desired["Parts"].([]any)[0], desired["Parts"].([]any)[1]
	desired["Parts"] = []any{map[string]any{"Name": "new"}, b, a}
	delete(desired, "LogConfiguration")
	answer := w.run(w.call(schema.Update, identifier, desired))
	after := answer.Model.(map[string]any)

	fresh := member(after["Parts"].([]any)[0], schema.Pointer{"PartId"})
	if fresh == nil || fresh == member(a, schema.Pointer{"PartId"}) {
		t.Errorf("the new part has the id %v", fresh)
	}
	want := decode(t, string(schema.Encode(desired)))
	want["Version"], want["UpdatedAt"] = after["Version"], "2026-07-01T13:00:00Z"
	want["Parts"].([]any)[0].(map[string]any)["PartId"] = fresh
	delete(want, "LogArn") // its feature is off
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if fmt.Sprint(after["Version"]) != "2" {
		t.Errorf("the version is %v", after["Version"])
	}
}

func TestUpdateThatChangesTheIdentifierIsNotUpdatable(t *testing.T) {
	w := newWorld(t, parse(t, deep))
	identifier, model := w.create(decode(t, `{"Name":"n"}`))
	model["Name"] = "other"
	w.wantCode(w.call(schema.Update, identifier, model), handler.NotUpdatable, "is not updatable with parameters provided.")
	if len(w.ledger) != 1 {
		t.Errorf("the ledger has %d resources", len(w.ledger))
	}
}

func TestUpdateDoesNotGiveAnAbsentNameAnother(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SNS::Topic"))
	identifier, model := w.create(decode(t, `{}`))
	answer := w.run(w.call(schema.Update, identifier, decode(t, `{"DisplayName":"x"}`)))
	if answer.Status != handler.Success || answer.Model.(map[string]any)["TopicName"] != model["TopicName"] {
		t.Errorf("%+v", answer)
	}
}

func TestTheRequestThatMadeAResourceMayAskAgain(t *testing.T) {
	w := newWorld(t, parse(t, deep))
	c := w.call(schema.Create, "", decode(t, `{"Name":"n","Secret":"s"}`))
	first := w.run(c)
	again := w.run(c)
	if again.Status != handler.Success || !schema.Equal(first.Model, again.Model) || len(w.ledger) != 1 {
		t.Errorf("%+v", again)
	}
	other := w.call(schema.Create, "", decode(t, `{"Name":"n"}`))
	w.wantCode(other, handler.AlreadyExists, "Resource of type 'AWS::Test::Deep' with identifier 'n' already exists.")
}

func TestWhatWasSentComesBackAsItWas(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::IAM::Role"))
	const sent = `{"RoleName":"r","AssumeRolePolicyDocument":"{ \"Version\" : \"2012-10-17\" }",
		"Policies":[{"PolicyName":"b","PolicyDocument":{"n":9007199254740993,"f":1.50,"x":null}},{"PolicyName":"a","PolicyDocument":"<b>&"}]}`
	_, model := w.create(decode(t, sent))
	w.wantEcho(decode(t, sent), model)
	if text := string(schema.Encode(model)); !strings.Contains(text, "9007199254740993") || !strings.Contains(text, "1.50") {
		t.Errorf("numbers have changed: %s", text)
	}
}
