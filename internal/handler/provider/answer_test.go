package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/schema"
)

// told is an answer on one line.
func told(a handler.Answer) string {
	text := string(a.Status)
	for _, part := range []struct {
		name  string
		value string
	}{{"code", string(a.ErrorCode)}, {"message", a.Message}, {"token", a.NextToken}, {"callback", string(a.Callback)}} {
		if part.value != "" {
			text += " " + part.name + "=" + part.value
		}
	}
	if a.Model != nil {
		text += " model=" + string(schema.Encode(a.Model))
	}
	if a.Models != nil {
		text += " models=" + string(schema.Encode(a.Models))
	}
	if a.Delay != 0 {
		text += " delay=" + a.Delay.String()
	}
	return text
}

// What providers were seen to answer, each to the type it came from.
func TestAnswersAsTheyReallyLook(t *testing.T) {
	const countdown = `{"typeName":"Test::Seen::Go","primaryIdentifier":["/properties/Id"],"properties":{"Id":{"type":"string"},"Seconds":{"type":"integer"},"Triggers":{"type":"array","items":{"type":"string"}}}}`
	const service = `{"typeName":"Test::Seen::TypeScript","primaryIdentifier":["/properties/Id"],"properties":{"Name":{"type":"string"},"Id":{"type":"string"},"ActiveVersionId":{"type":"integer"},"DeletedAt":{"type":"string"}}}`
	for _, c := range []struct {
		name, schema string
		action       schema.Action
		body, want   string
	}{
		{
			"Go, success", countdown, schema.Create,
			`{"message":"Create complete","status":"SUCCESS","resourceModel":{"Id":"087c","Seconds":"1","Triggers":["a"]},"bearerToken":"ac44","resourceModels":null}`,
			`SUCCESS message=Create complete model={"Id":"087c","Seconds":1,"Triggers":["a"]}`,
		},
		{
			"Go, failure", countdown, schema.Read,
			`{"message":"Resource not found","status":"FAILED","errorCode":"NotFound","bearerToken":"6664","resourceModels":null}`,
			`FAILED code=NotFound message=Resource not found`,
		},
		{
			"Python", countdown, schema.Create,
			`{"errorCode":"AlreadyExists","message":"item already exists","callbackDelaySeconds":0,"status":"FAILED"}`,
			`FAILED code=AlreadyExists message=item already exists`,
		},
		{
			"TypeScript", service, schema.Create,
			`{"message":"","callbackDelaySeconds":0,"status":"IN_PROGRESS","callbackContext":{"retry":1},"resourceModel":{"Name":"svc","Id":"svc2","ActiveVersionId":0,"DeletedAt":null}}`,
			`IN_PROGRESS callback={"retry":1} model={"ActiveVersionId":0,"Id":"svc2","Name":"svc"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, c.schema)
			got, warnings, err := provider.Answer(handler.Call{Action: c.action, TypeName: s.TypeName, Schema: s}, []byte(c.body))
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v %q", err, warnings)
			}
			if diff := cmp.Diff(c.want, told(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const (
	full     = `"resourceModel":{"Name":"a","Zone":{"Id":"7"},"Secret":"s","Count":"1e+06","On":"true","Any":"5","Arn":null,"Rules":[null,{"Port":"80","Key":"k"}]}`
	whole    = `model={"Any":"5","Count":1000000,"Name":"a","On":true,"Rules":[{"Key":"k","Port":80}],"Secret":"s","Zone":{"Id":7}}`
	readable = `model={"Any":"5","Count":1000000,"Name":"a","On":true,"Rules":[{"Port":80}],"Zone":{"Id":7}}`
)

// answerCases have what a body is read as, or the rule that it breaks.
var answerCases = []struct {
	name, actions string
	body          string
	want, broken  string
	warnings      []string
}{
	{"success", "CREATE READ UPDATE", `{"status":"SUCCESS",` + full + `}`, "SUCCESS " + readable, "", nil},
	{"what success does not have", "CREATE READ UPDATE", `{"status":"SUCCESS","callbackContext":{"x":1},"callbackDelaySeconds":5,"nextToken":"n","errorCode":null,` + full + `}`, "SUCCESS " + readable, "", nil},
	{"in progress", "CREATE UPDATE DELETE", `{"status":"IN_PROGRESS","callbackContext":{"b": [1.0,null],"a":1},"callbackDelaySeconds":3,` + full + `}`, `IN_PROGRESS callback={"b": [1.0,null],"a":1} ` + whole + " delay=3s", "", nil},
	{"pending", "CREATE UPDATE DELETE", `{"status":"PENDING","callbackContext":null,` + full + `}`, "IN_PROGRESS " + whole, "", nil},
	{"in progress without a model", "DELETE", `{"status":"IN_PROGRESS","callbackContext":{},"resourceModel":null}`, "IN_PROGRESS callback={}", "", nil},
	{"negative delay", "DELETE", `{"status":"IN_PROGRESS","callbackDelaySeconds":-1}`, "IN_PROGRESS", "", nil},
	{"half a second", "DELETE", `{"status":"IN_PROGRESS","callbackDelaySeconds":0.5}`, "IN_PROGRESS delay=500ms", "", nil},
	{"longer than anything", "DELETE", `{"status":"IN_PROGRESS","callbackDelaySeconds":1e400}`, "IN_PROGRESS delay=36h0m0s", "", nil},
	{"deleted", "DELETE", `{"status":"SUCCESS","resourceModel":null}`, "SUCCESS", "", nil},
	{"deleted, with a model", "DELETE", `{"status":"SUCCESS",` + full + `}`, "SUCCESS", "", []string{"a resourceModel after a delete was left out"}},
	{"listed", "LIST", `{"status":"SUCCESS","nextToken":"n2","resourceModels":[{"Name":"a","Zone":{"Id":"1"},"Secret":"s"},null,{"Name":"b","Arn":null}]}`, `SUCCESS token=n2 models=[{"Name":"a","Zone":{"Id":1}},{"Name":"b"}]`, "", nil},
	{"none listed", "LIST", `{"status":"SUCCESS","nextToken":null,"resourceModels":[]}`, `SUCCESS models=[]`, "", nil},
	{"Go's empty list", "LIST", `{"status":"SUCCESS","resourceModels":null}`, `SUCCESS models=[]`, "", []string{"resourceModels is null: taken as an empty list"}},
	{"a list that goes round", "LIST", `{"status":"SUCCESS","nextToken":"n1","resourceModels":[]}`, `SUCCESS models=[]`, "", []string{"nextToken is the one that was sent: taken as the end of the list"}},
	{"failed", "CREATE READ UPDATE DELETE LIST", `{"status":"FAILED","errorCode":"NotFound","message":"m","resourceModels":null}`, "FAILED code=NotFound message=m", "", nil},
	{"failed without a message", "CREATE READ UPDATE DELETE LIST", `{"status":"FAILED","errorCode":"Throttling"}`, "FAILED code=Throttling", "", nil},
	{"failed with a code of its own", "CREATE READ UPDATE DELETE LIST", `{"status":"FAILED","errorCode":"Surprise"}`, "FAILED code=Surprise", "", nil},
	{"failed with a model", "CREATE UPDATE DELETE", `{"status":"FAILED","errorCode":"NotStabilized",` + full + `}`, "FAILED code=NotStabilized " + readable, "", nil},
	{"failed with a model for nobody", "READ LIST", `{"status":"FAILED","errorCode":"NotStabilized",` + full + `}`, "FAILED code=NotStabilized", "", nil},
	{"failed for now with a model", "CREATE UPDATE DELETE", `{"status":"FAILED","errorCode":"Throttling",` + full + `}`, "FAILED code=Throttling", "", nil},
	{"failed with rubbish", "CREATE UPDATE DELETE", `{"status":"FAILED","errorCode":"NotFound","resourceModel":1}`, "FAILED code=NotFound", "", nil},
	{
		"what cannot be coerced", "CREATE READ UPDATE", `{"status":"SUCCESS","resourceModel":{"Name":"a","Zone":{"Id":1},"Count":"secret"}}`,
		`SUCCESS model={"Count":"secret","Name":"a","Zone":{"Id":1}}`, "",
		[]string{"resourceModel: #/Count: expected type: integer, found: String"},
	},
	{"what cannot be coerced in a list", "LIST", `{"status":"SUCCESS","resourceModels":[null,{"On":"x"}]}`, `SUCCESS models=[{"On":"x"}]`, "", []string{"resourceModels/1: #/On: expected type: boolean, found: String"}},

	{"nothing", "CREATE LIST", ``, "", "it is not JSON: unexpected end of text", nil},
	{"no JSON", "CREATE LIST", `<html>`, "", "it is not JSON: unexpected character at offset 0", nil},
	{"two texts", "CREATE LIST", `{} {}`, "", "it is not JSON: text after the JSON value", nil},
	{"too deep", "CREATE LIST", strings.Repeat("[", 200), "", "it is not JSON: more than 128 levels of nesting", nil},
	{"null", "CREATE LIST", `null`, "", "it is no JSON object", nil},
	{"an error document", "CREATE LIST", `{"errorMessage":"m","errorType":"T"}`, "", "it has no status", nil},
	{"no status", "CREATE LIST", `{"status":null}`, "", "it has no status", nil},
	{"a number for a status", "CREATE LIST", `{"status":1}`, "", "its status is no string", nil},
	{"an unknown status", "CREATE LIST", `{"status":"Success"}`, "", `its status is "Success"`, nil},
	{"a long status", "CREATE LIST", `{"status":"` + strings.Repeat("x", 99) + `"}`, "", `its status is "` + strings.Repeat("x", 40) + `"`, nil},
	{"message", "CREATE LIST", `{"status":"SUCCESS","message":{}}`, "", "its message is no string", nil},
	{"error code", "CREATE LIST", `{"status":"FAILED","errorCode":404}`, "", "its errorCode is no string", nil},
	{"failed without a code", "CREATE READ UPDATE DELETE LIST", `{"status":"FAILED","errorCode":""}`, "", "it failed without an error code", nil},
	{"failed without a code but a message", "CREATE READ UPDATE DELETE LIST", `{"status":"FAILED","message":"boom"}`, "", "it failed without an error code: boom", nil},
	{
		"failed without a code but a long message", "CREATE", `{"status":"FAILED","message":"` + strings.Repeat("é", 2000) + `"}`, "",
		"it failed without an error code: " + strings.Repeat("é", 1024), nil,
	},
	{"success with a code", "CREATE READ UPDATE DELETE LIST", `{"status":"SUCCESS","errorCode":"NotFound"}`, "", "it carries an error code with status SUCCESS", nil},
	{"progress with a code", "CREATE UPDATE DELETE", `{"status":"IN_PROGRESS","errorCode":"NotFound"}`, "", "it carries an error code with status IN_PROGRESS", nil},
	{"read or list in progress", "READ LIST", `{"status":"IN_PROGRESS",` + full + `,"resourceModels":[]}`, "", "READ and LIST handlers must return synchronously.", nil},
	{"read or list pending", "READ LIST", `{"status":"PENDING"}`, "", "READ and LIST handlers must return synchronously.", nil},
	{"no model", "CREATE READ UPDATE", `{"status":"SUCCESS","resourceModel":null}`, "", "it has no resourceModel", nil},
	{"no model while in progress", "CREATE UPDATE", `{"status":"IN_PROGRESS"}`, "", "it has no resourceModel", nil},
	{"a text for a model", "CREATE READ UPDATE", `{"status":"SUCCESS","resourceModel":"{}"}`, "", "its resourceModel is no JSON object", nil},
	{"no identifier", "CREATE READ UPDATE", `{"status":"SUCCESS","resourceModel":{"Name":"a","Zone":{"Id":null}}}`, "", "its model lacks the primary identifier", nil},
	{"no identifier while in progress", "CREATE UPDATE DELETE", `{"status":"IN_PROGRESS","resourceModel":{"Name":"a"}}`, "", "its model lacks the primary identifier", nil},
	{"a text for a delay", "DELETE", `{"status":"IN_PROGRESS","callbackDelaySeconds":"5"}`, "", "its callbackDelaySeconds is no number", nil},
	{"no list", "LIST", `{"status":"SUCCESS"}`, "", "it has no resourceModels", nil},
	{"an object for a list", "LIST", `{"status":"SUCCESS","resourceModels":{}}`, "", "its resourceModels is no array", nil},
	{"a list of texts", "LIST", `{"status":"SUCCESS","resourceModels":[{},"x"]}`, "", "its resourceModels/1 is no JSON object", nil},
	{"a number for a token", "LIST", `{"status":"SUCCESS","resourceModels":[],"nextToken":1}`, "", "its nextToken is no string", nil},
}

func TestAnswer(t *testing.T) {
	for _, c := range answerCases {
		for _, action := range strings.Fields(c.actions) {
			t.Run(c.name+"/"+action, func(t *testing.T) {
				in := call(t, schema.Action(action), "")
				in.NextToken = "n1"
				got, warnings, err := provider.Answer(in, []byte(c.body))
				if c.broken != "" {
					if !errors.Is(err, handler.ErrInvalidAnswer) || err.Error() != "handler: invalid answer: "+c.broken {
						t.Errorf("%q\nnot %q", err, c.broken)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, told(got)); diff != "" {
					t.Error(diff)
				}
				if !slices.Equal(warnings, c.warnings) {
					t.Errorf("%q", warnings)
				}
			})
		}
	}
}

func TestAnswersHaveALimit(t *testing.T) {
	c := call(t, schema.Delete, "")
	body := `{"status":"SUCCESS"}` + strings.Repeat(" ", provider.MaxSize-20)
	if _, _, err := provider.Answer(c, []byte(body)); err != nil {
		t.Error(err)
	}
	if _, _, err := provider.Answer(c, []byte(body+" ")); !errors.Is(err, handler.ErrInvalidAnswer) {
		t.Error(err)
	}
}

func TestAnswerWarnsAFewTimesOnly(t *testing.T) {
	body := `{"status":"SUCCESS","resourceModels":[{}` + strings.Repeat(`,{"On":"x"}`, 100) + `]}`
	_, warnings, err := provider.Answer(call(t, schema.List, ""), []byte(body))
	if err != nil || len(warnings) != 21 || warnings[20] != "80 more warnings" {
		t.Errorf("%d %v", len(warnings), err)
	}
}

// What Answer lets through, Settle takes as it stands.
func TestSettleTakesEveryAnswer(t *testing.T) {
	for _, c := range answerCases {
		for _, action := range strings.Fields(c.actions) {
			if action == "READ" || action == "LIST" {
				continue
			}
			in := call(t, schema.Action(action), "")
			answer, _, err := provider.Answer(in, []byte(c.body))
			if message := settle(t, in, answer, err); strings.HasPrefix(message, "The handler's answer is not valid") != (err != nil) {
				t.Errorf("%s of %s: %s", c.name, action, message)
			}
		}
	}
}

// settle returns what Settle says of an answer, and checks that it keeps nothing write-only and loses nothing else.
func settle(t *testing.T, c handler.Call, a handler.Answer, err error) string {
	r := operation.Request{Token: c.Token, TypeName: c.TypeName, Operation: operation.Operation(c.Action), Input: operation.Input{Desired: []byte(`{}`)}}
	ev, change := handler.Settle(c.Schema, r, handler.Outcome{Answer: a, Err: err})
	if change != nil && c.Action != schema.Delete && string(change.Model) != string(schema.Encode(c.Schema.WithoutWriteOnly(a.Model))) {
		t.Errorf("%s became %s", schema.Encode(a.Model), change.Model)
	}
	return ev.Message
}

// The next call of a request gets what the last answer said.
func TestAnAnswerIsTheNextCallsInput(t *testing.T) {
	c := call(t, schema.Create, `{"Name":"a","Zone":{"Id":7},"Secret":"s"}`)
	a, _, err := provider.Answer(c, []byte(`{"status":"IN_PROGRESS","callbackContext":{"b":1.0,"a":null},"resourceModel":{"Name":"a","Zone":{"Id":"7"},"Secret":"s","On":null}}`))
	if err != nil {
		t.Fatal(err)
	}
	c.Desired, c.Callback = schema.Encode(a.Model), a.Callback
	text, err := provider.Payload(c, provider.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"callbackContext":{"b":1.0,"a":null}`, `"resourceProperties":{"Name":"a","Secret":"s","Zone":{"Id":7}}`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

// Answer never panics, its errors are of one kind, and what it gives keeps the promises.
func FuzzAnswer(f *testing.F) {
	actions := []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List}
	for _, c := range answerCases {
		for i, action := range actions {
			if strings.Contains(c.actions, string(action)) {
				f.Add(uint8(i), []byte(c.body))
			}
		}
	}
	s := parse(f, thing)
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		c := handler.Call{Action: actions[int(i)%len(actions)], Token: "t", Region: "r", TypeName: s.TypeName, Schema: s, Previous: []byte("{}")}
		a, warnings, err := provider.Answer(c, body)
		if err != nil {
			if !errors.Is(err, handler.ErrInvalidAnswer) || errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v", err)
			}
			return
		}
		if broken := promise(s, c, a); broken != "" {
			t.Fatalf("%s: %s %q", broken, told(a), warnings)
		}
		if a.Status != handler.InProgress || a.Model == nil {
			return
		}
		c.Desired, c.Callback = schema.Encode(a.Model), a.Callback
		if _, err := provider.Payload(c, provider.Extra{}); err != nil {
			t.Fatalf("the next call cannot be made: %v", err)
		}
	})
}

