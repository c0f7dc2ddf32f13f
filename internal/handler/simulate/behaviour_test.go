package simulate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/schema"
)

// queues is a world of queues that go by b, whatever is done with them.
func queues(t *testing.T, b simulate.Behaviour) *world {
	return newWorld(t, builtin(t, "AWS::SQS::Queue")).behave(simulate.Profile{"*": b})
}

const queueA = "https://sqs.eu-west-1.amazonaws.com/123456789012/a"

// course makes the calls of a request like run, each of them twice, and returns the
// messages of its IN_PROGRESS answers and the last answer.
func course(w *world, c handler.Call) (steps []string, last handler.Answer) {
	w.Helper()
	for range 1100 {
		c.Now = w.now
		last = invoke(w.T, w, c)
		w.checkAnswer(c, last)
		if diff := cmp.Diff(last, invoke(w.T, w, c)); diff != "" {
			w.Fatalf("a repeated call is answered in another way:\n%s", diff)
		}
		if last.Status != handler.InProgress {
			return steps, last
		}
		w.now = w.now.Add(last.Delay)
		steps = append(steps, last.Message)
		c.Callback, c.Desired = last.Callback, schema.Encode(last.Model)
	}
	w.Fatalf("%s does not end", c.Action)
	return nil, last
}

func TestStepsOfARequest(t *testing.T) {
	of := func(n int) (steps []string) {
		for i := range n {
			steps = append(steps, fmt.Sprintf("%%s %s: step %d of %d", queueA, i+1, n))
		}
		return steps
	}
	whole := func(took string) []string { return []string{"%s " + queueA + "; this takes " + took + "."} }
	for name, c := range map[string]struct {
		b     simulate.Behaviour
		steps []string
		took  time.Duration
	}{
		"at once":               {simulate.Behaviour{}, nil, 0},
		"a duration":            {simulate.Behaviour{Duration: seconds(8)}, whole("8s"), 8 * time.Second},
		"a duration of one":     {simulate.Behaviour{Duration: seconds(8), Callbacks: 1}, whole("8s"), 8 * time.Second},
		"duration and steps":    {simulate.Behaviour{Duration: seconds(8), Callbacks: 4}, of(4), 8 * time.Second},
		"steps without delay":   {simulate.Behaviour{Callbacks: 3}, of(3), 0},
		"a step without delay":  {simulate.Behaviour{Callbacks: 1}, of(1), 0},
		"more steps than nanos": {simulate.Behaviour{Duration: 2, Callbacks: 3}, of(3), 0},
		"as many as there may":  {simulate.Behaviour{Duration: seconds(36 * 3600), Callbacks: 1000}, of(1000), 36 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := queues(t, c.b)
			for _, action := range []schema.Action{schema.Create, schema.Update, schema.Delete} {
				call := w.call(action, queueA, decode(t, `{"QueueName":"a"}`))
				doing := map[schema.Action]string{schema.Create: "Creating", schema.Update: "Updating", schema.Delete: "Deleting"}[action]
				if action == schema.Create {
					call.Identifier = ""
				}
				began := w.now
				steps, last := course(w, call)
				var want []string
				for _, s := range c.steps {
					want = append(want, fmt.Sprintf(s, doing))
				}
				if diff := cmp.Diff(want, steps); diff != "" || last.Status != handler.Success || w.now.Sub(began) != c.took {
					t.Fatalf("%s: %s after %v, want %v\n%s", action, last.Status, w.now.Sub(began), c.took, diff)
				}
				w.write(call, queueA, last)
			}
		})
	}
}

func TestRequestsOfManyStepsEndLikeQuickOnes(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, s *schema.Schema) {
		w := newWorld(t, s).behave(simulate.Profile{"*": {Duration: seconds(10), Callbacks: 5}})
		checkLife(w, decode(t, samples[s.TypeName].full), decode(t, samples[s.TypeName].change))
	})
}

func TestARequestOfBeforeStepsWereCountedEnds(t *testing.T) {
	w := queues(t, simulate.Behaviour{Duration: seconds(1)})
	c := w.call(schema.Create, "", decode(t, `{"QueueName":"a"}`))
	for _, callback := range []string{`{"step":"create","since":"2026-07-01T12:00:00Z"}`, `{}`, `7`} {
		c.Callback = []byte(callback)
		if a := invoke(t, w, c); a.Status != handler.Success {
			t.Errorf("%s: %+v", callback, a)
		}
	}
}

