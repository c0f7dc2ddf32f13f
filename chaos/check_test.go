package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const second = time.Second

// good is a history of three requests on one thing that breaks no rule: a create, an
// update that is cut short by a node's death, and a delete.
func good() *History {
	made, changed := `{"Made":"t1","Name":"a","Value":"1"}`, `{"Made":"t2","Name":"a","Value":"2"}`
	event := func(token, op, status, model string, at time.Duration) Event {
		return Event{Token: token, Operation: op, Status: status, Identifier: "a", At: at, Model: model}
	}
	mutation := func(kind, clientToken string, call, ret time.Duration, e Event) Op {
		return Op{Kind: kind, Identifier: "a", ClientToken: clientToken, Input: kind, Call: call, Return: ret, Outcome: Accepted, Events: []Event{e}}
	}
	status := func(call, ret time.Duration, e Event) Op {
		return Op{Kind: "status", Token: e.Token, Call: call, Return: ret, Outcome: Seen, Events: []Event{e}}
	}
	one := event("t1", "CREATE", "SUCCESS", made, 2*second)
	two := event("t2", "UPDATE", "SUCCESS", changed, 14*second)
	three := event("t3", "DELETE", "SUCCESS", "", 22*second)
	replay := mutation("create", "c1", 3*second, 3*second+1, one)
	replay.Replay = true
	h := &History{
		Lease: 2 * second, Nodes: 3,
		Ops: []Op{
			mutation("create", "c1", 0, second, event("t1", "CREATE", "IN_PROGRESS", "", second/2)),
			replay,
			{Kind: "get", Identifier: "a", Call: 4 * second, Return: 5 * second, Outcome: Found, Model: made},
			mutation("update", "c2", 10*second, 11*second, event("t2", "UPDATE", "IN_PROGRESS", "", 10*second)),
			{Kind: "delete", Identifier: "a", ClientToken: "c9", Call: 12 * second, Return: 12*second + 1, Outcome: Busy, Token: "t2"},
			status(15*second, 16*second, two),
			mutation("delete", "c3", 20*second, 21*second, event("t3", "DELETE", "IN_PROGRESS", "", 20*second)),
			status(23*second, 24*second, three),
			{Kind: "get", Identifier: "a", Call: 25 * second, Return: 26 * second, Outcome: Missing},
		},
		Calls: []Call{
			{Node: "n1.1", Token: "t1", Action: "CREATE", Identifier: "a", Begin: second, End: 2 * second, Said: "SUCCESS"},
			{Node: "n2.1", Token: "t2", Action: "UPDATE", Identifier: "a", Begin: 10 * second, End: 11*second + 1, Said: "left"},
			{Node: "n3.1", Token: "t2", Action: "UPDATE", Identifier: "a", Begin: 13 * second, End: 14 * second, Said: "SUCCESS"},
			{Node: "n3.1", Token: "t3", Action: "DELETE", Identifier: "a", Begin: 21 * second, End: 22 * second, Said: "SUCCESS"},
		},
		Effects: []Effect{
			{Token: "t1", Identifier: "a", Action: "CREATE", At: 2 * second, Model: made},
			{Token: "t2", Identifier: "a", Action: "UPDATE", At: 13 * second, Model: changed},
			{Token: "t3", Identifier: "a", Action: "DELETE", At: 22 * second},
		},
		Faults: []Fault{{Kind: killFault, Node: "n2", Begin: 11 * second, End: 18 * second}},
		Final: Final{
			Calm: 30 * second, Settled: 31 * second,
			Status: map[string]Event{"t1": one, "t2": two, "t3": three},
			Details: map[string]Detail{
				"t1": {Event: one, Accepted: second / 2, ClientToken: "c1", Attempts: 1},
				"t2": {Event: two, Accepted: 10 * second, ClientToken: "c2", Attempts: 2, Lost: 1},
				"t3": {Event: three, Accepted: 20 * second, ClientToken: "c3", Attempts: 1},
			},
			Pages: map[string][]Event{"n1": {three, two, one}}, Resources: map[string][]Description{"n1": nil},
			Things: map[string]string{}, World: map[string]Thing{},
		},
	}
	return h
}

func TestAGoodHistoryBreaksNoRule(t *testing.T) {
	for _, rule := range rules {
		v := rule(good())
		if len(v.Broken) > 0 {
			t.Errorf("%s: %q", v.Rule, v.Broken)
		}
		if v.Looked == 0 {
			t.Errorf("%s: looked at nothing", v.Rule)
		}
	}
}

