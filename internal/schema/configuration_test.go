package schema

import (
	"strings"
	"testing"
)

const configurable = `{"typeName":"Own::Test::Thing","properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"],
	"definitions":{"Key":{"type":"string","minLength":3,"pattern":"^k"}},
	"typeConfiguration":{"properties":{"Key":{"$ref":"#/definitions/Key"},"Region":{"enum":["eu","us"]}},"required":["Key"],"additionalProperties":false}}`

func TestConfigurationsAreCheckedAndNotShown(t *testing.T) {
	c, err := ParseConfiguration(ConfigurationIn([]byte(configurable)))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"Key":"key"}`:                     "",
		`{"Key":"key","Region":"eu"}`:       "",
		`{"Key":"secret"}`:                  "#/Key: failed validation constraint for keyword [pattern]",
		`{"Key":"k"}`:                       "#/Key: expected minLength: 3, actual: 1",
		`{}`:                                "#: required key [Key] not found",
		`{"Key":"key","Region":"secret"}`:   "#/Region: failed validation constraint for keyword [enum]",
		`{"Key":"key","Other":"secret"}`:    "#: extraneous key [Other] is not permitted",
		`"secret"`:                          "#: expected type: JSONObject, found: String",
		`{"Key":{"secret":"key"}}`:          "#/Key: expected type: String, found: JSONObject",
		`{"Key":"key","Region":["secret"]}`: "#/Region: failed validation constraint for keyword [enum]",
	} {
		v, err := Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := c.Validate(v); err != nil {
			got = err.Error()
		}
		if want != "" && got != "Configuration validation failed ("+want+")" || want == "" && got != "" || strings.Contains(got, "secret") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestWhatDeclaresNoConfigurationHasNone(t *testing.T) {
	for _, text := range []string{`{}`, `{"typeConfiguration":null}`, `{"typeConfiguration":[]}`, `[]`, `{`} {
		if got := ConfigurationIn([]byte(text)); got != nil {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := string(ConfigurationIn([]byte(`{"typeConfiguration":{}}`))); got != `{}` {
		t.Errorf("an empty one: %s", got)
	}
	if got := string(ConfigurationIn([]byte(`{"definitions":{"a":{}},"typeConfiguration":{"definitions":{"b":{}}}}`))); got != `{"definitions":{"b":{}}}` {
		t.Errorf("with definitions of its own: %s", got)
	}
	for text, want := range map[string]string{`{`: "not JSON", `[]`: "expected type: JSONObject", `{"properties":{"A":{"type":"strng"}}}`: "#/properties/A/type: unknown type"} {
		if _, err := ParseConfiguration([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
