package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

const thing = `{
	"typeName": "Test::Contract::Thing", "description": "A thing.", "additionalProperties": false,
	"definitions": {"Tag": {"type": "object", "additionalProperties": false, "required": ["Key", "Value"],
		"properties": {"Key": {"type": "string", "minLength": 1}, "Value": {"type": "string", "minLength": 1}}}},
	"properties": {
		"Name": {"type": "string", "pattern": "^[a-z]{8,12}$"}, "Size": {"type": "integer", "minimum": 0, "maximum": 1000}, "Mode": {"type": "string", "enum": ["fast", "slow"]},
		"Rules": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 8},
		"Zones": {"type": "array", "insertionOrder": false, "items": {"type": "string", "minLength": 1}, "minItems": 2},
		"Policy": {"type": "string", "minLength": 1}, "Secret": {"type": "string", "minLength": 6}, "Arn": {"type": "string", "minLength": 6},
		"Login": {"type": "object", "additionalProperties": false, "properties": {"Password": {"type": "string", "minLength": 6}}},
		"Tags": {"type": "array", "insertionOrder": false, "items": {"$ref": "#/definitions/Tag"}}
	},
	"required": ["Name", "Size", "Mode", "Rules", "Zones", "Policy", "Secret"],
	"primaryIdentifier": ["/properties/Name"], "createOnlyProperties": ["/properties/Name", "/properties/Mode"],
	"readOnlyProperties": ["/properties/Arn"], "writeOnlyProperties": ["/properties/Secret", "/properties/Login/Password"],
	"propertyTransform": {"/properties/Policy": "$lowercase(Policy)"},
	"handlers": {"create": {"permissions": []}, "read": {"permissions": []}, "update": {"permissions": []},
		"delete": {"permissions": []}, "list": {"permissions": []}}
}`

// served is a type whose identifier the service makes.
var served = strings.NewReplacer(
	`"Name": {"type": "string"`, `"Id": {"type": "string"}, "Name": {"type": "string"`,
	`"primaryIdentifier": ["/properties/Name"]`, `"primaryIdentifier": ["/properties/Id"]`,
	`"readOnlyProperties": [`, `"readOnlyProperties": ["/properties/Id", `,
).Replace(thing)

type object = map[string]any

// call is what a fake is told.
type call struct {
	Action          schema.Action
	BearerToken     string
	NextToken       string
	CallbackContext object
	RequestData     struct {
		ResourceProperties, PreviousResourceProperties object
		CallerCredentials                              object
	}
}

func (c call) desired() object { return c.RequestData.ResourceProperties }

// fake is a provider that keeps to the contract, in memory. Creates and deletes take two calls.
type fake struct {
	schema *schema.Schema
	things map[string]object
	tokens map[string]string
	calls  int
	buried []string // for who wants to know what was deleted
	// spoil changes an answer before it goes out.
	spoil func(f *fake, c call, answer object)
	// raw replaces an answer altogether, where it is not nil.
	raw func(f *fake, c call) (string, error)
}

func newFake(t testing.TB, text string) *fake {
	t.Helper()
	s, warnings, err := schema.Parse([]byte(text))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return &fake{schema: s, things: map[string]object{}, tokens: map[string]string{}}
}

// Invoke makes the fake a contract.Invoker.
func (f *fake) Invoke(ctx context.Context, payload []byte) ([]byte, string, error) {
	f.calls++
	var c call
	d := json.NewDecoder(strings.NewReader(string(payload)))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return nil, "", err
	}
	output := fmt.Sprintf("called for %s\n", c.Action)
	if f.raw != nil {
		if text, err := f.raw(f, c); text != "" || err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				<-ctx.Done()
			}
			return []byte(text), output, err
		}
	}
	answer := f.answer(c)
	if f.spoil != nil {
		f.spoil(f, c, answer)
	}
	text, err := json.Marshal(answer)
	return text, output, err
}

func failed(code string) object {
	return object{"status": "FAILED", "errorCode": code, "message": code + " it is"}
}

func succeeded(model object) object { return object{"status": "SUCCESS", "resourceModel": model} }

func (f *fake) id(model object) string {
	id, _ := f.schema.Identifier(model)
	return id
}

