package control

import (
	"errors"
	"strings"
	"testing"
)

func TestArnsNameTypesVersionsAndConfigurations(t *testing.T) {
	for text, want := range map[string]arn{
		"arn:aws:cloudformation:us-east-1:123456789012:type/resource/My-Org-Thing":                       {"us-east-1", "123456789012", "type", "resource", "My::Org::Thing", ""},
		"arn:aws:cloudformation:us-east-1:123456789012:type/resource/My-Org-Thing/00000001":              {"us-east-1", "123456789012", "type", "resource", "My::Org::Thing", "00000001"},
		"arn:aws:cloudformation:us-east-1::type/resource/AWS-EC2-VPC":                                    {"us-east-1", "", "type", "resource", "AWS::EC2::VPC", ""},
		"arn:aws:cloudformation:eu-west-1:123456789012:type-configuration/resource/My-Org-Thing/default": {"eu-west-1", "123456789012", "type-configuration", "resource", "My::Org::Thing", "default"},
	} {
		got, ok := parseArn(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "arn", "arn:aws:iam::123456789012:role/x", "arn:aws:cloudformation::1:type/resource/A-B-C", "arn:aws:cloudformation:r:1:stack/resource/A-B-C",
		"arn:aws:cloudformation:r:1:type/resource", "arn:aws:cloudformation:r:1:type/resource/A-B-C/1/2", "arn:x:cloudformation:r:1:type/resource/A-B-C",
	} {
		if a, ok := parseArn(text); ok {
			t.Errorf("%s: %+v", text, a)
		}
	}
}

func TestATargetIsNamedByItsArnOrByTypeAndName(t *testing.T) {
	who := Caller{Account: "123456789012", Region: "us-east-1"}
	s := func(text string) *string { return &text }
	const arnOf = "arn:aws:cloudformation:us-east-1:"
	for _, c := range []struct {
		what string
		in   named
		want target
		err  string
	}{
		{"by name", named{Type: s("RESOURCE"), TypeName: s("My::Org::Thing"), VersionId: s("00000002")}, target{name: "My::Org::Thing", version: "00000002", scope: who}, ""},
		{"its own", named{Arn: s(arnOf + "123456789012:type/resource/My-Org-Thing/00000001")}, target{name: "My::Org::Thing", version: "00000001", scope: who, own: true}, ""},
		{"public", named{Arn: s(arnOf + ":type/resource/AWS-EC2-VPC")}, target{name: "AWS::EC2::VPC"}, ""},
		{"of another account", named{Arn: s(arnOf + "999999999999:type/resource/My-Org-Thing")}, target{}, "TypeNotFoundException"},
		{"of another region", named{Arn: s("arn:aws:cloudformation:eu-west-1::type/resource/AWS-EC2-VPC")}, target{}, "TypeNotFoundException"},
		{"a module", named{Type: s("MODULE"), TypeName: s("My::Org::Thing::MODULE")}, target{}, "Only resource types are known here"},
		{"a hook by arn", named{Arn: s(arnOf + "123456789012:type/hook/My-Org-Thing")}, target{}, "Only resource types are known here"},
		{"no type", named{TypeName: s("My::Org::Thing")}, target{}, "Either the Arn, or both Type and TypeName"},
		{"another type", named{Type: s("STACK"), TypeName: s("My::Org::Thing")}, target{}, "Value 'STACK' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [HOOK, MODULE, RESOURCE]"},
		{"no arn", named{Arn: s("x")}, target{}, "at 'arn' failed to satisfy constraint: Member must satisfy regular expression pattern"},
	} {
		got, err := c.in.target(nil, who)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

func TestPackagesAreNotReadFromS3(t *testing.T) {
	for address, want := range map[string]string{
		"s3://bucket/key": "groundcontrol type register", "key.zip": "want the address of a package", "ftp://host/a.zip": "want the address", "://": "want the address",
	} {
		e, ok := errors.AsType[*Error](checkAddress(address))
		if !ok || e.Name != cfnRegistry || !strings.Contains(e.Text, want) {
			t.Errorf("%s: %v", address, e)
		}
	}
	for _, address := range []string{"file:///tmp/a.zip", "https://host/a.zip", "http://127.0.0.1/a.zip"} {
		if err := checkAddress(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
