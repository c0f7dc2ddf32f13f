package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

func acceptedComesBack(t *testing.T, s store.Store) {
	r := leased(t, 1, "id")
	r.RoleArn, r.ClientToken, r.InputHash = "arn:aws:iam::000000000001:role/r", "client", []byte{1, 2, 3}
	r.Input = operation.Input{Desired: []byte(`{}`), Previous: []byte(`{"a":1}`), Model: []byte(`{"b":2}`), Callback: []byte(`[3]`)}
	r.Retries, r.Lost, r.Message, r.Identifier = 2, 3, "on its way", "a|b|ü"
	got := accept(t, s, r)
	r.Revision = 1
	same(t, "accepted", got, r)
	same(t, "read", request(t, s, r.Token), r)

	r = end(t, s, got)
	same(t, "ended", request(t, s, r.Token), r)
}

func documentBytes(t *testing.T, s store.Store) {
	const odd = `{"b":1.0,"a":12345678901234567890,"a":2,"nul":"\u0000","é":"\ud83d\ude00"}`
	r := leased(t, 1, "id")
	r.Input.Desired = []byte(odd)
	r = accept(t, s, r)
	if got := request(t, s, r.Token); string(got.Input.Desired) != odd {
		t.Errorf("desired state: %s", got.Input.Desired)
	}
	e := succeed(r)
	e.Model = []byte(odd)
	r, err := s.Save(t.Context(), apply(t, r, e), change(r, odd, 0))
	must(t, err)
	if got := request(t, s, r.Token); string(got.Model) != odd {
		t.Errorf("model: %s", got.Model)
	}
	is, err := s.Resource(t.Context(), resourceKey("id"))
	must(t, err)
	if string(is.Model) != odd {
		t.Errorf("ledger: %s", is.Model)
	}
}

func foreignRequest(t *testing.T, s store.Store) {
	r := accept(t, s, pending(1, "id"))
	for _, c := range [][3]string{
		{"000000000002", region, r.Token},
		{account, "us-east-1", r.Token},
		{account, region, pending(2, "").Token},
		{account, region, ""},
		{account, region, "no token"},
		{account, region, "'; DROP TABLE request; --"},
	} {
		_, err := s.Request(t.Context(), c[0], c[1], c[2])
		wantErr(t, "request "+c[0]+" "+c[1]+" "+c[2], err, store.ErrNotFound)
	}
}

func withClientToken(r operation.Request, token string) operation.Request {
	r.ClientToken = token
	return r
}

func replay(t *testing.T, s store.Store) {
	first := accept(t, s, withClientToken(leased(t, 1, "a"), "ct"))
	same(t, "while live", accept(t, s, withClientToken(pending(2, "a"), "ct")), first)
	ended := end(t, s, first)
	same(t, "when ended", accept(t, s, withClientToken(pending(3, "a"), "ct")), ended)
	got, err := s.Replay(t.Context(), account, region, "ct", t0.Add(time.Hour))
	must(t, err)
	same(t, "by client token", got, ended)
	for _, c := range [][3]string{{"000000000002", region, "ct"}, {account, "us-east-1", "ct"}, {account, region, "other"}, {account, region, ""}} {
		_, err := s.Replay(t.Context(), c[0], c[1], c[2], t0)
		wantErr(t, "replay of a foreign client token", err, store.ErrNotFound)
	}
	other := withClientToken(pending(4, "b"), "ct")
	other.Account = "000000000002"
	if got := accept(t, s, other); got.Token != other.Token {
		t.Error("a client token of one account stands for a request of another")
	}
}

func tokenConflict(t *testing.T, s store.Store) {
	first := accept(t, s, withClientToken(pending(1, "a"), "ct"))
	r := withClientToken(pending(2, "b"), "ct")
	r.InputHash = []byte{2}
	got, err := s.Accept(t.Context(), r)
	wantErr(t, "other input", err, store.ErrTokenConflict)
	same(t, "the request in the way", got, first)
	_, err = s.Request(t.Context(), account, region, r.Token)
	wantErr(t, "the refused request", err, store.ErrNotFound)
}

