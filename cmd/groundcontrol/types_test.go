package main_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/groundcontrol/internal/registry"
)

// sample is a resource of a built-in type. In its texts %s stands for a name.
type sample struct {
	desired, identifier string // the second is a regular expression
	early               bool   // the identifier is known when the create is accepted
	shown               string // what a read must show of it, in any case
	patch, after        string // after is what a read must show then
	hidden              string // a value that must never be shown
	list                string // ResourceModel that the list wants
}

var samples = map[string]sample{
	"AWS::Logs::LogGroup": {
		desired: `{"LogGroupName":"%s","RetentionInDays":7,"Tags":[{"Key":"env","Value":"test"}]}`, identifier: `%s`, early: true,
		shown: `{"LogGroupName":"%s","RetentionInDays":7,"LogGroupClass":"STANDARD","Arn":"arn:aws:logs:us-east-1:000000000000:log-group:%[1]s:*"}`,
		patch: `[{"op":"replace","path":"/RetentionInDays","value":14}]`, after: `{"RetentionInDays":14,"Tags":[{"Key":"env","Value":"test"}]}`,
	},
	"AWS::S3::Bucket": {
		desired: `{"BucketName":"%s","VersioningConfiguration":{"Status":"Enabled"}}`, identifier: `%s`, early: true,
		shown: `{"BucketName":"%s","Arn":"arn:aws:s3:::%[1]s","DomainName":"%[1]s.s3.amazonaws.com"}`,
		patch: `[{"op":"add","path":"/Tags","value":[{"Key":"a","Value":"1"}]},{"op":"remove","path":"/VersioningConfiguration"}]`,
		after: `{"Tags":[{"Key":"a","Value":"1"}]}`,
	},
	"AWS::SQS::Queue": {
		desired: `{"QueueName":"%s","VisibilityTimeout":30}`, identifier: `https://sqs\.us-east-1\.amazonaws\.com/000000000000/%s`,
		shown: `{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/%s","Arn":"arn:aws:sqs:us-east-1:000000000000:%[1]s"}`,
		patch: `[{"op":"replace","path":"/VisibilityTimeout","value":60}]`, after: `{"VisibilityTimeout":60}`,
	},
	"AWS::SNS::Topic": {
		desired: `{"TopicName":"%s"}`, identifier: `arn:aws:sns:us-east-1:000000000000:%s`,
		shown: `{"TopicArn":"arn:aws:sns:us-east-1:000000000000:%s","TopicName":"%[1]s"}`,
		patch: `[{"op":"add","path":"/DisplayName","value":"News"}]`, after: `{"DisplayName":"News"}`,
	},
	"AWS::DynamoDB::Table": {
		desired: `{"TableName":"%s","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST",
			"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}`, identifier: `%s`, early: true,
		shown: `{"Arn":"arn:aws:dynamodb:us-east-1:000000000000:table/%s"}`,
		patch: `[{"op":"add","path":"/DeletionProtectionEnabled","value":false}]`, after: `{"DeletionProtectionEnabled":false}`,
	},
	"AWS::SSM::Parameter": {
		desired: `{"Name":"/app/%s","Type":"String","Value":"one","Description":"hidden-%[1]s"}`, identifier: `/app/%s`, early: true,
		shown: `{"Name":"/app/%s","Type":"String","Value":"one"}`, hidden: `hidden-%s`,
		patch: `[{"op":"replace","path":"/Value","value":"two"}]`, after: `{"Value":"two"}`,
	},
	"AWS::IAM::Role": {
		desired: `{"RoleName":"%s","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]}}`, identifier: `%s`, early: true,
		shown: `{"Arn":"arn:aws:iam::000000000000:role/%s","Path":"/"}`,
		patch: `[{"op":"add","path":"/MaxSessionDuration","value":7200}]`, after: `{"MaxSessionDuration":7200}`,
	},
	"AWS::Kinesis::Stream": {
		desired: `{"Name":"%s","ShardCount":2}`, identifier: `%s`, early: true,
		shown: `{"Arn":"arn:aws:kinesis:us-east-1:000000000000:stream/%s"}`,
		patch: `[{"op":"test","path":"/ShardCount","value":2},{"op":"replace","path":"/ShardCount","value":4}]`, after: `{"ShardCount":4}`,
	},
	"AWS::SecretsManager::Secret": {
		desired: `{"Name":"%s","SecretString":"hidden-%[1]s"}`, identifier: `arn:aws:secretsmanager:us-east-1:000000000000:secret:%s-[A-Za-z0-9]{6}`,
		shown: `{"Name":"%s"}`, hidden: `hidden-%s`,
		patch: `[{"op":"add","path":"/Description","value":"of the database"}]`, after: `{"Description":"of the database"}`,
	},
	"AWS::ApiGateway::Stage": {
		desired: `{"RestApiId":"a1b2c3","StageName":"%s"}`, identifier: `a1b2c3\|%s`, early: true,
		shown: `{"RestApiId":"a1b2c3","StageName":"%s"}`, list: `{"RestApiId":"a1b2c3"}`,
		patch: `[{"op":"add","path":"/Variables","value":{"a":"1"}}]`, after: `{"Variables":{"a":"1"}}`,
	},
	"GroundControl::Demo::Countdown": {
		desired: `{"Name":"%s","Seconds":0}`, identifier: `%s`, early: true,
		shown: `{"Name":"%s","Seconds":0}`,
		patch: `[{"op":"replace","path":"/Seconds","value":5}]`, after: `{"Seconds":5}`,
	},
}

