package simulate

import "strings"

// overlay holds what a schema does not tell of a type: the exact form of read-only
// values, and what the service adds by itself.
type overlay struct {
	values   map[string]func(*maker) string // by top-level property; "" where there is none
	defaults map[string]any
	fifo     string // property that makes names end in .fifo
}

// ending is how a made name has to end.
func (o overlay) ending(model map[string]any) string {
	if on, _ := model[o.fifo].(bool); on && o.fifo != "" {
		return ".fifo"
	}
	return ""
}

type exactly = map[string]func(*maker) string

var overlays = map[string]overlay{
	"AWS::Logs::LogGroup": {
		values:   exactly{"Arn": func(m *maker) string { return m.arnOf("logs", "log-group:"+m.string("LogGroupName")+":*") }},
		defaults: map[string]any{"LogGroupClass": "STANDARD", "DeletionProtectionEnabled": false},
	},
	"AWS::S3::Bucket": {values: exactly{
		"Arn":        func(m *maker) string { return m.arnOf("s3", m.string("BucketName")) },
		"DomainName": func(m *maker) string { return m.string("BucketName") + ".s3." + m.suffix },
		"RegionalDomainName": func(m *maker) string {
			return m.string("BucketName") + ".s3." + m.region + "." + m.suffix
		},
		"DualStackDomainName": func(m *maker) string {
			return m.string("BucketName") + ".s3.dualstack." + m.region + "." + m.suffix
		},
		"WebsiteURL": func(m *maker) string {
			return "http://" + m.string("BucketName") + ".s3-website-" + m.region + "." + m.suffix
		},
	}},
	"AWS::SQS::Queue": {
		values: exactly{
			"QueueUrl": func(m *maker) string {
				return "https://sqs." + m.region + "." + m.suffix + "/" + m.account + "/" + m.string("QueueName")
			},
			"Arn": func(m *maker) string { return m.arnOf("sqs", m.string("QueueName")) },
		},
		fifo: "FifoQueue",
	},
	"AWS::SNS::Topic": {
		values: exactly{"TopicArn": func(m *maker) string { return m.arnOf("sns", m.string("TopicName")) }},
		fifo:   "FifoTopic",
	},
	"AWS::DynamoDB::Table": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("dynamodb", "table/"+m.string("TableName")) },
		"StreamArn": func(m *maker) string {
			if m.model["StreamSpecification"] == nil {
				return ""
			}
			if was, _ := m.old["StreamArn"].(string); was != "" {
				return was
			}
			return m.arnOf("dynamodb", "table/"+m.string("TableName")+"/stream/"+m.now.Format("2006-01-02T15:04:05.000"))
		},
	}},
	"AWS::IAM::Role": {values: exactly{
		"Arn":    func(m *maker) string { return m.arnOf("iam", "role"+m.path()+m.string("RoleName")) },
		"RoleId": func(m *maker) string { return m.once("RoleId", "AROA"+m.draw("RoleId").text(17, upper)) },
	}},
	"AWS::IAM::User": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("iam", "user"+m.path()+m.string("UserName")) },
	}},
	"AWS::SSM::Parameter": {values: exactly{
		"Arn": func(m *maker) string {
			return m.arnOf("ssm", "parameter/"+strings.TrimPrefix(m.string("Name"), "/"))
		},
	}},
	"AWS::SecretsManager::Secret": {values: exactly{
		"Id": func(m *maker) string {
			return m.once("Id", m.arnOf("secretsmanager", "secret:"+m.string("Name")+"-"+secretTail(m)))
		},
	}},
	"AWS::Kinesis::Stream": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("kinesis", "stream/"+m.string("Name")) },
	}},
	"AWS::KMS::Key": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("kms", "key/"+m.string("KeyId")) },
	}},
	"AWS::Lambda::Function": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("lambda", "function:"+m.string("FunctionName")) },
	}},
	"AWS::ECR::Repository": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("ecr", "repository/"+m.string("RepositoryName")) },
		"RepositoryUri": func(m *maker) string {
			return m.account + ".dkr.ecr." + m.region + "." + m.suffix + "/" + m.string("RepositoryName")
		},
	}},
	"AWS::Events::EventBus": {values: exactly{
		"Arn": func(m *maker) string { return m.arnOf("events", "event-bus/"+m.string("Name")) },
	}},
}

// string is a top-level property of the model, "" where it is no text.
func (m *maker) string(name string) string {
	text, _ := m.model[name].(string)
	return text
}

// once is a value that is made on create and kept by updates.
func (m *maker) once(name, made string) string {
	if was, _ := m.old[name].(string); was != "" {
		return was
	}
	return made
}

// path is that of an identity: slashes at both ends, or one slash.
func (m *maker) path() string {
	path := strings.Trim(m.string("Path"), "/")
	if path == "" {
		return "/"
	}
	return "/" + path + "/"
}

// secretTail is what the service adds to a secret's name. A given name always gets the
// same, so that a second secret of that name is a duplicate.
func secretTail(m *maker) string {
	tail := newSeed(m.schema.TypeName, m.account, m.region, m.string("Name"))
	return tail.draw("tail").text(6, letters)
}
