package witness_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/witness"
	"example.org/groundcontrol/internal/schema"
)

type invoke func(context.Context, handler.Call) (handler.Answer, error)

func (f invoke) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) { return f(ctx, c) }

func harness(t *testing.T, h http.HandlerFunc) witness.Runtime {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	ledger := invoke(func(context.Context, handler.Call) (handler.Answer, error) {
		return handler.Answer{Status: handler.Success, Message: "from the ledger"}, nil
	})
	return witness.Runtime{URL: s.URL, Node: "n1", Ledger: ledger, Client: s.Client()}
}

func TestACallIsToldAndItsAnswerTaken(t *testing.T) {
	var told witness.Call
	r := harness(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"status":"IN_PROGRESS","message":"half way","model":{"Name":"a"},"callback":{"step":1},"delay":1000000}`))
	})
	got, err := r.Invoke(t.Context(), handler.Call{
		Action: schema.Create, Token: "t", Identifier: "a", Desired: json.RawMessage(`{"Name":"a"}`), Callback: json.RawMessage(`{"step":0}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := witness.Call{
		Node: "n1", Token: "t", Action: "CREATE", Identifier: "a", Desired: json.RawMessage(`{"Name":"a"}`), Callback: json.RawMessage(`{"step":0}`),
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	answer := handler.Answer{
		Status: handler.InProgress, Message: "half way", Model: map[string]any{"Name": "a"}, Callback: json.RawMessage(`{"step":1}`), Delay: time.Millisecond,
	}
	if diff := cmp.Diff(answer, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestReadsAnswerFromTheLedger(t *testing.T) {
	r := harness(t, func(http.ResponseWriter, *http.Request) { t.Error("the harness was asked") })
	for _, action := range []schema.Action{schema.Read, schema.List} {
		if got, err := r.Invoke(t.Context(), handler.Call{Action: action}); err != nil || got.Message != "from the ledger" {
			t.Errorf("%s: %+v, %v", action, got, err)
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	left := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	r := harness(t, func(_ http.ResponseWriter, r *http.Request) {
		var told witness.Call
		_ = json.NewDecoder(r.Body).Decode(&told) // so that the server watches the connection
		cancel()
		<-r.Context().Done()
		close(left)
	})
	if _, err := r.Invoke(ctx, handler.Call{Action: schema.Delete}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-left
}

func TestRubbishIsNoAnswer(t *testing.T) {
	r := harness(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("rubbish")) })
	if _, err := r.Invoke(t.Context(), handler.Call{Action: schema.Update}); !errors.Is(err, handler.ErrInvalidAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestTheSchemaIsWithoutFault(t *testing.T) {
	s, err := witness.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if _, warnings, err := schema.Parse(s.Raw); err != nil || len(warnings) > 0 || s.TypeName != witness.TypeName {
		t.Errorf("%v %q %s", err, warnings, s.TypeName)
	}
}