// promise returns what an answer lacks of what handler.Answer promises.
func promise(s *schema.Schema, c handler.Call, a handler.Answer) string {
	_, identified := s.Identifier(a.Model)
	readOrList := c.Action == schema.Read || c.Action == schema.List
	switch {
	case (a.Status == handler.Failed) != (a.ErrorCode != ""):
		return "a code exactly on FAILED"
	case a.Status == handler.InProgress && readOrList:
		return "synchronous"
	case a.Status != handler.InProgress && (a.Delay != 0 || a.Callback != nil), a.Delay < 0, a.Delay > 36*time.Hour:
		return "a delay in progress only"
	case a.Status == handler.Success && (c.Action == schema.List) != (a.Models != nil):
		return "models of lists"
	case a.Status == handler.Success && (a.Model != nil) != (c.Action != schema.Delete && c.Action != schema.List):
		return "a model of create, read and update"
	case a.Model != nil && a.Status != handler.Failed && !identified:
		return "an identifier"
	}
	for _, m := range append(a.Models, a.Model) {
		if m == nil {
			continue
		}
		if text := string(schema.Encode(m)); a.Status != handler.InProgress && s.WriteOnlyOf(m) != nil {
			return fmt.Sprintf("no write-only values: %s", text)
		}
		if again, _ := s.Coerce(m); !schema.Equal(again, m) {
			return "coerced"
		}
	}
	return ""
}
