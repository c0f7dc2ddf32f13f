package operation

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// waiting returns a request that waits d for its second call.
func waiting(t *testing.T, d time.Duration) Request {
	t.Helper()
	r, err := Apply(in(t, InProgress), Event{Kind: Progress, At: t0, Node: "n", Attempt: 1, Delay: d, Message: "half way"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// last is the newest entry of the timeline of r.
func lastOf(r Request) Entry { return r.Timeline.Entries[len(r.Timeline.Entries)-1] }

func TestResumeMakesARequestThatWaitsDueNow(t *testing.T) {
	r := waiting(t, 10*time.Minute)
	at := t0.Add(time.Second)
	got, err := Apply(r, Event{Kind: Resume, At: at, By: "me"})
	if err != nil || got.Status != InProgress || !got.DueAt.Equal(at) || got.Message != "half way" {
		t.Fatalf("%s due at %v, %q, %v", got.Status, got.DueAt, got.Message, err)
	}
	if e := lastOf(got); !reflect.DeepEqual(e, Entry{At: at, What: "resume", By: "me"}) {
		t.Errorf("the timeline says %+v", e)
	}
	if again, ok := got.RetryAfter(); ok {
		t.Errorf("clients are told to come back at %v", again)
	}
	if got, err = Apply(got, Event{Kind: Claim, At: at, Node: "n2", Lease: time.Minute}); err != nil || got.Attempt != 2 {
		t.Errorf("it cannot be claimed at once: %v", err)
	}
}

func TestResumeKeepsThePlaceInTheQueue(t *testing.T) {
	for what, r := range map[string]Request{"queued": accepted(), "due": waiting(t, 0)} {
		got, err := Apply(r, Event{Kind: Resume, At: t0.Add(time.Hour / 2), By: "me"})
		if err != nil || !got.DueAt.Equal(r.DueAt) || got.Status != r.Status {
			t.Errorf("%s: %s due at %v, %v", what, got.Status, got.DueAt, err)
		}
	}
}

func TestResumeIsRefusedWhileACallIsInFlight(t *testing.T) {
	r := in(t, InProgress)
	for _, at := range []time.Time{t0, r.LeaseUntil} { // whose lease is over is taken over by itself
		got, err := Apply(r, Event{Kind: Resume, At: at})
		if !errors.Is(err, ErrIllegal) || !strings.Contains(err.Error(), "a handler call is in flight") || !reflect.DeepEqual(got, r) {
			t.Errorf("%s, %v", got.Status, err)
		}
	}
}

func TestAbortTellsWhoAndWhyAndWhatMayBeLeft(t *testing.T) {
	of := func(r Request, op Operation, id string) Request {
		r.Operation, r.Identifier = op, id
		return r
	}
	flies := "a handler call was in flight and may still finish; "
	for _, c := range []struct {
		name, left string
		r          Request
		cutOff     int // the attempt in flight
	}{
		{"no call was made", "", accepted(), 0},
		{"it waits", "the resource may exist, whole or in part, and is no resource of the ledger", waiting(t, time.Hour), 0},
		{"it runs", flies + "resource 'x' may exist, whole or in part, and is no resource of the ledger", of(in(t, InProgress), Create, "x"), 1},
		{"an update", "resource 'x' may be changed, whole or in part, and the ledger has it as it was", of(waiting(t, time.Hour), Update, "x"), 0},
		{"a delete that is cancelled", flies + "resource 'x' may be gone, whole or in part, and the ledger still has it", of(in(t, CancelInProgress), Delete, "x"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Apply(c.r, Event{Kind: Abort, At: t0.Add(time.Second), By: "me", Message: "it hangs"})
			want := "Ended by an operator: it hangs"
			if c.left != "" {
				want += " (" + c.left + ")"
			}
			if err != nil || got.Status != Failed || got.ErrorCode != GeneralServiceException || got.Message != want || c.r.LeftBehind() != c.left {
				t.Fatalf("%s %s, %v\ngot  %s\nwant %s", got.Status, got.ErrorCode, err, got.Message, want)
			}
			n := len(got.Timeline.Entries)
			wantEntry := Entry{At: t0.Add(time.Second), What: "abort", By: "me", Message: "it hangs", Attempt: c.cutOff}
			if c.cutOff > 0 {
				wantEntry.Node = "n"
			}
			if e := got.Timeline.Entries[n-2]; !reflect.DeepEqual(e, wantEntry) {
				t.Errorf("the timeline says %+v, want %+v", e, wantEntry)
			}
			if e := got.Timeline.Entries[n-1]; e.What != "end" || e.Code != GeneralServiceException {
				t.Errorf("the timeline ends with %+v", e)
			}
			if got.LeftBehind() != "" {
				t.Error("an ended request is said to leave something behind")
			}
		})
	}
}

func TestAnswerThatComesAfterAnAbortIsRefused(t *testing.T) {
	r, err := Apply(in(t, InProgress), Event{Kind: Abort, At: t0, By: "me", Message: "it hangs"})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Kind{Succeed, Fail, Progress, Retry, Release, Extend} {
		if _, err := Apply(r, Event{Kind: k, At: t0, Node: "n", Attempt: 1, ErrorCode: "NotFound"}); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s: %v, want ErrLeaseLost", k, err)
		}
	}
}

func TestALongReasonStaysWholeAndTheMessageBounded(t *testing.T) {
	r := waiting(t, time.Hour)
	r.Identifier = strings.Repeat("i", 1024)
	why := strings.Repeat("ü", MaxReason)
	got, err := Apply(r, Event{Kind: Abort, At: t0, By: "me", Message: why + "more"})
	if err != nil || len([]rune(got.Message)) > MaxMessage || !strings.HasSuffix(got.Message, "is no resource of the ledger)") {
		t.Errorf("%d characters, %v: %s", len([]rune(got.Message)), err, got.Message)
	}
	if e := got.Timeline.Entries[len(got.Timeline.Entries)-2]; e.Message != why {
		t.Errorf("the timeline has %q", e.Message)
	}
}

func TestWhatARequestWaitsFor(t *testing.T) {
	retried, err := Apply(in(t, InProgress), Event{Kind: Retry, At: t0, Node: "n", Attempt: 1, Delay: time.Minute, ErrorCode: "Throttling"})
	if err != nil {
		t.Fatal(err)
	}
	runs := in(t, InProgress)
	seen := map[Wait]bool{}
	for _, c := range []struct {
		name string
		r    Request
		at   time.Time
		want Wait
	}{
		{"queued", accepted(), t0, ForSlot},
		{"running", runs, t0, ForCall},
		{"abandoned", runs, runs.LeaseUntil, ForNode},
		{"cancelled, running", in(t, CancelInProgress), t0, ForCall},
		{"waiting", waiting(t, time.Minute), t0, ForCallback},
		{"due", waiting(t, time.Minute), t0.Add(time.Minute), ForSlot},
		{"failed once", retried, t0, ForRetry},
		{"done", in(t, Success), t0, ""},
		{"failed", in(t, Failed), t0, ""},
		{"cancelled", in(t, CancelComplete), t0, ""},
	} {
		if got := c.r.WaitsFor(c.at); got != c.want {
			t.Errorf("%s: waits for %q, want %q", c.name, got, c.want)
		}
		seen[c.want] = true
	}
	for _, w := range Waits {
		if !seen[w] {
			t.Errorf("%s: not in this table", w)
		}
	}
}
