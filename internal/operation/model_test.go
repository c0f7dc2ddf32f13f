package operation

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// model is what a request should be, said a second time and in other words than the
// table's: it knows three phases and no events that have to be looked up.
type model struct {
	status    Status
	code      string
	holder    string // node that has the lease
	until     time.Time
	due       time.Time
	event     time.Time
	attempt   int
	retries   int
	lost      int
	notes     int // lines of the timeline, with those it dropped
	id        string
	input     Input
	shown     string // model that clients see
	cancelled bool   // a cancel was accepted
	progress  bool   // the last answer was a progress
	accepted  time.Time
	deadline  time.Time
}

func (m model) live() bool {
	return m.status != Success && m.status != Failed && m.status != CancelComplete
}

// end drops what only a live request has, and writes the last line.
func (m *model) end(s Status, code string) {
	m.status, m.code = s, code
	m.holder, m.until, m.due, m.input = "", time.Time{}, time.Time{}, Input{}
	m.notes++
}

// after returns what e makes of m, or the error that refuses it.
func (m model) after(e Event) (model, error) {
	switch e.Kind {
	case Claim, Cancel, Resume, Abort:
		if !m.live() {
			return m, ErrIllegal
		}
		m.event = slices.MaxFunc([]time.Time{m.event, e.At}, time.Time.Compare) // it never goes back
		return m.fromOutside(e)
	}
	if !m.live() || m.holder == "" || m.holder != e.Node || m.attempt != e.Attempt {
		return m, ErrLeaseLost
	}
	if e.Kind == Extend { // no status event
		m.until = e.At.Add(e.Lease)
		return m, nil
	}
	m.event = slices.MaxFunc([]time.Time{m.event, e.At}, time.Time.Compare) // it never goes back
	return m.answered(e)
}

func (m model) fromOutside(e Event) (model, error) {
	switch e.Kind {
	case Claim:
		from := m.due
		if m.holder != "" {
			from = m.until
		}
		switch {
		case e.At.Before(from):
			return m, ErrNotDue
		case m.status != CancelInProgress && !e.At.Before(m.deadline):
			m.end(Failed, ServiceTimeout)
			return m, nil
		}
		if m.holder != "" {
			m.lost++
			m.notes++
		}
		if m.status == CancelInProgress {
			m.end(CancelComplete, "")
			return m, nil
		}
		m.status, m.holder, m.until = InProgress, e.Node, e.At.Add(e.Lease)
		m.attempt++
	case Cancel:
		if m.status == CancelInProgress {
			return m, ErrIllegal
		}
		m.cancelled = true
		m.notes++
		if m.holder != "" && e.At.Before(m.until) {
			m.status = CancelInProgress
		} else {
			m.end(CancelComplete, "")
		}
	case Resume:
		if m.holder != "" {
			return m, ErrIllegal
		}
		if e.At.Before(m.due) {
			m.due = e.At
		}
		m.notes++
	case Abort:
		m.notes++
		m.end(Failed, GeneralServiceException)
	}
	return m, nil
}

func (m model) answered(e Event) (model, error) {
	if !slices.Contains([]Kind{Progress, Retry, Succeed, Fail, Release}, e.Kind) {
		return m, ErrIllegal
	}
	m.notes++
	late := !e.At.Before(m.deadline)
	if e.Kind == Progress && late && m.status == InProgress {
		m.end(Failed, ServiceTimeout)
		return m, nil
	}
	if m.id == "" {
		m.id = e.Identifier
	}
	if m.status == CancelInProgress {
		m.end(CancelComplete, "")
		return m, nil
	}
	code := e.ErrorCode
	if code == "" {
		code = GeneralServiceException
	}
	m.holder, m.until, m.progress = "", time.Time{}, e.Kind == Progress
	switch e.Kind {
	case Succeed:
		m.shown = string(e.Model)
		m.end(Success, "")
	case Fail:
		m.end(Failed, code)
	case Release:
		m.due = e.At
	case Retry:
		if m.due = e.At.Add(e.Delay); !m.due.Before(m.deadline) {
			m.end(Failed, code)
			break
		}
		m.retries++
	case Progress:
		m.retries = 0
		m.due = e.At.Add(e.Delay)
		if m.due.After(m.deadline) {
			m.due = m.deadline
		}
		m.input.Callback = e.Callback
		if e.Model != nil {
			m.input.Model = e.Model
		}
	}
	return m, nil
}

