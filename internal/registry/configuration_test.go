package registry_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

const (
	configured = "Own::Test::Thing"
	ofKey      = `{"properties":{"Key":{"type":"string"}},"required":["Key"],"additionalProperties":false}`
)

// declaring is a schema document that declares a configuration.
func declaring(what string) []byte {
	return bytes.Replace(text(configured, what), []byte(`"properties"`), []byte(`"typeConfiguration":`+ofKey+`,"properties"`), 1)
}

func register(t *testing.T, r *registry.Registry, reg registry.Registration) registry.Imported {
	t.Helper()
	reg.Code = put(t, r, []byte("zip"), 10)
	got, err := r.Register(t.Context(), "1", "r", reg)
	if err != nil || got.Outcome == registry.Refused {
		t.Fatalf("%+v, %v", got, err)
	}
	return got
}

// sent is what the handlers of a version are sent.
func sent(t *testing.T, r *registry.Registry, account, version string) string {
	t.Helper()
	c, err := r.HandlerConfiguration(t.Context(), account, "r", configured, version)
	if err != nil {
		t.Errorf("version %s: %v", version, err)
	}
	return string(c)
}

func TestOnlyVersionsThatDeclareAConfigurationAreSentIt(t *testing.T) {
	r := open(t, new(memory.Store))
	register(t, r, registry.Registration{Schema: text(configured, "without")})
	register(t, r, registry.Registration{Schema: declaring("in the schema")})
	register(t, r, registry.Registration{Schema: text(configured, "beside it"), Configuration: []byte(ofKey)})
	if got := sent(t, r, "1", "00000003"); got != "" {
		t.Errorf("before it is set: %s", got)
	}
	if err := r.Configure(t.Context(), "1", "r", configured, []byte(`{"Key":"k"}`)); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{"00000001": "", "00000002": `{"Key":"k"}`, "00000003": `{"Key":"k"}`, "": `{"Key":"k"}`} {
		if got := sent(t, r, "1", version); got != want {
			t.Errorf("version %s is sent %q, want %q", version, got, want)
		}
		typ, err := r.Lookup(t.Context(), "1", "r", configured, version)
		if err != nil || typ.Configurable != (want != "") {
			t.Errorf("version %s: %+v, %v", version, typ, err)
		}
		declared, err := r.ConfigurationSchema(t.Context(), "1", "r", configured, version)
		if err != nil || (string(declared) != "") != (want != "") {
			t.Errorf("version %s declares %q, %v", version, declared, err)
		}
	}
	if err := r.SetDefault(t.Context(), "1", "r", configured, "00000001"); err != nil {
		t.Fatal(err)
	}
	if err := r.Configure(t.Context(), "1", "r", configured, []byte(`{"Key":"k"}`)); !errors.Is(err, registry.ErrNotConfigurable) {
		t.Errorf("a type that declares none: %v", err)
	}
}

