package registry_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

// text is a schema document; what tells versions apart.
func text(name, what string) []byte {
	return fmt.Appendf(nil, `{"typeName":%q,"description":%q,"additionalProperties":false,
		"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"],"createOnlyProperties":["/properties/A"]}`, name, what)
}

func open(t *testing.T, docs store.Documents, builtin ...registry.Type) *registry.Registry {
	t.Helper()
	r, err := registry.Open(t.Context(), docs, builtin...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bring imports documents and returns what became of each, as "name version OUTCOME".
func bring(t *testing.T, r *registry.Registry, texts ...[]byte) []string {
	t.Helper()
	got, err := r.Import(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, i := range got {
		all = append(all, strings.TrimSpace(i.TypeName+" "+i.Version+" "+string(i.Outcome)))
	}
	return all
}

func wantAll(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// described is the description of a version, which text has put there.
func described(t *testing.T, r *registry.Registry, name, version string) string {
	t.Helper()
	typ, err := r.Lookup(t.Context(), "1", "r", name, version)
	if err != nil {
		return err.Error()
	}
	if typ.Name != name || typ.Schema.TypeName != name || version != "" && typ.Version != version || typ.Runtime != registry.Simulate {
		t.Errorf("%s %s: %+v", name, version, typ)
	}
	return typ.Schema.Description
}

func TestImportKeepsVersions(t *testing.T) {
	r := open(t, new(memory.Store), thing(t, "Own::Test::Built"))
	const a, built = "Own::Test::Thing", "Own::Test::Built"
	wantAll(t, bring(t, r, text(a, "one")), a+" 00000001 NEW")
	wantAll(t, bring(t, r, text(a, "one")), a+" 00000001 UNCHANGED")
	wantAll(t, bring(t, r, text(a, "two")), a+" 00000002 CHANGED")
	wantAll(t, bring(t, r, text(a, "one")), a+" 00000001 CHANGED")
	wantAll(t, bring(t, r, text(a, "three"), text(a, "three"), text(a, "four")), a+" 00000003 CHANGED", a+" 00000003 UNCHANGED", a+" 00000004 CHANGED")
	wantAll(t, bring(t, r, text(built, "other")), built+" 00000002 CHANGED")
	for version, want := range map[string]string{"": "four", "00000001": "one", "00000002": "two", "00000003": "three", "00000005": registry.ErrTypeNotFound.Error()} {
		if got := described(t, r, a, version); got != want {
			t.Errorf("version %q is %q, want %q", version, got, want)
		}
	}
	for version, want := range map[string]string{"": "other", "00000002": "other", "00000001": "d"} {
		if got := described(t, r, built, version); got != want {
			t.Errorf("built in, version %q is %q, want %q", version, got, want)
		}
	}
	types := r.Types("1", "r")
	if len(types) != 2 || types[0].Name != built || len(types[0].Versions) != 2 || types[1].Version != "00000004" || len(types[1].Versions) != 4 ||
		time.Since(types[1].Versions[0].Imported) > time.Hour {
		t.Errorf("types: %+v", types)
	}
	for version, want := range map[string]string{"": "four", "00000002": "two"} {
		summary, typ, raw, err := r.Describe(t.Context(), "1", "r", a, version)
		if err != nil || string(raw) != string(text(a, want)) || typ.Schema.Description != want || summary.Name != a {
			t.Errorf("describe %q: %q, %v", version, raw, err)
		}
	}
	if _, _, raw, err := r.Describe(t.Context(), "1", "r", built, "00000001"); err != nil || len(raw) == 0 {
		t.Errorf("describe what is built in: %q, %v", raw, err)
	}
}

func TestBadDocumentsDoNotStopTheRest(t *testing.T) {
	demo := thing(t, "Own::Test::Demo")
	demo.Runtime = registry.Demo
	r := open(t, new(memory.Store), demo)
	got, err := r.Import(t.Context(), [][]byte{
		[]byte(`no JSON`), []byte(`{"typeName":"Own::Test::Bad"}`), text("Own::Test::Demo", "x"), text("Own::Test::Good", "x"), []byte(`[]`),
		[]byte(`{"typeName":"Own::Test::Odd","properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name    string
		outcome registry.Outcome
		problem string
	}{
		{"", registry.Refused, "not JSON"},
		{"Own::Test::Bad", registry.Refused, "required key [properties] not found"},
		{"Own::Test::Demo", registry.Refused, "built in"},
		{"Own::Test::Good", registry.Added, ""},
		{"", registry.Refused, "JSONObject"},
		{"Own::Test::Odd", registry.Added, "required key [description] not found"},
	} {
		if g := got[i]; g.TypeName != want.name || g.Outcome != want.outcome || !strings.Contains(strings.Join(g.Problems, "\n"), want.problem) {
			t.Errorf("document %d: %+v, want %+v", i, g, want)
		}
	}
	if len(r.Types("1", "r")) != 3 {
		t.Errorf("types: %+v", r.Types("1", "r"))
	}
}

func TestOtherNodesSeeImports(t *testing.T) {
	docs := new(memory.Store)
	a, b := open(t, docs), open(t, docs)
	bring(t, a, text("Own::Test::Thing", "one"))
	if got := described(t, b, "Own::Test::Thing", ""); got != "one" { // asks the store, since it does not know the type
		t.Error(got)
	}
	bring(t, a, text("Own::Test::Thing", "two"))
	if got := described(t, b, "Own::Test::Thing", "00000002"); got != "two" {
		t.Error(got)
	}
	if got := described(t, open(t, docs), "Own::Test::Thing", ""); got != "two" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestImportsAtOnceLoseNothing(t *testing.T) {
	docs := new(memory.Store)
	var wg sync.WaitGroup
	for n := range 4 {
		r := open(t, docs)
		wg.Go(func() {
			for i := range 5 {
				for { // bounded by the others' successes
					if _, err := r.Import(t.Context(), [][]byte{text("Own::Test::Thing", fmt.Sprint(n, i)), text(fmt.Sprint("Own::Test::Of", n), "x")}); err == nil {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	types := open(t, docs).Types("1", "r")
	if len(types) != 5 || len(types[4].Versions) != 20 {
		t.Errorf("%d types, %+v", len(types), types[len(types)-1])
	}
}

func TestLookupOfManyGoroutinesCompilesOnce(t *testing.T) {
	docs := new(memory.Store)
	bring(t, open(t, docs), text("Own::Test::Thing", "x"))
	r := open(t, docs)
	var wg sync.WaitGroup
	seen := make([]registry.Type, 16)
	for i := range seen {
		wg.Go(func() { seen[i], _ = r.Lookup(t.Context(), "1", "r", "Own::Test::Thing", "") })
	}
	wg.Wait()
	for _, typ := range seen {
		if typ.Schema == nil || typ.Schema != seen[0].Schema {
			t.Fatal("not the same schema for all")
		}
	}
}