func (f *fake) shown(model object) object {
	m, _ := f.schema.WithoutWriteOnly(model).(object)
	return m
}

func (f *fake) answer(c call) object {
	id := f.id(c.desired())
	there, found := f.things[id]
	switch {
	case c.Action == schema.Create:
		return f.create(c)
	case c.Action == schema.List:
		return f.list(c)
	case !found:
		return failed("NotFound")
	case c.Action == schema.Read:
		return succeeded(maps.Clone(f.shown(there)))
	case c.Action == schema.Update:
		f.things[id] = maps.Clone(c.desired())
		f.things[id]["Arn"] = there["Arn"]
		return succeeded(maps.Clone(f.shown(f.things[id])))
	case c.CallbackContext == nil:
		return object{"status": "IN_PROGRESS", "resourceModel": c.desired(), "callbackContext": object{"step": 1}, "callbackDelaySeconds": 0}
	}
	delete(f.things, id)
	return object{"status": "SUCCESS", "resourceModel": nil, "resourceModels": nil}
}

func (f *fake) create(c call) object {
	if id, ok := f.tokens[c.BearerToken]; ok && f.things[id] != nil {
		return succeeded(maps.Clone(f.shown(f.things[id])))
	}
	model := maps.Clone(c.desired())
	if c.CallbackContext == nil {
		model["Arn"] = fmt.Sprintf("arn:thing/%d", f.calls)
		if strings.Contains(string(f.schema.Raw), `"Id"`) {
			model["Id"] = fmt.Sprintf("id-%d", f.calls)
		}
		if f.things[f.id(model)] != nil {
			return failed("AlreadyExists")
		}
		if model["Size"] == json.Number("999") {
			return failed("InvalidRequest")
		}
		return object{"status": "IN_PROGRESS", "resourceModel": model, "callbackContext": object{"secret": model["Secret"]}, "callbackDelaySeconds": 1}
	}
	f.tokens[c.BearerToken] = f.id(model)
	f.things[f.id(model)] = model
	return succeeded(maps.Clone(f.shown(model)))
}

// list answers in pages of two.
func (f *fake) list(c call) object {
	ids := slices.Sorted(maps.Keys(f.things))
	models := []any{}
	next := ""
	for _, id := range ids {
		if id <= c.NextToken && c.NextToken != "" {
			continue
		}
		if len(models) == 2 {
			next = f.id(models[1].(object))
			break
		}
		models = append(models, maps.Clone(f.shown(f.things[id])))
	}
	answer := object{"status": "SUCCESS", "resourceModels": models}
	if next != "" {
		answer["nextToken"] = next
	}
	return answer
}

// suite makes the suite over the fake, with waits that tests can bear.
func (f *fake) suite(t testing.TB, c contract.Case, secrets ...string) *contract.Suite {
	t.Helper()
	s, err := contract.New(contract.Config{
		Schema: f.schema, Call: contract.Over(f, provider.Extra{}), Cases: []contract.Case{c}, Secrets: secrets,
		Limits: contract.Limits{Call: time.Second, Delay: time.Microsecond, Callbacks: 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fake) generated(t testing.TB) contract.Case {
	t.Helper()
	c, err := contract.Generate(f.schema, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create is a desired state with all that the type has.
const create = `{"Name":"abcdefgh","Size":1,"Mode":"fast","Rules":[3,1,2],"Zones":["a","b"],"Policy":"P","Secret":"hush-hush","Login":{"Password":"very-secret"},"Tags":[{"Key":"k","Value":"v"}]}`

// given is a case with all that there can be, and an invalid input.
func (f *fake) given(t testing.TB) contract.Case {
	t.Helper()
	c, err := contract.Read(f.schema, contract.Files{
		Name:   "1",
		Create: []byte(create),
		Update: []byte(`{"Name":"abcdefgh","Size":2,"Mode":"fast","Rules":[2,3],"Zones":["b","c","d"],"Policy":"P","Secret":"other-secret","Tags":[{"Key":"k","Value":"w"}]}`), Invalid: []byte(strings.Replace(create, `"Size":1,`, `"Size":999,`, 1)),
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
