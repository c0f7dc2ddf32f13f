package registry_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store/memory"
)

// put stores content as code in parts of so many bytes.
func put(t *testing.T, r *registry.Registry, content []byte, size int) registry.Code {
	t.Helper()
	sum := sha256.Sum256(content)
	c := registry.Code{Digest: hex.EncodeToString(sum[:]), Runtime: "python3.12", Handler: "m.h"}
	for ; c.Parts*size < len(content); c.Parts++ {
		part := content[c.Parts*size : min(len(content), (c.Parts+1)*size)]
		for range 2 { // again is fine
			if err := r.PutCode(t.Context(), c.Digest, c.Parts, part); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

func TestCodeComesBackWhole(t *testing.T) {
	r := open(t, new(memory.Store))
	content := bytes.Repeat([]byte("0123456789"), 100)
	c := put(t, r, content, 300)
	if got, err := r.Zip(t.Context(), c); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	short, wrong := c, c
	short.Parts--
	wrong.Digest = hex.EncodeToString(make([]byte, 32))
	for _, bad := range []registry.Code{short, wrong, {}} {
		if _, err := r.Zip(t.Context(), bad); !errors.Is(err, registry.ErrCode) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, err := range []error{
		r.PutCode(t.Context(), "abc", 0, content), r.PutCode(t.Context(), c.Digest, -1, content), r.PutCode(t.Context(), c.Digest, registry.MaxParts, content),
		r.PutCode(t.Context(), c.Digest, 0, nil), r.PutCode(t.Context(), c.Digest, 0, make([]byte, registry.MaxPart+1)),
	} {
		if !errors.Is(err, registry.ErrCode) {
			t.Errorf("a part that cannot be one: %v", err)
		}
	}
}

func TestARegisteredTypeIsItsAccountsOwn(t *testing.T) {
	const name = "Own::Test::Thing"
	r := open(t, new(memory.Store))
	bring(t, r, text(name, "public"))
	code := put(t, r, []byte("zip"), 10)
	for want, c := range map[string]struct {
		what string
		code registry.Code
	}{"00000001": {"private", code}} {
		got, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(name, c.what), Code: c.code})
		if err != nil || got.Version != want || got.Outcome != registry.Added {
			t.Errorf("%+v, %v", got, err)
		}
	}
	again, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(name, "private"), Code: code})
	if err != nil || again.Outcome != registry.Unchanged {
		t.Errorf("again: %+v, %v", again, err)
	}
	other := code
	other.Handler = "m.other"
	changed, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(name, "private"), Code: other})
	if err != nil || changed.Outcome != registry.Changed || changed.Version != "00000002" {
		t.Errorf("with other code: %+v, %v", changed, err)
	}
	for _, c := range []struct{ account, region, want, runtime string }{
		{"1", "r", "private", registry.Lambda}, {"1", "s", "public", registry.Simulate}, {"2", "r", "public", registry.Simulate},
	} {
		typ, err := r.Lookup(t.Context(), c.account, c.region, name, "")
		if err != nil || typ.Schema.Description != c.want || typ.Runtime != c.runtime || (typ.Code != nil) != (c.want == "private") {
			t.Errorf("%s in %s: %+v, %v", c.account, c.region, typ, err)
		}
	}
	elsewhere, err := r.Register(t.Context(), "2", "r", registry.Registration{Schema: text(name, "elsewhere"), Code: registry.Code{Endpoint: "http://h:1", Function: "f"}})
	if err != nil || elsewhere.Outcome != registry.Added {
		t.Errorf("behind an endpoint: %+v, %v", elsewhere, err)
	}
	if typ, err := r.Lookup(t.Context(), "2", "r", name, ""); err != nil || typ.Runtime != registry.Invoke || typ.Code.Function != "f" {
		t.Errorf("behind an endpoint: %+v, %v", typ, err)
	}
	if typ, err := r.Lookup(t.Context(), "1", "r", name, "00000001"); err != nil || typ.Code.Handler != "m.h" {
		t.Errorf("the first version: %+v, %v", typ, err)
	}
	if _, err := r.Lookup(t.Context(), "1", "r", name, "00000003"); !errors.Is(err, registry.ErrTypeNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
	if mine, theirs := r.Types("1", "r"), r.Types("2", "r"); len(mine) != 1 || len(mine[0].Versions) != 2 || len(theirs) != 1 || len(theirs[0].Versions) != 1 {
		t.Errorf("types: %+v and %+v", mine, theirs)
	}
}

func TestVersionsAreChosenAndTakenAway(t *testing.T) {
	const name = "Own::Test::Thing"
	r := open(t, new(memory.Store), thing(t, "Own::Test::Built"))
	code := put(t, r, []byte("zip"), 10)
	for _, what := range []string{"one", "two", "three"} {
		if _, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(name, what), Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	want(r.SetDefault(t.Context(), "1", "r", name, "00000001"), nil)
	if got := defaultOf(t, r, name); got != "one" {
		t.Errorf("the default is %s", got)
	}
	want(r.SetDefault(t.Context(), "1", "r", name, "00000009"), registry.ErrTypeNotFound)
	want(r.SetDefault(t.Context(), "2", "r", name, "00000001"), registry.ErrTypeNotFound)
	want(r.SetDefault(t.Context(), "1", "r", "Own::Test::Built", "00000001"), registry.ErrTypeNotFound)
	want(r.Deregister(t.Context(), "1", "r", name, "00000001"), registry.ErrLastVersion)
	want(r.Deregister(t.Context(), "1", "r", name, "00000003"), nil)
	want(r.Deregister(t.Context(), "1", "r", name, "00000003"), registry.ErrTypeNotFound)
	if got, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text(name, "four"), Code: code}); err != nil || got.Version != "00000004" {
		t.Errorf("the version after a removed one: %+v, %v", got, err)
	}
	want(r.Deregister(t.Context(), "1", "r", name, ""), nil)
	_, err := r.Lookup(t.Context(), "1", "r", name, "")
	want(err, registry.ErrTypeNotFound)
	want(r.Deregister(t.Context(), "1", "r", name, ""), registry.ErrTypeNotFound)
}

func defaultOf(t *testing.T, r *registry.Registry, name string) string {
	t.Helper()
	typ, err := r.Lookup(t.Context(), "1", "r", name, "")
	if err != nil {
		t.Fatal(err)
	}
	return typ.Schema.Description
}
