package main

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"
)

// tolerance is how far the store's clock and ours may be apart: all run on one machine,
// nodes learn a database's clock over the network, and times on the wire are cut to the
// millisecond.
const tolerance = 250 * time.Millisecond

// Verdict is what one rule found.
type Verdict struct {
	Rule   string
	Looked int            // at so many things
	Apart  map[string]int // what the rule allows and counts
	Broken []string       // each a breach, in words
}

func (v *Verdict) breach(format string, args ...any) {
	v.Broken = append(v.Broken, fmt.Sprintf(format, args...))
}

func (v *Verdict) apart(what string) {
	if v.Apart == nil {
		v.Apart = map[string]int{}
	}
	v.Apart[what]++
}

// rules are all that a history is held against.
var rules = []func(*History) Verdict{
	everyTokenEnds, oneLiveRequest, oneCallAtATime, noCallAfterTheEnd, noCallWithoutAnAttempt,
	ledgerFollowsRequests, ledgerIsTheWorld, answersAreTheWitnesses, replaysAreTheSame, listsAndGetsAgree,
	statusNeverGoesBack, locksAreLinearizable, deathsAreShort,
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// everyTokenEnds: every token that anybody has ever heard of is known when all is calm,
// and its request has ended.
func everyTokenEnds(h *History) Verdict {
	v := Verdict{Rule: "every accepted token ends"}
	first := heard(h.Ops)
	for _, token := range sortedKeys(first) {
		v.Looked++
		e, known := h.Final.Status[token]
		switch {
		case !known:
			v.breach("%s, heard of at %s, is not known any more", token, ms(first[token]))
		case !e.ended():
			v.breach("%s of %s is %s still, %s after the last fault", token, e.Identifier, e.Status, ms(h.Final.Settled-h.Final.Calm))
		}
	}
	for _, token := range sortedKeys(h.Final.Status) {
		if _, ok := first[token]; ok {
			continue
		}
		v.Looked++
		v.apart("tokens whose answer was lost")
		if e := h.Final.Status[token]; !e.ended() {
			v.breach("%s of %s, which no client heard of, is %s still", token, e.Identifier, e.Status)
		}
	}
	return v
}

// byIdentifier are the requests of each identifier, as they were accepted.
func (h *History) byIdentifier() map[string][]Detail {
	all := map[string][]Detail{}
	for _, d := range h.Final.Details {
		all[d.Identifier] = append(all[d.Identifier], d)
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b Detail) int {
			return cmp.Or(cmp.Compare(a.Accepted, b.Accepted), cmp.Compare(a.Token, b.Token))
		})
	}
	return all
}

// calls are the handler calls of each request, as they began.
func (h *History) calls() map[string][]Call {
	all := map[string][]Call{}
	for _, c := range h.Calls {
		all[c.Token] = append(all[c.Token], c)
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b Call) int { return cmp.Compare(a.Begin, b.Begin) })
	}
	return all
}

// oneLiveRequest: by the times that the server gives, the lives of two requests of one
// identifier do not overlap: one of them had ended before the other was heard of for the
// first time, or its handler was called. When a request was accepted is not looked at: a
// server reads its clock before it writes acceptance down, which may take long.
func oneLiveRequest(h *History) Verdict {
	v := Verdict{Rule: "one live request per resource"}
	calls, first, all := h.calls(), heard(h.Ops), h.byIdentifier()
	latest := func(d Detail) time.Duration { // that it can have been accepted
		at, known := first[d.Token]
		if !known {
			at = far
		}
		if c := calls[d.Token]; len(c) > 0 {
			at = min(at, c[0].Begin)
		}
		return at
	}
	for _, id := range sortedKeys(all) {
		for i, a := range all[id] {
			for _, b := range all[id][i+1:] {
				v.Looked++
				if a.At > latest(b)+tolerance && b.At > latest(a)+tolerance {
					v.breach("%s: %s lived from %s or before to %s, and %s from %s or before to %s",
						id, a.Token, ms(latest(a)), ms(a.At), b.Token, ms(latest(b)), ms(b.At))
				}
			}
		}
	}
	return v
}

// disturbed reports whether a fault was at work on the node around that time: for as
// long as the fault lasted and a lease and a second after it.
func (h *History) disturbed(node string, from, to time.Duration) bool {
	return slices.ContainsFunc(h.Faults, func(f Fault) bool {
		f.End += h.Lease + time.Second
		return f.hits(node, from, to)
	})
}