// is compares r with the model; the texts of messages are no part of it.
func (m model) is(r Request) error {
	want := Request{
		Token: r.Token, Account: r.Account, Region: r.Region, Caller: r.Caller, RoleArn: r.RoleArn, ClientToken: r.ClientToken, InputHash: r.InputHash,
		Operation: r.Operation, TypeName: r.TypeName, TypeVersion: r.TypeVersion, BaseRevision: r.BaseRevision, Revision: r.Revision,
		Message: r.Message, Model: []byte(m.shown), Timeline: r.Timeline,
		Identifier: m.id, Input: m.input, Status: m.status, ErrorCode: m.code, Accepted: m.accepted, EventTime: m.event, Deadline: m.deadline,
		DueAt: m.due, Attempt: m.attempt, Retries: m.retries, Lost: m.lost, Node: m.holder, LeaseUntil: m.until,
	}
	if m.shown == "" {
		want.Model = nil
	}
	if !reflect.DeepEqual(r, want) {
		return fmt.Errorf("\ngot  %+v\nwant %+v", r, want)
	}
	return nil
}

// promises are what holds for a request after whatever happened to it. m tells its
// history, which the request itself does not always.
func promises(r Request, m model) error {
	var broken []string
	must := func(ok bool, what string) {
		if !ok {
			broken = append(broken, what)
		}
	}
	must((r.ErrorCode != "") == (r.Status == Failed), "an error code exactly on FAILED")
	must(r.Message != "" || r.Status != Failed, "a message on FAILED")
	must(utf8.RuneCountInString(r.Message) <= MaxMessage, "a message that clients allow")
	must((r.Node != "") == !r.LeaseUntil.IsZero(), "a lease exactly where there is a holder")
	must(r.Model == nil || r.Status == Success, "a model on SUCCESS only")
	must(r.Status != CancelInProgress || r.Node != "", "a call to wait for while CANCEL_IN_PROGRESS")
	must(r.Status != Pending || r.Attempt == 0, "no call before it leaves PENDING")
	must(!m.cancelled || r.Status == CancelInProgress || r.Status == CancelComplete || r.ErrorCode == GeneralServiceException, "a cancel that is not forgotten")
	must(!m.cancelled || r.Status != Success, "no SUCCESS after a cancel")
	must(!m.progress || r.Node != "" || !r.DueAt.After(r.Deadline), "progress that is due by the deadline")
	if r.Status.Ended() {
		must(reflect.DeepEqual(r.Input, Input{}), "no input after the end")
		must(r.Node == "" && r.DueAt.IsZero(), "nothing due after the end")
		must(r.WaitsFor(r.EventTime) == "" && r.LeftBehind() == "", "nothing to wait for after the end")
	} else {
		must(slices.Contains(Waits, r.WaitsFor(r.EventTime)), "something to wait for before the end")
		must((r.LeftBehind() == "") == (r.Attempt == 0), "what is left behind once there was a call")
	}
	if at, ok := r.RetryAfter(); ok {
		must(!r.Status.Ended() && r.Node == "" && !at.After(r.Claimable()), "a time to come back that is not later than the step")
	}
	lines, dropped := r.Timeline.Entries, r.Timeline.Dropped
	must(len(lines) <= 32 && len(lines)+dropped == m.notes && (dropped == 0 || len(lines) == 32), "a timeline of 32 lines that tells of the others")
	must(lines[0].What == "accepted" && (dropped == 0 || len(lines) > 4), "a timeline that keeps its beginning")
	must(!r.Status.Ended() || lines[len(lines)-1].What == "end" && lines[len(lines)-1].Outcome == string(r.Status), "a timeline that ends with the end")
	for _, l := range lines {
		must(utf8.RuneCountInString(l.Message) <= 200 || l.What == "abort" && utf8.RuneCountInString(l.Message) <= MaxReason, "short lines in the timeline")
	}
	if len(broken) > 0 {
		return fmt.Errorf("it lacks: %s\n%+v", strings.Join(broken, "; "), r)
	}
	return nil
}

