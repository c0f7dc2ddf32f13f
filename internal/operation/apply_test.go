package operation

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the generated part of the docs")

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func accepted() Request {
	return Accept(Request{
		Account: "000000000001", Region: "eu-north-1", Caller: "arn:aws:iam::000000000001:root",
		Operation: Create, TypeName: "A::B::C", Input: Input{Desired: []byte(`{}`)},
	}, NewToken(t0, [8]byte{1}), t0, time.Hour)
}

// in returns a request in status s; where the status allows it node n holds it
// with attempt 1.
func in(t *testing.T, s Status) Request {
	t.Helper()
	r := accepted()
	step := func(e Event) {
		t.Helper()
		n, err := Apply(r, e)
		if err != nil {
			t.Fatal(err)
		}
		r = n
	}
	if s == Pending {
		return r
	}
	step(Event{Kind: Claim, At: t0, Node: "n", Lease: time.Minute})
	answer := Event{At: t0.Add(time.Second), Node: "n", Attempt: 1, ErrorCode: "NotFound", Message: "no"}
	switch s {
	case Success:
		answer.Kind = Succeed
		step(answer)
	case Failed:
		answer.Kind = Fail
		step(answer)
	case CancelInProgress:
		step(Event{Kind: Cancel, At: t0.Add(time.Second)})
	case CancelComplete:
		step(Event{Kind: Cancel, At: t0.Add(time.Second)})
		answer.Kind = Succeed
		step(answer)
	}
	if r.Status != s {
		t.Fatalf("made %s, want %s", r.Status, s)
	}
	return r
}

// TestEveryPair goes through every status and every event, so that a new status or
// event cannot be added without saying what the pair does.
func TestEveryPair(t *testing.T) {
	const no = Status("refused")
	want := map[Status]map[Kind]Status{
		Pending: {Claim: InProgress, Extend: no, Progress: no, Retry: no, Succeed: no, Fail: no, Release: no, Cancel: CancelComplete, Resume: Pending, Abort: Failed},
		InProgress: {
			Claim: no, Extend: InProgress, Progress: InProgress, Retry: InProgress, Succeed: Success, Fail: Failed,
			Release: InProgress, Cancel: CancelInProgress, Resume: no, Abort: Failed,
		},
		CancelInProgress: {
			Claim: no, Extend: CancelInProgress, Progress: CancelComplete, Retry: CancelComplete, Succeed: CancelComplete,
			Fail: CancelComplete, Release: CancelComplete, Cancel: no, Resume: no, Abort: Failed,
		},
		Success:        {Claim: no, Extend: no, Progress: no, Retry: no, Succeed: no, Fail: no, Release: no, Cancel: no, Resume: no, Abort: no},
		Failed:         {Claim: no, Extend: no, Progress: no, Retry: no, Succeed: no, Fail: no, Release: no, Cancel: no, Resume: no, Abort: no},
		CancelComplete: {Claim: no, Extend: no, Progress: no, Retry: no, Succeed: no, Fail: no, Release: no, Cancel: no, Resume: no, Abort: no},
	}
	for _, s := range Statuses {
		for _, k := range Kinds {
			w, ok := want[s][k]
			if !ok {
				t.Errorf("%s while %s: not in this table", k, s)
				continue
			}
			r := in(t, s)
			got, err := Apply(r, Event{Kind: k, At: t0.Add(2 * time.Second), Attempt: 1, Node: "n", Lease: time.Minute, ErrorCode: "NotFound"})
			if w == no {
				if err == nil || !reflect.DeepEqual(got, r) {
					t.Errorf("%s while %s: got %s, %v; want an error and no change", k, s, got.Status, err)
				}
				continue
			}
			if err != nil || got.Status != w {
				t.Errorf("%s while %s: got %s, %v; want %s", k, s, got.Status, err, w)
			}
			if got.Status.Ended() && (got.Node != "" || !got.DueAt.IsZero() || !reflect.DeepEqual(got.Input, Input{})) {
				t.Errorf("%s while %s: the ended request keeps what only a live one needs: %+v", k, s, got)
			}
		}
	}
}

