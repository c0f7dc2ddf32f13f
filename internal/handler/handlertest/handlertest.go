// Package handlertest is what every handler.Runtime has to satisfy, as tests: the contract of handlers (see package
// contract), call by call and verb by verb, and what the engine relies on besides. It has no optional parts: what a test
// leaves out, it leaves out because the schema has no such handler or property.
package handlertest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

const (
	account = "123456789012"
	region  = "eu-west-1"
	version = "00000001"
	// prompt is how soon a call has to be back whose context is done.
	prompt = 5 * time.Second
	// readers is how many goroutines read at once.
	readers = 8
)

// Subject is a runtime under test and the type that it serves.
type Subject struct {
	Schema *schema.Schema
	// New returns a runtime that nothing was made in. What it needs ends with the test.
	New func(t *testing.T) handler.Runtime
	// Create is a desired state, JSON; "" has them made up from the schema.
	Create string
}

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	t.Helper()
	if !s.Schema.Supports(schema.Create) || !s.Schema.Supports(schema.Read) || !s.Schema.Supports(schema.Delete) {
		t.Fatal("the suite wants a type with handlers to create, read and delete")
	}
	runtime := s.New(t)
	c := s.input(t)
	for _, name := range contract.Names() {
		t.Run("contract/"+name, func(t *testing.T) { s.contract(t, runtime, c, name) })
	}
	t.Run("a done context ends a call", func(t *testing.T) { s.doneContext(t, runtime, c) })
	t.Run("many calls at once", func(t *testing.T) { s.manyCalls(t, runtime, c) })
	t.Run("each call is made twice", func(t *testing.T) { s.repeated(t, runtime, c) })
}

