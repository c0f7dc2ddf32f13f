package simulate_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

// samples are desired states as clients send them, the least one and a full one, and
// properties that an update changes.
var samples = map[string]struct{ least, full, change string }{
	"AWS::Logs::LogGroup": {
		`{}`,
		`{"LogGroupName":"/app/web","RetentionInDays":30,"Tags":[{"Key":"team","Value":"a"},{"Key":"env","Value":""}],
		  "DataProtectionPolicy":{"Statement":[{"Sid":null,"Limit":1.50}]}}`,
		`{"RetentionInDays":90,"Tags":[{"Key":"team","Value":"b"}]}`,
	},
	"AWS::S3::Bucket": {
		`{}`,
		`{"BucketName":"my-bucket","AccessControl":"Private","VersioningConfiguration":{"Status":"Enabled"},
		  "BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,
		    "ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"alias/x"}}]},
		  "PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true},
		  "LifecycleConfiguration":{"Rules":[{"Id":"old","Status":"Enabled","ExpirationInDays":30,"ExpiredObjectDeleteMarker":false,
		    "Transitions":[{"StorageClass":"GLACIER","TransitionInDays":7}]}]},
		  "Tags":[{"Key":"a","Value":"1"}],"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`,
		`{"VersioningConfiguration":{"Status":"Suspended"},"Tags":[]}`,
	},
	"AWS::SQS::Queue": {
		`{}`,
		`{"QueueName":"jobs.fifo","FifoQueue":true,"VisibilityTimeout":30,"RedrivePolicy":"{\"maxReceiveCount\":3}","Tags":[{"Key":"a","Value":"1"}]}`,
		`{"VisibilityTimeout":60,"RedrivePolicy":{"maxReceiveCount":5}}`,
	},
	"AWS::SNS::Topic": {
		`{}`,
		`{"TopicName":"news","DisplayName":"News","Subscription":[{"Endpoint":"a@b.c","Protocol":"email"}],"Tags":[{"Key":"a","Value":"1"}]}`,
		`{"DisplayName":"Old news"}`,
	},
	"AWS::DynamoDB::Table": {
		`{"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`,
		`{"TableName":"orders","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
		  "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"day","AttributeType":"S"}],
		  "ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},"StreamSpecification":{"StreamViewType":"NEW_IMAGE"},
		  "GlobalSecondaryIndexes":[{"IndexName":"by-day","KeySchema":[{"AttributeName":"day","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],
		  "ImportSourceSpecification":{"S3BucketSource":{"S3Bucket":"b"},"InputFormat":"CSV"},"Tags":[{"Key":"a","Value":"1"}]}`,
		`{"DeletionProtectionEnabled":true,"ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":9}}`,
	},
	"AWS::SSM::Parameter": {
		`{"Type":"String","Value":"x"}`,
		`{"Name":"/app/db/host","Type":"String","Value":"db.local","Description":"host","Tier":"Standard","Tags":{"team":"a"}}`,
		`{"Value":"db2.local"}`,
	},
	"AWS::IAM::Role": {
		`{"AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]}}`,
		`{"RoleName":"deploy","Path":"/ci/","AssumeRolePolicyDocument":"{\"Version\": \"2012-10-17\"}","MaxSessionDuration":3600,
		  "Policies":[{"PolicyName":"p","PolicyDocument":{"Statement":[]}}],"Tags":[{"Key":"a","Value":"1"}]}`,
		`{"Description":"deploys","MaxSessionDuration":7200}`,
	},
	"AWS::Kinesis::Stream": {
		`{}`,
		`{"Name":"clicks","ShardCount":2,"RetentionPeriodHours":48,"Tags":[{"Key":"a","Value":"1"}]}`,
		`{"ShardCount":4}`,
	},
	"AWS::SecretsManager::Secret": {
		`{"GenerateSecretString":{"PasswordLength":20}}`,
		`{"Name":"db","SecretString":"s3cret","Description":"of the database","Tags":[{"Key":"a","Value":"1"}]}`,
		`{"Description":"of the other database"}`,
	},
	"AWS::ApiGateway::Stage": {
		`{"RestApiId":"a1b2c3d4e5"}`,
		`{"RestApiId":"a1b2c3d4e5","StageName":"prod","Variables":{"a":"1"},"MethodSettings":[{"ResourcePath":"/*","HttpMethod":"*","ThrottlingRateLimit":1.5}],
		  "Tags":[{"Key":"a","Value":"1"}]}`,
		`{"Description":"the real thing"}`,
	},
	"GroundControl::Demo::Countdown": {
		`{"Name":"apollo"}`,
		`{"Name":"gemini","Seconds":3}`,
		`{"Seconds":5}`,
	},
}