// oneCallAtATime: by the witness's own clock no two calls for one identifier overlap,
// unless the earlier one was given up: its request lost a lease (to a node that a fault
// has hit) or ended by a cancel that could not wait for it. A process that loses a lease
// to itself ends its old call, whatever happened to it.
func oneCallAtATime(h *History) Verdict {
	v := Verdict{Rule: "one handler call at a time per resource"}
	all := map[string][]Call{}
	for _, c := range h.Calls {
		all[c.Identifier] = append(all[c.Identifier], c)
	}
	for _, id := range sortedKeys(all) {
		list := all[id]
		slices.SortFunc(list, func(a, b Call) int { return cmp.Compare(a.Begin, b.Begin) })
		for i, c := range list {
			v.Looked++
			for _, later := range list[i+1:] {
				if later.Begin >= c.End {
					break
				}
				d := h.Final.Details[c.Token]
				lost := d.Lost > 0 || d.Message == neverAnswered
				switch {
				case c.Node == later.Node && c.Token == later.Token && min(c.End, later.End)-later.Begin > tolerance:
					v.breach("%s: %s makes call %d of %s (%s to %s) beside itself from %s", id, c.Node, c.Step, c.Token, ms(c.Begin), ms(c.End), ms(later.Begin))
				case lost && h.disturbed(c.node(), c.Begin, later.Begin) && c.Token == later.Token:
					v.apart("calls made again while the lost one ran on")
				case lost && h.disturbed(c.node(), c.Begin, later.Begin):
					v.apart("calls of the next request while a lost one ran on")
				default:
					v.breach("%s: call %d of %s by %s (%s to %s) and call %d of %s by %s (from %s)",
						id, c.Step, c.Token, c.Node, ms(c.Begin), ms(c.End), later.Step, later.Token, later.Node, ms(later.Begin))
				}
			}
		}
	}
	return v
}

// noCallAfterTheEnd: no call begins after its request has ended, neither by the time
// that the server gives, nor after a client has seen the end. What may happen is that a
// node is stopped between taking the lease and making the call.
func noCallAfterTheEnd(h *History) Verdict {
	v := Verdict{Rule: "no handler call after the end"}
	seen := map[string]time.Duration{} // the end, by the first who was told
	told := map[string]time.Duration{} // that it is being cancelled
	for _, o := range h.Ops {
		for _, e := range o.Events {
			if at, ok := seen[e.Token]; e.ended() && (!ok || o.Return < at) {
				seen[e.Token] = o.Return
			}
			if at, ok := told[e.Token]; e.Status == "CANCEL_IN_PROGRESS" && (!ok || o.Return < at) {
				told[e.Token] = o.Return
			}
		}
	}
	for _, c := range h.Calls {
		v.Looked++
		d, known := h.Final.Details[c.Token]
		if !known {
			v.breach("call %d of %s by %s: there is no such request", c.Step, c.Token, c.Node)
			continue
		}
		if !d.ended() {
			continue
		}
		if at, ok := told[c.Token]; ok && c.Begin > at {
			v.apart("calls leased before a cancel and begun after it")
		}
		at, ok := seen[c.Token]
		if c.Begin <= d.At+tolerance && (!ok || c.Begin <= at) {
			continue
		}
		if h.paused(c.node(), d.At, c.Begin) {
			v.apart("calls of a node that was stopped before them")
			continue
		}
		v.breach("call %d of %s by %s began at %s; the request ended at %s, and a client knew at %s", c.Step, c.Token, c.Node, ms(c.Begin), ms(d.At), ms(at))
	}
	return v
}

// paused reports whether the node was stopped when the request ended and has just been
// let go on.
func (h *History) paused(node string, end, begin time.Duration) bool {
	return slices.ContainsFunc(h.Faults, func(f Fault) bool {
		return f.Kind == stopFault && f.Node == node && f.Begin <= end && begin-f.End < 2*time.Second && begin > f.Begin
	})
}

// noCallWithoutAnAttempt: an ended request has no more calls than attempts.
func noCallWithoutAnAttempt(h *History) Verdict {
	v := Verdict{Rule: "no more calls than attempts"}
	calls := h.calls()
	for _, token := range sortedKeys(h.Final.Details) {
		v.Looked++
		d := h.Final.Details[token]
		if n := len(calls[token]); d.ended() && n > d.Attempts {
			v.breach("%s has %d attempts and %d calls", token, d.Attempts, n)
		}
	}
	return v
}

