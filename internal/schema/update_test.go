package schema

import (
	"testing"
)

// queueType has a property of every kind. Its arrays Rules (ordered) and Users (any order) hold secrets.
const queueType = `"primaryIdentifier":["/properties/QueueUrl"],
	"properties":{
		"QueueUrl":{"type":"string"},"Arn":{"type":"string"},"QueueName":{"type":"string"},"Delay":{"type":"integer","maximum":900},
		"SecretString":{"type":"string"},"Seed":{"type":"string"},
		"Engine":{"type":"object","properties":{"Kind":{"type":"string"},"Id":{"type":"string"},"Key":{"type":"string"}}},
		"Login":{"type":"object","properties":{"Password":{"type":"string"}},"required":["Password"]},
		"Zones":{"type":"array","insertionOrder":false,"items":{"type":"string"}},
		"Subnets":{"type":"array","items":{"type":"string"}},
		"Users":{"type":"array","insertionOrder":false,"items":{"$ref":"#/definitions/User"}},
		"Rules":{"type":"array","items":{"$ref":"#/definitions/User"}}},
	"definitions":{"User":{"type":"object","required":["Name"],"properties":{
		"Name":{"type":"string"},"Password":{"type":"string"},"Arn":{"type":"string"},"Class":{"type":"string"}}}},
	"readOnlyProperties":["/properties/QueueUrl","/properties/Arn","/properties/Engine/Id","/properties/Users/*/Arn"],
	"createOnlyProperties":["/properties/QueueName","/properties/Engine/Kind","/properties/Zones","/properties/Subnets","/properties/Seed","/properties/Users/*/Class"],
	"writeOnlyProperties":["/properties/SecretString","/properties/Seed","/properties/Engine/Key","/properties/Login/Password","/properties/Users/*/Password","/properties/Rules/*/Password"]`

