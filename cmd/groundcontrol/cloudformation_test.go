package main_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"example.org/groundcontrol/internal/auth"
)

// zipped is a zip of files.
func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// submission is the package of the keyed provider, as the cfn CLI makes it; more makes it
// another version.
func submission(t *testing.T, more string) []byte {
	t.Helper()
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join("testdata/keyed", name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	return zipped(t, map[string][]byte{
		"schema.json": read("schema.json"), ".rpdk-config": read(".rpdk-config"), "configuration-schema.json": read("configuration-schema.json"),
		"ResourceProvider.zip": zipped(t, map[string][]byte{"keyed/__init__.py": []byte(more), "keyed/handlers.py": read("src/keyed/handlers.py")}),
	})
}

func (s *server) cfn(k auth.Key, region string) *cloudformation.Client {
	return cloudformation.NewFromConfig(config(s, k, region))
}

// registered registers a package and returns what became of it.
func registered(t *testing.T, c *cloudformation.Client, name, address string) *cloudformation.DescribeTypeRegistrationOutput {
	t.Helper()
	r, err := c.RegisterType(t.Context(), &cloudformation.RegisterTypeInput{Type: types.RegistryTypeResource, TypeName: &name, SchemaHandlerPackage: &address})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.DescribeTypeRegistration(t.Context(), &cloudformation.DescribeTypeRegistrationInput{RegistrationToken: r.RegistrationToken})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTheSDKRegistersAndConfiguresAType takes a provider from its package to a resource, and
// away again, by CloudFormation's own API.
func TestTheSDKRegistersAndConfiguresAType(t *testing.T) {
	t.Parallel()
	needPython(t)
	packages := map[string][]byte{"/one.zip": submission(t, ""), "/two.zip": submission(t, "# two"), "/none.zip": []byte("no zip")}
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if content, ok := packages[r.URL.Path]; ok {
			_, _ = w.Write(content)
			return
		}
		http.NotFound(w, r)
	})
	plain, tls := httptest.NewServer(serve), httptest.NewTLSServer(serve)
	defer plain.Close()
	defer tls.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startIn(t, filepath.Join(t.TempDir(), "data"), []string{"SSL_CERT_FILE=" + ca})
	c := s.cfn(s.key, region)

	for address, want := range map[string]string{
		plain.URL + "/missing.zip":        "the server answers 404",
		plain.URL + "/none.zip":           "want the zip that `cfn submit --dry-run` makes",
		"http://packages.example/one.zip": "use https, or http on this machine",
		"file:///no/such/file.zip":        "no such file",
	} {
		if r := registered(t, c, keyed, address); r.ProgressStatus != types.RegistrationStatusFailed || !strings.Contains(*r.Description, want) || r.TypeVersionArn != nil {
			t.Errorf("%s: %s %s, want %q", address, r.ProgressStatus, *r.Description, want)
		}
	}
	const arn = "arn:aws:cloudformation:us-east-1:000000000000:type/resource/Own-Test-Keyed"
	if r := registered(t, c, "Own::Test::Other", plain.URL+"/one.zip"); !strings.Contains(*r.Description, "that of type 'Own::Test::Keyed'") {
		t.Errorf("under another name: %s", *r.Description)
	}
	for _, r := range []struct{ address, version string }{{plain.URL + "/one.zip", "00000001"}, {tls.URL + "/two.zip", "00000002"}, {plain.URL + "/two.zip", "00000002"}} {
		got := registered(t, c, keyed, r.address)
		if got.ProgressStatus != types.RegistrationStatusComplete || *got.TypeArn != arn || *got.TypeVersionArn != arn+"/"+r.version {
			t.Errorf("%s: %s %s", r.address, got.ProgressStatus, *got.Description)
		}
	}
	tokens, err := c.ListTypeRegistrations(t.Context(), &cloudformation.ListTypeRegistrationsInput{TypeArn: str(arn), RegistrationStatusFilter: types.RegistrationStatusComplete})
	if err != nil || len(tokens.RegistrationTokenList) != 3 {
		t.Errorf("registrations: %+v, %v", tokens, err)
	}
	for how, in := range map[string]*cloudformation.DescribeTypeInput{
		"00000001": {Type: types.RegistryTypeResource, TypeName: str(keyed)}, // the first one is the default still
		"00000002": {Arn: str(arn + "/00000002")},
	} {
		d, err := c.DescribeType(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if *d.Arn != arn+"/"+how || *d.IsDefaultVersion != (how == "00000001") || d.ProvisioningType != types.ProvisioningTypeFullyMutable ||
			d.Visibility != types.VisibilityPrivate || !strings.Contains(*d.Schema, `"typeName"`) || !strings.Contains(*d.ConfigurationSchema, "ApiKey") || d.TimeCreated == nil {
			t.Errorf("version %s: %+v", how, d)
		}
	}
	if _, err := c.SetTypeDefaultVersion(t.Context(), &cloudformation.SetTypeDefaultVersionInput{Arn: str(arn + "/00000002")}); err != nil {
		t.Error(err)
	}
	versions, err := c.ListTypeVersions(t.Context(), &cloudformation.ListTypeVersionsInput{Arn: str(arn), MaxResults: ptr(int32(1))})
	if err != nil || len(versions.TypeVersionSummaries) != 1 || versions.NextToken == nil || *versions.TypeVersionSummaries[0].IsDefaultVersion {
		t.Errorf("versions: %+v, %v", versions, err)
	}

	key := s.secret("hunter2-hunter2")
	set, err := c.SetTypeConfiguration(t.Context(), &cloudformation.SetTypeConfigurationInput{TypeArn: str(arn), ConfigurationAlias: str("default"), Configuration: str(`{"ApiKey":"` + key + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.BatchDescribeTypeConfigurations(t.Context(), &cloudformation.BatchDescribeTypeConfigurationsInput{TypeConfigurationIdentifiers: []types.TypeConfigurationIdentifier{
		{TypeConfigurationArn: set.ConfigurationArn}, {Type: types.ThirdPartyTypeResource, TypeName: str("AWS::S3::Bucket")},
	}})
	if err != nil || len(batch.TypeConfigurations) != 1 || *batch.TypeConfigurations[0].Configuration != `{"ApiKey":"`+key+`"}` ||
		len(batch.Errors) != 1 || *batch.Errors[0].ErrorCode != "TypeConfigurationNotFoundException" {
		t.Errorf("configurations: %+v, %v", batch, err)
	}
	if s.fileHas(key) {
		t.Error("the key is in the data directory as plain text")
	}
	cc := s.client(t)
	if proof := decoded(t, cc.waited(cc.create(keyed, `{"Name":"a"}`)).ResourceModel)["Proof"]; proof == "sent none" {
		t.Error("the handler gets no configuration")
	}

	// All of it is there after a crash, and in no other region.
	s.kill9()
	s.restart()
	c = s.cfn(s.key, region)
	if _, err := c.DescribeTypeRegistration(t.Context(), &cloudformation.DescribeTypeRegistrationInput{RegistrationToken: &tokens.RegistrationTokenList[0]}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	elsewhere := s.cfn(s.key, "eu-west-1")
	_, err = elsewhere.DescribeType(t.Context(), &cloudformation.DescribeTypeInput{Type: types.RegistryTypeResource, TypeName: str(keyed)})
	if _, ok := errors.AsType[*types.TypeNotFoundException](err); !ok {
		t.Errorf("in another region: %v", err)
	}
	for _, where := range []*cloudformation.Client{elsewhere, c} {
		if _, err = where.DescribeType(t.Context(), &cloudformation.DescribeTypeInput{Arn: str(strings.Replace(arn, "000000000000", "111111111111", 1))}); !isError(err, "TypeNotFoundException") {
			t.Errorf("of another account: %v", err)
		}
	}

	_, err = c.DeregisterType(t.Context(), &cloudformation.DeregisterTypeInput{Arn: str(arn)})
	if _, ok := errors.AsType[*types.CFNRegistryException](err); !ok || !strings.Contains(err.Error(), "2 versions") {
		t.Errorf("all at once: %v", err)
	}
	if _, err = c.DeregisterType(t.Context(), &cloudformation.DeregisterTypeInput{Arn: str(arn + "/00000002")}); !isError(err, "CFNRegistryException") {
		t.Errorf("the default version: %v", err)
	}
	for _, version := range []string{"00000001", "00000002"} {
		if _, err := c.DeregisterType(t.Context(), &cloudformation.DeregisterTypeInput{Type: types.RegistryTypeResource, TypeName: str(keyed), VersionId: &version}); err != nil {
			t.Error(err)
		}
	}
	if _, err := cc.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(keyed), Identifier: str("a")}); err == nil {
		t.Error("a type that was deregistered is served")
	}
}

// TestConfigurationsAreForTheirAccountOnly has two accounts configure a type that both see.
func TestConfigurationsAreForTheirAccountOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withKey(otherKey)
	const name = "Third::Party::Thing"
	file := filepath.Join(t.TempDir(), "thing.json")
	if err := os.WriteFile(file, []byte(`{"typeName":"`+name+`","description":"d","additionalProperties":false,"properties":{"A":{"type":"string"}},
		"primaryIdentifier":["/properties/A"],"typeConfiguration":{"properties":{"Key":{"type":"string"}},"additionalProperties":false}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.command(t, 0, "type", "import", file)
	keys := map[string]auth.Key{"hunter2-of-the-first": s.key, "hunter2-of-the-other": otherKey}
	arns := map[string]*string{}
	for secret, key := range keys {
		out, err := s.cfn(key, region).SetTypeConfiguration(t.Context(), &cloudformation.SetTypeConfigurationInput{
			Type: types.ThirdPartyTypeResource, TypeName: str(name), Configuration: str(`{"Key":"` + s.secret(secret) + `"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		arns[secret] = out.ConfigurationArn
	}
	for secret, key := range keys {
		var all []types.TypeConfigurationIdentifier
		for _, arn := range arns {
			all = append(all, types.TypeConfigurationIdentifier{TypeConfigurationArn: arn})
		}
		out, err := s.cfn(key, region).BatchDescribeTypeConfigurations(t.Context(), &cloudformation.BatchDescribeTypeConfigurationsInput{TypeConfigurationIdentifiers: all})
		if err != nil || len(out.TypeConfigurations) != 1 || !strings.Contains(*out.TypeConfigurations[0].Configuration, secret) || len(out.Errors) != 1 {
			t.Errorf("by arn: %+v, %v", out, err)
		}
	}
	_, err := s.cfn(otherKey, region).DeregisterType(t.Context(), &cloudformation.DeregisterTypeInput{Type: types.RegistryTypeResource, TypeName: str(name)})
	if !isError(err, "CFNRegistryException") {
		t.Errorf("a public type is deregistered by an account: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

func TestTheSDKPagesThroughAllTypes(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.cfn(s.key, region)
	names := map[string]bool{}
	p := cloudformation.NewListTypesPaginator(c, &cloudformation.ListTypesInput{Visibility: types.VisibilityPublic, MaxResults: ptr(int32(3))})
	for pages := 0; p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		if err != nil || pages > 100 || len(out.TypeSummaries) > 3 {
			t.Fatalf("page %d: %+v, %v", pages, out, err)
		}
		for _, s := range out.TypeSummaries {
			if names[*s.TypeName] || s.Description == nil {
				t.Errorf("%s comes twice, or without its description", *s.TypeName)
			}
			names[*s.TypeName] = true
		}
	}
	if len(names) < 10 || !names[logGroup] || !names[countdown] {
		t.Errorf("types: %v", names)
	}
	for _, of := range []struct {
		want int
		in   cloudformation.ListTypesInput
	}{
		{1, cloudformation.ListTypesInput{}}, // the Countdown, which counts as activated
		{0, cloudformation.ListTypesInput{Filters: &types.TypeFilters{Category: types.CategoryAwsTypes}}}, // AWS's own are not private
		{0, cloudformation.ListTypesInput{DeprecatedStatus: types.DeprecatedStatusDeprecated}},
		{1, cloudformation.ListTypesInput{Visibility: types.VisibilityPublic, Filters: &types.TypeFilters{TypeNamePrefix: str("AWS::S3"), Category: types.CategoryAwsTypes}}},
		{0, cloudformation.ListTypesInput{Visibility: types.VisibilityPublic, Filters: &types.TypeFilters{TypeNamePrefix: str("AWS::S3")}, ProvisioningType: types.ProvisioningTypeImmutable}},
	} {
		out, err := c.ListTypes(t.Context(), &of.in)
		if err != nil || len(out.TypeSummaries) != of.want {
			t.Errorf("%+v: %+v, %v", of.in, out, err)
		}
	}
}

func TestTheAWSCLIAsksTheTypeRegistry(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.cli(t)
	ask := func(args ...string) map[string]any {
		t.Helper()
		r := c.run(append([]string{"cloudformation"}, args...)...)
		if r.code != 0 {
			t.Fatalf("aws cloudformation %q: exit %d: %s", args, r.code, r.stderr)
		}
		var out map[string]any
		if r.stdout != "" {
			if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	has(t, ask("describe-type", "--type", "RESOURCE", "--type-name", logGroup), map[string]any{
		"Arn": "arn:aws:cloudformation:us-east-1::type/resource/AWS-Logs-LogGroup", "TypeName": logGroup, "Visibility": "PUBLIC", "ProvisioningType": "FULLY_MUTABLE",
	})
	if all := ask("list-types", "--visibility", "PUBLIC", "--filters", "Category=AWS_TYPES,TypeNamePrefix=AWS::Logs")["TypeSummaries"].([]any); len(all) != 1 {
		t.Errorf("types: %v", all)
	}
	file := filepath.Join(t.TempDir(), "keyed.zip")
	if err := os.WriteFile(file, submission(t, ""), 0o600); err != nil {
		t.Fatal(err)
	}
	token := ask("register-type", "--type", "RESOURCE", "--type-name", keyed, "--schema-handler-package", "file://"+file)["RegistrationToken"].(string)
	has(t, ask("describe-type-registration", "--registration-token", token), map[string]any{
		"ProgressStatus": "COMPLETE", "TypeVersionArn": "arn:aws:cloudformation:us-east-1:000000000000:type/resource/Own-Test-Keyed/00000001",
	})
	ask("set-type-configuration", "--type", "RESOURCE", "--type-name", keyed, "--configuration-alias", "default", "--configuration", `{"ApiKey":"`+s.secret("hunter2-hunter2")+`"}`)
	ask("deregister-type", "--type", "RESOURCE", "--type-name", keyed)
	for want, args := range map[string][]string{
		"(TypeNotFoundException) when calling the DescribeType operation: The type 'Own::Test::Keyed' cannot be found.":              {"describe-type", "--type", "RESOURCE", "--type-name", keyed},
		"(CFNRegistryException) when calling the DescribeType operation: Only resource types are known here":                         {"describe-type", "--type", "HOOK", "--type-name", keyed},
		"(ValidationError) when calling the DescribeType operation: 1 validation error detected: Value 'no such type' at 'typeName'": {"describe-type", "--type", "RESOURCE", "--type-name", "no such type"},
		"groundcontrol type register":                                               {"register-type", "--type-name", keyed, "--schema-handler-package", "s3://bucket/key"},
		"(CFNRegistryException) when calling the SetTypeDefault":                    {"set-type-default-version", "--type", "RESOURCE", "--type-name", logGroup, "--version-id", "00000001"},
		"(CFNRegistryException) when calling the ActivateType":                      {"activate-type", "--type", "RESOURCE", "--type-name", logGroup, "--publisher-id", "p"},
		"(CFNRegistryException) when calling the SetTypeConfigur":                   {"set-type-configuration", "--type", "RESOURCE", "--type-name", logGroup, "--configuration", "{}"},
		"(InvalidAction) when calling the CreateStack operation":                    {"create-stack", "--stack-name", "x", "--template-body", "{}"},
		"(ValidationError) when calling the ListTypes operation: Invalid NextToken": {"list-types", "--no-paginate", "--next-token", "%%%"},
	} {
		if r := c.run(append([]string{"cloudformation"}, args...)...); r.code < 254 || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: exit %d: %s", args, r.code, r.stderr)
		}
	}
	if n := s.metrics(t)[`groundcontrol_api_requests_total{operation="SetTypeConfiguration",outcome="success"}`]; n != 1 {
		t.Errorf("the metrics count %v of SetTypeConfiguration", n)
	}
	wantParts(t, s.logged(), "operation=ListTypes error=ValidationError")
}
