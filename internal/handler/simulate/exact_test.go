package simulate_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/schema"
)

func TestReadOnlyValuesHaveTheFormOfTheRealService(t *testing.T) {
	for name, c := range map[string]struct{ typ, region, desired, want string }{
		"log group": {
			"AWS::Logs::LogGroup", "eu-west-1", `{"LogGroupName":"/a/b"}`,
			`{"Arn":"arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*"}`,
		},
		"log group in China": {
			"AWS::Logs::LogGroup", "cn-north-1", `{"LogGroupName":"g"}`,
			`{"Arn":"arn:aws-cn:logs:cn-north-1:123456789012:log-group:g:*"}`,
		},
		"bucket": {
			"AWS::S3::Bucket", "us-east-1", `{"BucketName":"my-bucket"}`,
			`{"Arn":"arn:aws:s3:::my-bucket","DomainName":"my-bucket.s3.amazonaws.com",
			  "RegionalDomainName":"my-bucket.s3.us-east-1.amazonaws.com",
			  "DualStackDomainName":"my-bucket.s3.dualstack.us-east-1.amazonaws.com",
			  "WebsiteURL":"http://my-bucket.s3-website-us-east-1.amazonaws.com"}`,
		},
		"bucket in China": {
			"AWS::S3::Bucket", "cn-north-1", `{"BucketName":"my-bucket"}`,
			`{"Arn":"arn:aws-cn:s3:::my-bucket","DomainName":"my-bucket.s3.amazonaws.com.cn",
			  "RegionalDomainName":"my-bucket.s3.cn-north-1.amazonaws.com.cn",
			  "DualStackDomainName":"my-bucket.s3.dualstack.cn-north-1.amazonaws.com.cn",
			  "WebsiteURL":"http://my-bucket.s3-website-cn-north-1.amazonaws.com.cn"}`,
		},
		"queue": {
			"AWS::SQS::Queue", "eu-west-1", `{"QueueName":"jobs"}`,
			`{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/jobs","Arn":"arn:aws:sqs:eu-west-1:123456789012:jobs"}`,
		},
		"topic": {
			"AWS::SNS::Topic", "us-gov-west-1", `{"TopicName":"news"}`,
			`{"TopicArn":"arn:aws-us-gov:sns:us-gov-west-1:123456789012:news"}`,
		},
		"table without a stream": {
			"AWS::DynamoDB::Table", "eu-west-1", `{"TableName":"orders","KeySchema":[]}`,
			`{"Arn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders"}`,
		},
		"table with a stream": {
			"AWS::DynamoDB::Table", "eu-west-1",
			`{"TableName":"orders","KeySchema":[],"StreamSpecification":{"StreamViewType":"NEW_IMAGE"}}`,
			`{"Arn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
			  "StreamArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-07-01T12:00:00.000"}`,
		},
		"role": {
			"AWS::IAM::Role", "eu-west-1", `{"RoleName":"deploy","Path":"/ci/","AssumeRolePolicyDocument":{}}`,
			`{"Arn":"arn:aws:iam::123456789012:role/ci/deploy","RoleId":"AROA?"}`,
		},
		"role without a path": {
			"AWS::IAM::Role", "eu-west-1", `{"RoleName":"deploy","AssumeRolePolicyDocument":{}}`,
			`{"Arn":"arn:aws:iam::123456789012:role/deploy","RoleId":"AROA?"}`,
		},
		"stream": {
			"AWS::Kinesis::Stream", "eu-west-1", `{"Name":"clicks"}`,
			`{"Arn":"arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"}`,
		},
		"secret": {
			"AWS::SecretsManager::Secret", "eu-west-1", `{"Name":"db"}`,
			`{"Id":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-?"}`,
		},
		"countdown": {
			"GroundControl::Demo::Countdown", "eu-west-1", `{"Name":"apollo"}`,
			`{"LaunchedAt":"2026-07-01T12:00:00Z"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, builtin(t, c.typ))
			w.region = c.region
			_, model := w.create(decode(t, c.desired))
			got := map[string]any{}
			for _, p := range w.schema.ReadOnly {
				if v, ok := model[p[0]]; ok {
					got[p[0]] = v
				}
			}
			for name, v := range decode(t, c.want) {
				random := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(v.(string)), `\?`, "[A-Za-z0-9]{6,17}") + "$")
				if text, _ := got[name].(string); !random.MatchString(text) {
					t.Errorf("%s is %q, want %q", name, text, v)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("made without need: %v", got)
			}
		})
	}
}

func TestServiceDefaultsAreFilledIn(t *testing.T) {
	for typ, c := range map[string]struct{ desired, want string }{
		"AWS::Logs::LogGroup":            {`{"LogGroupName":"g"}`, `{"LogGroupClass":"STANDARD","DeletionProtectionEnabled":false}`},
		"AWS::IAM::Role":                 {`{"RoleName":"r","AssumeRolePolicyDocument":{}}`, `{"Path":"/"}`},
		"GroundControl::Demo::Countdown": {`{"Name":"n"}`, `{"Seconds":10}`},
	} {
		w := newWorld(t, builtin(t, typ))
		desired := decode(t, c.desired)
		_, model := w.create(desired)
		added := w.schema.WithoutReadOnly(model).(map[string]any)
		for name := range desired {
			delete(added, name)
		}
		if diff := cmp.Diff(decode(t, c.want), added); diff != "" {
			t.Errorf("%s (-want +got):\n%s", typ, diff)
		}
	}
}

func TestNamesAreMadeWhereTheClientGivesNone(t *testing.T) {
	for typ, c := range map[string]struct{ desired, name, form string }{
		"AWS::Logs::LogGroup":         {`{}`, "LogGroupName", `^loggroup-[a-z2-7]{12}$`},
		"AWS::S3::Bucket":             {`{}`, "BucketName", `^bucket-[a-z2-7]{12}$`},
		"AWS::SQS::Queue":             {`{"FifoQueue":true}`, "QueueName", `^queue-[a-z2-7]{12}\.fifo$`},
		"AWS::SNS::Topic":             {`{"FifoTopic":true}`, "TopicName", `^topic-[a-z2-7]{12}\.fifo$`},
		"AWS::SecretsManager::Secret": {`{}`, "Name", `^secret-[a-z2-7]{12}$`},
		"AWS::ApiGateway::Stage":      {`{"RestApiId":"a1"}`, "StageName", `^stage-[a-z2-7]{12}$`},
	} {
		w := newWorld(t, builtin(t, typ))
		_, model := w.create(decode(t, c.desired))
		if name, _ := model[c.name].(string); !regexp.MustCompile(c.form).MatchString(name) {
			t.Errorf("%s: %s is %q", typ, c.name, name)
		}
	}
}

func TestReadOnlyInputIsNotTrusted(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SQS::Queue"))
	identifier, model := w.create(decode(t, `{"QueueName":"a","QueueUrl":"https://evil","Arn":"arn:of:nothing"}`))
	if !strings.HasSuffix(identifier, "/123456789012/a") || model["Arn"] != "arn:aws:sqs:eu-west-1:123456789012:a" {
		t.Errorf("made of input: %s", schema.Encode(model))
	}
}