// updateCases: what READ gave, what is remembered, the patch, and the desired state, "= " before it when nothing changed,
// or "Kind: text" of the error.
var updateCases = []struct{ name, current, remembered, patch, want string }{
	{"an empty patch changes nothing", `{"Delay":1}`, ``, `[]`, `= {"Delay":1}`},
	{"a replace by the same value changes nothing", `{"Delay":1}`, ``, `[{"op":"replace","path":"/Delay","value":1}]`, `= {"Delay":1}`},
	{"a number spelled otherwise changes nothing", `{"Delay":100}`, ``, `[{"op":"replace","path":"/Delay","value":1e2}]`, `Invalid: Model validation failed (#/Delay: expected type: Integer, found: BigDecimal)`},
	{"a plain property changes", `{"Delay":1}`, ``, `[{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2}`},
	{"read-only values stay in the desired state", `{"Arn":"a","Delay":1}`, ``, `[{"op":"remove","path":"/Delay"}]`, `{"Arn":"a"}`},

	// Patches that are wrong in themselves.
	{"a bad patch", `{}`, ``, `{}`, `Invalid: Invalid JSON Patch payload (not an array)`},
	{"a patch that does not fit", `{}`, ``, `[{"op":"replace","path":"/Delay","value":1}]`, `Invalid: [REPLACE Operation] noSuchPath in source, path provided : //Delay`},
	{"a document that is no object any more", `{}`, ``, `[{"op":"add","path":"","value":[]}]`, `Invalid: Model validation failed (#: expected type: JSONObject, found: JSONArray)`},

	// Create-only.
	{
		"recorded form: create-only", `{"QueueName":"a","Engine":{"Kind":"x"}}`, ``,
		`[{"op":"replace","path":"/QueueName","value":"b"},{"op":"replace","path":"/Engine/Kind","value":"y"}]`,
		`NotUpdatable: Invalid patch update: createOnlyProperties [/properties/QueueName, /properties/Engine/Kind] cannot be updated`,
	},
	{"a create-only property set to what it is", `{"QueueName":"a"}`, ``, `[{"op":"replace","path":"/QueueName","value":"a"}]`, `= {"QueueName":"a"}`},
	{"a create-only property there and back", `{"QueueName":"a"}`, ``, `[{"op":"replace","path":"/QueueName","value":"b"},{"op":"replace","path":"/QueueName","value":"a"}]`, `= {"QueueName":"a"}`},
	{"a create-only property taken out", `{"QueueName":"a"}`, ``, `[{"op":"remove","path":"/QueueName"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/QueueName] cannot be updated`},
	{"a create-only property set for the first time", `{}`, ``, `[{"op":"add","path":"/QueueName","value":"a"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/QueueName] cannot be updated`},
	{"a create-only property changed through its parent", `{"Engine":{"Kind":"x"}}`, ``, `[{"op":"replace","path":"/Engine","value":{"Kind":"y"}}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Engine/Kind] cannot be updated`},
	{"a create-only set in another order", `{"Zones":["a","b"]}`, ``, `[{"op":"replace","path":"/Zones","value":["b","a"]}]`, `= {"Zones":["b","a"]}`},
	{"a create-only set with one more", `{"Zones":["a","b"]}`, ``, `[{"op":"add","path":"/Zones/-","value":"b"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Zones] cannot be updated`},
	{"a create-only list in another order", `{"Subnets":["a","b"]}`, ``, `[{"op":"replace","path":"/Subnets","value":["b","a"]}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Subnets] cannot be updated`},
	{"a create-only member of elements", `{"Users":[{"Name":"n","Class":"c"}]}`, ``, `[{"op":"replace","path":"/Users/0/Class","value":"d"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Users/*/Class] cannot be updated`},
	{"create-only members of elements in another order", `{"Users":[{"Name":"n","Class":"c"},{"Name":"m","Class":"d"}]}`, ``, `[{"op":"move","from":"/Users/0","path":"/Users/1"}]`, `= {"Users":[{"Class":"d","Name":"m"},{"Class":"c","Name":"n"}]}`},

	// Read-only.
	{
		"recorded form: read-only in schema order", `{"Arn":"a","QueueUrl":"u"}`, ``,
		`[{"op":"replace","path":"/Arn","value":"b"},{"op":"remove","path":"/QueueUrl"}]`,
		`Invalid: Invalid patch update: readOnlyProperties [/properties/QueueUrl, /properties/Arn] cannot be updated`,
	},
	{"a read-only property set to what it is", `{"Arn":"a","Delay":1}`, ``, `[{"op":"add","path":"/Arn","value":"a"},{"op":"add","path":"/Delay","value":2}]`, `{"Arn":"a","Delay":2}`},
	{"a nested read-only property made up", `{"Engine":{}}`, ``, `[{"op":"add","path":"/Engine/Id","value":"i"}]`, `Invalid: Invalid patch update: readOnlyProperties [/properties/Engine/Id] cannot be updated`},
	{"a nested read-only property taken out", `{"Engine":{"Id":"i"}}`, ``, `[{"op":"remove","path":"/Engine/Id"}]`, `Invalid: Invalid patch update: readOnlyProperties [/properties/Engine/Id] cannot be updated`},
	{"a nested read-only property may go with its parent", `{"Engine":{"Id":"i"}}`, ``, `[{"op":"remove","path":"/Engine"}]`, `{}`},
	{"a read-only member may go with its element", `{"Users":[{"Name":"n","Arn":"a"},{"Name":"m","Arn":"b"}]}`, ``, `[{"op":"remove","path":"/Users/0"}]`, `{"Users":[{"Arn":"b","Name":"m"}]}`},
	{"a new element has no read-only member yet", `{"Users":[{"Name":"n","Arn":"a"}]}`, ``, `[{"op":"add","path":"/Users/-","value":{"Name":"m"}}]`, `{"Users":[{"Arn":"a","Name":"n"},{"Name":"m"}]}`},
	{"a new element may not bring one", `{"Users":[{"Name":"n","Arn":"a"}]}`, ``, `[{"op":"add","path":"/Users/-","value":{"Name":"m","Arn":"b"}}]`, `Invalid: Invalid patch update: readOnlyProperties [/properties/Users/*/Arn] cannot be updated`},
	{"create-only is looked at before read-only", `{"Arn":"a","QueueName":"n"}`, ``, `[{"op":"remove","path":"/Arn"},{"op":"remove","path":"/QueueName"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/QueueName] cannot be updated`},

	// Write-only: operations.
	{"recorded: replace of a write-only property", `{}`, ``, `[{"op":"replace","path":"/SecretString","value":"x"}]`, `Invalid: Invalid patch update: writeOnlyProperties [/SecretString] can only be updated using 'add' operation`},
	{"remove of write-only properties", `{}`, ``, `[{"op":"remove","path":"/Engine/Key"},{"op":"remove","path":"/SecretString"}]`, `Invalid: Invalid patch update: writeOnlyProperties [/SecretString, /Engine/Key] can only be updated using 'add' operation`},
	{"test cannot ask for a secret", `{}`, `{"SecretString":"s"}`, `[{"op":"test","path":"/SecretString","value":"s"}]`, `Invalid: Invalid patch update: writeOnlyProperties [/SecretString] can only be updated using 'add' operation`},
	{"copy cannot take a secret", `{}`, `{"SecretString":"s"}`, `[{"op":"copy","from":"/SecretString","path":"/Name"}]`, `Invalid: Invalid patch update: writeOnlyProperties [/SecretString] can only be updated using 'add' operation`},
	{"copying a parent takes no secret along", `{"Engine":{"Kind":"k"}}`, `{"Engine":{"Key":"s"}}`, `[{"op":"copy","from":"/Engine","path":"/Copy"}]`, `Invalid: Model validation failed (#: extraneous key [Copy] is not permitted)`},
	{"replace in an element", `{"Users":[{"Name":"n"}]}`, ``, `[{"op":"replace","path":"/Users/0/Password","value":"x"}]`, `Invalid: Invalid patch update: writeOnlyProperties [/Users/*/Password] can only be updated using 'add' operation`},

	// Write-only: memory.
	{"a remembered value stays", `{"Delay":1}`, `{"SecretString":"s"}`, `[{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2,"SecretString":"s"}`},
	{"a value that is set wins", `{}`, `{"SecretString":"s"}`, `[{"op":"add","path":"/SecretString","value":"t"}]`, `{"SecretString":"t"}`},
	{"the remembered value again is no change", `{}`, `{"SecretString":"s"}`, `[{"op":"add","path":"/SecretString","value":"s"}]`, `= {"SecretString":"s"}`},
	{"a value that is not remembered is a change", `{}`, ``, `[{"op":"add","path":"/SecretString","value":"s"}]`, `{"SecretString":"s"}`},
	{"null forgets", `{}`, `{"SecretString":"s"}`, `[{"op":"add","path":"/SecretString","value":null}]`, `{}`},
	{"null for what nobody remembers", `{}`, ``, `[{"op":"add","path":"/SecretString","value":null}]`, `= {}`},
	{"null inside an added parent forgets", `{}`, `{"Engine":{"Key":"s"}}`, `[{"op":"add","path":"/Engine","value":{"Key":null}}]`, `{"Engine":{}}`},
	{"a parent that read leaves out comes back", `{"Delay":1}`, `{"Login":{"Password":"s"}}`, `[{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2,"Login":{"Password":"s"}}`},
	{"a parent that was removed does not", `{"Engine":{"Kind":"k"}}`, `{"Engine":{"Key":"s"}}`, `[{"op":"remove","path":"/Engine"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Engine/Kind] cannot be updated`},
	{"a parent that was removed though read had none", `{}`, `{"Login":{"Password":"s"}}`, `[{"op":"remove","path":"/Login"}]`, `{}`},
	{"write-only and create-only, sent again", `{"Delay":1}`, `{"Seed":"s"}`, `[{"op":"add","path":"/Seed","value":"s"},{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2,"Seed":"s"}`},
	{"write-only and create-only, sent otherwise", `{}`, `{"Seed":"s"}`, `[{"op":"add","path":"/Seed","value":"t"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Seed] cannot be updated`},
	{"write-only and create-only, nothing remembered", `{}`, ``, `[{"op":"add","path":"/Seed","value":"s"}]`, `NotUpdatable: Invalid patch update: createOnlyProperties [/properties/Seed] cannot be updated`},

	// Write-only members of array elements.
	{
		"unchanged elements match by position", `{"Delay":1,"Rules":[{"Name":"n"},{"Name":"n"}]}`, `{"Rules":[{"Name":"n","Password":"1"},{"Name":"n","Password":"2"}]}`,
		`[{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2,"Rules":[{"Name":"n","Password":"1"},{"Name":"n","Password":"2"}]}`,
	},
	{
		"moved elements match by what is readable", `{"Rules":[{"Name":"a"},{"Name":"b"}]}`, `{"Rules":[{"Name":"a","Password":"1"},{"Name":"b","Password":"2"}]}`,
		`[{"op":"remove","path":"/Rules/0"},{"op":"add","path":"/Rules/-","value":{"Name":"c"}}]`, `{"Rules":[{"Name":"b","Password":"2"},{"Name":"c"}]}`,
	},
	{
		"a changed element matches nothing", `{"Rules":[{"Name":"a"}]}`, `{"Rules":[{"Name":"a","Password":"1"}]}`,
		`[{"op":"replace","path":"/Rules/0/Name","value":"b"}]`, `{"Rules":[{"Name":"b"}]}`,
	},
	{
		"elements that could be either get nothing", `{"Rules":[{"Name":"n"},{"Name":"n"}]}`, `{"Rules":[{"Name":"n","Password":"1"},{"Name":"n","Password":"2"}]}`,
		`[{"op":"remove","path":"/Rules/0"}]`, `{"Rules":[{"Name":"n"}]}`,
	},
	{
		"an element's own value wins", `{"Users":[{"Name":"a"}]}`, `{"Users":[{"Name":"a","Password":"1"}]}`,
		`[{"op":"add","path":"/Users/0/Password","value":"2"}]`, `{"Users":[{"Name":"a","Password":"2"}]}`,
	},
	{
		"null forgets in one element", `{"Users":[{"Name":"a"},{"Name":"b"}]}`, `{"Users":[{"Name":"a","Password":"1"},{"Name":"b","Password":"2"}]}`,
		`[{"op":"add","path":"/Users/0/Password","value":null}]`, `{"Users":[{"Name":"a"},{"Name":"b","Password":"2"}]}`,
	},

	// Validation.
	{"the result must be valid", `{"Delay":1}`, ``, `[{"op":"replace","path":"/Delay","value":"x"}]`, `Invalid: Model validation failed (#/Delay: expected type: Integer, found: String)`},
	{"a problem of read does not stop another change", `{"Delay":9999,"Zones":[]}`, ``, `[{"op":"add","path":"/SecretString","value":"s"}]`, `{"Delay":9999,"SecretString":"s","Zones":[]}`},
	{"a problem of read that the patch keeps alive in another value", `{"Delay":9999}`, ``, `[{"op":"replace","path":"/Delay","value":8888}]`, `Invalid: Model validation failed (#/Delay: failed validation constraint for keyword [maximum])`},
	{"only the new problem is told", `{"Delay":9999}`, ``, `[{"op":"add","path":"/X","value":1}]`, `Invalid: Model validation failed (#: extraneous key [X] is not permitted)`},
	{"a required write-only member that read lacks", `{"Login":{},"Delay":1}`, ``, `[{"op":"replace","path":"/Delay","value":2}]`, `{"Delay":2,"Login":{}}`},
	{"a required member that the patch takes out", `{"Users":[{"Name":"a"}]}`, ``, `[{"op":"remove","path":"/Users/0/Name"}]`, `Invalid: Model validation failed (#/Users/0: required key [Name] not found)`},
	{"a problem may move with its element", `{"Rules":[{"Name":"a"},{"Name":1}]}`, ``, `[{"op":"remove","path":"/Rules/0"}]`, `{"Rules":[{"Name":1}]}`},
}

