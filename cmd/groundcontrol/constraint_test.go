package main_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
)

const (
	one = "1 validation error detected: "
	at  = " failed to satisfy constraint: "

	typePattern  = "Member must satisfy regular expression pattern: [A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}"
	tokenPattern = "Member must satisfy regular expression pattern: [-A-Za-z0-9+/=]+"
)

func TestMembersThatBreakAConstraintAreRefused(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	shown := func(s string) string { return s[:256] + "..." }
	arn := "arn:aws:iam::12345:role/x"
	wantRefused(t, []refusal{
		{"no type", call{target: "GetResource", body: `{"Identifier":"x"}`}, invalid, one + "Value null at 'typeName'" + at + "Member must not be null"},
		{"null", call{target: "GetResource", body: `{"TypeName":null,"Identifier":"x"}`}, invalid, one + "Value null at 'typeName'" + at + "Member must not be null"},
		{
			"nothing at all", call{target: "UpdateResource", body: `{}`}, invalid, "3 validation errors detected: Value null at 'typeName'" + at +
				"Member must not be null; Value null at 'identifier'" + at + "Member must not be null; Value null at 'patchDocument'" + at + "Member must not be null",
		},
		{"no token", call{target: "GetResourceRequestStatus", body: `{}`}, invalid, one + "Value null at 'requestToken'" + at + "Member must not be null"},
		{"no token to cancel", call{target: "CancelResourceRequest", body: `{}`}, invalid, one + "Value null at 'requestToken'" + at + "Member must not be null"},
		{"a type of two parts", call{target: "ListResources", body: `{"TypeName":"AWS::LogGroup"}`}, invalid, one + "Value 'AWS::LogGroup' at 'typeName'" + at + typePattern},
		{"a type of four parts", call{target: "ListResources", body: `{"TypeName":"AWS::Logs::LogGroup::MODULE"}`}, invalid, one + "Value 'AWS::Logs::LogGroup::MODULE' at 'typeName'" + at + typePattern},
		{
			"a short type", call{target: "ListResources", body: `{"TypeName":"a"}`}, invalid, "2 validation errors detected: Value 'a' at 'typeName'" + at +
				"Member must have length greater than or equal to 10; Value 'a' at 'typeName'" + at + typePattern,
		},
		{"NUL in a type", call{target: "ListResources", body: `{"TypeName":"AWS::Logs::Log\u0000Group"}`}, invalid, one + "Value 'AWS::Logs::Log\x00Group' at 'typeName'" + at + typePattern},
		{"a token with spaces", call{target: "GetResourceRequestStatus", body: `{"RequestToken":"a b"}`}, invalid, one + "Value 'a b' at 'requestToken'" + at + tokenPattern},
		{"NUL in a token", call{target: "CancelResourceRequest", body: `{"RequestToken":"\u0000"}`}, invalid, one + "Value '\x00' at 'requestToken'" + at + tokenPattern},
		{
			"a long token",
			call{target: "CancelResourceRequest", body: `{"RequestToken":"` + long(129) + `"}`},
			invalid,
			one + "Value '" + long(129) + "' at 'requestToken'" + at + "Member must have length less than or equal to 128",
		},
		{
			"an empty client token",
			call{target: "DeleteResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"there","ClientToken":""}`},
			invalid,
			"2 validation errors detected: Value '' at 'clientToken'" + at + "Member must have length greater than or equal to 1; Value '' at 'clientToken'" + at + tokenPattern,
		},
		{
			"a client token with spaces",
			call{target: "DeleteResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"there","ClientToken":"a b"}`},
			invalid,
			one + "Value 'a b' at 'clientToken'" + at + tokenPattern,
		},
		{
			"a role of nobody",
			call{target: "DeleteResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"there","RoleArn":"` + arn + `"}`},
			invalid,
			one + "Value '" + arn + "' at 'roleArn'" + at + "Member must satisfy regular expression pattern: arn:.+:iam::[0-9]{12}:role/.+",
		},
		{
			"a version of another kind",
			call{target: "DeleteResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"there","TypeVersionId":"1.0"}`},
			invalid,
			one + "Value '1.0' at 'typeVersionId'" + at + "Member must satisfy regular expression pattern: [A-Za-z0-9-]+",
		},
		{
			"a long identifier",
			call{target: "DeleteResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"` + long(1025) + `"}`},
			invalid,
			one + "Value '" + shown(long(1025)) + "' at 'identifier'" + at + "Member must have length less than or equal to 1024",
		},
		{
			"an empty desired state", create(``), invalid, one + "Value at 'desiredState'" + at + "Member must have length greater than or equal to 1",
		},
		{
			"262,145 characters", create(`{"LogGroupName":"` + hidden + strings.Repeat("é", 262145-len(`{"LogGroupName":""}`)-len(hidden)) + `"}`), invalid,
			one + "Value at 'desiredState'" + at + "Member must have length less than or equal to 262144",
		},
		{
			"2 MB", create(`{"LogGroupName":"` + hidden + long(2<<20) + `"}`), invalid,
			one + "Value at 'desiredState'" + at + "Member must have length less than or equal to 262144",
		},
		{
			"2 MB of patch", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + long(2<<20) + `"}]`), invalid,
			one + "Value at 'patchDocument'" + at + "Member must have length less than or equal to 262144",
		},
		{"a page of 0 requests", call{target: "ListResourceRequests", body: `{"MaxResults":0}`}, invalid, one + "Value '0' at 'maxResults'" + at + "Member must have value greater than or equal to 1"},
		{"a page of 101 requests", call{target: "ListResourceRequests", body: `{"MaxResults":101}`}, invalid, one + "Value '101' at 'maxResults'" + at + "Member must have value less than or equal to 100"},
		{"a page of 0 resources", call{target: "ListResources", body: `{"TypeName":"AWS::Logs::LogGroup","MaxResults":0}`}, invalid, one + "Value '0' at 'maxResults'" + at + "Member must have value greater than or equal to 1"},
		{"a page of 101 resources", call{target: "ListResources", body: `{"TypeName":"AWS::Logs::LogGroup","MaxResults":101}`}, invalid, one + "Value '101' at 'maxResults'" + at + "Member must have value less than or equal to 100"},
		{"a next token of nobody", call{target: "ListResourceRequests", body: `{"NextToken":"bm9ib2R5"}`}, invalid, "Invalid NextToken"},
		{"a next token that is none", call{target: "ListResourceRequests", body: `{"NextToken":"%%%"}`}, invalid, one + "Value '%%%' at 'nextToken'" + at + tokenPattern},
		{
			"an unknown operation in the filter",
			call{target: "ListResourceRequests", body: `{"ResourceRequestStatusFilter":{"Operations":["NOPE"]}}`},
			invalid,
			one + "Value '[NOPE]' at 'resourceRequestStatusFilter.operations'" + at + "Member must satisfy constraint: [Member must satisfy enum value set: [CREATE, DELETE, UPDATE]]",
		},
		{
			"an unknown status in the filter",
			call{target: "ListResourceRequests", body: `{"ResourceRequestStatusFilter":{"OperationStatuses":["FAILED","success"]}}`},
			invalid,
			one + "Value '[FAILED, success]' at 'resourceRequestStatusFilter.operationStatuses'" + at +
				"Member must satisfy constraint: [Member must satisfy enum value set: [CANCEL_COMPLETE, CANCEL_IN_PROGRESS, FAILED, IN_PROGRESS, PENDING, SUCCESS]]",
		},
		{"an unknown token", call{target: "GetResourceRequestStatus", body: `{"RequestToken":"DOESNOTEXIST"}`}, modelled + "RequestTokenNotFoundException", "Request with token DOESNOTEXIST was not found"},
		{"an unknown token to cancel", call{target: "CancelResourceRequest", body: `{"RequestToken":"DOESNOTEXIST"}`}, modelled + "RequestTokenNotFoundException", "Request with token DOESNOTEXIST was not found"},
		{"an unknown type", call{target: "CreateResource", body: `{"TypeName":"AWS::No::Type","DesiredState":"` + hidden + `"}`}, modelled + "TypeNotFoundException", "The type 'AWS::No::Type' cannot be found."},
	})
}

func TestDocumentsThatAreNotWhatTheyMustBeAreRefused(t *testing.T) {
	const desired, patch = "Invalid JSON in DesiredState: ", "Invalid JSON in PatchDocument: "
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	list := func(model string) call {
		return call{target: "ListResources", body: `{"TypeName":"AWS::Logs::LogGroup","ResourceModel":` + quoted(model) + `}`}
	}
	wantRefused(t, []refusal{
		{"an array", create(`["` + hidden + `"]`), invalid, desired + "not an object"},
		{"a text", create(`"` + hidden + `"`), invalid, desired + "not an object"},
		{"null", create(`null`), invalid, desired + "not an object"},
		{"words", create(hidden), invalid, desired + "unexpected character at offset 0"},
		{"cut short", create(`{"LogGroupName":"` + hidden), invalid, desired + "unexpected end of text"},
		{"more behind it", create(`{"LogGroupName":"x"} ` + hidden), invalid, desired + "text after the JSON value"},
		{"NUL", create(`{"LogGroupName":"` + hidden + `\u0000"}`), invalid, desired + "the character U+0000 is not allowed"},
		{"NUL in a key", create(`{"\u0000":"` + hidden + `"}`), invalid, desired + "the character U+0000 is not allowed"},
		{"a raw NUL", create("{\"LogGroupName\":\"" + hidden + "\x00\"}"), invalid, desired + "the character U+0000 is not allowed"},
		{"half a surrogate pair", create(`{"LogGroupName":"` + hidden + `\ud800"}`), invalid, desired + "a surrogate escape without its partner"},
		{"10,000 levels", create(`{"DataProtectionPolicy":` + deep + `}`), invalid, desired + "more than 128 levels of nesting"},
		{"10,000 levels without an end", create(`{"DataProtectionPolicy":` + deep[:10_000]), invalid, desired + "more than 128 levels of nesting"},
		{"a number without a bound", create(`{"RetentionInDays":1e999999999}`), invalid, desired + "a number is out of range"},
		{"a number with a leading zero", create(`{"RetentionInDays":01}`), invalid, desired + "unexpected character at offset 20"},
		{"a patch of words", update(hidden), invalid, patch + "unexpected character at offset 0"},
		{"a patch of Python", update(`[{'op': 'add', 'path': '/Tags', 'value': []}]`), invalid, patch + "unexpected character at offset 2"},
		{"a patch of 10,000 levels", update(`[{"op":"add","path":"/DataProtectionPolicy","value":` + deep + `}]`), invalid, patch + "more than 128 levels of nesting"},
		{"a patch with NUL", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + `\u0000"}]`), invalid, patch + "the character U+0000 is not allowed"},
		{"a patch with half a surrogate pair", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + `\udc00"}]`), invalid, patch + "a surrogate escape without its partner"},
		{"a patch that is an object", update(`{"KmsKeyId":"` + hidden + `"}`), invalid, "Invalid JSON Patch payload (not an array)"},
		{
			"a patch of the identifier", update(`[{"op":"replace","path":"/LogGroupName","value":"` + hidden + `"}]`), modelled + "NotUpdatableException",
			"Invalid patch update: createOnlyProperties [/properties/LogGroupName] cannot be updated",
		},
		{
			"a patch of what is no container", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + `"},{"op":"add","path":"/KmsKeyId/a","value":1}]`), invalid,
			"[ADD Operation] parent is not a container in source, path provided : //KmsKeyId/a | node : string",
		},
		{
			"a test of a value", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + `"},{"op":"test","path":"/KmsKeyId","value":"x"}]`), invalid,
			"[TEST Operation] value mismatch",
		},
		{
			"a patch that breaks a pattern", update(`[{"op":"add","path":"/KmsKeyId","value":"` + hidden + `"}]`), invalid,
			"Model validation failed (#/KmsKeyId: failed validation constraint for keyword [pattern])",
		},
		{"a list model of words", list(hidden), invalid, "Invalid JSON in ResourceModel: unexpected character at offset 0"},
		{"a list model that is an array", list(`[]`), invalid, "Invalid JSON in ResourceModel: not an object"},
	})
}

func TestTheLongestDocumentIsTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	const frame = `{"Name":"n","Description":""}`
	for name, letter := range map[string]string{"ASCII": "x", "four bytes each": "💡"} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			text := strings.Repeat(letter, 262144-len(frame)-len(name)+1)
			e := c.waited(c.create(secretType, `{"Name":`+quoted(name)+`,"Description":"`+text+`"}`))
			out, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(secretType), Identifier: e.Identifier})
			if err != nil || decoded(t, out.ResourceDescription.Properties)["Description"] != text {
				t.Errorf("it does not come back as it was: %v", err)
			}
		})
	}
}
