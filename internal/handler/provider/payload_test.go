package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

const thing = `{
	"typeName": "Test::Provider::Thing", "description": "A thing.", "additionalProperties": false,
	"definitions": {"Rule": {"type": "object", "properties": {"Port": {"type": "integer"}, "Key": {"type": "string"}}}},
	"properties": {
		"Name": {"type": "string"}, "Zone": {"type": "object", "properties": {"Id": {"type": "integer"}}}, "Arn": {"type": "string"},
		"Secret": {"type": "string"}, "Count": {"type": "integer"}, "On": {"type": "boolean"}, "Any": {"type": ["string", "integer"]},
		"Rules": {"type": "array", "items": {"$ref": "#/definitions/Rule"}}
	},
	"primaryIdentifier": ["/properties/Name", "/properties/Zone/Id"], "additionalIdentifiers": [["/properties/Arn"]],
	"readOnlyProperties": ["/properties/Arn"], "writeOnlyProperties": ["/properties/Secret", "/properties/Rules/*/Key"]
}`

func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, _, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func call(t testing.TB, action schema.Action, desired string) handler.Call {
	s := parse(t, thing)
	c := handler.Call{
		Action: action, Token: "4f9c", Account: "123456789012", Region: "eu-west-1",
		TypeName: s.TypeName, TypeVersion: "00000002", Schema: s,
	}
	if desired != "" {
		c.Desired = []byte(desired)
	}
	return c
}

const (
	head = `"awsAccountId":"123456789012","bearerToken":"4f9c","region":"eu-west-1","resourceType":"Test::Provider::Thing","resourceTypeVersion":"00000002","requestContext":{}`
	keys = `"callerCredentials":{"accessKeyId":"GROUNDCONTROLNOTAKEY","secretAccessKey":"groundcontrol-has-no-credentials-to-give","sessionToken":"groundcontrol"}`
	name = `"logicalResourceId":"Thing671E1A00"`
	tags = `"systemTags":{},"stackTags":{}`
)

func TestPayload(t *testing.T) {
	for _, c := range []struct {
		name   string
		action schema.Action
		desire string
		change func(*handler.Call, *provider.Extra)
		want   string
	}{
		{
			"create", schema.Create, `{"Zone":{"Id":10000000000000000001,"Gone":null},"Name":"<a>","Rules":[null,{"Key":null}]}`, nil,
			`{"action":"CREATE",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Name":"<a>","Rules":[null,{}],"Zone":{"Id":10000000000000000001}},` + tags + `}}`,
		},
		{
			"a later call of a create, with credentials and a configuration", schema.Create, `{"Name":"a"}`,
			func(c *handler.Call, e *provider.Extra) {
				c.Callback = []byte(`{"retry": 1, "next":null}`)
				c.NextToken, c.MaxResults, c.Previous = "n", 5, []byte(`{}`) // which mean nothing here
				*e = provider.Extra{Credentials: provider.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}, Configuration: []byte(` {"Url":"u","Gone":null} `)}
			},
			`{"action":"CREATE",` + head + `,"callbackContext":{"retry":1,"next":null},"requestData":{"callerCredentials":{"accessKeyId":"AK","secretAccessKey":"SK","sessionToken":""},` +
				name + `,"resourceProperties":{"Name":"a"},"typeConfiguration":{"Url":"u"},` + tags + `}}`,
		},
		{
			"read by the primary identifier", schema.Read, `{"Name":"a","Zone":{"Id":1,"X":2},"Count":3}`,
			func(c *handler.Call, e *provider.Extra) { e.Configuration = []byte("null") },
			`{"action":"READ",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Name":"a","Zone":{"Id":1}},` + tags + `}}`,
		},
		{
			"a read has no later calls", schema.Read, `{"Name":"a","Zone":{"Id":1},"Count":3}`,
			func(c *handler.Call, _ *provider.Extra) { c.Callback = []byte("{}") },
			`{"action":"READ",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Name":"a","Zone":{"Id":1}},` + tags + `}}`,
		},
		{
			"read by an additional identifier", schema.Read, `{"Arn":"arn:x","Name":"a"}`, nil,
			`{"action":"READ",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Arn":"arn:x"},` + tags + `}}`,
		},
		{
			"read by the identifier's text", schema.Read, "", func(c *handler.Call, _ *provider.Extra) { c.Identifier = "a|7" },
			`{"action":"READ",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Name":"a","Zone":{"Id":7}},` + tags + `}}`,
		},
		{
			"update", schema.Update, `{"Name":"a","Count":2}`,
			func(c *handler.Call, _ *provider.Extra) {
				c.Previous, c.Callback = []byte(`{"Name":"a","Count":1,"Arn":null}`), []byte("null")
			},
			`{"action":"UPDATE",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Count":2,"Name":"a"},"previousResourceProperties":{"Count":1,"Name":"a"},` +
				tags + `,"previousSystemTags":{},"previousStackTags":{}}}`,
		},
		{
			"delete", schema.Delete, `{"Name":"a","Zone":{"Id":1},"Count":3}`, nil,
			`{"action":"DELETE",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Name":"a","Zone":{"Id":1}},` + tags + `}}`,
		},
		{
			"a later call of a delete gets the model that the provider answered", schema.Delete, `{"Name":"a","Zone":{"Id":1},"Count":3}`,
			func(c *handler.Call, _ *provider.Extra) { c.Callback = []byte(`{}`) },
			`{"action":"DELETE",` + head + `,"callbackContext":{},"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Count":3,"Name":"a","Zone":{"Id":1}},` + tags + `}}`,
		},
		{
			"list", schema.List, "", nil,
			`{"action":"LIST",` + head + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{},` + tags + `}}`,
		},
		{
			"a page of a list", schema.List, `{"Zone":{"Id":1}}`,
			func(c *handler.Call, _ *provider.Extra) { c.NextToken, c.MaxResults = "n", 5 },
			`{"action":"LIST",` + head + `,"nextToken":"n","maxResults":5,"requestData":{` + keys + `,` + name + `,"resourceProperties":{"Zone":{"Id":1}},` + tags + `}}`,
		},
		{
			"a type without a version", schema.List, "", func(c *handler.Call, _ *provider.Extra) { c.TypeVersion, c.MaxResults = "", -1 },
			`{"action":"LIST",` + strings.Replace(head, "00000002", "00000001", 1) + `,"requestData":{` + keys + `,` + name + `,"resourceProperties":{},` + tags + `}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, extra := call(t, c.action, c.desire), provider.Extra{}
			if c.change != nil {
				c.change(&in, &extra)
			}
			got, err := provider.Payload(in, extra)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Error(diff)
			}
			if !json.Valid(got) {
				t.Error("not JSON")
			}
			if again, _ := provider.Payload(in, extra); string(again) != string(got) {
				t.Errorf("the second time it is %s", again)
			}
		})
	}
}