func (s Subject) input(t *testing.T) contract.Case {
	t.Helper()
	var c contract.Case
	var err error
	if s.Create == "" {
		c, err = contract.Generate(s.Schema, 1)
	} else {
		c, err = contract.Read(s.Schema, contract.Files{Name: "given", Create: []byte(s.Create)}, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// suite is the contract's over a runtime whose answers are looked at as the engine gets them, too.
func (s Subject) suite(t *testing.T, r handler.Runtime, c contract.Case) *contract.Suite {
	t.Helper()
	suite, err := contract.New(contract.Config{
		Schema: s.Schema, Call: contract.Of(checked{t, r}), Cases: []contract.Case{c}, Account: account, Region: region, Version: version,
		Limits: contract.Limits{Delay: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

func (s Subject) contract(t *testing.T, r handler.Runtime, c contract.Case, name string) {
	report := s.suite(t, r, c).Run(t.Context(), []string{name}, nil)
	for _, result := range report.Tests {
		for _, f := range result.Failures {
			t.Errorf("%s", f)
		}
		for _, w := range result.Warnings {
			t.Log("warning:", w.Text, w.At)
		}
		if result.Status == contract.Skipped {
			t.Log("left out:", result.Reason)
		}
	}
	for _, left := range report.Left {
		t.Error("not deleted:", left)
	}
}

// call is the first call of a request.
func (s Subject) call(a schema.Action, token string, desired any) handler.Call {
	c := handler.Call{
		Action: a, Token: token, Account: account, Region: region, TypeName: s.Schema.TypeName, TypeVersion: version,
		Schema: s.Schema, Now: time.Now(),
	}
	if desired != nil {
		c.Desired = schema.Encode(desired)
	}
	return c
}

// request makes the calls of one request to its end.
func request(t *testing.T, r handler.Runtime, c handler.Call) handler.Answer {
	t.Helper()
	for range 100 {
		a, err := r.Invoke(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", c.Action, err)
		}
		if a.Status != handler.InProgress {
			return a
		}
		c.Callback, c.Now = a.Callback, time.Now()
		if a.Model != nil {
			c.Desired = schema.Encode(a.Model)
			if id, ok := c.Schema.Identifier(a.Model); ok {
				c.Identifier = id
			}
		}
	}
	t.Fatalf("%s does not end", c.Action)
	return handler.Answer{}
}

// made makes a resource.
func (s Subject) made(t *testing.T, r handler.Runtime, token string, c contract.Case) (id string, model any) {
	t.Helper()
	a := request(t, r, s.call(schema.Create, token, c.Inputs[0].Create))
	id, ok := s.Schema.Identifier(a.Model)
	if a.Status != handler.Success || !ok {
		t.Fatalf("create: %s %s: %s", a.Status, a.ErrorCode, a.Message)
	}
	return id, a.Model
}

func (s Subject) remove(t *testing.T, r handler.Runtime, token, id string) {
	t.Helper()
	if a := request(t, r, s.named(t, schema.Delete, token, id)); a.Status != handler.Success {
		t.Errorf("delete: %s %s: %s", a.Status, a.ErrorCode, a.Message)
	}
}

// named is a call about a resource that is known by its identifier.
func (s Subject) named(t *testing.T, a schema.Action, token, id string) handler.Call {
	t.Helper()
	parsed, err := s.Schema.ParseIdentifier(id)
	if err != nil {
		t.Fatal(err)
	}
	c := s.call(a, token, parsed.Model)
	c.Identifier = id
	return c
}

// doneContext makes calls whose context is done before they begin: they come back at once, by an answer or an error.
func (s Subject) doneContext(t *testing.T, r handler.Runtime, c contract.Case) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	id := "none"
	if parsed, ok := s.Schema.Identifier(c.Inputs[0].Create); ok {
		id = parsed
	}
	for _, call := range []handler.Call{s.named(t, schema.Read, "done-read", id), s.named(t, schema.Delete, "done-delete", id), s.call(schema.List, "done-list", nil)} {
		if !s.Schema.Supports(call.Action) {
			continue
		}
		back := make(chan struct{})
		go func() {
			defer close(back)
			a, err := r.Invoke(ctx, call)
			if err == nil && a.Status == "" {
				t.Errorf("%s: neither an answer nor an error", call.Action)
			}
		}()
		select {
		case <-back:
		case <-time.After(prompt):
			t.Fatalf("%s is not back after %v", call.Action, prompt)
		}
	}
}

// manyCalls reads one resource from many goroutines: all get the same.
func (s Subject) manyCalls(t *testing.T, r handler.Runtime, c contract.Case) {
	id, model := s.made(t, r, "many-create", c)
	defer s.remove(t, r, "many-delete", id)
	var wg sync.WaitGroup
	for i := range readers {
		read := s.named(t, schema.Read, fmt.Sprintf("many-read-%d", i), id)
		wg.Go(func() {
			a, err := r.Invoke(t.Context(), read)
			if err != nil || a.Status != handler.Success || !schema.Equal(a.Model, model) {
				t.Errorf("read %d: %s %s, %v", i, a.Status, a.ErrorCode, err)
			}
		})
	}
	wg.Wait()
}

// repeated makes each call of a create and of a delete twice, as a server does that was killed before it wrote the first
// answer down: the work goes on, and there is one resource.
func (s Subject) repeated(t *testing.T, r handler.Runtime, c contract.Case) {
	a := request(t, twice{r}, s.call(schema.Create, "twice-create", c.Inputs[0].Create))
	id, ok := s.Schema.Identifier(a.Model)
	if a.Status != handler.Success || !ok {
		t.Fatalf("create: %s %s: %s", a.Status, a.ErrorCode, a.Message)
	}
	if a := request(t, r, s.named(t, schema.Read, "twice-read", id)); a.Status != handler.Success {
		t.Errorf("read: %s %s: %s", a.Status, a.ErrorCode, a.Message)
	}
	// The second call of a delete that was done finds nothing.
	if a := request(t, twice{r}, s.named(t, schema.Delete, "twice-delete", id)); a.Status != handler.Success && a.ErrorCode != handler.NotFound {
		t.Errorf("delete: %s %s: %s", a.Status, a.ErrorCode, a.Message)
	}
	if a := request(t, r, s.named(t, schema.Read, "twice-gone", id)); a.ErrorCode != handler.NotFound {
		t.Errorf("read of what is deleted: %s %s", a.Status, a.ErrorCode)
	}
}

// twice makes each call twice, and answers the second time's.
type twice struct{ handler.Runtime }

// Invoke makes one call twice; see handler.Runtime.
func (r twice) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	if a, err := r.Runtime.Invoke(ctx, c); err != nil {
		return a, err
	}
	return r.Runtime.Invoke(ctx, c)
}

// checked looks at each answer of a runtime as the engine gets it.
type checked struct {
	t interface {
		Errorf(format string, args ...any)
	}
	handler.Runtime
}

// Invoke makes one call and checks what comes of it.
func (r checked) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	was := [3]string{string(c.Desired), string(c.Previous), string(c.Callback)}
	a, err := r.Runtime.Invoke(ctx, c)
	if was != [3]string{string(c.Desired), string(c.Previous), string(c.Callback)} {
		r.t.Errorf("%s: the runtime changes what it was given", c.Action)
	}
	if err != nil {
		if a.Status != "" || a.ErrorCode != "" || a.Model != nil || a.Models != nil || a.Callback != nil {
			r.t.Errorf("%s: an answer beside the error %v", c.Action, err)
		}
		return a, err
	}
	for _, m := range append([]any{a.Model}, a.Models...) {
		if m == nil {
			continue
		}
		if _, ok := m.(map[string]any); !ok {
			r.t.Errorf("%s: a model is a %T", c.Action, m)
		}
		if odd := undecoded(m); odd != "" {
			r.t.Errorf("%s: a model holds a value of type %s, which schema.Decode does not make", c.Action, odd)
		}
	}
	if a.Status != handler.InProgress && (a.Callback != nil || a.Delay != 0) {
		r.t.Errorf("%s: %s with a callback or a delay", c.Action, a.Status)
	}
	if a.Callback != nil && !json.Valid(a.Callback) {
		r.t.Errorf("%s: the callback context is no JSON", c.Action)
	}
	if a.Delay < 0 {
		r.t.Errorf("%s: a negative delay", c.Action)
	}
	if a.Ledger != nil && (*a.Ledger < 0 || c.Action == schema.Read || c.Action == schema.List) {
		r.t.Errorf("%s: the answer names revision %d of the ledger", c.Action, *a.Ledger)
	}
	return a, nil
}

// undecoded names a Go type in a model that decoded JSON does not have, "" for none; null counts too.
func undecoded(v any) string {
	switch v := v.(type) {
	case string, bool, json.Number:
		return ""
	case map[string]any:
		for _, member := range v {
			if odd := undecoded(member); odd != "" {
				return odd
			}
		}
		return ""
	case []any:
		for _, e := range v {
			if odd := undecoded(e); odd != "" {
				return odd
			}
		}
		return ""
	}
	return fmt.Sprintf("%T", v)
}