// ledgerFollowsRequests: the ledger is what the requests that did something made of it,
// one after the other.
func ledgerFollowsRequests(h *History) Verdict {
	v := Verdict{Rule: "the ledger is what the requests did"}
	all := h.byIdentifier()
	for id := range h.Final.Things {
		if _, ok := all[id]; !ok {
			all[id] = nil
		}
	}
	for _, id := range sortedKeys(all) {
		v.Looked++
		list := slices.Clone(all[id])
		slices.SortFunc(list, func(a, b Detail) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Accepted, b.Accepted), cmp.Compare(a.Token, b.Token))
		})
		want, from := "", ""
		for _, d := range list {
			if !d.done() {
				continue
			}
			from = d.Token
			switch {
			case d.Operation == "DELETE":
				want = ""
			case d.Model != "":
				want = d.Model
			default: // cancelled, its work done: the model is the witness's to know
				want = h.madeBy(d.Token)
			}
		}
		if got := h.Final.Things[id]; got != want {
			v.breach("%s is %q; %s, the last that did something, left %q", id, got, from, want)
		}
	}
	return v
}

// madeBy is the model that a request left in the witness's world.
func (h *History) madeBy(token string) string {
	for _, e := range h.Effects {
		if e.Token == token && !e.Partial {
			return e.Model
		}
	}
	return "nothing by " + token
}

// ledgerIsTheWorld: what the ledger has is what there is, except where the last to work
// on a thing was a request that ended without an answer to its work: cancelled while a
// call was in flight, or failed half way.
func ledgerIsTheWorld(h *History) Verdict {
	v := Verdict{Rule: "the ledger is the witness's world"}
	last := map[string]Effect{}
	for _, e := range h.Effects {
		if e.At >= last[e.Identifier].At {
			last[e.Identifier] = e
		}
	}
	ids := map[string]bool{}
	for id := range last {
		ids[id] = true
	}
	for id := range h.Final.Things {
		ids[id] = true
	}
	for _, id := range sortedKeys(ids) {
		v.Looked++
		have, is := h.Final.Things[id], h.Final.World[id]
		if have == is.Model && !is.Partial {
			continue
		}
		d, known := h.Final.Details[last[id].Token]
		if known && !d.done() && d.ended() {
			v.apart("things that a cut request left as they are")
			continue
		}
		v.breach("%s: the ledger has %q, the world %q (partial: %v), last changed by %s (%s)", id, have, is.Model, is.Partial, last[id].Token, d.Status)
	}
	return v
}

// answersAreTheWitnesses: a request that ended with SUCCESS has its whole effect in the
// world and the model that the witness made, and one that failed has a call that said so.
func answersAreTheWitnesses(h *History) Verdict {
	v := Verdict{Rule: "every end is one that the witness gave"}
	effect := map[string]Effect{}
	for _, e := range h.Effects {
		if !e.Partial {
			if old, twice := effect[e.Token]; twice {
				v.breach("%s took effect twice, at %s and %s", e.Token, ms(old.At), ms(e.At))
			}
			effect[e.Token] = e
		}
	}
	calls := h.calls()
	for _, token := range sortedKeys(h.Final.Details) {
		d := h.Final.Details[token]
		v.Looked++
		e, worked := effect[token]
		said := func(code string) bool {
			return slices.ContainsFunc(calls[token], func(c Call) bool { return c.Said == code })
		}
		switch {
		case d.done() && !worked:
			v.breach("%s ended with %s, and the witness knows of no effect", token, d.Status)
		case d.done() && e.At > d.At+tolerance:
			v.breach("%s ended with %s at %s, before its effect at %s", token, d.Status, ms(d.At), ms(e.At))
		case d.Status == "SUCCESS" && e.Model != d.Model:
			v.breach("%s ended with the model %s, and the witness made %s", token, d.Model, e.Model)
		case d.Status == "FAILED" && !said(d.Code):
			v.breach("%s failed with %s (%s), which the witness never said", token, d.Code, d.Message)
		case d.Status == "CANCEL_COMPLETE" && worked && !d.done():
			v.apart("cancelled requests whose work was done unheard")
		}
	}
	return v
}