func tokenLife(t *testing.T, s store.Store) {
	life := int(operation.ClientTokenLife / time.Second)
	first := end(t, s, accept(t, s, withClientToken(leased(t, 0, "a"), "ct")))
	if got := accept(t, s, withClientToken(pending(life-1, "b"), "ct")); got.Token != first.Token {
		t.Error("a second before its end the client token is forgotten")
	}
	_, err := s.Replay(t.Context(), account, region, "ct", t0.Add(operation.ClientTokenLife))
	wantErr(t, "replay after its life", err, store.ErrNotFound)
	r := withClientToken(pending(life, "c"), "ct")
	r.InputHash = []byte{9}
	if got := accept(t, s, r); got.Token != r.Token {
		t.Errorf("after its life the client token still stands for %s", got.Token)
	}
	if got, err := s.Replay(t.Context(), account, region, "ct", t0.Add(operation.ClientTokenLife)); err != nil || got.Token != r.Token {
		t.Errorf("the client token now stands for %s, %v", got.Token, err)
	}
	request(t, s, first.Token) // is still there
}

func replayFirst(t *testing.T, s store.Store) {
	made(t, s, 0, "a", `{}`)
	update := withClientToken(leased(t, 1, "a"), "ct")
	update.Operation, update.BaseRevision = operation.Update, 1
	first := accept(t, s, update)

	again := update
	again.Token, again.BaseRevision = pending(2, "a").Token, 7
	if got := accept(t, s, again); got.Token != first.Token {
		t.Errorf("replay gave %s", got.Token)
	}
	again.ClientToken = "other"
	got, err := s.Accept(t.Context(), again)
	wantErr(t, "busy and moved", err, store.ErrBusy)
	same(t, "the request in the way", got, first)
}

func oneReplayUnderLoad(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	var tokens sync.Map
	for i := range 32 {
		wg.Go(func() {
			got, err := s.Accept(t.Context(), withClientToken(pending(i, ""), "ct"))
			if err != nil {
				t.Error(err)
			}
			tokens.Store(got.Token, true)
		})
	}
	wg.Wait()
	n := 0
	tokens.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("one client token made %d requests", n)
	}
}

func oneLive(t *testing.T, s store.Store) {
	first := accept(t, s, leased(t, 1, "a"))
	got, err := s.Accept(t.Context(), pending(2, "a"))
	wantErr(t, "second request", err, store.ErrBusy)
	same(t, "the request in the way", got, first)
	for i, other := range []operation.Request{pending(3, "A"), pending(4, "a "), pending(5, "b")} {
		if got := accept(t, s, other); got.Token != other.Token {
			t.Errorf("other resource %d: got %s", i, got.Token)
		}
	}
	for i, edit := range []func(*operation.Request){
		func(r *operation.Request) { r.Account = "000000000002" },
		func(r *operation.Request) { r.Region = "us-east-1" },
		func(r *operation.Request) { r.TypeName = "A::B::D" },
	} {
		r := pending(10+i, "a")
		edit(&r)
		accept(t, s, r)
	}
	end(t, s, first)
	accept(t, s, pending(20, "a"))
}

func oneLiveUnderLoad(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	var won atomic.Int32
	for i := range 32 {
		wg.Go(func() {
			switch _, err := s.Accept(t.Context(), pending(i, "a")); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrBusy):
				t.Errorf("got %v, want ErrBusy", err)
			}
		})
	}
	wg.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d requests hold one resource", n)
	}
}

func unknownIdentifier(t *testing.T, s store.Store) {
	accept(t, s, pending(1, ""))
	accept(t, s, pending(2, ""))
}

func acceptMoved(t *testing.T, s store.Store) {
	made(t, s, 0, "a", `{}`)
	for i, c := range []struct {
		base int64
		want error
	}{{0, store.ErrMoved}, {2, store.ErrMoved}, {1, nil}} {
		r := pending(1+i, "a")
		r.Operation, r.BaseRevision = operation.Update, c.base
		_, err := s.Accept(t.Context(), r)
		wantErr(t, "update", err, c.want)
	}
	r := pending(9, "missing")
	r.Operation, r.BaseRevision = operation.Update, 1
	_, err := s.Accept(t.Context(), r)
	wantErr(t, "update of what the ledger lacks", err, store.ErrMoved)
	r.BaseRevision = 0 // made outside: the ledger has never seen it
	accept(t, s, r)
}