func TestAProfileThatChangesCountsFromTheNextCallOn(t *testing.T) {
	for name, c := range map[string]struct {
		later simulate.Profile
		want  handler.Status
	}{
		"no profile any more":    {nil, handler.Success},
		"fewer steps":            {simulate.Profile{"create": {Callbacks: 1}}, handler.Success},
		"fewer steps, then fail": {simulate.Profile{"create": {Callbacks: 1, FailRate: 1}}, handler.Failed},
		"another step":           {simulate.Profile{"create": {Callbacks: 3}}, handler.InProgress},
		"fail now":               {simulate.Profile{"create": {Callbacks: 9, FailRate: 1, FailAt: "3"}}, handler.Failed},
		"too late to fail":       {simulate.Profile{"create": {Callbacks: 9, FailRate: 1, FailAt: "2"}}, handler.InProgress},
	} {
		t.Run(name, func(t *testing.T) {
			w := queues(t, simulate.Behaviour{Callbacks: 2})
			call := w.call(schema.Create, "", decode(t, `{"QueueName":"a"}`))
			for range 2 {
				a := invoke(t, w, call)
				call.Callback, call.Desired = a.Callback, schema.Encode(a.Model)
			}
			if a := invoke(t, w.behave(c.later), call); a.Status != c.want {
				t.Errorf("%+v, want %s", a, c.want)
			}
		})
	}
}

func TestWhichBehaviourCounts(t *testing.T) {
	d := func(n float64) simulate.Behaviour { return simulate.Behaviour{Duration: seconds(n)} }
	rules := []simulate.Rule{{Type: "*", Action: "*", Duration: 9 * time.Second}}
	for name, c := range map[string]struct {
		p    simulate.Profile
		want time.Duration // of a create
	}{
		"the rule":               {nil, 9 * time.Second},
		"the rule of the others": {simulate.Profile{"delete": d(1)}, 9 * time.Second},
		"the action's entry":     {simulate.Profile{"create": d(2), "*": d(3)}, 2 * time.Second},
		"that of all":            {simulate.Profile{"delete": d(2), "*": d(3)}, 3 * time.Second},
		"an entry says it all":   {simulate.Profile{"create": {Throttle: "5/s"}, "*": d(3)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, builtin(t, "AWS::SQS::Queue"), rules...).behave(c.p)
			if a := invoke(t, w, w.call(schema.Create, "", decode(t, `{}`))); a.Delay != c.want {
				t.Errorf("%v, want %v", a.Delay, c.want)
			}
		})
	}
}

func TestEachCodeAtEachTime(t *testing.T) {
	queue := builtin(t, "AWS::SQS::Queue")
	for _, code := range codes {
		for at, steps := range map[string]int{"start": 0, "1": 0, "2": 1, "4": 3, "end": 4, "": 4} {
			for _, action := range []schema.Action{schema.Create, schema.Update, schema.Delete} {
				w := newWorld(t, queue)
				call := w.call(action, "", decode(t, `{"QueueName":"a"}`))
				if action != schema.Create {
					call.Identifier, _ = w.create(decode(t, `{"QueueName":"a"}`))
				}
				was := maps.Clone(w.ledger)
				w.behave(simulate.Profile{strings.ToLower(string(action)): {Duration: seconds(8), Callbacks: 4, FailWith: code, FailAt: at}})
				made, last := course(w, call)
				if last.ErrorCode != code || len(made) != steps || last.Model != nil || last.Ledger != nil {
					t.Errorf("%s of %s at %q: after %d steps %+v", code, action, at, len(made), last)
				}
				if diff := cmp.Diff(was, w.ledger); diff != "" {
					t.Errorf("%s of %s at %q: %s", code, action, at, diff)
				}
				wantMessage(t, call, last, false)
			}
		}
		for _, at := range []string{"", "start", "end"} {
			w := newWorld(t, queue)
			identifier, _ := w.create(decode(t, `{"QueueName":"a"}`))
			w.behave(simulate.Profile{"read": {FailWith: code, FailAt: at}, "list": {FailWith: code, FailAt: at}})
			for _, c := range []handler.Call{
				w.call(schema.Read, identifier, nil), w.call(schema.Read, "", map[string]any{"QueueName": "a"}), w.call(schema.List, "", nil),
			} {
				a := w.run(c)
				if a.ErrorCode != code {
					t.Errorf("%s: %s %s, want %s", c.Action, a.Status, a.ErrorCode, code)
				}
				wantMessage(t, c, a, c.Action == schema.List)
			}
		}
	}
}