// edit changes one request of a history in every place that tells of its end.
func edit(h *History, token string, change func(*Event)) {
	e := h.Final.Status[token]
	old := e
	change(&e)
	h.Final.Status[token] = e
	d := h.Final.Details[token]
	d.Event = e
	h.Final.Details[token] = d
	for _, page := range h.Final.Pages {
		for i := range page {
			if page[i] == old {
				page[i] = e
			}
		}
	}
	for i := range h.Ops {
		for j := range h.Ops[i].Events {
			if h.Ops[i].Events[j] == old {
				h.Ops[i].Events[j] = e
			}
		}
	}
}

func detail(h *History, token string, change func(*Detail)) {
	d := h.Final.Details[token]
	change(&d)
	h.Final.Details[token] = d
}

// Each case breaks a good history in one way. The rule that is there for it has to notice.
func TestRulesNotice(t *testing.T) {
	ghost := Event{Token: "t4", Operation: "CREATE", Status: "IN_PROGRESS", Identifier: "b"}
	for name, c := range map[string]struct {
		rule  func(*History) Verdict
		bad   func(*History)
		words string
	}{
		"a token that is forgotten": {everyTokenEnds, func(h *History) { delete(h.Final.Status, "t2") }, "t2, heard of at 11.000s, is not known"},
		"a token that never ends": {everyTokenEnds, func(h *History) {
			edit(h, "t3", func(e *Event) { e.Status = "CANCEL_IN_PROGRESS" })
		}, "t3 of a is CANCEL_IN_PROGRESS still"},
		"a token that nobody heard of and that never ends": {everyTokenEnds, func(h *History) { h.Final.Status["t4"] = ghost }, "t4 of b, which no client heard of"},

		"two live requests": {oneLiveRequest, func(h *History) {
			edit(h, "t2", func(e *Event) { e.At = 21*second + tolerance + 1 })
		}, "t2 lived from 10.000s or before to 21.250s, and t3 from 21.000s or before to 22.000s"},
		"a request at work before the one ahead ended": {oneLiveRequest, func(h *History) {
			h.Calls[1].Begin = second // t2's
		}, "t2 from 1.000s or before"},
		"a live request that no client heard of in time": {oneLiveRequest, func(h *History) {
			h.Ops[6].Return, h.Ops[7].Return = 40*second, 40*second // t3's, whose handler was called at 21 s
			edit(h, "t2", func(e *Event) { e.At = 21*second + tolerance + 1 })
		}, "t3 from 21.000s or before"},

		"two calls at once": {oneCallAtATime, func(h *History) { h.Calls[0].End = 11 * second }, "call 0 of t1 by n1.1"},
		"two calls at once of a request that lost none": {oneCallAtATime, func(h *History) {
			h.Calls[1].End = 14 * second
			detail(h, "t2", func(d *Detail) { d.Lost = 0 })
		}, "call 0 of t2 by n2.1"},
		"a lost call of a node that nothing happened to": {oneCallAtATime, func(h *History) {
			h.Calls[1].End = 14 * second
			h.Faults = nil
		}, "call 0 of t2 by n2.1"},

		"a process that makes a call beside itself": {oneCallAtATime, func(h *History) {
			h.Calls[1].End, h.Calls[2].Node = 14*second, "n2.1"
		}, "n2.1 makes call 0 of t2 (10.000s to 14.000s) beside itself"},

		"a call after the end": {noCallAfterTheEnd, func(h *History) {
			h.Calls = append(h.Calls, Call{Node: "n1.1", Token: "t1", Begin: 2*second + tolerance + 1, End: 9 * second})
		}, "t1 by n1.1 began at 2.250s; the request ended at 2.000s"},
		"a call after a client knew of the end": {noCallAfterTheEnd, func(h *History) {
			edit(h, "t1", func(e *Event) { e.At = 9 * second }) // whatever the server's clock says
			h.Calls = append(h.Calls, Call{Node: "n1.1", Token: "t1", Begin: 4 * second, End: 5 * second})
		}, "a client knew at 3.000s"},
		"a call of a node that was stopped long before": {noCallAfterTheEnd, func(h *History) {
			h.Faults = []Fault{{Kind: stopFault, Node: "n1", Begin: second, End: 3 * second}}
			h.Calls = append(h.Calls, Call{Node: "n1.1", Token: "t1", Begin: 8 * second, End: 9 * second})
		}, "t1 by n1.1 began at 8.000s"},
		"a call for nothing": {noCallAfterTheEnd, func(h *History) {
			h.Calls = append(h.Calls, Call{Node: "n1.1", Token: "t7"})
		}, "there is no such request"},

		"a call too many": {noCallWithoutAnAttempt, func(h *History) { h.Calls = append(h.Calls, h.Calls[0]) }, "t1 has 1 attempts and 2 calls"},

		"a change that the ledger lacks":         {ledgerFollowsRequests, func(h *History) { edit(h, "t3", func(e *Event) { e.Status = "FAILED" }) }, `a is ""; t2, the last that did something`},
		"a change that the ledger has of nobody": {ledgerFollowsRequests, func(h *History) { h.Final.Things["b"] = "{}" }, `b is "{}"`},
		"a cancelled request's work that the ledger lacks": {ledgerFollowsRequests, func(h *History) {
			edit(h, "t3", func(e *Event) { e.Status = "FAILED" })
			edit(h, "t2", func(e *Event) { e.Status, e.Message, e.Model = "CANCEL_COMPLETE", completed, "" })
			h.Final.Things["a"] = `{"Made":"t1","Name":"a","Value":"1"}`
		}, `left "{\"Made\":\"t2\"`},

		"a world that the ledger does not know": {ledgerIsTheWorld, func(h *History) { h.Final.World["a"] = Thing{Model: "{}", Token: "t3"} }, `the ledger has "", the world "{}"`},
		"half a thing that nobody was cut off at": {ledgerIsTheWorld, func(h *History) {
			h.Final.Things["a"], h.Final.World["a"] = "{}", Thing{Model: "{}", Token: "t3", Partial: true}
		}, "partial: true"},
		"half a thing of a request that is live still": {ledgerIsTheWorld, func(h *History) {
			edit(h, "t3", func(e *Event) { e.Status = "IN_PROGRESS" })
			h.Final.World["a"] = Thing{Model: "{}", Token: "t3", Partial: true}
		}, "last changed by t3 (IN_PROGRESS)"},

		"a success without work":  {answersAreTheWitnesses, func(h *History) { h.Effects = h.Effects[:2] }, "t3 ended with SUCCESS, and the witness knows of no effect"},
		"a success before work":   {answersAreTheWitnesses, func(h *History) { h.Effects[2].At = 23 * second }, "before its effect"},
		"work done twice":         {answersAreTheWitnesses, func(h *History) { h.Effects = append(h.Effects, h.Effects[0]) }, "took effect twice"},
		"a model of somebody's":   {answersAreTheWitnesses, func(h *History) { edit(h, "t1", func(e *Event) { e.Model = "{}" }) }, "the witness made"},
		"a failure of nobody's":   {answersAreTheWitnesses, func(h *History) { edit(h, "t1", func(e *Event) { e.Status, e.Code = "FAILED", "NotFound" }) }, "which the witness never said"},
		"a replay that is new":    {replaysAreTheSame, func(h *History) { h.Ops[1].Events[0].Token = "t2" }, "c1 got t2"},
		"a replay of other input": {replaysAreTheSame, func(h *History) { h.Ops[1].Input = "other" }, "with other input got t1"},
		"two requests of one token": {replaysAreTheSame, func(h *History) {
			detail(h, "t2", func(d *Detail) { d.ClientToken = "c1" })
		}, "c1 made two requests"},
		"a refusal of the same input": {replaysAreTheSame, func(h *History) {
			h.Ops[1].Outcome, h.Ops[1].Code = Refused, "ClientTokenConflictException"
		}, "was refused at"},

		"a list that lacks one":     {listsAndGetsAgree, func(h *History) { h.Final.Pages["n1"] = h.Final.Pages["n1"][1:] }, "does not list t3"},
		"a list that has one twice": {listsAndGetsAgree, func(h *History) { h.Final.Pages["n1"][0] = h.Final.Pages["n1"][1] }, "lists t2 twice"},
		"a list that tells it else": {listsAndGetsAgree, func(h *History) { h.Final.Pages["n1"][0].Message = "else" }, "Message:else"},
		"a description of something else": {listsAndGetsAgree, func(h *History) {
			detail(h, "t3", func(d *Detail) { d.Message = "else" })
		}, "is described as"},
		"a list of what is not":      {listsAndGetsAgree, func(h *History) { h.Final.Pages["n1"] = append(h.Final.Pages["n1"], ghost) }, "lists {Token:t4"},
		"a resource that is not":     {listsAndGetsAgree, func(h *History) { h.Final.Resources["n1"] = []Description{{"b", "{}"}} }, `lists b as {}, and a get has ""`},
		"a resource that is missing": {listsAndGetsAgree, func(h *History) { h.Final.Things["b"] = "{}" }, "does not list b"},

		"a status that goes back": {statusNeverGoesBack, func(h *History) {
			e := h.Final.Status["t1"]
			e.Status = "IN_PROGRESS"
			h.Ops = append(h.Ops, Op{Outcome: Seen, Events: []Event{e}, Call: 6 * second, Return: 7 * second})
		}, "t1: no order explains"},
		"an end that changes": {statusNeverGoesBack, func(h *History) {
			e := h.Final.Status["t1"]
			e.Message = "now I remember"
			h.Ops = append(h.Ops, Op{Outcome: Seen, Events: []Event{e}, Call: 6 * second, Return: 7 * second})
		}, "t1: no order explains"},

		"an acceptance beside a live one": {locksAreLinearizable, func(h *History) {
			h.Ops[3].Call, h.Ops[3].Return = second+1, second+2 // t2 is heard of
			h.Ops[1].Call, h.Ops[1].Return = 9*second, 9*second+1
			e := h.Final.Status["t1"]
			e.Status = "IN_PROGRESS" // and t1 is live after that
			h.Ops = append(h.Ops, Op{Outcome: Seen, Events: []Event{e}, Call: 6 * second, Return: 7 * second})
		}, "a: no order explains"},
		"a busy that is not": {locksAreLinearizable, func(h *History) { h.Ops[4].Call, h.Ops[4].Return = 17*second, 18*second }, "a: no order explains"},
		"an end that comes back": {locksAreLinearizable, func(h *History) {
			e := h.Final.Status["t1"]
			e.Status = "IN_PROGRESS"
			h.Ops = append(h.Ops, Op{Outcome: Seen, Events: []Event{e}, Call: 6 * second, Return: 7 * second})
		}, "a: no order explains"},
		"a read of what was not yet": {locksAreLinearizable, func(h *History) { h.Ops[8].Call, h.Ops[8].Return = 12*second, 13*second }, "a: no order explains"},
		"a read of what is no more":  {locksAreLinearizable, func(h *History) { h.Ops[2].Call, h.Ops[2].Return = 25*second, 26*second }, "a: no order explains"},
		"a ledger that lost a write": {locksAreLinearizable, func(h *History) { h.Final.Things["a"] = `{"Made":"t2"}` }, "a: no order explains"},
		"a request that waits for a dead": {deathsAreShort, func(h *History) {
			h.Calls[2].Begin = 15*second + 1
			edit(h, "t2", func(e *Event) { e.At = 16 * second })
		}, "t2 waited 4.000s after kill -9 of n2"},
	} {
		t.Run(name, func(t *testing.T) {
			h := good()
			c.bad(h)
			v := c.rule(h)
			if !slices.ContainsFunc(v.Broken, func(b string) bool { return strings.Contains(b, c.words) }) {
				t.Errorf("%s: %q, want %q in it", v.Rule, v.Broken, c.words)
			}
		})
	}
}

