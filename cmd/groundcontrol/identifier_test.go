package main_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

const stage = "AWS::ApiGateway::Stage"

func TestACompoundIdentifierHasManyForms(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	created := c.create(stage, `{"StageName":"prod","RestApiId":"a1b2c3"}`)
	if *created.Identifier != "a1b2c3|prod" {
		t.Errorf("the identifier at submit is %s", *created.Identifier)
	}
	c.waited(created)
	for name, id := range map[string]string{
		"values":                "a1b2c3|prod",
		"JSON":                  `{"RestApiId":"a1b2c3","StageName":"prod"}`,
		"JSON in another order": `{"StageName":"prod","RestApiId":"a1b2c3"}`,
		"JSON with spaces":      " {\n\"StageName\" : \"pr\\u006fd\", \"RestApiId\": \"a1b2c3\" } ",
	} {
		t.Run(name, func(t *testing.T) {
			if id[1] == '{' {
				// The shape of an identifier is one line, so white space of this kind is refused.
				err := discard(c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(stage), Identifier: &id}))
				wantInvalid(t, err, "1 validation error detected: Value '"+id+"' at 'identifier' failed to satisfy constraint: Member must satisfy regular expression pattern: .+")
				return
			}
			out, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(stage), Identifier: &id})
			if err != nil {
				t.Fatal(err)
			}
			if got := *out.ResourceDescription.Identifier; got != "a1b2c3|prod" {
				t.Errorf("read as %s", got)
			}
			updated := c.waited(c.update(stage, id, `[{"op":"add","path":"/Description","value":"`+name+`"}]`))
			if *updated.Identifier != "a1b2c3|prod" || decoded(t, updated.ResourceModel)["Description"] != name {
				t.Errorf("updated as %s", describe(updated))
			}
			if deleted := c.waited(c.delete(stage, id)); *deleted.Identifier != "a1b2c3|prod" {
				t.Errorf("deleted as %s", describe(deleted))
			}
			c.waited(c.create(stage, `{"StageName":"prod","RestApiId":"a1b2c3"}`))
		})
	}
}

func TestAWrongIdentifierIsRefusedByEveryOperation(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	const parts = " is not valid for identifier [/properties/RestApiId, /properties/StageName]"
	const keys = "When specifying the identifier as JSON, you must specify exactly one identifier from " +
		"[[/properties/RestApiId, /properties/StageName]], and no additional properties can be specified"
	for id, want := range map[string]string{
		"prod":              "Identifier prod" + parts,
		"a|b|c":             "Identifier a|b|c" + parts,
		"|prod":             "Identifier |prod" + parts,
		"a|":                "Identifier a|" + parts,
		"|":                 "Identifier |" + parts,
		`{"RestApiId":"a"}`: keys,
		`{}`:                keys,
		`{"A":"a","B":"b"}`: keys,
		`{"RestApiId":"a","StageName":"b","Description":"c"}`: keys,
		`{"RestApiId":"a","StageName":null}`:                  keys,
		`{"RestApiId":"a","StageName":{}}`:                    keys,
		`{"RestApiId":"a"`:                                    `Identifier {"RestApiId":"a"` + parts,
	} {
		t.Run(id, func(t *testing.T) {
			wantInvalid(t, discard(c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(stage), Identifier: &id})), want)
			wantInvalid(t, discard(c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(stage), Identifier: &id})), want)
			wantInvalid(t, discard(c.UpdateResource(t.Context(), &cloudcontrol.UpdateResourceInput{
				TypeName: str(stage), Identifier: &id, PatchDocument: str(`[]`),
			})), want)
		})
	}
}

func TestAnIdentifierOfOnePartIsNeverSplit(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	parameter := "AWS::SSM::Parameter"
	for name, id := range map[string]string{
		"a path":         "/a/b/c",
		"a bar":          "a|b",
		"JSON of others": `{"a":"b"}`,
		"JSON text":      `"x"`,
		"spaces":         " a b ",
		"many scripts":   "größe-重さ-💡",
	} {
		t.Run(name, func(t *testing.T) {
			done := c.waited(c.create(parameter, `{"Name":`+quoted(id)+`,"Type":"String","Value":"v"}`))
			if *done.Identifier != id || c.get(parameter, id)["Name"] != id {
				t.Errorf("the identifier is %q, want %q", *done.Identifier, id)
			}
			if got := c.get(parameter, `{"Name":`+quoted(id)+`}`)["Name"]; got != id {
				t.Errorf("as JSON it is %q, want %q", got, id)
			}
			c.waited(c.delete(parameter, id))
			c.missing(parameter, id)
		})
	}
	c.missing(parameter, "arn:aws:ssm:::a")
}

// An identifier that is no line of text, or whose part has a bar, can be given as JSON.
func TestAnIdentifierThatCannotBeWrittenPlainlyCanBeWrittenAsJSON(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for name, of := range map[string]struct{ typeName, desired, id string }{
		"two lines":           {"AWS::SSM::Parameter", `{"Name":"a\nb","Type":"String","Value":"v"}`, `{"Name":"a\nb"}`},
		"a bar within a part": {stage, `{"RestApiId":"a","StageName":"b|c"}`, `{"RestApiId":"a","StageName":"b|c"}`},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.waited(c.create(of.typeName, of.desired))
			c.waited(c.update(of.typeName, of.id, `[{"op":"add","path":"/Description","value":"x"}]`))
			c.waited(c.delete(of.typeName, of.id))
			if err := discard(c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: &of.typeName, Identifier: &of.id})); err == nil {
				t.Error("it is still there")
			}
		})
	}
}

// The shape Identifier has 1024 characters at most. What has more could be made and never
// be read, changed or deleted.
func TestAResourceThatNoCallCouldNameIsNotMade(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for _, length := range []int{1024, 1025} {
		name := strings.Repeat("é", length)
		e, err := c.createWith("token-"+strconv.Itoa(length), "AWS::SSM::Parameter", `{"Name":"`+name+`","Type":"String","Value":"v"}`)
		if length == 1024 {
			if err != nil {
				t.Fatal(err)
			}
			c.waited(e)
			c.waited(c.delete("AWS::SSM::Parameter", name))
			continue
		}
		if err == nil && c.ended(e).OperationStatus == types.OperationStatusSuccess {
			t.Errorf("a resource was made whose identifier has %d characters; a get says: %.200v", length, discard(c.GetResource(t.Context(),
				&cloudcontrol.GetResourceInput{TypeName: str("AWS::SSM::Parameter"), Identifier: &name})))
		}
	}
}