// wantMessage checks that a failure has the default message of its code, filled in.
func wantMessage(t *testing.T, c handler.Call, a handler.Answer, nameless bool) {
	t.Helper()
	of := fmt.Sprintf("Resource of type 'AWS::SQS::Queue' with identifier '%s' ", queueA)
	if nameless {
		of = "Resource of type 'AWS::SQS::Queue' "
	}
	want := map[handler.Code]string{
		handler.NotFound: of + "was not found.", handler.AlreadyExists: of + "already exists.", handler.NotStabilized: of + "did not stabilize.",
		handler.NotUpdatable:     of + "is not updatable with parameters provided.",
		handler.ResourceConflict: of + "has a conflict. Reason: a simulated failure.",
		handler.Throttling:       fmt.Sprintf("Rate exceeded for operation '%s'.", c.Action),
	}[a.ErrorCode]
	if want != "" && a.Message != want || a.Message == "" || strings.ContainsAny(a.Message, "{}%") {
		t.Errorf("%s: %q, want %q", a.ErrorCode, a.Message, want)
	}
}

func TestMessageOfAFailureIsTakenAsItIs(t *testing.T) {
	const text = "100% of {type} %s\n\"is\" gone"
	w := queues(t, simulate.Behaviour{FailRate: 1, Message: text})
	if a := w.run(w.call(schema.Create, "", decode(t, `{}`))); a.Message != text || a.ErrorCode != handler.GeneralServiceException {
		t.Errorf("%+v", a)
	}
	w.behave(simulate.Profile{"*": {FailRate: 1, Message: text, Throttle: "1/h"}})
	w.run(w.call(schema.Create, "", decode(t, `{}`)))
	w.wantCode(w.call(schema.Create, "", decode(t, `{}`)), handler.Throttling, "Rate exceeded for operation 'CREATE'.")
}

func TestWhatCouldNotBeDoneFailsForItsOwnReason(t *testing.T) {
	for _, at := range []string{"start", "end"} {
		w := groups(t, simulate.Behaviour{})
		w.create(decode(t, `{"LogGroupName":"a"}`))
		w.behave(simulate.Profile{"*": {FailWith: handler.AccessDenied, FailAt: at}})
		w.wantCode(w.call(schema.Create, "", decode(t, `{"LogGroupName":"a"}`)), handler.AlreadyExists, "already exists.")
		w.wantCode(w.call(schema.Update, "a", decode(t, `{"LogGroupName":"b"}`)), handler.NotUpdatable, "is not updatable")
		for _, action := range []schema.Action{schema.Read, schema.Update, schema.Delete} {
			w.wantCode(w.call(action, "nothing", decode(t, `{}`)), handler.NotFound, "was not found.")
		}
		c := w.call(schema.List, "", nil)
		c.NextToken = "?"
		w.wantCode(c, handler.InvalidRequest, "NextToken")
	}
}

