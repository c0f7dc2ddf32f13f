package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

// served is an engine, in fake time, whose only type goes by a profile.
type served struct {
	*testing.T
	*engine.Engine
	store  *memory.Store
	schema *schema.Schema
}

// lazy is a runtime that thinks for so long before each answer.
type lazy struct {
	handler.Runtime
	think time.Duration
}

func (l lazy) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	time.Sleep(l.think)
	return l.Runtime.Invoke(ctx, c)
}

// serve runs f with an engine on which log groups go by p.
func serve(t *testing.T, p simulate.Profile, think time.Duration, f func(served)) {
	t.Helper()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	group := builtin(t, "AWS::Logs::LogGroup")
	synctest.Test(t, func(t *testing.T) {
		types, err := registry.New(registry.Type{Name: group.TypeName, Version: "00000001", Schema: group, Runtime: "simulate"})
		if err != nil {
			t.Fatal(err)
		}
		s := new(memory.Store)
		runtime := &simulate.Runtime{Ledger: s, Profiles: func(string, string, string) simulate.Profile { return p }}
		e := engine.New(engine.Config{
			Store: s, Types: types, Log: slog.New(slog.DiscardHandler), Node: "n",
			Runtimes: map[string]handler.Runtime{"simulate": lazy{runtime, think}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = e.Run(ctx)
		}()
		defer func() { cancel(); <-done }()
		f(served{t, e, s, group})
	})
}

// submit starts a create, and returns its token.
func (s served) submit(name string) string {
	s.Helper()
	r, err := s.Submit(s.Context(), operation.Request{
		Account: account, Region: "eu-west-1", Operation: operation.Create, TypeName: s.schema.TypeName, TypeVersion: "00000001", Identifier: name,
		Input: operation.Input{Desired: fmt.Appendf(nil, `{"LogGroupName":%q}`, name)},
	}, time.Hour)
	if err != nil {
		s.Fatal(err)
	}
	return r.Token
}

func (s served) request(token string) operation.Request {
	s.Helper()
	r, err := s.store.Request(s.Context(), account, "eu-west-1", token)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// left returns what the ledger has of the name, and whether it has anything.
func (s served) left(name string) (resource.Resource, bool) {
	s.Helper()
	is, err := s.store.Resource(s.Context(), resource.Key{Account: account, Region: "eu-west-1", TypeName: s.schema.TypeName, Identifier: name})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.Fatal(err)
	}
	return is, err == nil
}

func TestEachCodeEndsItsRequest(t *testing.T) {
	for _, code := range codes {
		serve(t, simulate.Profile{"create": {FailWith: code, Callbacks: 2, FailAt: "2"}}, 0, func(s served) {
			token := s.submit("a")
			time.Sleep(2 * time.Hour) // retriable ones are tried until the deadline
			r := s.request(token)
			if r.Status != operation.Failed || r.ErrorCode != code.Public() || r.Message == "" || (r.Retries > 0) != code.Retriable() {
				s.Errorf("%s: %s %s after %d retries: %q", code, r.Status, r.ErrorCode, r.Retries, r.Message)
			}
			if is, ok := s.left("a"); ok {
				s.Errorf("%s: it left %s", code, is.Model)
			}
		})
	}
}

func TestWhatTakesLongerThanItsDeadlineTimesOut(t *testing.T) {
	serve(t, simulate.Profile{"create": {Duration: seconds(7200), Callbacks: 100}}, 0, func(s served) {
		token := s.submit("a")
		time.Sleep(2 * time.Hour)
		if r := s.request(token); r.Status != operation.Failed || r.ErrorCode != operation.ServiceTimeout {
			s.Errorf("%s %s", r.Status, r.ErrorCode)
		}
	})
}

func TestThrottlingAtARateIsRetriedAndSucceeds(t *testing.T) {
	serve(t, simulate.Profile{"create": {Duration: seconds(8), Callbacks: 4, FailRate: 0.5, FailWith: handler.Throttling, Seed: 7}}, 0, func(s served) {
		var tokens []string
		for i := range 40 {
			tokens = append(tokens, s.submit(fmt.Sprint("g", i)))
		}
		time.Sleep(30 * time.Minute)
		retried := 0
		for _, token := range tokens {
			r := s.request(token)
			if r.Status != operation.Success || r.Attempt < 5 {
				s.Errorf("%s %s, %d calls", r.Status, r.ErrorCode, r.Attempt)
			}
			if r.Attempt > 5 {
				retried++
			}
		}
		if retried < 8 || retried > 32 {
			s.Errorf("%d of 40 were retried, want about half", retried)
		}
	})
}

func TestFailedCreateNamesItsRemnant(t *testing.T) {
	serve(t, simulate.Profile{"create": {Duration: seconds(8), FailWith: handler.NotStabilized, Remnant: true}}, 0, func(s served) {
		token := s.submit("a")
		time.Sleep(10 * time.Second)
		r := s.request(token)
		if r.Status != operation.Failed || r.ErrorCode != "NotStabilized" || r.Identifier != "a" || r.Model != nil {
			s.Errorf("%+v", r)
		}
		if is, ok := s.left("a"); !ok || is.Request != token || !strings.Contains(string(is.Model), `"Arn"`) {
			s.Errorf("left: %v, %+v", ok, is)
		}
	})
}

func TestRemnantOfACancelledCreateIsWrittenDown(t *testing.T) {
	serve(t, simulate.Profile{"create": {FailWith: handler.NotStabilized, Remnant: true}}, 5*time.Second, func(s served) {
		token := s.submit("a")
		time.Sleep(time.Second)
		if r, err := s.Cancel(s.Context(), account, "eu-west-1", token, "arn:me"); err != nil || r.Status != operation.CancelInProgress {
			s.Fatalf("%s, %v", r.Status, err)
		}
		time.Sleep(10 * time.Second)
		r := s.request(token)
		if r.Status != operation.CancelComplete || !strings.Contains(r.Message, "NotStabilized") || r.Identifier != "a" {
			s.Errorf("%+v", r)
		}
		if _, ok := s.left("a"); !ok {
			s.Error("nothing is left")
		}
	})
}