func TestApplyDoesNotWriteToItsInput(t *testing.T) {
	r := in(t, InProgress)
	before := len(r.Timeline.Entries)
	a, err := Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Message: "a"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Apply(r, Event{Kind: Fail, At: t0, Node: "n", Attempt: 1, Message: "b", ErrorCode: "NotFound"})
	if err != nil {
		t.Fatal(err)
	}
	if a.Timeline.Entries[before].Message != "a" || b.Timeline.Entries[before].Message != "b" || len(r.Timeline.Entries) != before {
		t.Error("two futures of one request share their timeline")
	}
}

func TestLateAnswerOfALostLeaseIsRefused(t *testing.T) {
	r := in(t, InProgress)
	later := r.LeaseUntil
	r, err := Apply(r, Event{Kind: Claim, At: later, Node: "n2", Lease: time.Minute})
	if err != nil || r.Attempt != 2 || r.Node != "n2" || r.Lost != 1 {
		t.Fatalf("take-over: %+v, %v", r, err)
	}
	for _, e := range []Event{
		{Kind: Succeed, At: later, Node: "n", Attempt: 1},
		{Kind: Succeed, At: later, Node: "n", Attempt: 2},
		{Kind: Succeed, At: later, Node: "n2", Attempt: 1},
		{Kind: Extend, At: later, Node: "n", Attempt: 1},
	} {
		if _, err := Apply(r, e); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s of %s, attempt %d: %v, want ErrLeaseLost", e.Kind, e.Node, e.Attempt, err)
		}
	}
}

func TestAnswerAfterTheLeaseCountsWhileNobodyElseHasIt(t *testing.T) {
	r := in(t, InProgress)
	r, err := Apply(r, Event{Kind: Succeed, At: r.LeaseUntil.Add(time.Second), Node: "n", Attempt: 1})
	if err != nil || r.Status != Success {
		t.Errorf("%s, %v", r.Status, err)
	}
}

func TestClaimWaitsForTheDueTimeAndTheLease(t *testing.T) {
	r := in(t, InProgress)
	r, err := Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Delay: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	claim := Event{Kind: Claim, At: t0.Add(10*time.Second - 1), Node: "n", Lease: time.Minute}
	if _, err := Apply(r, claim); !errors.Is(err, ErrNotDue) {
		t.Errorf("before it is due: %v", err)
	}
	claim.At = t0.Add(10 * time.Second)
	r, err = Apply(r, claim)
	if err != nil || r.Attempt != 2 {
		t.Fatalf("when it is due: attempt %d, %v", r.Attempt, err)
	}
	if _, err := Apply(r, claim); !errors.Is(err, ErrNotDue) {
		t.Errorf("while it is leased: %v", err)
	}
}

func TestCancelWithNoCallInFlightEndsAtOnce(t *testing.T) {
	r := in(t, InProgress)
	waiting, err := Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Delay: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		r  Request
		at time.Time
	}{
		"it waits for its callback": {waiting, t0.Add(time.Second)},
		"its lease ran out":         {r, r.LeaseUntil},
	} {
		got, err := Apply(c.r, Event{Kind: Cancel, At: c.at})
		if err != nil || got.Status != CancelComplete {
			t.Errorf("%s: %s, %v; want CANCEL_COMPLETE", what, got.Status, err)
		}
	}
}

func TestWhatTheCallSaidAfterACancelIsTold(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: Succeed, Identifier: "made", Model: []byte(`{}`)}, "had completed the operation"},
		{Event{Kind: Progress, Identifier: "made", Delay: time.Second, Message: "half way"}, "had not completed the operation: half way"},
		{Event{Kind: Fail, Identifier: "made", ErrorCode: "AlreadyExists", Message: "there is one"}, "failed with AlreadyExists: there is one"},
		{Event{Kind: Retry, Identifier: "made", ErrorCode: "Throttling", Message: "slow down"}, "failed with Throttling: slow down"},
	} {
		c.e.At, c.e.Node, c.e.Attempt = t0.Add(2*time.Second), "n", 1
		r, err := Apply(in(t, CancelInProgress), c.e)
		if err != nil || r.Status != CancelComplete || r.Identifier != "made" || !strings.Contains(r.Message, c.want) {
			t.Errorf("%s: %s %q %q, %v", c.e.Kind, r.Status, r.Identifier, r.Message, err)
		}
		if r.Model != nil || r.ErrorCode != "" {
			t.Errorf("%s: a cancelled request shows model %s, error %s", c.e.Kind, r.Model, r.ErrorCode)
		}
	}
}