func fill(text, name string) string {
	if strings.Contains(text, "%") {
		return fmt.Sprintf(text, name)
	}
	return text
}

func TestEveryBuiltInTypeHasASample(t *testing.T) {
	builtin, err := registry.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range builtin {
		if _, ok := samples[b.Name]; !ok {
			t.Errorf("there is no sample of %s", b.Name)
		}
	}
	if len(builtin) != len(samples) {
		t.Errorf("%d types for %d samples", len(builtin), len(samples))
	}
}

func TestAllEightOperationsServeEveryBuiltInType(t *testing.T) {
	t.Parallel()
	s := start(t)
	for typeName, of := range samples {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			l := life{s.client(t), t, typeName, of}
			if of.hidden != "" {
				s.secret(fill(of.hidden, "first"))
			}
			first := l.create("first")
			others := []string{l.create("second"), l.create("third")}
			l.lists(append(others, first))
			l.update(first)
			l.delete(first)
			l.lists(others)
		})
	}
}

// life takes resources of one type from their create to their delete.
type life struct {
	client
	t    *testing.T
	name string
	sample
}

// wantEvent checks every member of an event. The times must be of now.
func (l life) wantEvent(got *types.ProgressEvent, op types.Operation, status types.OperationStatus, id, model *string) {
	l.t.Helper()
	wantDiff(l.t, "event", got, &types.ProgressEvent{
		TypeName: &l.name, Operation: op, OperationStatus: status, Identifier: id, ResourceModel: model,
	}, cmpopts.IgnoreFields(types.ProgressEvent{}, "EventTime", "RequestToken", "StatusMessage"), cmpopts.IgnoreUnexported(types.ProgressEvent{}))
	if !uuid.MatchString(*got.RequestToken) {
		l.t.Errorf("RequestToken %s is no UUID", *got.RequestToken)
	}
	if age := time.Since(*got.EventTime); age < -time.Second || age > patience {
		l.t.Errorf("EventTime is %v ago", age)
	}
	if got.StatusMessage != nil && *got.StatusMessage == "" {
		l.t.Error("StatusMessage is empty")
	}
}