func TestRemnantLivesOn(t *testing.T) {
	for _, at := range []string{"start", "2", "end"} {
		eachBuiltin(t, func(t *testing.T, s *schema.Schema) {
			w := newWorld(t, s)
			desired := decode(t, samples[s.TypeName].full)
			c := w.call(schema.Create, "", desired)
			p := simulate.Profile{"create": {Callbacks: 2, FailWith: handler.NotStabilized, FailAt: at, Remnant: true}}
			failed := w.behave(p).run(c)
			if failed.ErrorCode != handler.NotStabilized {
				t.Fatalf("create: %+v", failed)
			}
			if again := invoke(t, w, c); at == "start" { // a call that is repeated after its answer was written down
				if diff := cmp.Diff(failed.Model, again.Model); diff != "" || again.ErrorCode != handler.NotStabilized || *again.Ledger != 1 {
					t.Errorf("the same call again: %+v\n%s", again, diff)
				}
			}
			identifier, _ := s.Identifier(failed.Model)
			w.wantModel("read", w.read(identifier), failed.Model)
			w.wantListed(identifier, failed.Model)
			named := s.WithoutReadOnly(failed.Model)
			w.wantCode(w.call(schema.Create, "", named), handler.AlreadyExists, identifier)
			change := maps.Clone(failed.Model.(map[string]any))
			maps.Copy(change, decode(t, samples[s.TypeName].change))
			if a := w.run(w.call(schema.Update, identifier, change)); a.Status != handler.Success {
				t.Errorf("update: %+v", a)
			}
			if a := w.run(w.call(schema.Delete, identifier, nil)); a.Status != handler.Success {
				t.Errorf("delete: %+v", a)
			}
			w.behave(nil).create(named)
		})
	}
}

func TestRemnantDoesNotReplaceWhatCameInBetween(t *testing.T) {
	w := queues(t, simulate.Behaviour{})
	c := w.call(schema.Create, "", decode(t, `{"QueueName":"a"}`))
	w.behave(simulate.Profile{"create": {FailRate: 1, Remnant: true}})
	first := invoke(t, w, c)
	w.behave(nil).create(decode(t, `{"QueueName":"a","DelaySeconds":1}`))
	if first.Ledger == nil || *first.Ledger != 0 || w.write(c, queueA, first) {
		t.Fatalf("it was written over another resource: %+v", first)
	}
	c.Moved = true
	w.behave(simulate.Profile{"create": {FailRate: 1, Remnant: true}}).wantCode(c, handler.AlreadyExists, "already exists.")
}

// fails reports whether a request of the name fails for good, by each call that asks.
func fails(w *world, action schema.Action, name string) bool {
	w.Helper()
	c := w.call(action, "", map[string]any{"LogGroupName": name})
	if action != schema.Create {
		c.Identifier = name
	}
	a := w.run(c)
	if a.Status == handler.Failed && a.ErrorCode != handler.GeneralServiceException {
		w.Fatalf("%s: %+v", name, a)
	}
	return a.Status == handler.Failed
}

func groups(t *testing.T, b simulate.Behaviour) *world {
	return newWorld(t, builtin(t, "AWS::Logs::LogGroup")).behave(simulate.Profile{"*": b})
}

func TestTheSameNamesHaveTheSameFate(t *testing.T) {
	group := builtin(t, "AWS::Logs::LogGroup")
	of := func(b simulate.Behaviour) *world { return newWorld(t, group).behave(simulate.Profile{"*": b}) }
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Uint64Min(1).Draw(r, "seed")
		rate := rapid.Float64Range(0.05, 0.95).Draw(r, "rate")
		name := rapid.StringMatching(`[a-z/._-]{1,40}`).Draw(r, "name")
		b := simulate.Behaviour{FailRate: rate, Seed: seed}
		w := of(b)
		w.tokens = rapid.IntRange(0, 1e9).Draw(r, "token")
		other := of(simulate.Behaviour{FailRate: rate, Seed: seed, Duration: seconds(5), Callbacks: 3, FailAt: rapid.SampledFrom([]string{"start", "2", "end"}).Draw(r, "at")})
		first := fails(w, schema.Create, name)
		if second := fails(other, schema.Create, name); first != second {
			r.Fatalf("%q fails: %v on one node, %v on another", name, first, second)
		}
		higher := of(simulate.Behaviour{FailRate: rate + (1-rate)/2, Seed: seed})
		if first && !fails(higher, schema.Create, name) {
			r.Fatalf("%q fails at %v, and not at a higher rate", name, rate)
		}
	})
}

