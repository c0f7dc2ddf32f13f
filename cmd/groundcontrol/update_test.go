package main_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

func (c client) tryPatch(typeName, id, patch string) error {
	return discard(c.UpdateResource(c.t.Context(), &cloudcontrol.UpdateResourceInput{TypeName: &typeName, Identifier: &id, PatchDocument: &patch}))
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 4
	c := start(t).client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"shared","Tags":[]}`))
	running := regexp.MustCompile(`RequestToken\s+([a-fA-F0-9-]+)`)
	parallel(t, workers, func(worker int) error {
		for i := range each {
			patch := fmt.Sprintf(`[{"op":"add","path":"/Tags/-","value":{"Key":"%d-%d","Value":""}}]`, worker, i)
			for try := 0; ; try++ {
				out, err := c.UpdateResource(t.Context(), &cloudcontrol.UpdateResourceInput{
					TypeName: str(logGroup), Identifier: str("shared"), PatchDocument: &patch,
				})
				if err == nil {
					if e, err := c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: out.ProgressEvent.RequestToken}); err != nil ||
						e.ProgressEvent.OperationStatus == types.OperationStatusFailed {
						t.Errorf("an accepted update: %v, %v", e, err)
					}
					break
				}
				busy, ok := errors.AsType[*types.ConcurrentOperationException](err)
				conflict, moved := errors.AsType[*types.ResourceConflictException](err)
				if try == 500 || !ok && !moved {
					t.Errorf("try %d: %v %v", try, err, conflict)
					return err
				}
				if ok { // wait for the one that is in the way, as clients do
					token := running.FindStringSubmatch(*busy.Message)[1]
					if err := discard(c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: &token})); err != nil {
						t.Errorf("the request in the way: %v", err)
					}
				}
			}
		}
		return nil
	})
	eventually(t, "all updates are over", func() bool {
		return len(c.requests(types.OperationStatusInProgress, types.OperationStatusPending)) == 0
	})
	keys := map[string]bool{}
	for _, tag := range c.get(logGroup, "shared")["Tags"].([]any) {
		keys[tag.(map[string]any)["Key"].(string)] = true
	}
	if len(keys) != workers*each {
		t.Errorf("%d of %d tags are there: %v", len(keys), workers*each, slices.Sorted(maps.Keys(keys)))
	}
}

func TestAnUpdateSeesWhatTheLastOneDid(t *testing.T) {
	t.Parallel()
	c := start(t, "--simulate", logGroup+"=update:200ms").client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"g","RetentionInDays":1}`))
	c.waited(c.update(logGroup, "g", `[{"op":"add","path":"/DataProtectionPolicy","value":{"n":9007199254740993,"f":1.50}}]`))
	c.waited(c.update(logGroup, "g", `[{"op":"replace","path":"/RetentionInDays","value":3}]`))
	out, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(logGroup), Identifier: str("g")})
	if err != nil {
		t.Fatal(err)
	}
	const want = `"DataProtectionPolicy":{"f":1.50,"n":9007199254740993}`
	if got := *out.ResourceDescription.Properties; !regexp.MustCompile(regexp.QuoteMeta(want)).MatchString(got) {
		t.Errorf("numbers do not stay as they were written: %s", got)
	}
	if c.get(logGroup, "g")["RetentionInDays"] != 3.0 {
		t.Error("the second update is lost")
	}
}

func TestAPatchWithoutADifferenceSucceedsAtOnce(t *testing.T) {
	t.Parallel()
	c := start(t, "--simulate", logGroup+"=update:1h").client(t) // so that a call would show
	done := c.waited(c.create(logGroup, `{"LogGroupName":"g","RetentionInDays":1,"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`))
	for name, patch := range map[string]string{
		"nothing":                        `[]`,
		"a test":                         `[{"op":"test","path":"/RetentionInDays","value":1}]`,
		"the value it has":               `[{"op":"replace","path":"/RetentionInDays","value":1}]`,
		"the identifier it has":          `[{"op":"replace","path":"/LogGroupName","value":"g"}]`,
		"the read-only value it has":     `[{"op":"replace","path":"/Arn","value":"arn:aws:logs:us-east-1:000000000000:log-group:g:*"}]`,
		"there and back":                 `[{"op":"move","from":"/RetentionInDays","path":"/KmsKeyId"},{"op":"move","path":"/RetentionInDays","from":"/KmsKeyId"}]`,
		"a remove of what is not there":  `[{"op":"remove","path":"/KmsKeyId"}]`,
		"another order of a set":         `[{"op":"replace","path":"/Tags","value":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]}]`,
		"any case, and no leading slash": `[{"op":"Replace","path":"RetentionInDays","value":1}]`,
	} {
		t.Run(name, func(t *testing.T) {
			e := c.waited(c.update(logGroup, "g", patch))
			wantMembers(t, e, "Identifier ResourceModel")
			wantDiff(t, "model", decoded(t, e.ResourceModel), decoded(t, done.ResourceModel))
		})
	}
}