func TestConfigurationsAreSetReadAndRemoved(t *testing.T) {
	docs := new(memory.Store)
	r := open(t, docs)
	bring(t, r, declaring("for all")) // both accounts see it
	for _, c := range []struct{ account, text string }{{"1", `{"Key":"one"}`}, {"1", `{"Key":"two"}`}, {"2", `{"Key":"three"}`}} {
		if err := r.Configure(t.Context(), c.account, "r", configured, []byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Configuration(t.Context(), c.account, "r", configured); err != nil || string(got.Text) != c.text || got.Set.IsZero() {
			t.Errorf("%s, %v", got.Text, err)
		}
	}
	if _, err := r.Configuration(t.Context(), "1", "s", configured); !errors.Is(err, registry.ErrNoConfiguration) {
		t.Errorf("in another region: %v", err)
	}
	for text, want := range map[string]string{`{`: "not JSON", `{}`: "required key [Key] not found", `{"Key":1}`: "#/Key: ", `{"Key":"k","secret":1}`: "extraneous"} {
		err := r.Configure(t.Context(), "1", "r", configured, []byte(text))
		if e, ok := errors.AsType[*schema.Error](err); !ok || !strings.Contains(e.Text, want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := r.Configure(t.Context(), "1", "r", "Own::Test::Other", []byte(`{}`)); !errors.Is(err, registry.ErrTypeNotFound) {
		t.Errorf("an unknown type: %v", err)
	}
	want := func(account string, want error) {
		t.Helper()
		if _, err := docs.Document(t.Context(), store.SecretKind+"configuration", account+"/r/"+configured); !errors.Is(err, want) {
			t.Errorf("document of account %s: %v, want %v", account, err, want)
		}
	}
	if err := r.Configure(t.Context(), "1", "r", configured, nil); err != nil {
		t.Fatal(err)
	}
	want("1", store.ErrNotFound)
	if err := r.Configure(t.Context(), "1", "r", configured, nil); !errors.Is(err, registry.ErrNoConfiguration) {
		t.Errorf("removed twice: %v", err)
	}

	// What an account has registered is configured apart from what all see, and goes apart.
	register(t, r, registry.Registration{Schema: declaring("its own")})
	if err := r.Configure(t.Context(), "1", "r", configured, []byte(`{"Key":"own"}`)); err != nil {
		t.Fatal(err)
	}
	if err := r.Deregister(t.Context(), "2", "r", configured, ""); err != nil {
		t.Fatal(err)
	}
	want("2", store.ErrNotFound)
	want("1", nil)
	if err := r.Deregister(t.Context(), "1", "r", configured, ""); err != nil {
		t.Fatal(err)
	}
	want("1", store.ErrNotFound)
}

func TestAConfigurationSchemaThatIsNoneIsRefused(t *testing.T) {
	r := open(t, new(memory.Store))
	got, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(configured, "x"), Configuration: []byte(`{"properties":{"A":{"type":"strng"}}}`)})
	if err != nil || got.Outcome != registry.Refused || !strings.Contains(strings.Join(got.Problems, ""), "configuration schema: #/properties/A/type") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheDefaultIsKeptWhereThatIsAskedFor(t *testing.T) {
	r := open(t, new(memory.Store))
	for _, c := range []struct {
		what, version, byDefault string
		outcome                  registry.Outcome
	}{
		{"one", "00000001", "one", registry.Added},
		{"two", "00000002", "one", registry.Changed},
		{"two", "00000002", "one", registry.Unchanged},
		{"one", "00000001", "one", registry.Unchanged},
	} {
		got := register(t, r, registry.Registration{Schema: text(configured, c.what), KeepDefault: true})
		if got.Version != c.version || got.Outcome != c.outcome || defaultOf(t, r, configured) != c.byDefault {
			t.Errorf("%s: %+v, default %s", c.what, got, defaultOf(t, r, configured))
		}
	}
	all := r.Types("1", "r")
	if len(all) != 1 || !all[0].Private || len(all[0].Versions) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestCodeIsCheckedWithoutItsZip(t *testing.T) {
	r := open(t, new(memory.Store))
	c := put(t, r, bytes.Repeat([]byte("0123456789"), 100), 300)
	if err := r.CheckCode(t.Context(), c); err != nil {
		t.Error(err)
	}
	c.Parts--
	if err := r.CheckCode(t.Context(), c); !errors.Is(err, registry.ErrCode) {
		t.Errorf("without its last part: %v", err)
	}
}

func TestOutlinesSayWhatCanBeProvisioned(t *testing.T) {
	docs := new(memory.Store)
	r := open(t, docs, thing(t, "Own::Test::Built"))
	with := func(handlers string) []byte {
		return bytes.Replace(text(configured, handlers), []byte(`"properties"`), []byte(`"sourceUrl":"https://s.example","handlers":{`+handlers+`},"properties"`), 1)
	}
	for handlers, want := range map[string]registry.Provisioning{
		`"create":{},"read":{},"delete":{},"update":{}`: registry.FullyMutable,
		`"create":{},"read":{},"delete":{}`:             registry.Immutable,
		`"create":{},"read":{},"update":{}`:             registry.NonProvisionable,
		``:                                              registry.NonProvisionable,
	} {
		bring(t, r, with(handlers))
		for range 2 { // again from memory
			o, err := r.Outline(t.Context(), "1", "r", configured, "")
			if err != nil || o.Provisioning != want || o.Source != "https://s.example" {
				t.Errorf("%s: %+v, %v", handlers, o, err)
			}
		}
	}
	if o, err := r.Outline(t.Context(), "1", "r", "Own::Test::Built", ""); err != nil || o.Provisioning != registry.FullyMutable {
		t.Errorf("built in, without a section of handlers: %+v, %v", o, err)
	}
	if _, err := r.Outline(t.Context(), "1", "r", "Own::Test::Other", ""); !errors.Is(err, registry.ErrTypeNotFound) {
		t.Errorf("an unknown type: %v", err)
	}
}