// What the rules allow they count, and only where it is so.
func TestRulesCountApartWhatTheyAllow(t *testing.T) {
	for name, c := range map[string]struct {
		rule func(*History) Verdict
		do   func(*History)
		what string
	}{
		"lost answer": {everyTokenEnds, func(h *History) {
			h.Final.Status["t4"] = Event{Token: "t4", Status: "SUCCESS"}
		}, "tokens whose answer was lost"},
		"lost call that runs on": {oneCallAtATime, func(h *History) { h.Calls[1].End = 13*second + 1 }, "calls made again while the lost one ran on"},
		"lost call and the next request": {oneCallAtATime, func(h *History) {
			h.Calls[1].End = 21*second + 1
			h.Faults[0].End = 21 * second
			h.Calls[2].Begin, h.Calls[2].End = 9*second, 9*second+1
		}, "calls of the next request while a lost one ran on"},
		"stopped before the call": {noCallAfterTheEnd, func(h *History) {
			h.Faults = []Fault{{Kind: stopFault, Node: "n1", Begin: second, End: 5 * second}}
			h.Calls = append(h.Calls, Call{Node: "n1.1", Token: "t1", Begin: 5*second + 1, End: 9 * second})
		}, "calls of a node that was stopped before them"},
		"cancelled before the call": {noCallAfterTheEnd, func(h *History) {
			h.Ops = append(h.Ops, Op{Outcome: Seen, Events: []Event{{Token: "t1", Status: "CANCEL_IN_PROGRESS"}}, Return: second / 2})
		}, "calls leased before a cancel and begun after it"},
		"cut while at work": {ledgerIsTheWorld, func(h *History) {
			edit(h, "t3", func(e *Event) { e.Status, e.Message = "CANCEL_COMPLETE", neverAnswered })
			h.Final.Things["a"] = `{"Made":"t2"}`
		}, "things that a cut request left as they are"},
	} {
		t.Run(name, func(t *testing.T) {
			h := good()
			c.do(h)
			v := c.rule(h)
			if len(v.Broken) > 0 || v.Apart[c.what] != 1 {
				t.Errorf("%+v, want one of %q", v, c.what)
			}
		})
	}
}