func TestAPatchIsAppliedAsAWhole(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"g","RetentionInDays":1,"Tags":[{"Key":"a","Value":"1"}]}`))
	before := c.get(logGroup, "g")
	err := c.tryPatch(logGroup, "g", `[{"op":"replace","path":"/RetentionInDays","value":3},{"op":"test","path":"/RetentionInDays","value":5}]`)
	wantInvalid(t, err, "[TEST Operation] value mismatch")
	wantDiff(t, "after a patch that failed", c.get(logGroup, "g"), before)

	e := c.waited(c.update(logGroup, "g", `[
		{"op":"test","path":"/Tags/0/Key","value":"a"},
		{"op":"add","path":"/Tags/0","value":{"Key":"b","Value":"2"}},
		{"op":"copy","from":"/Tags/0","path":"/Tags/-"},
		{"op":"replace","path":"/Tags/2/Key","value":"c~/"},
		{"op":"remove","path":"/Tags/1"},
		{"op":"remove","path":"/RetentionInDays"}]`))
	model := decoded(t, e.ResourceModel)
	wantDiff(t, "tags", model["Tags"], []any{
		map[string]any{"Key": "b", "Value": "2"}, map[string]any{"Key": "c~/", "Value": "2"},
	})
	if _, ok := model["RetentionInDays"]; ok {
		t.Error("what was removed is there")
	}
	wantDiff(t, "the read after it", c.get(logGroup, "g"), model)
}

func TestAPatchThatCannotBeAppliedIsRefusedInTheWordsOfAWS(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"g","RetentionInDays":1,"Tags":[{"Key":"a","Value":"1"}]}`))
	before, requests := c.get(logGroup, "g"), len(c.requests())
	for _, of := range []struct{ patch, want string }{
		{`[{"op":"replace","path":"/KmsKeyId","value":"x"}]`, "[REPLACE Operation] noSuchPath in source, path provided : //KmsKeyId"},
		{`[{"op":"replace","path":"/A/B","value":"x"}]`, "[REPLACE Operation] noSuchPath in source, path provided: //A/B"},
		{`[{"op":"add","path":"/A/B","value":"x"}]`, "[ADD Operation] noSuchPath in source, path provided: //A/B"},
		{`[{"op":"add","path":"A/B","value":"x"}]`, "[ADD Operation] noSuchPath in source, path provided: /A/B"},
		{`[{"op":"remove","path":"/A/B"}]`, "[REMOVE Operation] noSuchPath in source, path provided: //A/B"},
		{`[{"op":"test","path":"/KmsKeyId","value":"x"}]`, "[TEST Operation] noSuchPath in source, path provided : //KmsKeyId"},
		{`[{"op":"test","path":"/RetentionInDays","value":"1"}]`, "[TEST Operation] value mismatch"},
		{`[{"op":"add","path":"/LogGroupName/B","value":"x"}]`, "[ADD Operation] parent is not a container in source, path provided : //LogGroupName/B | node : string"},
		{`[{"op":"add","path":"/Tags/x","value":{}}]`, "Object operation on array target"},
		{`[{"op":"add","path":"/Tags/01","value":{}}]`, "Object operation on array target"},
		{`[{"op":"add","path":"/Tags/2","value":{}}]`, "index Out of bound, index is greater than 1"},
		{`[{"op":"add","path":"/Tags/-1","value":{}}]`, "index Out of bound, index is negative"},
		{`[{"op":"move","from":"/A","path":"/B"}]`, "[MOVE Operation] noSuchPath in source, path provided : //A"},
		{`[{"op":"copy","from":"/A","path":"/B"}]`, "[COPY Operation] noSuchPath in source, path provided : //A"},
		{`{}`, "Invalid JSON Patch payload (not an array)"},
		{`null`, "Invalid JSON Patch payload (not an array)"},
		{`["x"]`, "Invalid JSON Patch payload (not an object)"},
		{`[{"path":"/A","value":1}]`, "Invalid JSON Patch payload (missing 'op' field)"},
		{`[{"op":"add","value":1}]`, "Invalid JSON Patch payload (missing 'path' field)"},
		{`[{"op":"add","path":"/A"}]`, "Invalid JSON Patch payload (missing 'value' field)"},
		{`[{"op":"move","path":"/A"}]`, "Invalid JSON Patch payload (missing 'from' field)"},
		{`[{"op":"foo","path":"/A"}]`, "unknown / unsupported operation foo"},
		{`[{"op":"add","path":"/Nope","value":1}]`, "Model validation failed (#: extraneous key [Nope] is not permitted)"},
		{`[{"op":"replace","path":"/RetentionInDays","value":"x"}]`, "Model validation failed (#/RetentionInDays: #: only 0 subschema matches out of 2\n" +
			"#/RetentionInDays: failed validation constraint for keyword [enum]\n#/RetentionInDays: expected type: Integer, found: String)"},
		{`[{"op":"replace","path":"/RetentionInDays","value":2}]`, enumLines("/RetentionInDays")},
		{`[{"op":"replace","path":"","value":[]}]`, "Model validation failed (#: expected type: JSONObject, found: JSONArray)"},
		{`[{"op":"add","path":"/Tags/-","value":{"Key":"a","Value":"1"}}]`, "Model validation failed (#/Tags: array items are not unique)"},
		{`[{"op":"remove","path":"/Tags/0/Value"}]`, "Model validation failed (#/Tags/0: required key [Value] not found)"},
	} {
		t.Run(of.patch, func(t *testing.T) {
			wantInvalid(t, c.tryPatch(logGroup, "g", of.patch), of.want)
		})
	}
	wantDiff(t, "after all these", c.get(logGroup, "g"), before)
	if n := len(c.requests()); n != requests {
		t.Errorf("%d requests were made of refused patches", n-requests)
	}
}

func TestPropertiesThatCannotBeUpdatedAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	c.waited(c.create(stage, `{"RestApiId":"a1b2c3","StageName":"prod"}`))
	queue := *c.waited(c.create("AWS::SQS::Queue", `{"QueueName":"q"}`)).Identifier
	c.waited(c.create(logGroup, `{"LogGroupName":"g"}`))

	notUpdatable := func(name, typeName, id, patch, list string) {
		t.Run(name, func(t *testing.T) {
			wantException[*types.NotUpdatableException](t, c.tryPatch(typeName, id, patch), "Invalid patch update: createOnlyProperties ["+list+"] cannot be updated")
		})
	}
	notUpdatable("the identifier", logGroup, "g", `[{"op":"replace","path":"/LogGroupName","value":"h"}]`, "/properties/LogGroupName")
	notUpdatable("its removal", logGroup, "g", `[{"op":"remove","path":"/LogGroupName"}]`, "/properties/LogGroupName")
	notUpdatable("its loss with the document", logGroup, "g", `[{"op":"replace","path":"","value":{}}]`, "/properties/LogGroupName")
	notUpdatable("both parts in the order of the schema", stage, "a1b2c3|prod",
		`[{"op":"replace","path":"/StageName","value":"x"},{"op":"replace","path":"/RestApiId","value":"x"}]`, "/properties/RestApiId, /properties/StageName")
	notUpdatable("a new one", "AWS::SQS::Queue", queue, `[{"op":"add","path":"/FifoQueue","value":true}]`, "/properties/FifoQueue")
	notUpdatable("create-only before read-only", "AWS::SQS::Queue", queue,
		`[{"op":"add","path":"/FifoQueue","value":true},{"op":"remove","path":"/Arn"}]`, "/properties/FifoQueue")

	for patch, list := range map[string]string{
		`[{"op":"replace","path":"/Arn","value":"x"}]`:                               "/properties/Arn",
		`[{"op":"remove","path":"/Arn"},{"op":"add","path":"/QueueUrl","value":""}]`: "/properties/QueueUrl, /properties/Arn",
	} {
		wantInvalid(t, c.tryPatch("AWS::SQS::Queue", queue, patch), "Invalid patch update: readOnlyProperties ["+list+"] cannot be updated")
	}
	err := c.tryPatch(logGroup, "absent", `[]`)
	wantException[*types.ResourceNotFoundException](t, err, logGroup+" Handler returned status FAILED: Resource of type '"+logGroup+
		"' with identifier 'absent' was not found. (HandlerErrorCode: NotFound, RequestToken: <uuid>)")
}

// enumLines is what the validator says of a value that is none of an enum that stands
// beside a type: two schemas, of which one matched.
func enumLines(pointer string) string {
	return "Model validation failed (#" + pointer + ": #: only 1 subschema matches out of 2\n#" + pointer +
		": failed validation constraint for keyword [enum])"
}