func TestFateIsByTypeActionAndSeed(t *testing.T) {
	fates := func(typ, name string, action schema.Action, seed uint64) (s []bool) {
		w := newWorld(t, builtin(t, typ))
		for i := range 64 {
			model := map[string]any{name: fmt.Sprint("n", i)}
			w.behave(nil)
			c := w.call(action, "", model)
			if action != schema.Create {
				c.Identifier, _ = w.create(model)
			}
			a := w.behave(simulate.Profile{"*": {FailRate: 0.5, Seed: seed}}).run(c)
			s = append(s, a.Status == handler.Failed)
		}
		return s
	}
	seen := map[string]string{}
	for what, s := range map[string][]bool{
		"one":            fates("AWS::Logs::LogGroup", "LogGroupName", schema.Create, 7),
		"another seed":   fates("AWS::Logs::LogGroup", "LogGroupName", schema.Create, 8),
		"another type":   fates("AWS::Kinesis::Stream", "Name", schema.Create, 7),
		"another action": fates("AWS::Logs::LogGroup", "LogGroupName", schema.Delete, 7),
		"an update":      fates("AWS::Logs::LogGroup", "LogGroupName", schema.Update, 7),
		"a read":         fates("AWS::Logs::LogGroup", "LogGroupName", schema.Read, 7),
	} {
		key := fmt.Sprint(s)
		if seen[key] != "" {
			t.Errorf("%s: all the same as %s", what, seen[key])
		}
		seen[key] = what
	}
}

// draws is of how many requests a share is to fail; less under the race detector.
var draws = 10_000

func TestSoManyFailAsAsked(t *testing.T) {
	n := draws
	off := 2 / math.Sqrt(float64(n)) // four standard deviations at most
	for _, c := range []struct {
		action schema.Action
		b      simulate.Behaviour
	}{
		{schema.Create, simulate.Behaviour{FailRate: 0.01, FailWith: handler.AccessDenied, Seed: 7}},
		{schema.Create, simulate.Behaviour{FailRate: 0.1, FailWith: handler.AccessDenied, Seed: 1 << 60}},
		{schema.Create, simulate.Behaviour{FailRate: 0.99, FailWith: handler.AccessDenied, Seed: 7}},
		{schema.Create, simulate.Behaviour{FailRate: 0.5, FailWith: handler.AccessDenied}},
		{schema.Create, simulate.Behaviour{FailRate: 0.1, FailWith: handler.Throttling, Seed: 7}},
		{schema.List, simulate.Behaviour{FailRate: 0.1, FailWith: handler.NotFound, Seed: 7}},
	} {
		w := groups(t, c.b)
		failed := 0
		for i := range n {
			if a := w.run(w.call(c.action, "", map[string]any{"LogGroupName": fmt.Sprint("g", i)})); a.ErrorCode == c.b.FailWith {
				failed++
			}
			clear(w.ledger) // or lists grow long
		}
		if share := float64(failed) / float64(n); share < c.b.FailRate-off || share > c.b.FailRate+off || failed == 0 || failed == n {
			t.Errorf("%s with %+v: %v failed", c.action, c.b, share)
		}
	}
	none, all := groups(t, simulate.Behaviour{Seed: 7}), groups(t, simulate.Behaviour{Seed: 7, FailRate: 1})
	for i := range 1000 {
		if fails(none, schema.Create, fmt.Sprint(i)) || !fails(all, schema.Create, fmt.Sprint(i)) {
			t.Fatal("nothing fails at 0, and everything at 1")
		}
	}
}

func TestWithoutASeedFateIsByToken(t *testing.T) {
	for _, seed := range []uint64{0, 7} {
		w := groups(t, simulate.Behaviour{FailRate: 0.5, Seed: seed})
		fates := map[bool]int{}
		for range 64 {
			clear(w.ledger)
			fates[fails(w, schema.Create, "same")]++
		}
		if byToken := fates[true] > 0 && fates[false] > 0; byToken != (seed == 0) {
			t.Errorf("seed %d: %v", seed, fates)
		}
	}
}

func TestFateOfAGeneratedNameIsThatOfTheName(t *testing.T) {
	w := groups(t, simulate.Behaviour{FailRate: 0.5, Seed: 7, Callbacks: 2})
	fates := map[bool]int{}
	for range 64 {
		a := w.run(w.call(schema.Create, "", decode(t, `{}`)))
		fates[a.Status == handler.Failed]++
	}
	if fates[true] == 0 || fates[false] == 0 {
		t.Errorf("all unnamed groups have one fate: %v", fates)
	}
}