// replaysAreTheSame: all answers to one client token are of one request, which was made
// of the input that was sent with it.
func replaysAreTheSame(h *History) Verdict {
	v := Verdict{Rule: "a client token stands for one request"}
	type first struct{ token, input string }
	stands := map[string]first{}
	byClientToken := map[string]string{}
	for _, token := range sortedKeys(h.Final.Details) {
		d := h.Final.Details[token]
		if d.ClientToken == "" {
			continue
		}
		if other, twice := byClientToken[d.ClientToken]; twice {
			v.breach("%s made two requests, %s and %s", d.ClientToken, other, token)
		}
		byClientToken[d.ClientToken] = token
	}
	for _, o := range h.Ops {
		if o.ClientToken == "" || o.Outcome != Accepted {
			continue
		}
		if o.Replay {
			v.Looked++
		}
		got := first{o.Events[0].Token, o.Input}
		is, known := stands[o.ClientToken]
		switch {
		case !known:
			stands[o.ClientToken] = got
		case is.token != got.token:
			v.breach("%s got %s at %s, and %s before", o.ClientToken, got.token, ms(o.Return), is.token)
		case is.input != got.input:
			v.breach("%s with other input got %s all the same", o.ClientToken, got.token)
		}
		if kept := byClientToken[o.ClientToken]; kept != got.token {
			v.breach("%s got %s, and in the end it stands for %q", o.ClientToken, got.token, kept)
		}
	}
	for _, o := range h.Ops {
		if o.Code == "ClientTokenConflictException" {
			v.apart("other input refused")
			if is, known := stands[o.ClientToken]; known && is.input == o.Input {
				v.breach("%s was refused at %s with the input that it stands for", o.ClientToken, ms(o.Return))
			}
		}
	}
	return v
}

// listsAndGetsAgree: over all pages and on every node, lists have each request and each
// resource once, and as a get has it.
func listsAndGetsAgree(h *History) Verdict {
	v := Verdict{Rule: "lists and gets agree"}
	for _, node := range sortedKeys(h.Final.Pages) {
		listed := map[string]bool{}
		for _, e := range h.Final.Pages[node] {
			v.Looked++
			if listed[e.Token] {
				v.breach("%s lists %s twice", node, e.Token)
			}
			listed[e.Token] = true
			got, d := h.Final.Status[e.Token], h.Final.Details[e.Token].Event
			if got != e && !(got.Token == e.Token && !e.ended()) { // what is live moves on
				v.breach("%s lists %+v, and its status is %+v", node, e, got)
			}
			if d != got && got.ended() {
				v.breach("the status of %+v is described as %+v", got, d)
			}
		}
		for _, token := range sortedKeys(h.Final.Status) {
			if !listed[token] {
				v.breach("%s does not list %s", node, token)
			}
		}
	}
	for _, node := range sortedKeys(h.Final.Resources) {
		listed := map[string]bool{}
		for _, d := range h.Final.Resources[node] {
			v.Looked++
			if listed[d.Identifier] {
				v.breach("%s lists %s twice", node, d.Identifier)
			}
			listed[d.Identifier] = true
			if got := h.Final.Things[d.Identifier]; got != d.Model {
				v.breach("%s lists %s as %s, and a get has %q", node, d.Identifier, d.Model, got)
			}
		}
		for _, id := range sortedKeys(h.Final.Things) {
			if !listed[id] {
				v.breach("%s does not list %s", node, id)
			}
		}
	}
	return v
}

// deathsAreShort: a request whose call was in flight on a node that died, or was stopped,
// goes on within the lease and two seconds, as far as another node can: where the only one
// died, counted from when it is back. Only deaths with no other fault around count.
func deathsAreShort(h *History) Verdict {
	v := Verdict{Rule: "a node's death delays nobody for long"}
	for _, d := range h.deaths() {
		v.Looked++
		if limit := h.Lease + 2*time.Second; d.delay > limit {
			v.breach("%s waited %s after %s of %s at %s; the limit is %s", d.token, ms(d.delay), d.fault.Kind, d.fault.Node, ms(d.fault.Begin), ms(limit))
		}
	}
	return v
}

// delay is how long a node's death kept a request from going on.
type delay struct {
	token string
	fault Fault
	delay time.Duration
}

// after is how long a fault that is over may still keep nodes busy: until they have
// connected again.
const after = 300 * time.Millisecond

func (h *History) deaths() []delay {
	var all []delay
	calls := h.calls()
	for _, f := range h.Faults {
		if f.Node == "" || f.Kind != killFault && f.Kind != clockFault && f.Kind != stopFault {
			continue
		}
		for _, token := range sortedKeys(h.Final.Details) {
			i := slices.IndexFunc(calls[token], func(c Call) bool { return c.node() == f.Node && c.Begin < f.Begin && c.End >= f.Begin })
			if i < 0 {
				continue
			}
			from, next := f.Begin, h.Final.Details[token].At
			if h.Nodes == 1 {
				from = max(f.End, calls[token][i].End)
			}
			for _, c := range calls[token] {
				if c.Begin > f.Begin {
					next = min(next, c.Begin)
				}
			}
			alone := !slices.ContainsFunc(h.Faults, func(o Fault) bool {
				return o != f && o.Begin < next && o.End+after > f.Begin
			})
			if alone && next > f.Begin {
				all = append(all, delay{token, f, max(next-from, 0)})
			}
		}
	}
	return all
}