// A node that was cut off from its store writes an answer down that it heard before the
// cancel.
func TestEventTimeNeverGoesBack(t *testing.T) {
	r := in(t, CancelInProgress)
	cancelled := r.EventTime
	r, err := Apply(r, Event{Kind: Progress, At: cancelled.Add(-time.Second / 2), Node: "n", Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Timeline.Entries[len(r.Timeline.Entries)-1]
	if r.Status != CancelComplete || !r.EventTime.Equal(cancelled) || last.What != "end" || !last.At.Equal(cancelled) {
		t.Errorf("%s at %v, %+v; cancelled at %v", r.Status, r.EventTime, last, cancelled)
	}
}

func TestCancelledRequestOfADeadNodeEndsWithTheLease(t *testing.T) {
	r := in(t, CancelInProgress)
	if _, err := Apply(r, Event{Kind: Claim, At: r.LeaseUntil.Add(-1), Node: "n2", Lease: time.Minute}); !errors.Is(err, ErrNotDue) {
		t.Errorf("before the lease ran out: %v", err)
	}
	got, err := Apply(r, Event{Kind: Claim, At: r.LeaseUntil, Node: "n2", Lease: time.Minute})
	if err != nil || got.Status != CancelComplete || got.Attempt != 1 {
		t.Errorf("%s after %d calls, %v", got.Status, got.Attempt, err)
	}
}

func TestNothingOutlivesTheDeadline(t *testing.T) {
	r := in(t, InProgress)
	over := r.Deadline
	far := Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Delay: 100 * time.Hour}
	waiting, err := Apply(r, far)
	if err != nil || !waiting.DueAt.Equal(over) {
		t.Fatalf("a callback after the deadline is due at %v, %v; want the deadline", waiting.DueAt, err)
	}
	for what, c := range map[string]struct {
		r Request
		e Event
	}{
		"queued until then":   {accepted(), Event{Kind: Claim, At: over, Node: "n", Lease: time.Minute}},
		"waiting until then":  {waiting, Event{Kind: Claim, At: over, Node: "n", Lease: time.Minute}},
		"abandoned by a node": {r, Event{Kind: Claim, At: over, Node: "n2", Lease: time.Minute}},
		"not done by then":    {r, Event{Kind: Progress, At: over, Node: "n", Attempt: 1}},
	} {
		got, err := Apply(c.r, c.e)
		if err != nil || got.Status != Failed || got.ErrorCode != ServiceTimeout || !strings.Contains(got.Message, "1h0m0s") {
			t.Errorf("%s: %s %s %q, %v", what, got.Status, got.ErrorCode, got.Message, err)
		}
	}
	late, err := Apply(r, Event{Kind: Succeed, At: over.Add(time.Second), Node: "n", Attempt: 1})
	if err != nil || late.Status != Success {
		t.Errorf("a success that came late is %s, %v; want SUCCESS: it is true", late.Status, err)
	}
}

func TestRetryKeepsTheInputUntilNoTimeIsLeft(t *testing.T) {
	r := in(t, InProgress)
	again := Event{Kind: Retry, At: t0.Add(time.Second), Node: "n", Attempt: 1, Delay: time.Second, ErrorCode: "Throttling", Message: "slow down"}
	got, err := Apply(r, again)
	if err != nil || got.Status != InProgress || got.Retries != 1 || string(got.Input.Desired) != `{}` || got.ErrorCode != "" || got.Message != "slow down" {
		t.Errorf("%+v, %v", got, err)
	}
	if at, ok := got.RetryAfter(); !ok || !at.Equal(t0.Add(2*time.Second)) {
		t.Errorf("retry after %v, %v", at, ok)
	}
	again.Delay = time.Hour
	got, err = Apply(r, again)
	if err != nil || got.Status != Failed || got.ErrorCode != "Throttling" {
		t.Errorf("past the deadline: %s %s, %v; want FAILED with the last code", got.Status, got.ErrorCode, err)
	}
}

func TestProgressCarriesTheHandlersNotes(t *testing.T) {
	r := in(t, InProgress)
	r, err := Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Identifier: "id", Model: []byte(`{"a":1}`), Callback: []byte(`{"n":1}`), Message: "one"})
	if err != nil || r.Identifier != "id" || string(r.Input.Model) != `{"a":1}` || string(r.Input.Callback) != `{"n":1}` || r.Message != "one" || r.Model != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = Apply(r, Event{Kind: Claim, At: t0, Node: "n", Lease: time.Minute}); err != nil {
		t.Fatal(err)
	}
	r, err = Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: 2})
	if err != nil || string(r.Input.Model) != `{"a":1}` || r.Input.Callback != nil || r.Identifier != "id" {
		t.Errorf("a second progress without notes: %+v, %v", r, err)
	}
}