func TestEachTryOfARetriableCodeDrawsAnew(t *testing.T) {
	for _, at := range []string{"start", "2", "end"} {
		b := simulate.Behaviour{FailRate: 0.5, FailWith: handler.Throttling, FailAt: at, Callbacks: 2, Seed: 7}
		w := groups(t, b)
		w.retries = 40
		calls := map[int]int{}
		for i := range 200 {
			w.calls = 0
			if fails(w, schema.Create, fmt.Sprint(i)) {
				t.Fatalf("%d failed 41 times in a row", i)
			}
			calls[w.calls]++
		}
		if calls[3] < 70 || calls[3] > 130 || len(calls) < 4 {
			t.Errorf("failing at %q: requests by number of calls: %v", at, calls)
		}
	}
	for name, b := range map[string]simulate.Behaviour{
		"rate 1":  {FailRate: 1, FailWith: handler.Throttling, Seed: 7},
		"no rate": {FailWith: handler.Throttling},
	} {
		w := groups(t, b)
		w.retries = 40
		w.wantCode(w.call(schema.Create, "", decode(t, `{}`)), handler.Throttling, "Rate exceeded")
		if w.calls != 41 {
			t.Errorf("%s: %d calls", name, w.calls)
		}
	}
}

func TestTerminalFateIsTheSameInEachTry(t *testing.T) {
	w := groups(t, simulate.Behaviour{FailRate: 0.5, Seed: 7})
	for i := range 50 {
		c := w.call(schema.Create, "", map[string]any{"LogGroupName": fmt.Sprint(i)})
		first := invoke(t, w, c).Status
		for c.Retries = range 20 {
			if again := invoke(t, w, c).Status; again != first {
				t.Fatalf("%d: %s, and on try %d %s", i, first, c.Retries, again)
			}
		}
	}
}

func TestReadsWithARetriableCodeFailByChance(t *testing.T) {
	for _, code := range []handler.Code{handler.Throttling, handler.AccessDenied} {
		w := groups(t, simulate.Behaviour{})
		w.create(decode(t, `{"LogGroupName":"a"}`))
		w.behave(simulate.Profile{"read": {FailRate: 0.5, FailWith: code, Seed: 7}})
		fates := map[handler.Status]int{}
		for range 64 {
			fates[w.run(w.call(schema.Read, "a", nil)).Status]++
		}
		if byChance := len(fates) == 2; byChance != code.Retriable() {
			t.Errorf("%s: %v", code, fates)
		}
	}
}

func TestThrottle(t *testing.T) {
	w := groups(t, simulate.Behaviour{})
	w.create(decode(t, `{"LogGroupName":"a"}`))
	w.behave(simulate.Profile{"*": {Throttle: "1/s:2"}})
	throttled := func(action schema.Action) bool {
		t.Helper()
		a := invoke(t, w, w.call(action, "a", decode(t, `{"LogGroupName":"a"}`)))
		if a.ErrorCode == handler.Throttling && a.Message != fmt.Sprintf("Rate exceeded for operation '%s'.", action) {
			t.Errorf("%s: %q", action, a.Message)
		}
		return a.ErrorCode == handler.Throttling
	}
	actions := []schema.Action{schema.Create, schema.Update, schema.Delete, schema.Read, schema.List}
	for _, action := range actions {
		for i, want := range []bool{false, false, true, true} {
			if throttled(action) != want {
				t.Errorf("%s, call %d: throttled is %v", action, i+1, !want)
			}
		}
	}
	w.now = w.now.Add(time.Second)
	for _, action := range actions {
		if throttled(action) || !throttled(action) {
			t.Errorf("%s: a second gives one call", action)
		}
	}
	c := w.call(schema.Read, "a", nil)
	c.Account = "210987654321"
	if a := invoke(t, w, c); a.ErrorCode != handler.NotFound {
		t.Errorf("another account: %+v", a)
	}
	w.region = "us-east-1"
	if throttled(schema.Read) {
		t.Error("another region is throttled")
	}
	w.region = "eu-west-1"
	if w.behave(simulate.Profile{"read": {Throttle: "1000/s"}}); throttled(schema.Read) {
		t.Error("a new rate does not count at once")
	}
	if w.behave(nil); throttled(schema.Read) {
		t.Error("no rate, and throttled")
	}
}

