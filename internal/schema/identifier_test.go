package schema

import "testing"

const stageType = `"primaryIdentifier":["/properties/RestApiId","/properties/StageName"],
	"additionalIdentifiers":[["/properties/Arn"],["/properties/Number"]],"readOnlyProperties":["/properties/Arn"],
	"properties":{"RestApiId":{"type":"string"},"StageName":{"type":"string"},"Arn":{"type":"string"},"Number":{"type":"integer"}}`

const bucketType = `"primaryIdentifier":["/properties/BucketName"],"additionalIdentifiers":[["/properties/Arn"]],
	"properties":{"BucketName":{"type":"string"},"Arn":{"type":"string"}}`

const lensType = `"primaryIdentifier":["/properties/Configuration/Id"],
	"properties":{"Configuration":{"type":"object","properties":{"Id":{"type":"string"}}}}`

const portType = `"primaryIdentifier":["/properties/Port"],"properties":{"Port":{"type":"integer"}}`

func TestParseIdentifier(t *testing.T) {
	const (
		wrongParts = ` is not valid for identifier [/properties/RestApiId, /properties/StageName]`
		wrongKeys  = `When specifying the identifier as JSON, you must specify exactly one identifier from [[/properties/RestApiId, /properties/StageName], [/properties/Arn], [/properties/Number]], and no additional properties can be specified`
	)
	cases := []struct{ name, schema, text, primary, model, err string }{
		{"a plain value", bucketType, `logs`, `logs`, `{"BucketName":"logs"}`, ""},
		{"one part is never split", bucketType, `a|b`, `a|b`, `{"BucketName":"a|b"}`, ""},
		{"an ARN", bucketType, `arn:aws:s3:::logs/x`, `arn:aws:s3:::logs/x`, `{"BucketName":"arn:aws:s3:::logs/x"}`, ""},
		{"JSON of the primary", bucketType, `{"BucketName":"logs"}`, `logs`, `{"BucketName":"logs"}`, ""},
		{"JSON of an additional one", bucketType, ` {"Arn":"a"} `, ``, `{"Arn":"a"}`, ""},
		{"JSON that is the value", bucketType, `{"a":1}`, `{"a":1}`, `{"BucketName":"{\"a\":1}"}`, ""},
		{"JSON of two identifiers is the value", bucketType, `{"BucketName":"b","Arn":"a"}`, `{"BucketName":"b","Arn":"a"}`, `{"BucketName":"{\"BucketName\":\"b\",\"Arn\":\"a\"}"}`, ""},
		{"broken JSON is the value", bucketType, `{"a`, `{"a`, `{"BucketName":"{\"a"}`, ""},
		{"a JSON string is the value", bucketType, `"x"`, `"x"`, `{"BucketName":"\"x\""}`, ""},
		{"an empty value", bucketType, ``, ``, ``, `Identifier  is not valid for identifier [/properties/BucketName]`},

		{"a compound value", stageType, `api|prod`, `api|prod`, `{"RestApiId":"api","StageName":"prod"}`, ""},
		{"recorded: too few parts", stageType, `prod`, ``, ``, `Identifier prod` + wrongParts},
		{"too many parts", stageType, `a|b|c`, ``, ``, `Identifier a|b|c` + wrongParts},
		{"an empty part", stageType, `a|`, ``, ``, `Identifier a|` + wrongParts},
		{"JSON in any order", stageType, `{"StageName":"prod","RestApiId":"api"}`, `api|prod`, `{"RestApiId":"api","StageName":"prod"}`, ""},
		{"JSON of an additional one beside a compound", stageType, `{"Arn":"a"}`, ``, `{"Arn":"a"}`, ""},
		{"JSON with a number", stageType, `{"Number":7}`, ``, `{"Number":7}`, ""},
		{"recorded form: JSON that lacks a part", stageType, `{"StageName":"prod"}`, ``, ``, wrongKeys},
		{"JSON with a key too many", stageType, `{"StageName":"prod","RestApiId":"api","Arn":"a"}`, ``, ``, wrongKeys},
		{"JSON with a part that is no scalar", stageType, `{"StageName":["prod"],"RestApiId":"api"}`, ``, ``, wrongKeys},
		{"an empty JSON object", stageType, `{}`, ``, ``, wrongKeys},

		{"below the top level", lensType, `lens`, `lens`, `{"Configuration":{"Id":"lens"}}`, ""},
		{"below the top level, JSON by name", lensType, `{"Id":"lens"}`, `lens`, `{"Configuration":{"Id":"lens"}}`, ""},
		{"below the top level, JSON as in the model", lensType, `{"Configuration":{"Id":"lens"}}`, `lens`, `{"Configuration":{"Id":"lens"}}`, ""},

		{"a number", portType, `443`, `443`, `{"Port":443}`, ""},
		{"no number", portType, `x`, `x`, `{"Port":"x"}`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			id, err := parse(t, c.schema).ParseIdentifier(c.text)
			if got := errorText(err); got != c.err {
				t.Fatalf("got  %s\nwant %s", got, c.err)
			}
			if err != nil {
				if e, ok := err.(*Error); !ok || e.Kind != Invalid {
					t.Errorf("%#v is not an Error of kind Invalid", err)
				}
				return
			}
			if id.Primary != c.primary || !Equal(id.Model, doc(t, c.model)) {
				t.Errorf("got %q, %s", id.Primary, Encode(id.Model))
			}
		})
	}
}

func TestIdentifierOfAModel(t *testing.T) {
	cases := []struct{ name, schema, model, want string }{
		{"one part", bucketType, `{"BucketName":"b","Arn":"a"}`, "b"},
		{"two parts in schema order", stageType, `{"StageName":"prod","RestApiId":"api"}`, "api|prod"},
		{"a part is missing", stageType, `{"StageName":"prod"}`, ""},
		{"a part is empty", stageType, `{"StageName":"","RestApiId":"api"}`, ""},
		{"a part is null", bucketType, `{"BucketName":null}`, ""},
		{"a part is an object", bucketType, `{"BucketName":{}}`, ""},
		{"a number in its own spelling", portType, `{"Port":443}`, "443"},
		{"below the top level", lensType, `{"Configuration":{"Id":"lens"}}`, "lens"},
		{"no object", bucketType, `"b"`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := parse(t, c.schema).Identifier(doc(t, c.model))
			if got != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func TestAnIdentifierWithAReadOnlyPartIsUnknownAtSubmit(t *testing.T) {
	const members = `"primaryIdentifier":["/properties/A","/properties/B/C"],"properties":{"A":{},"B":{"properties":{"C":{}}}}`
	model := doc(t, `{"A":"a","B":{"C":"c"}}`)
	for readOnly, want := range map[string]string{`[]`: "a|c", `["/properties/A"]`: "", `["/properties/B"]`: "", `["/properties/B/D"]`: "a|c"} {
		got, ok := parse(t, members+`,"readOnlyProperties":`+readOnly).IdentifierAtSubmit(model)
		if got != want || ok != (want != "") {
			t.Errorf("read-only %s: got %q, %v", readOnly, got, ok)
		}
	}
	if got, ok := parse(t, members).IdentifierAtSubmit(doc(t, `{"A":"a"}`)); ok {
		t.Errorf("a part is missing, yet got %q", got)
	}
}