func TestFailedAlwaysHasACodeAndAMessage(t *testing.T) {
	r, err := Apply(in(t, InProgress), Event{Kind: Fail, At: t0, Node: "n", Attempt: 1, ErrorCode: "NotFound"})
	if err != nil || r.ErrorCode != "NotFound" || r.Message == "" {
		t.Errorf("%s %q, %v", r.ErrorCode, r.Message, err)
	}
}

func TestMessagesAreCutToWhatClientsAllow(t *testing.T) {
	r, err := Apply(in(t, InProgress), Event{Kind: Fail, At: t0, Node: "n", Attempt: 1, ErrorCode: "NotFound", Message: strings.Repeat("ü", 5000)})
	if err != nil || len([]rune(r.Message)) != MaxMessage {
		t.Errorf("%d characters, %v", len([]rune(r.Message)), err)
	}
}

func TestTimelineIsBounded(t *testing.T) {
	r := in(t, InProgress)
	for i := range 1000 {
		var err error
		if r, err = Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: i + 1}); err != nil {
			t.Fatal(err)
		}
		if r, err = Apply(r, Event{Kind: Claim, At: t0, Node: "n", Lease: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	e := r.Timeline.Entries
	if len(e) != timelineMax || r.Timeline.Dropped != 1001-timelineMax {
		t.Errorf("%d entries, %d dropped", len(e), r.Timeline.Dropped)
	}
	if e[0].What != "accepted" || e[1].Attempt != 1 || e[len(e)-1].Attempt != 1000 {
		t.Errorf("first %+v, last %+v", e[0], e[len(e)-1])
	}
}

// What handlers print may be long, and a request may have many calls: the row stays small.
func TestTimelineKeepsTheEndOfTheLastOutputs(t *testing.T) {
	r := in(t, InProgress)
	out := make([]Outward, 2*entryOutward)
	for i := range out {
		out[i].Status = 200 + i
	}
	const calls = 7
	for i := range calls {
		printed := strings.Repeat("ü", 3*entryOutput) + fmt.Sprint("call ", i)
		if i == calls-2 {
			printed = "" // takes no room from the others
		}
		old := r
		was := slices.Clone(old.Timeline.Entries)
		var err error
		if r, err = Apply(r, Event{Kind: Progress, At: t0, Node: "n", Attempt: i + 1, Output: printed, Outward: out}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(old.Timeline.Entries, was) {
			t.Fatal("the request of before has changed")
		}
		if r, err = Apply(r, Event{Kind: Claim, At: t0, Node: "n", Lease: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range r.Timeline.Entries[1:] {
		if e.Outward[0].Status != 200 || len(e.Outward) != entryOutward {
			t.Errorf("call %d: %d calls to others, the first one %+v", e.Attempt, len(e.Outward), e.Outward[0])
		}
		if n := utf8.RuneCountInString(e.Output); e.Output != "" && n != entryOutput {
			t.Errorf("call %d: %d characters", e.Attempt, n)
		}
		got = append(got, strings.TrimLeft(e.Output, "ü"))
	}
	if want := []string{"", "", "call 2", "call 3", "call 4", "", "call 6"}; !slices.Equal(got, want) {
		t.Errorf("output of %q is kept, want %q", got, want)
	}
}

func TestExpiry(t *testing.T) {
	for _, s := range Statuses {
		r := in(t, s)
		if got := r.Expired(t0.Add(1)); got != s.Ended() {
			t.Errorf("%s accepted before: expired %v", s, got)
		}
		if r.Expired(t0) {
			t.Errorf("%s accepted at the very time: expired", s)
		}
	}
}

func TestDiagramInDocs(t *testing.T) {
	const path = "../../docs/state-machine.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const open, end = "```mermaid\n", "```\n"
	head, rest, ok := strings.Cut(string(raw), open)
	chart, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no chart", path)
	}
	if chart == Diagram() {
		return
	}
	if !*update {
		t.Fatalf("the chart in %s is not what the code does: run `make generate`", path)
	}
	if err := os.WriteFile(path, []byte(head+open+Diagram()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