// create makes a resource and returns its identifier.
func (l life) create(name string) string {
	l.t.Helper()
	accepted := l.client.create(l.name, fill(l.desired, name))
	early := accepted.Identifier
	if !l.early {
		early = nil
	}
	l.wantEvent(accepted, types.OperationCreate, types.OperationStatusInProgress, early, nil)
	if (accepted.Identifier != nil) != l.early {
		l.t.Errorf("identifier at submit: %s", describe(accepted))
	}
	done := l.waited(accepted)
	id := *done.Identifier
	l.wantEvent(done, types.OperationCreate, types.OperationStatusSuccess, &id, done.ResourceModel)
	if want := fill(l.identifier, name); !regexp.MustCompile("^" + want + "$").MatchString(id) {
		l.t.Errorf("identifier %s, want %s", id, want)
	}
	if *done.RequestToken != *accepted.RequestToken || done.EventTime.Before(*accepted.EventTime) {
		l.t.Errorf("the end %s does not follow %s", describe(done), describe(accepted))
	}
	l.shows(id, done.ResourceModel, fill(l.sample.shown, name))
	return id
}

// shows checks that an event's model is what a read shows, and has what it must.
func (l life) shows(id string, model *string, want string) {
	l.t.Helper()
	got := l.get(l.name, id)
	wantDiff(l.t, "what was read, and the event's model", got, decoded(l.t, model))
	l.has(got, want)
}

// has checks that a model holds all of want, and nothing that is to be hidden.
func (l life) has(model map[string]any, want string) {
	l.t.Helper()
	for name, value := range decoded(l.t, &want) {
		if !cmp.Equal(model[name], value) {
			l.t.Errorf("%s is %v, want %v", name, model[name], value)
		}
	}
	for _, name := range []string{"SecretString", "GenerateSecretString"} {
		if _, ok := model[name]; ok {
			l.t.Errorf("%s is shown", name)
		}
	}
	if l.name == "AWS::SSM::Parameter" && model["Description"] != nil {
		l.t.Error("Description is shown, which is write-only here")
	}
}

func (l life) update(id string) {
	l.t.Helper()
	accepted := l.client.update(l.name, id, l.patch)
	l.wantEvent(accepted, types.OperationUpdate, types.OperationStatusInProgress, &id, nil)
	done := l.waited(accepted)
	l.wantEvent(done, types.OperationUpdate, types.OperationStatusSuccess, &id, done.ResourceModel)
	l.shows(id, done.ResourceModel, l.after)
}

func (l life) delete(id string) {
	l.t.Helper()
	accepted := l.client.delete(l.name, id)
	l.wantEvent(accepted, types.OperationDelete, types.OperationStatusInProgress, &id, nil)
	l.wantEvent(l.waited(accepted), types.OperationDelete, types.OperationStatusSuccess, &id, nil)
	l.missing(l.name, id)
}

// lists checks that the whole list, and the list in pages of two, have just these.
func (l life) lists(want []string) {
	l.t.Helper()
	in := &cloudcontrol.ListResourcesInput{TypeName: &l.name}
	if l.list != "" {
		in.ResourceModel = &l.list
	}
	out, err := l.ListResources(l.t.Context(), in)
	if err != nil {
		l.t.Fatal(err)
	}
	var whole, paged []string
	for _, d := range out.ResourceDescriptions {
		whole = append(whole, *d.Identifier)
		l.has(decoded(l.t, d.Properties), `{}`)
		wantDiff(l.t, "what the list shows, and the read", decoded(l.t, d.Properties), l.get(l.name, *d.Identifier))
	}
	if *out.TypeName != l.name || out.NextToken != nil {
		l.t.Errorf("the list is of %s, next token %v", *out.TypeName, out.NextToken)
	}
	pages := cloudcontrol.NewListResourcesPaginator(l.Client, in, func(o *cloudcontrol.ListResourcesPaginatorOptions) { o.Limit = 2 })
	for n := 0; pages.HasMorePages() && n < 10; n++ {
		page, err := pages.NextPage(l.t.Context())
		if err != nil {
			l.t.Fatal(err)
		}
		if len(page.ResourceDescriptions) > 2 {
			l.t.Errorf("a page of %d, want 2 at most", len(page.ResourceDescriptions))
		}
		for _, d := range page.ResourceDescriptions {
			paged = append(paged, *d.Identifier)
		}
	}
	slices.Sort(whole)
	slices.Sort(paged)
	slices.Sort(want)
	wantDiff(l.t, "list", whole, want)
	wantDiff(l.t, "list in pages", paged, want)
}
