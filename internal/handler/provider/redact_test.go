package provider_test

import (
	"strings"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

func TestSecretsOfTheCallAreTakenOutOfWhatIsPrinted(t *testing.T) {
	s, _, err := schema.Parse([]byte(`{"typeName":"Org::Test::Thing","description":"","additionalProperties":false,
		"properties":{"Id":{"type":"string"},"Password":{"type":"string"},"Pin":{"type":"integer"},"Keys":{"type":"array","items":{"type":"string"}}},
		"primaryIdentifier":["/properties/Id"],"writeOnlyProperties":["/properties/Password","/properties/Pin","/properties/Keys"]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := handler.Call{
		Schema: s, Desired: []byte(`{"Id":"plain","Password":"say \"hi\"","Pin":123456,"Keys":["key-one","key-one-longer","ab"]}`),
		Previous: []byte(`{"Id":"plain","Password":"before"}`),
	}
	e := provider.Extra{
		Credentials:   provider.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cr3tkey", SessionToken: "session+token="},
		Configuration: []byte(`{"Api":{"Token":"conf-token","Url":"https://example.com"}}`),
	}
	printed := `plain AKID ab; say "hi", {"Password":"say \"hi\""}, 123456, key-one-longer key-one before s3cr3tkey session+token= conf-token`
	const r = "[redacted]"
	want := `plain AKID ab; ` + r + `, {"Password":"` + r + `"}, ` + r + `, ` + strings.TrimSpace(strings.Repeat(r+" ", 6))
	if got := provider.Redact(printed, c, e); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNothingIsTakenOutWhereNothingIsSecret(t *testing.T) {
	s, _, err := schema.Parse([]byte(`{"typeName":"Org::Test::Thing","description":"","additionalProperties":false,
		"properties":{"Id":{"type":"string"}},"primaryIdentifier":["/properties/Id"]}`))
	if err != nil {
		t.Fatal(err)
	}
	const printed = "plain text"
	if got := provider.Redact(printed, handler.Call{Schema: s, Desired: []byte(`{"Id":"plain"}`)}, provider.Extra{}); got != printed {
		t.Error(got)
	}
}