func TestACallRepeatedBecauseTheLedgerMovedIsNotThrottled(t *testing.T) {
	w := groups(t, simulate.Behaviour{Throttle: "1/h"})
	c := w.call(schema.Create, "", decode(t, `{"LogGroupName":"a"}`))
	for range 3 {
		if a := invoke(t, w, c); a.Status != handler.Success {
			t.Fatalf("%+v", a)
		}
		c.Moved = true
	}
}

func TestThrottlingASlowRequestDelaysIt(t *testing.T) {
	w := groups(t, simulate.Behaviour{Callbacks: 2, Throttle: "1/h"})
	w.retries = 5
	c := w.call(schema.Create, "", decode(t, `{"LogGroupName":"a"}`))
	a := invoke(t, w, c)
	c.Callback, c.Desired = a.Callback, schema.Encode(a.Model)
	if a = invoke(t, w, c); a.ErrorCode != handler.Throttling {
		t.Fatalf("%+v", a)
	}
	w.now = w.now.Add(time.Hour)
	c.Now = w.now
	if a = invoke(t, w, c); !strings.HasSuffix(a.Message, "step 2 of 2") {
		t.Errorf("%+v", a)
	}
}

func TestManyRatesAreNotKeptForEver(t *testing.T) {
	w := groups(t, simulate.Behaviour{})
	for i := range 3000 {
		w.behave(simulate.Profile{"*": {Throttle: fmt.Sprintf("%d/s", i+1)}})
		if a := invoke(t, w, w.call(schema.List, "", nil)); a.Status != handler.Success {
			t.Fatalf("%d: %+v", i, a)
		}
	}
}

func TestProfilesThatAreNotValidDoNoHarm(t *testing.T) {
	for _, b := range []simulate.Behaviour{
		{Duration: -1},
		{Callbacks: -3},
		{Callbacks: -3, Duration: 5},
		{FailRate: -1},
		{FailWith: "Broken"},
		{FailRate: 1, FailAt: "x"},
		{FailRate: 1, Remnant: true},
		{Throttle: "x"},
		{FailWith: handler.Throttling, Remnant: true},
	} {
		w := newWorld(t, builtin(t, "AWS::SQS::Queue"))
		w.runtime.Profiles = func(string, string, string) simulate.Profile { return simulate.Profile{"*": b} }
		for _, action := range []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List, "MERGE"} {
			if a := invoke(t, w, w.call(action, queueA, decode(t, `{"QueueName":"a"}`))); a.Status == "" || a.Ledger != nil && a.Status == handler.Failed && action != schema.Create {
				t.Errorf("%+v: %s: %+v", b, action, a)
			}
		}
	}
}

func TestRuntimeWithProfilesIsSafeForManyGoroutines(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SQS::Queue"))
	p := simulate.Profile{"*": {FailRate: 0.5, Throttle: "1000/s", Callbacks: 2, Seed: 7}}
	w.runtime.Profiles = func(string, string, string) simulate.Profile { return p }
	var calls []handler.Call
	for _, action := range []schema.Action{schema.Create, schema.Read, schema.Delete, schema.List} {
		calls = append(calls, w.call(action, queueA, decode(t, `{"QueueName":"a"}`)))
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := w.runtime.Invoke(t.Context(), calls[i%len(calls)]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCallbackHoldsNothingOfTheModel(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SecretsManager::Secret")).behave(simulate.Profile{"create": {Callbacks: 3, FailWith: handler.NotStabilized, Remnant: true}})
	c := w.call(schema.Create, "", decode(t, `{"SecretString":"s3cret"}`))
	a := invoke(t, w, c)
	var callback map[string]any
	if err := json.Unmarshal(a.Callback, &callback); err != nil {
		t.Fatal(err)
	}
	if keys := slices.Sorted(maps.Keys(callback)); !slices.Equal(keys, []string{"done", "since", "step"}) {
		t.Errorf("%s", a.Callback)
	}
	if last := w.run(c); strings.Contains(string(schema.Encode(last.Model)), "s3cret") {
		t.Error("the remnant shows the secret")
	}
}
