package main_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/smithy-go"
)

func TestAModelThatItsSchemaRefusesIsToldInTheWordsOfAWS(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	hidden := s.secret("a-value-not-to-be-told")
	for _, of := range []struct{ typeName, desired, want string }{
		{"AWS::SSM::Parameter", `{}`, "#: required key [Type] not found\n#: required key [Value] not found"},
		{logGroup, `{"Nope":1,"Nor":2}`, "#: extraneous key [Nope] is not permitted\n#: extraneous key [Nor] is not permitted"},
		{logGroup, `{"LogGroupName":7}`, "#/LogGroupName: expected type: String, found: Integer"},
		{logGroup, `{"LogGroupName":null}`, "#/LogGroupName: expected type: String, found: Null"},
		{logGroup, `{"Tags":{}}`, "#/Tags: expected type: JSONArray, found: JSONObject"},
		{logGroup, `{"Tags":["x"]}`, "#/Tags/0: expected type: JSONObject, found: String"},
		{logGroup, `{"Tags":[{"Key":"a"}]}`, "#/Tags/0: required key [Value] not found"},
		{logGroup, `{"DeletionProtectionEnabled":"true"}`, "#/DeletionProtectionEnabled: expected type: Boolean, found: String"},
		{logGroup, `{"RetentionInDays":2}`, "#/RetentionInDays: #: only 1 subschema matches out of 2\n#/RetentionInDays: failed validation constraint for keyword [enum]"},
		{logGroup, `{"LogGroupName":"` + hidden + `?"}`, "#/LogGroupName: failed validation constraint for keyword [pattern]"},
		{logGroup, `{"LogGroupName":""}`, "#/LogGroupName: expected minLength: 1, actual: 0\n#/LogGroupName: failed validation constraint for keyword [pattern]"},
		{bucket, `{"BucketName":"ab"}`, "#/BucketName: expected minLength: 3, actual: 2"},
		{bucket, `{"BucketName":"` + strings.Repeat("b", 64) + `"}`, "#/BucketName: expected maxLength: 63, actual: 64"},
		{bucket, `{"AccessControl":"` + hidden + `"}`, "#/AccessControl: #: only 1 subschema matches out of 2\n#/AccessControl: failed validation constraint for keyword [enum]"},
		{countdown, `{"Name":"n","Seconds":-1}`, "#/Seconds: failed validation constraint for keyword [minimum]"},
		{countdown, `{"Name":"n","Seconds":3601}`, "#/Seconds: failed validation constraint for keyword [maximum]"},
		{countdown, `{"Name":"n","Seconds":1.5}`, "#/Seconds: expected type: Integer, found: BigDecimal"},
		{countdown, `{"Name":"n","Seconds":99999999999999999999}`, "#/Seconds: failed validation constraint for keyword [maximum]"},
		{
			"AWS::Kinesis::Stream", `{"DesiredShardLevelMetrics":["ALL","ALL"]}`,
			"#/DesiredShardLevelMetrics: array items are not unique",
		},
		{
			"AWS::Kinesis::Stream",
			`{"DesiredShardLevelMetrics":["IncomingBytes","IncomingRecords","OutgoingBytes","OutgoingRecords","WriteProvisionedThroughputExceeded",` +
				`"ReadProvisionedThroughputExceeded","IteratorAgeMilliseconds","ALL"]}`,
			"#/DesiredShardLevelMetrics: expected maximum item count: 7, found: 8",
		},
		{"AWS::DynamoDB::Table", `{"KeySchema":"x"}`, "#/KeySchema: #: 0 subschemas matched instead of one\n" +
			"#/KeySchema: expected type: JSONArray, found: String\n#/KeySchema: expected type: JSONObject, found: String"},
		{"AWS::SQS::Queue", `{"RedrivePolicy":7}`, "#/RedrivePolicy: #: no subschema matched out of the total 2 subschemas\n" +
			"#/RedrivePolicy: expected type: JSONObject, found: Integer\n#/RedrivePolicy: expected type: String, found: Integer"},
		{"AWS::ApiGateway::Stage", `{"RestApiId":"a","Variables":{"~/":1,"b":2}}`, "#/Variables: extraneous key [~/] is not permitted\n" +
			"#/Variables/b: expected type: String, found: Integer"},
	} {
		t.Run(of.typeName+of.desired, func(t *testing.T) {
			wantInvalid(t, discard(c.createWith("t", of.typeName, of.desired)), "Model validation failed ("+of.want+")")
		})
	}
	if made := c.requests(); len(made) != 0 {
		t.Errorf("requests were made: %v", made)
	}
}

