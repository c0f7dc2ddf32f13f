package handlertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// runtime is a func that is a handler.Runtime.
type runtime func(c handler.Call) (handler.Answer, error)

func (r runtime) Invoke(_ context.Context, c handler.Call) (handler.Answer, error) { return r(c) }

// complaints gathers what a checked runtime complains of.
type complaints []string

func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

func TestWhatTheEngineCannotUseIsSeen(t *testing.T) {
	one := int64(1)
	less := int64(-1)
	ok := map[string]any{"A": "a"}
	for want, c := range map[string]struct {
		action schema.Action
		answer handler.Answer
		err    error
	}{
		"":                                      {schema.Create, handler.Answer{Status: handler.InProgress, Model: ok, Callback: []byte("1"), Delay: time.Second}, nil},
		"a model is a []interface":              {schema.Create, handler.Answer{Status: handler.Success, Model: []any{}}, nil},
		"a model holds a value of type int,":    {schema.Create, handler.Answer{Status: handler.Success, Model: map[string]any{"A": []any{1}}}, nil},
		"a model holds a value of type <nil>,":  {schema.List, handler.Answer{Status: handler.Success, Models: []any{map[string]any{"A": nil}}}, nil},
		"SUCCESS with a callback or a delay":    {schema.Create, handler.Answer{Status: handler.Success, Model: ok, Callback: []byte("1")}, nil},
		"FAILED with a callback or a delay":     {schema.Create, handler.Answer{Status: handler.Failed, Delay: 1}, nil},
		"the callback context is no JSON":       {schema.Create, handler.Answer{Status: handler.InProgress, Model: ok, Callback: []byte("x")}, nil},
		"a negative delay":                      {schema.Create, handler.Answer{Status: handler.InProgress, Model: ok, Delay: -1}, nil},
		"the answer names revision 1 of":        {schema.Read, handler.Answer{Status: handler.Success, Model: ok, Ledger: &one}, nil},
		"the answer names revision -1 of":       {schema.Create, handler.Answer{Status: handler.Success, Model: ok, Ledger: &less}, nil},
		"an answer beside the error it is done": {schema.Create, handler.Answer{Status: handler.Success}, errors.New("it is done")},
	} {
		var got complaints
		_, err := checked{&got, runtime(func(handler.Call) (handler.Answer, error) { return c.answer, c.err })}.Invoke(t.Context(), handler.Call{Action: c.action})
		if !errors.Is(err, c.err) {
			t.Error(err)
		}
		if text := strings.Join(got, "\n"); want == "" && text != "" || !strings.Contains(text, want) || len(got) > 1 {
			t.Errorf("%q, want %q", text, want)
		}
	}
	var got complaints
	writes := runtime(func(c handler.Call) (handler.Answer, error) {
		c.Desired[0] = ' '
		return handler.Answer{Status: handler.Failed}, nil
	})
	if _, err := (checked{&got, writes}).Invoke(t.Context(), handler.Call{Action: schema.Create, Desired: []byte("{}")}); err != nil || len(got) != 1 {
		t.Errorf("%v, %q", err, got)
	}
}

func TestLedgerKeepsWhatTheEngineWould(t *testing.T) {
	s, _, err := schema.Parse([]byte(`{"typeName":"Test::Ledger::Thing","description":"d","properties":{"Name":{"type":"string"}},"primaryIdentifier":["/properties/Name"]}`))
	if err != nil {
		t.Fatal(err)
	}
	ledger := &Ledger{}
	moved := 0
	of := func(revision int64, model any) handler.Runtime {
		return ledger.Keeping(runtime(func(c handler.Call) (handler.Answer, error) {
			if c.Moved {
				moved++
				revision = 1
			}
			return handler.Answer{Status: handler.Success, Model: model, Ledger: &revision}, nil
		}))
	}
	call := handler.Call{Action: schema.Create, Token: "t", Account: "a", Region: "r", TypeName: s.TypeName, Schema: s}
	model := map[string]any{"Name": "n"}
	key := resource.Key{Account: "a", Region: "r", TypeName: s.TypeName, Identifier: "n"}
	for range 2 { // the second time the ledger is elsewhere
		if _, err := of(0, model).Invoke(t.Context(), call); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := ledger.Resource(t.Context(), key); err != nil || is.Revision != 2 || string(is.Model) != `{"Name":"n"}` || is.Request != "t" || moved != 1 {
		t.Errorf("%+v, %v, asked again %d times", is, err, moved)
	}
	call.Action, call.Identifier = schema.Delete, "n"
	if _, err := of(2, nil).Invoke(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Resource(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	call.Action, call.Identifier = schema.Create, ""
	if _, err := of(0, map[string]any{}).Invoke(t.Context(), call); !errors.Is(err, handler.ErrInvalidAnswer) {
		t.Errorf("a model without identifier: %v", err)
	}
}