func TestPayloadRefusesWhatIsNoCall(t *testing.T) {
	long := `{"Name":"` + strings.Repeat("x", provider.MaxSize) + `"}`
	for _, c := range []struct {
		name   string
		action schema.Action
		desire string
		change func(*handler.Call, *provider.Extra)
		want   string
	}{
		{"no action", "", "{}", nil, "the call has no action of the contract"},
		{"no token", schema.Create, "{}", func(c *handler.Call, _ *provider.Extra) { c.Token = "" }, "the call has no token"},
		{"no region", schema.Create, "{}", func(c *handler.Call, _ *provider.Extra) { c.Region = "" }, "the call has no region"},
		{"version", schema.Create, "{}", func(c *handler.Call, _ *provider.Extra) { c.TypeVersion = "1.2" }, "the type's version is not made of digits"},
		{"no state", schema.Create, "", nil, "the call lacks the desired state"},
		{"state", schema.Create, "[1]", nil, "the desired state is no JSON object"},
		{"rubbish", schema.Create, "{", nil, "the desired state: unexpected end of text"},
		{"no previous state", schema.Update, "{}", nil, "the call lacks the previous state"},
		{"no identifier", schema.Read, "", nil, "the call names no resource"},
		{"half an identifier", schema.Delete, `{"Name":"a"}`, nil, "the call names no resource"},
		{"null in an identifier", schema.Delete, `{"Name":"a","Zone":{"Id":null}}`, nil, "the call names no resource"},
		{"list model", schema.List, `"x"`, nil, "the list model is no JSON object"},
		{"configuration", schema.List, "", func(_ *handler.Call, e *provider.Extra) { e.Configuration = []byte(`["s"]`) }, "the type configuration is no JSON object"},
		{"too long", schema.Create, long, nil, "longer than 6291456 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, extra := call(t, c.action, c.desire), provider.Extra{}
			if c.change != nil {
				c.change(&in, &extra)
			}
			got, err := provider.Payload(in, extra)
			if err == nil || err.Error() != "provider: payload: "+c.want {
				t.Errorf("%.100s, %v", got, err)
			}
		})
	}
}

func TestLogicalIDIsThatOfTheRequest(t *testing.T) {
	ids := map[string]bool{}
	for _, token := range []string{"a", "a", "b"} {
		c := call(t, schema.Create, `{}`)
		c.Token = token
		text, err := provider.Payload(c, provider.Extra{})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			RequestData struct{ LogicalResourceID string }
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		ids[got.RequestData.LogicalResourceID] = true
	}
	if len(ids) != 2 {
		t.Errorf("%v", ids)
	}
}