// deep copies r with everything its slices hold, up to their capacity.
func deep(r Request) Request {
	whole := func(b []byte) []byte { return slices.Clone(b[:cap(b)])[:len(b)] }
	r.InputHash, r.Model = whole(r.InputHash), whole(r.Model)
	r.Input.Desired, r.Input.Previous = whole(r.Input.Desired), whole(r.Input.Previous)
	r.Input.Model, r.Input.Callback = whole(r.Input.Model), whole(r.Input.Callback)
	n, c := len(r.Timeline.Entries), cap(r.Timeline.Entries)
	r.Timeline.Entries = slices.Clone(r.Timeline.Entries[:c])[:n]
	return r
}

// roomy gives the slices of r room behind their end, which nobody may write to.
func roomy(r Request) Request {
	room := func(b []byte) []byte {
		if b == nil {
			return nil
		}
		return append(make([]byte, 0, len(b)+8), b...)
	}
	r.Input.Desired, r.Input.Model, r.Input.Callback = room(r.Input.Desired), room(r.Input.Model), room(r.Input.Callback)
	r.Timeline.Entries = append(make([]Entry, 0, len(r.Timeline.Entries)+8), r.Timeline.Entries...)
	return r
}

// untouched reports whether was, a deep copy of r, is what r still holds.
func untouched(r, was Request) bool {
	was.Timeline.Entries = was.Timeline.Entries[:len(r.Timeline.Entries)]
	behind := func(r Request) []Entry { return r.Timeline.Entries[:cap(r.Timeline.Entries)] }
	n := min(cap(r.Timeline.Entries), cap(was.Timeline.Entries))
	return reflect.DeepEqual(r, was) && reflect.DeepEqual(behind(r)[:n], behind(was)[:n])
}

// version is a request with what the model says of it.
type version struct {
	r, was Request
	m      model
}

var (
	texts   = []string{"", "half way", strings.Repeat("ü", 201), strings.Repeat("x", MaxMessage+1)}
	jsons   = [][]byte{nil, []byte(`{}`), []byte(`{"a":1}`)}
	spans   = []time.Duration{0, 1, time.Second, time.Minute, 59 * time.Minute, time.Hour, 100 * time.Hour}
	unknown = []Kind{"", "CLAIM", "explode"}
)

func drawRequest(t *rapid.T) version {
	at := t0.Add(rapid.SampledFrom(spans).Draw(t, "accepted"))
	r := Accept(Request{
		Account: "000000000001", Region: "eu-north-1", Caller: "arn:aws:iam::000000000001:root", InputHash: []byte{1, 2},
		Operation: rapid.SampledFrom(Operations).Draw(t, "operation"), TypeName: "A::B::C",
		Identifier: rapid.SampledFrom([]string{"", "id", "a|b"}).Draw(t, "identifier"),
		Input: Input{
			Desired:  rapid.SampledFrom(jsons).Draw(t, "desired"),
			Previous: rapid.SampledFrom(jsons).Draw(t, "previous"),
		},
	}, NewToken(at, [8]byte{1}), at, rapid.SampledFrom(spans[1:]).Draw(t, "deadline"))
	return version{r: r, was: deep(r), m: model{
		status: Pending, due: at, event: at, accepted: at, deadline: r.Deadline, id: r.Identifier, input: r.Input, notes: 1,
	}}
}

// drawEvent makes an event that is near what can happen to r: the interesting times,
// mostly the holder's own answers.
func drawEvent(t *rapid.T, r Request) Event {
	near := []time.Time{r.Claimable(), r.Deadline, r.EventTime, r.Accepted, t0}
	if !r.LeaseUntil.IsZero() { // which stands for "no lease": no clock shows it
		near = append(near, r.LeaseUntil)
	}
	at := rapid.SampledFrom(near).Draw(t, "near").Add(rapid.SampledFrom([]time.Duration{0, 0, -1, 1, time.Second, -time.Hour, time.Hour}).Draw(t, "off"))
	e := Event{
		Kind:       rapid.SampledFrom(slices.Concat(Kinds, []Kind{Claim, Claim, Claim, Progress, Progress, Retry}, unknown)).Draw(t, "kind"),
		At:         at,
		Node:       rapid.SampledFrom([]string{"n1", "n2", ""}).Draw(t, "node"),
		Attempt:    max(r.Attempt+rapid.SampledFrom([]int{-1, 0, 1}).Draw(t, "attempt"), 0),
		Lease:      rapid.SampledFrom(spans).Draw(t, "lease"),
		Took:       rapid.SampledFrom(spans).Draw(t, "took"),
		Identifier: rapid.SampledFrom([]string{"", "id", "learnt"}).Draw(t, "identifier"),
		Model:      rapid.SampledFrom(jsons).Draw(t, "model"),
		Callback:   rapid.SampledFrom(jsons).Draw(t, "callback"),
		Delay:      rapid.SampledFrom(spans).Draw(t, "delay"),
		ErrorCode:  rapid.SampledFrom([]string{"NotFound", "Throttling", ""}).Draw(t, "code"),
		Message:    rapid.SampledFrom(texts).Draw(t, "message"),
		By:         rapid.SampledFrom([]string{"", "arn:me"}).Draw(t, "by"),
	}
	if e.Kind == Claim && e.Node == "" {
		e.Node = "n3" // nobody claims for nobody
	}
	if e.Kind != Claim && r.Node != "" && rapid.IntRange(0, 3).Draw(t, "honest") > 0 {
		e.Node, e.Attempt = r.Node, r.Attempt
	}
	return e
}

func TestApplyKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := []version{drawRequest(t)}
		now := func() *version { return &versions[len(versions)-1] }
		t.Repeat(map[string]func(*rapid.T){
			"event": func(t *rapid.T) { happen(t, &versions, drawEvent(t, now().r)) },
			"again": func(t *rapid.T) { happen(t, &versions, drawEvent(t, now().r)) },
			"calls": func(t *rapid.T) { // so that some requests come far
				for range rapid.SampledFrom([]int{1, 1, 2, 15}).Draw(t, "calls") {
					happen(t, &versions, Event{Kind: Claim, At: now().r.Claimable(), Node: "n1", Lease: time.Minute})
					happen(t, &versions, Event{Kind: Progress, At: now().r.EventTime, Node: "n1", Attempt: now().r.Attempt, Message: "again"})
				}
			},
			"in flight": func(t *rapid.T) {
				r := now().r
				happen(t, &versions, Event{Kind: Claim, At: r.Claimable(), Node: "n1", Lease: time.Minute})
				if rapid.Bool().Draw(t, "cancel") {
					happen(t, &versions, Event{Kind: Cancel, At: r.Claimable()})
				}
				for range 2 {
					e := drawEvent(t, now().r)
					e.Kind = rapid.SampledFrom([]Kind{Extend, Progress, Retry, Release, Fail, Succeed}).Draw(t, "answer")
					happen(t, &versions, e)
				}
			},
			"another future": func(t *rapid.T) { // of a request as it was
				v := rapid.SampledFrom(versions).Draw(t, "version")
				if v.r = roomy(v.r); !rapid.Bool().Draw(t, "roomy") {
					v.r = v.was
				}
				v.was = deep(v.r)
				versions = append(versions, v)
			},
		})
		for i, v := range versions {
			if !untouched(v.r, v.was) {
				t.Fatalf("version %d was written to:\nis  %+v\nwas %+v", i, v.r, v.was)
			}
		}
	})
}

// happen applies e to the newest version, compares what came of it with the model,
// and adds it as the newest.
func happen(t *rapid.T, versions *[]version, e Event) {
	v := (*versions)[len(*versions)-1]
	got, err := Apply(v.r, e)
	m, want := v.m.after(e)
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Fatalf("%s while %s: %v, want %v", e.Kind, v.r.Status, err, want)
	}
	if err != nil {
		if !reflect.DeepEqual(got, v.r) {
			t.Fatalf("%s while %s was refused and changed the request:\nis  %+v\nwas %+v", e.Kind, v.r.Status, got, v.r)
		}
		return
	}
	if err := errors.Join(m.is(got), promises(got, m)); err != nil {
		t.Fatalf("%s while %s at %v: %v", e.Kind, v.r.Status, e.At, err)
	}
	if v.r.Status.Ended() {
		t.Fatalf("%s changed a request that had ended as %s", e.Kind, v.r.Status)
	}
	for i, l := range v.r.Timeline.Entries[:min(len(v.r.Timeline.Entries), 4)] {
		if !reflect.DeepEqual(got.Timeline.Entries[i], l) {
			t.Fatalf("line %d of the timeline became %+v", i, got.Timeline.Entries[i])
		}
	}
	*versions = append(*versions, version{r: got, was: deep(got), m: m})
}
