package registry_test

import (
	"errors"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

func thing(t *testing.T, name string) registry.Type {
	t.Helper()
	s, _, err := schema.Parse([]byte(`{"typeName":"` + name + `","description":"d","additionalProperties":false,
		"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`))
	if err != nil {
		t.Fatal(err)
	}
	return registry.Type{Name: name, Version: registry.FirstVersion, Schema: s, Runtime: registry.Simulate}
}

func TestLookupFindsTypesByExactNameAndVersion(t *testing.T) {
	r, err := registry.New(thing(t, "Own::Test::Thing"), thing(t, "Own::Test::Other"))
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"", "00000001"} {
		if typ, err := r.Lookup(t.Context(), "123456789012", "eu-west-1", "Own::Test::Thing", version); err != nil || typ.Name != "Own::Test::Thing" {
			t.Errorf("version %q: %v, %v", version, typ.Name, err)
		}
	}
	for _, c := range [][2]string{{"own::test::thing", ""}, {"Own::Test::Nothing", ""}, {"Own::Test::Thing", "00000002"}, {"", ""}} {
		if _, err := r.Lookup(t.Context(), "123456789012", "eu-west-1", c[0], c[1]); !errors.Is(err, registry.ErrTypeNotFound) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestTypesAreSortedAndTheCallersOwn(t *testing.T) {
	r, err := registry.New(thing(t, "Own::Test::Zoo"), thing(t, "Own::Test::Ant"))
	if err != nil {
		t.Fatal(err)
	}
	types := r.Types("1", "r")
	if len(types) != 2 || types[0].Name != "Own::Test::Ant" {
		t.Fatalf("%v", types)
	}
	types[0].Name = "changed"
	if r.Types("1", "r")[0].Name != "Own::Test::Ant" {
		t.Error("a caller can change the registry")
	}
}

func TestNewRefusesWhatCannotBeServed(t *testing.T) {
	good := thing(t, "Own::Test::Thing")
	for want, change := range map[string]func(*registry.Type){
		"lacks":             func(typ *registry.Type) { typ.Version = "" },
		"lacks its":         func(typ *registry.Type) { typ.Runtime = "" },
		"schema or runtime": func(typ *registry.Type) { typ.Schema = nil },
		"has the schema of": func(typ *registry.Type) { typ.Name = "Own::Test::Other" },
	} {
		bad := good
		change(&bad)
		if _, err := registry.New(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := registry.New(good, good); err == nil || !strings.Contains(err.Error(), "registered twice") {
		t.Errorf("duplicate: %v", err)
	}
}