func TestUpdate(t *testing.T) {
	s := parse(t, queueType)
	for _, c := range updateCases {
		t.Run(c.name, func(t *testing.T) {
			current, remembered := doc(t, c.current), any(nil)
			if c.remembered != "" {
				remembered = doc(t, c.remembered)
			}
			u, err := s.Update(current, remembered, []byte(c.patch))
			got := string(Encode(u.Desired))
			if err == nil && !u.Changed {
				got = "= " + got
			}
			if e, ok := err.(*Error); ok {
				got = map[Kind]string{Invalid: "Invalid: ", NotUpdatable: "NotUpdatable: "}[e.Kind] + e.Text
			} else if err != nil {
				t.Fatalf("%#v is no *Error", err)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !Equal(current, doc(t, c.current)) || c.remembered != "" && !Equal(remembered, doc(t, c.remembered)) {
				t.Errorf("an argument was changed: %s, %s", Encode(current), Encode(remembered))
			}
		})
	}
}

// A combination that was broken before for one reason may not hide that it is broken now for another.
func TestAnotherFailureOfTheSameCombinationCounts(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"oneOf":[
		{"type":"object","required":["X"]},{"type":"object","required":["Y"]},{"type":"object","required":["Z"]}]},"B":{}}`)
	for patch, want := range map[string]string{
		`[{"op":"add","path":"/B","value":1}]`:                                                          "",
		`[{"op":"add","path":"/A/X","value":1}]`:                                                        "",
		`[{"op":"add","path":"/A/X","value":1},{"op":"add","path":"/A/Y","value":1}]`:                   "Model validation failed (#/A: #: 2 subschemas matched instead of one\n#/A: required key [Z] not found)",
		`[{"op":"add","path":"/B","value":1},{"op":"add","path":"/C","value":1}]`:                       "Model validation failed (#: extraneous key [C] is not permitted)",
		`[{"op":"replace","path":"/A","value":{"X":1,"Y":1,"Z":1}},{"op":"add","path":"/B","value":1}]`: "Model validation failed (#/A: #: 3 subschemas matched instead of one)",
	} {
		_, err := s.Update(doc(t, `{"A":{}}`), nil, []byte(patch))
		if got := errorText(err); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", patch, got, want)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	s := corpusType(b, "aws-logs-loggroup")
	current := doc(b, `{"LogGroupName":"/app/web","Arn":"arn:aws:logs:eu-west-1:123456789012:log-group:/app/web:*","RetentionInDays":30,"Tags":[{"Key":"Team","Value":"web"}]}`)
	patch := []byte(`[{"op":"replace","path":"/RetentionInDays","value":90}]`)
	if _, err := s.Update(current, nil, patch); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Update(current, nil, patch)
	}
}

// TestAnAlternativeThatWasReplacedStaysAway: a new value around objects with remembered
// members says which of these objects there are.
func TestAnAlternativeThatWasReplacedStaysAway(t *testing.T) {
	s, _, err := Parse([]byte(`{"typeName":"Own::Test::Either","description":"d","additionalProperties":false,
		"properties":{"Name":{"type":"string"},"With":{"type":"object","additionalProperties":false,
			"properties":{"A":{"$ref":"#/definitions/Way"},"B":{"$ref":"#/definitions/Way"}},
			"oneOf":[{"required":["A"]},{"required":["B"]}]}},
		"definitions":{"Way":{"type":"object","properties":{"Key":{"type":"string"},"Url":{"type":"string"}},"additionalProperties":false}},
		"primaryIdentifier":["/properties/Name"],"writeOnlyProperties":["/properties/With/A/Key","/properties/With/B/Key"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for patch, want := range map[string]string{
		`[{"op":"add","path":"/With","value":{"B":{"Url":"u"}}}]`:     `{"With":{"B":{"Url":"u"}}}`,
		`[{"op":"replace","path":"/With","value":{"B":{"Url":"u"}}}]`: `{"With":{"B":{"Url":"u"}}}`,
		`[{"op":"add","path":"/With","value":{"A":{"Url":"u"}}}]`:     `{"With":{"A":{"Key":"k","Url":"u"}}}`,
		`[{"op":"add","path":"/Name","value":"n"}]`:                   `{"Name":"n","With":{"A":{"Key":"k"}}}`,
	} {
		got, err := s.Update(doc(t, `{"With":{}}`), doc(t, `{"With":{"A":{"Key":"k"}}}`), []byte(patch))
		if err != nil || string(Encode(got.Desired)) != want {
			t.Errorf("%s: %s, %v, want %s", patch, Encode(got.Desired), err, want)
		}
	}
}
