package demo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/demo"
	"example.org/groundcontrol/internal/schema"
)

// simulated is a stand-in for the simulation.
type simulated func(handler.Call) (handler.Answer, error)

func (f simulated) Invoke(_ context.Context, c handler.Call) (handler.Answer, error) { return f(c) }

// pad is a launch pad: names that are taken, and what was asked of the simulation.
type pad struct {
	taken map[string]bool
	calls []handler.Call
}

func (p *pad) invoke(c handler.Call) (handler.Answer, error) {
	p.calls = append(p.calls, c)
	switch c.Action {
	case schema.Read:
		if p.taken[c.Identifier] {
			return handler.Answer{Status: handler.Success, Model: map[string]any{"Name": c.Identifier}}, nil
		}
		return handler.Answer{Status: handler.Failed, ErrorCode: handler.NotFound, Message: "was not found."}, nil
	case schema.Create:
		model, err := schema.Decode(c.Desired)
		if err != nil {
			return handler.Answer{Status: handler.Failed, ErrorCode: handler.InvalidRequest, Message: "no JSON"}, nil
		}
		return handler.Answer{Status: handler.Success, Model: model}, nil
	}
	return handler.Answer{Status: handler.Success, Message: "done by the simulation"}, nil
}

func countdown(t *testing.T) *schema.Schema {
	t.Helper()
	text, err := os.ReadFile("../../registry/builtin/groundcontrol-demo-countdown.json")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := schema.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func launch(t *testing.T, desired string) handler.Call {
	t.Helper()
	return handler.Call{Action: schema.Create, TypeName: "GroundControl::Demo::Countdown", Schema: countdown(t), Desired: []byte(desired)}
}

// follow makes the calls of a create to its end, each by a runtime of its own as another
// process would, and returns what was said.
func follow(t *testing.T, p *pad, c handler.Call) (last handler.Answer, said []string) {
	t.Helper()
	for range 20 {
		a, err := demo.Runtime{Simulate: simulated(p.invoke)}.Invoke(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, a.Message)
		if a.Status != handler.InProgress {
			return a, said
		}
		if id, ok := c.Schema.Identifier(a.Model); !ok || id != "apollo" || a.Delay != time.Second {
			t.Errorf("in progress: %+v", a)
		}
		c.Callback, c.Desired = a.Callback, schema.Encode(a.Model)
	}
	t.Fatal("the countdown does not end")
	return handler.Answer{}, nil
}

func TestCreateCountsDownAndThenCreates(t *testing.T) {
	for desired, want := range map[string][]string{
		`{"Name":"apollo","Seconds":3}`: {"T minus 3 seconds", "T minus 2 seconds", "T minus 1 second", "Liftoff"},
		`{"Name":"apollo","Seconds":0}`: {"Liftoff"},
	} {
		p := &pad{}
		last, said := follow(t, p, launch(t, desired))
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if created := p.calls[len(p.calls)-1]; created.Callback != nil || len(p.calls) != 2 {
			t.Errorf("the simulation saw %+v", p.calls)
		}
		if got := string(schema.Encode(last.Model)); last.Status != handler.Success || got != desired {
			t.Errorf("%s %s", last.Status, got)
		}
	}
}

func TestCountdownStartsAtTenByDefault(t *testing.T) {
	p := &pad{}
	_, said := follow(t, p, launch(t, `{"Name":"apollo"}`))
	if len(said) != 11 || said[0] != "T minus 10 seconds" {
		t.Errorf("said %q", said)
	}
}

func TestTakenNameFailsBeforeCounting(t *testing.T) {
	p := &pad{taken: map[string]bool{"apollo": true}}
	last, said := follow(t, p, launch(t, `{"Name":"apollo"}`))
	want := "Resource of type 'GroundControl::Demo::Countdown' with identifier 'apollo' already exists."
	if last.ErrorCode != handler.AlreadyExists || len(said) != 1 || said[0] != want {
		t.Errorf("%+v", last)
	}
}

func TestCountGoesOnFromTheCallback(t *testing.T) {
	c := launch(t, `{"Name":"apollo","Seconds":3600}`)
	c.Callback = []byte(`{"remaining":7}`)
	a, err := demo.Runtime{Simulate: simulated((&pad{}).invoke)}.Invoke(t.Context(), c)
	if err != nil || a.Message != "T minus 6 seconds" || string(a.Callback) != `{"remaining":6}` {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestCallbackOfTheSimulationIsPassedOn(t *testing.T) {
	p := &pad{}
	c := launch(t, `{"Name":"apollo"}`)
	c.Callback = []byte(`{"step":"create"}`)
	a, err := demo.Runtime{Simulate: simulated(p.invoke)}.Invoke(t.Context(), c)
	if err != nil || a.Status != handler.Success || len(p.calls) != 1 || string(p.calls[0].Callback) != `{"step":"create"}` {
		t.Errorf("%+v, %v, saw %+v", a, err, p.calls)
	}
}

func TestEverythingElseIsTheSimulations(t *testing.T) {
	for _, action := range []schema.Action{schema.Read, schema.Update, schema.Delete, schema.List} {
		p := &pad{taken: map[string]bool{"apollo": true}}
		c := launch(t, `{"Name":"apollo"}`)
		c.Action, c.Identifier = action, "apollo"
		a, err := demo.Runtime{Simulate: simulated(p.invoke)}.Invoke(t.Context(), c)
		if err != nil || a.Status != handler.Success || len(p.calls) != 1 || p.calls[0].Action != action {
			t.Errorf("%s: %+v, %v", action, a, err)
		}
	}
}

func TestFailuresOfTheSimulationArePassedOn(t *testing.T) {
	down := errors.New("down")
	r := demo.Runtime{Simulate: simulated(func(handler.Call) (handler.Answer, error) { return handler.Answer{}, down })}
	for _, desired := range []string{`{"Name":"apollo"}`, `{"Name":"apollo","Seconds":0}`, `{}`, `[`} {
		c := launch(t, desired)
		if strings.Contains(desired, "{}") {
			c.Callback = []byte(`{"remaining":1}`)
		}
		if _, err := r.Invoke(t.Context(), c); !errors.Is(err, down) {
			t.Errorf("%s: %v", desired, err)
		}
	}
	throttled := handler.Answer{Status: handler.Failed, ErrorCode: handler.Throttling, Message: "Rate exceeded"}
	r = demo.Runtime{Simulate: simulated(func(handler.Call) (handler.Answer, error) { return throttled, nil })}
	if a, err := r.Invoke(t.Context(), launch(t, `{"Name":"apollo"}`)); err != nil || a.ErrorCode != handler.Throttling {
		t.Errorf("%+v, %v", a, err)
	}
}

func Example() {
	r := demo.Runtime{Simulate: simulated((&pad{}).invoke)}
	text, err := os.ReadFile("../../registry/builtin/groundcontrol-demo-countdown.json")
	if err != nil {
		panic(err)
	}
	s, _, err := schema.Parse(text)
	if err != nil {
		panic(err)
	}
	c := handler.Call{Action: schema.Create, Schema: s, Desired: []byte(`{"Name":"apollo","Seconds":2}`)}
	for {
		a, err := r.Invoke(context.Background(), c)
		if err != nil {
			panic(err)
		}
		fmt.Println(a.Message)
		if a.Status != handler.InProgress {
			return
		}
		c.Desired, c.Callback = schema.Encode(a.Model), a.Callback
	}
	// Output:
	// T minus 2 seconds
	// T minus 1 second
	// Liftoff
}
