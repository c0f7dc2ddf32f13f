package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
	"example.org/groundcontrol/internal/store/sealed"
	"example.org/groundcontrol/internal/store/storetest"
)

func wrap(t *testing.T, s store.Store, key []byte) store.Store {
	t.Helper()
	w, err := sealed.New(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestStore(t *testing.T) {
	key := sealed.NewKey()
	storetest.Run(t, func(t *testing.T) store.Store { return wrap(t, new(memory.Store), key) })
}

const secret = `{"SecretString":"open sesame"}`

// put leaves a live request and a resource in s, both with a secret.
func put(t *testing.T, s store.Store) (token string, key resource.Key) {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	make := func(n byte, id string) operation.Request {
		r := operation.Accept(operation.Request{
			Account: "1", Region: "r", Operation: operation.Create, TypeName: "A::B::C", Identifier: id,
			Input: operation.Input{Desired: []byte(secret), Previous: []byte(secret), Model: []byte(secret), Callback: []byte(secret)},
		}, operation.NewToken(at, [8]byte{n}), at, time.Hour)
		r, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: at, Node: "n", Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if r, err = s.Accept(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := make(1, "a")
	key = resource.Key{Account: "1", Region: "r", TypeName: "A::B::C", Identifier: "a"}
	n, err := operation.Apply(r, operation.Event{Kind: operation.Succeed, At: at, Node: "n", Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := &resource.Change{Resource: resource.Resource{Key: key, Model: []byte(`{}`), WriteOnly: []byte(secret), Request: r.Token}}
	if _, err := s.Save(t.Context(), n, c); err != nil {
		t.Fatal(err)
	}
	return make(2, "b").Token, key
}

func TestSecretsLieEncryptedInTheStore(t *testing.T) {
	inner := new(memory.Store)
	token, key := put(t, wrap(t, inner, sealed.NewKey()))
	r, err := inner.Request(t.Context(), "1", "r", token)
	if err != nil {
		t.Fatal(err)
	}
	is, err := inner.Resource(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{
		"desired": r.Input.Desired, "previous": r.Input.Previous, "model": r.Input.Model, "callback": r.Input.Callback, "write-only": is.WriteOnly,
	} {
		if len(b) == 0 || bytes.Contains(b, []byte("sesame")) {
			t.Errorf("%s: %q", what, b)
		}
	}
}

// forgetful is a store that does not know its key, as one that was tampered with.
type forgetful struct{ store.Store }

func (forgetful) Mark(_ context.Context, _ string, value []byte) ([]byte, error) { return value, nil }

func TestAnotherKeyOpensNothing(t *testing.T) {
	inner := new(memory.Store)
	token, key := put(t, wrap(t, inner, sealed.NewKey()))
	if _, err := sealed.New(t.Context(), inner, sealed.NewKey()); !errors.Is(err, sealed.ErrKey) {
		t.Errorf("another key: %v, want ErrKey", err)
	}
	other := wrap(t, forgetful{inner}, sealed.NewKey())
	if _, err := other.Request(t.Context(), "1", "r", token); !errors.Is(err, sealed.ErrOpen) {
		t.Errorf("request: %v, want ErrOpen", err)
	}
	if _, err := other.Resource(t.Context(), key); !errors.Is(err, sealed.ErrOpen) {
		t.Errorf("resource: %v, want ErrOpen", err)
	}
	if _, err := sealed.New(t.Context(), inner, []byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

func TestClaimGivesOnlyWhatOpens(t *testing.T) {
	inner := new(memory.Store)
	lost, _ := put(t, wrap(t, inner, sealed.NewKey()))
	s := wrap(t, forgetful{inner}, sealed.NewKey())
	r, err := inner.Request(t.Context(), "1", "r", lost)
	if err != nil {
		t.Fatal(err)
	}
	r.Token, r.Identifier, r.Input = operation.NewToken(r.Accepted, [8]byte{3}), "c", operation.Input{Desired: []byte(secret)}
	if _, err := s.Accept(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c := store.Claim{Node: "n2", Now: r.LeaseUntil, Lease: time.Minute, Shares: []store.Share{{Queue: store.QueueOf(r), Max: 9}}}
	claimed, err := s.Claim(t.Context(), c)
	if !errors.Is(err, sealed.ErrOpen) || !strings.Contains(err.Error(), lost) {
		t.Errorf("%v, want ErrOpen for %s", err, lost)
	}
	if len(claimed) != 1 || claimed[0].Token != r.Token || string(claimed[0].Input.Desired) != secret {
		t.Errorf("claimed %+v", claimed)
	}
}

func TestDocumentsOfSecretKindsLieEncrypted(t *testing.T) {
	const kind = store.SecretKind + "thing"
	inner := new(memory.Store)
	s := wrap(t, inner, sealed.NewKey())
	docs := []store.Document{
		{Kind: kind, Name: "a", Body: []byte(secret)}, {Kind: kind, Name: "b", Body: []byte(`{}`)}, {Kind: "thing", Name: "a", Body: []byte("plain")},
	}
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if string(docs[0].Body) != secret {
		t.Error("the caller's document has changed")
	}
	lies, err := inner.Document(t.Context(), kind, "a")
	if err != nil || len(lies.Body) == 0 || bytes.Contains(lies.Body, []byte("sesame")) {
		t.Errorf("in the store: %q, %v", lies.Body, err)
	}
	if plain, err := inner.Document(t.Context(), "thing", "a"); err != nil || string(plain.Body) != "plain" {
		t.Errorf("of another kind: %q, %v", plain.Body, err)
	}
	if got, err := s.Document(t.Context(), kind, "a"); err != nil || string(got.Body) != secret {
		t.Errorf("opened: %q, %v", got.Body, err)
	}
	// It opens under its own name and kind only.
	for _, moved := range []store.Document{{Kind: kind, Name: "c", Body: lies.Body}, {Kind: kind + "2", Name: "a", Body: lies.Body}} {
		if err := inner.Write(t.Context(), []store.Document{moved}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Document(t.Context(), moved.Kind, moved.Name); !errors.Is(err, sealed.ErrOpen) || !strings.Contains(err.Error(), moved.Name) || got.Body != nil {
			t.Errorf("as %s %s: %q, %v", moved.Kind, moved.Name, got.Body, err)
		}
	}
	if got, err := s.Changes(t.Context(), kind, 0, 10); !errors.Is(err, sealed.ErrOpen) || got != nil {
		t.Errorf("changes with one that does not open: %v, %v", got, err)
	}
	planted, err := inner.Document(t.Context(), kind, "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []store.Document{{Kind: kind, Name: "c", Revision: planted.Revision}, {Kind: kind, Name: "b", Revision: 99}}); !errors.Is(err, store.ErrStale) {
		t.Errorf("a stale revision: %v", err)
	}
	if err := s.Write(t.Context(), []store.Document{{Kind: kind, Name: "c", Revision: planted.Revision}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Document(t.Context(), kind, "c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	got, err := s.Changes(t.Context(), kind, 0, 10)
	if err != nil || len(got) != 3 || string(got[0].Body) != secret || len(got[2].Body) != 0 {
		t.Errorf("changes: %v, %v", got, err)
	}
}