// The shape ErrorMessage has 2048 characters at most: an answer must not be many times as
// long as the call that it refuses.
func TestAMessageAboutAVeryWrongModelIsCut(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for name, desired := range map[string]string{
		"many wrong elements":  `{"Tags":[1` + strings.Repeat(",1", 20_000) + `]}`,
		"a very long key":      `{"` + strings.Repeat("k", 100_000) + `":1}`,
		"a very long identity": `{"LogGroupName":"` + strings.Repeat("k", 100_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			err := discard(c.createWith("t", logGroup, desired))
			e, ok := errors.AsType[smithy.APIError](err)
			if !ok || e.ErrorCode() != "ValidationException" || !strings.HasPrefix(e.ErrorMessage(), "Model validation failed (#/") &&
				!strings.HasPrefix(e.ErrorMessage(), "Model validation failed (#: extraneous key [kkk") {
				t.Fatalf("%.300v", err)
			}
			if n := utf8.RuneCountInString(e.ErrorMessage()); n > 2048 {
				t.Errorf("a message of %d characters for a desired state of %d", n, len(desired))
			}
		})
	}
}

func TestReadOnlyValuesOfACreateAreNotBelieved(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	e := c.create("AWS::SQS::Queue", `{"QueueName":"q","QueueUrl":"https://example.org/mine","Arn":"mine"}`)
	wantMembers(t, e, "")
	e = c.waited(e)
	if want := "https://sqs.us-east-1.amazonaws.com/000000000000/q"; *e.Identifier != want || decoded(t, e.ResourceModel)["Arn"] == "mine" {
		t.Errorf("got %s, want %s", describe(e), want)
	}
}

func TestNamesAreMadeWhereNoneIsGiven(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	e := c.create(bucket, `{}`)
	wantMembers(t, e, "")
	one, two := *c.waited(e).Identifier, *c.waited(c.create(bucket, `{}`)).Identifier
	if one == two {
		t.Errorf("both are %s", one)
	}
	c.get(bucket, one)
}

func TestTypesAreFoundByNameAndSayWhatAListWants(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	x := t.Context()
	for _, name := range []string{"AWS::No::Type", "aws::s3::bucket", "GroundControl::Demo::Countup"} {
		want := "The type '" + name + "' cannot be found."
		id := str("x")
		for operation, err := range map[string]error{
			"create":                        discard(c.createWith("t", name, `{}`)),
			"create with what is no JSON":   discard(c.createWith("t", name, `{`)),
			"update":                        c.tryPatch(name, "x", `[]`),
			"update with a bad patch":       c.tryPatch(name, "x", `[{}]`),
			"update with what is no JSON":   c.tryPatch(name, "x", `{`),
			"delete":                        discard(c.DeleteResource(x, &cloudcontrol.DeleteResourceInput{TypeName: &name, Identifier: id})),
			"get":                           discard(c.GetResource(x, &cloudcontrol.GetResourceInput{TypeName: &name, Identifier: id})),
			"list":                          discard(c.ListResources(x, &cloudcontrol.ListResourcesInput{TypeName: &name})),
			"list with a model that is bad": discard(c.ListResources(x, &cloudcontrol.ListResourcesInput{TypeName: &name, ResourceModel: str(`{`)})),
		} {
			t.Run(name+" "+operation, func(t *testing.T) { wantException[*types.TypeNotFoundException](t, err, want) })
		}
	}
	const missing = "Missing or invalid ResourceModel property in AWS::ApiGateway::Stage list handler request input.Required property:  "
	for model, want := range map[string]string{
		"":                 missing + "(#: required key [RestApiId] not found)",
		`{}`:               missing + "(#: required key [RestApiId] not found)",
		`{"RestApiId":7}`:  missing + "(#/RestApiId: expected type: String, found: Integer)",
		`{"StageName":""}`: missing + "(#: required key [RestApiId] not found)",
	} {
		in := &cloudcontrol.ListResourcesInput{TypeName: str(stage)}
		if model != "" {
			in.ResourceModel = &model
		}
		wantException[*types.InvalidRequestException](t, discard(c.ListResources(x, in)), want)
	}
}

func TestAListCanBeNarrowedByAModel(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for _, id := range []string{"a", "b"} {
		c.waited(c.create(stage, `{"RestApiId":"`+id+`","StageName":"prod"}`))
		c.waited(c.create(stage, `{"RestApiId":"`+id+`","StageName":"test"}`))
	}
	out, err := c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(stage), ResourceModel: str(`{"RestApiId":"b"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range out.ResourceDescriptions {
		ids = append(ids, *d.Identifier)
	}
	wantDiff(t, "stages of b", ids, []string{"b|prod", "b|test"})
}
