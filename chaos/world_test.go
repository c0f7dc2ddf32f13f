package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler/witness"
)

// seen is a world whose effects are kept.
func seen(t *testing.T) (*world, *[]Effect) {
	t.Helper()
	var all []Effect
	return newWorld(1, clock{time.Now()}, func(e Effect) { all = append(all, e) }), &all
}

func ask(action, token string) witness.Call {
	return witness.Call{Node: "n1.1", Token: token, Action: action, Identifier: "a", Desired: json.RawMessage(`{"Name":"a","Value":"1"}`)}
}

// stepOnce makes the world do one call, whatever the plan says of it.
func stepOnce(w *world, c witness.Call, last bool) string {
	w.turn(c, 0)
	return saidBy(w.work(c, 0, turn{}, last))
}

func TestTheWorldIsIdempotentByToken(t *testing.T) {
	w, effects := seen(t)
	for _, c := range []struct {
		action, token, want string
		last                bool
	}{
		{"UPDATE", "t0", "NotFound", true},
		{"CREATE", "t1", "IN_PROGRESS", false},
		{"CREATE", "t1", "IN_PROGRESS", false},
		{"CREATE", "t2", "AlreadyExists", true},
		{"CREATE", "t1", "SUCCESS", true},
		{"CREATE", "t1", "SUCCESS", true},
		{"CREATE", "t1", "IN_PROGRESS", false}, // late, by a node that lost it
		{"DELETE", "t3", "SUCCESS", true},
		{"DELETE", "t3", "SUCCESS", true},
		{"CREATE", "t1", "SUCCESS", true}, // later still
		{"DELETE", "t4", "NotFound", true},
	} {
		if got := stepOnce(w, ask(c.action, c.token), c.last); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.action, c.token, got, c.want)
		}
	}
	var took []string
	for _, e := range *effects {
		took = append(took, e.Action+" "+e.Token)
	}
	if want := []string{"CREATE t1", "CREATE t1", "DELETE t3"}; !slices.Equal(took, want) || len(w.all()) != 0 {
		t.Errorf("effects %v, want %v; left %v", took, want, w.all())
	}
}

func TestAWitnessRecordsWhoLeaves(t *testing.T) {
	calls := make(chan Call, 1)
	w, _ := seen(t)
	c := ask("CREATE", "t1")
	w.turn(c, 0)
	w.jobs["t1"].plan, w.jobs["t1"].throttle = plan{{takes: time.Hour}}, []int{0}
	s, err := startWitness(w, clock{time.Now()}, func(c Call) { calls <- c })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	text, _ := json.Marshal(c) // a plain struct always can
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url(), strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(r); err == nil {
		t.Error("answered", answer.Body.Close())
	}
	if got := <-calls; got.Said != "left" || got.Token != "t1" || got.End < got.Begin || len(w.all()) != 0 {
		t.Errorf("%+v, %v", got, w.all())
	}
}