func eachBuiltin(t *testing.T, f func(*testing.T, *schema.Schema)) {
	t.Helper()
	types, err := registry.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		if _, ok := samples[typ.Name]; !ok {
			t.Errorf("there is no sample of %s", typ.Name)
			continue
		}
		t.Run(typ.Name, func(t *testing.T) { f(t, typ.Schema) })
	}
}

func TestBuiltinTypesKeepTheHandlerContract(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, s *schema.Schema) {
		for _, text := range []string{samples[s.TypeName].least, samples[s.TypeName].full} {
			checkLife(newWorld(t, s), decode(t, text), decode(t, samples[s.TypeName].change))
		}
	})
}

// checkLife takes a resource from create to delete and checks what the contract says of
// each step.
func checkLife(w *world, desired, change map[string]any) {
	w.Helper()
	if err := w.schema.Validate(desired); err != nil {
		w.Fatal(err)
	}
	identifier, model := w.create(desired)
	if err := w.schema.Validate(model); err != nil {
		w.Errorf("created: %v\n%s", err, schema.Encode(model))
	}
	w.wantEcho(desired, model)
	w.wantAllReadOnly(model)
	w.wantModel("read after create", w.read(identifier), model)
	w.wantListed(identifier, model)

	if named := w.schema.WithoutReadOnly(model).(map[string]any); len(named) > 0 {
		w.wantCode(w.call(schema.Create, "", named), handler.AlreadyExists, identifier)
	}

	w.now = w.now.Add(1e9)
	wanted := maps.Clone(model)
	maps.Copy(wanted, change)
	updated := w.run(w.call(schema.Update, identifier, wanted))
	if updated.Status != handler.Success {
		w.Fatalf("update: %+v", updated)
	}
	w.wantModel("update", updated.Model, wanted)
	w.wantModel("read after update", w.read(identifier), updated.Model)
	w.wantListed(identifier, updated.Model)

	if a := w.run(w.call(schema.Delete, identifier, nil)); a.Status != handler.Success {
		w.Fatalf("delete: %+v", a)
	}
	message := "Resource of type '" + w.schema.TypeName + "' with identifier '" + identifier + "' was not found."
	for _, action := range []schema.Action{schema.Read, schema.Update, schema.Delete} {
		w.wantCode(w.call(action, identifier, wanted), handler.NotFound, message)
	}
	if models, _ := w.list(nil, 0); len(models) != 0 {
		w.Errorf("list after delete: %v", models)
	}
	w.create(w.schema.WithoutReadOnly(model))
}

func (w *world) wantModel(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantEcho checks that the readable part of what was asked for came back as it was.
func (w *world) wantEcho(desired, model map[string]any) {
	w.Helper()
	got := map[string]any{}
	want := w.schema.WithoutWriteOnly(desired)
	for name := range want.(map[string]any) {
		got[name] = model[name]
	}
	w.wantModel("echo", got, want)
}

func (w *world) wantAllReadOnly(model map[string]any) {
	w.Helper()
	for _, p := range w.schema.ReadOnly {
		if _, ok := model[p[0]]; !ok && p[0] != "StreamArn" {
			w.Errorf("%s has no value", p)
		}
	}
}

func (w *world) wantListed(identifier string, model any) {
	w.Helper()
	models, _ := w.list(nil, 0)
	i := slices.IndexFunc(models, func(m any) bool {
		id, _ := w.schema.Identifier(m)
		return id == identifier
	})
	if i < 0 {
		w.Fatalf("%s is not in the list", identifier)
	}
	w.wantModel("list", models[i], model)
}

func TestMadeValuesFitTheSchemaAndAreStable(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, s *schema.Schema) {
		least := decode(t, samples[s.TypeName].least)
		seen := map[string]string{} // identifier → token
		rapid.Check(t, func(r *rapid.T) {
			w := newWorld(t, s)
			w.region = rapid.SampledFrom([]string{"us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-4"}).Draw(r, "region")
			c := w.call(schema.Create, "", least)
			c.Token = rapid.StringMatching(`[-A-Za-z0-9+/=]{1,128}`).Draw(r, "token")
			first, second := invoke(t, w, c), invoke(t, w, c)
			if diff := cmp.Diff(first, second); diff != "" {
				r.Fatalf("the same token gives another answer:\n%s", diff)
			}
			if err := s.Validate(first.Model); err != nil {
				r.Fatalf("%v\n%s", err, schema.Encode(first.Model))
			}
			identifier, _ := s.Identifier(first.Model)
			identifier = w.region + " " + identifier
			if token, ok := seen[identifier]; ok && token != c.Token && s.TypeName != "GroundControl::Demo::Countdown" {
				r.Fatalf("%s is made for two tokens", identifier)
			}
			seen[identifier] = c.Token
		})
	})
}

func invoke(t *testing.T, w *world, c handler.Call) handler.Answer {
	t.Helper()
	a, err := w.runtime.Invoke(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
