package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// checkLimit is how long the search for an order may take for one resource. Without an
// answer by then the run fails: a rule that was not checked is not proved.
const checkLimit = 20 * time.Second

// lockInput is one thing that somebody saw or did of a resource's lock and ledger entry.
type lockInput struct {
	do    string // accept, end, busy, live, ended, read
	token string // of the request
	sets  string // end: whose work the ledger then holds, "-" for nobody's, "" for no change; read: whose was found
}

// lock is a resource: the live request that holds it and whose work the ledger holds.
type lock struct{ live, made string }

// lockModel is what the server promises of one resource: a request is accepted only while
// none is live, the one that is in the way is live, an ended one never comes back, and the
// ledger changes at the instant that its request ends.
var lockModel = porcupine.Model{
	Init: func() any { return lock{} },
	Step: func(state, input, _ any) (bool, any) {
		s, in := state.(lock), input.(lockInput)
		switch in.do {
		case "accept":
			return s.live == "", lock{in.token, s.made}
		case "end":
			ok := s.live == in.token
			s.live = ""
			switch in.sets {
			case "":
			case "-":
				s.made = ""
			default:
				s.made = in.sets
			}
			return ok, s
		case "busy", "live":
			return s.live == in.token, s
		case "ended":
			return s.live != in.token, s
		}
		return s.made == in.sets, s // read
	},
	DescribeOperation: func(input, _ any) string {
		in := input.(lockInput)
		return strings.TrimSpace(in.do + " " + last(in.token) + " " + last(in.sets))
	},
	DescribeState: func(state any) string {
		s := state.(lock)
		return fmt.Sprintf("live %s, made by %s", cmp.Or(last(s.live), "none"), cmp.Or(last(s.made), "none"))
	},
}

// last is the end of a token, which tells it from others.
func last(token string) string { return token[max(0, len(token)-6):] }

// lockOps are what was done to each resource and seen of it.
//
// That a request was accepted is known to lie between the first asking for it and the
// first that anybody heard of it; that it ended, between that asking and the first that
// anybody saw of its end. Where nobody asked with success, the server's own time of
// acceptance bounds it from below.
func lockOps(h *History) map[string][]porcupine.Operation {
	asked := map[string]time.Duration{} // by client token
	for _, o := range h.Ops {
		if at, ok := asked[o.ClientToken]; o.ClientToken != "" && (!ok || o.Call < at) {
			asked[o.ClientToken] = o.Call
		}
	}
	first, ended := heard(h.Ops), map[string]time.Duration{}
	all := map[string][]porcupine.Operation{}
	add := func(id string, client int, in lockInput, call, ret time.Duration) {
		all[id] = append(all[id], porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Return: int64(ret)})
	}
	for _, o := range h.Ops {
		if o.Outcome == Busy {
			add(o.Identifier, o.Client, lockInput{do: "busy", token: o.Token}, o.Call, o.Return)
		}
		if o.Outcome == Found || o.Outcome == Missing {
			add(o.Identifier, o.Client, lockInput{do: "read", sets: madeOf(o.Model)}, o.Call, o.Return)
		}
		for _, e := range o.Events {
			in := lockInput{do: "live", token: e.Token}
			if e.ended() {
				in.do = "ended"
				if at, ok := ended[e.Token]; !ok || o.Return < at {
					ended[e.Token] = o.Return
				}
			}
			add(e.Identifier, o.Client, in, o.Call, o.Return)
		}
	}
	for token, d := range h.Final.Details {
		from, ok := asked[d.ClientToken]
		if !ok {
			from = d.Accepted - tolerance
		}
		until, seen := h.Final.Settled, h.Final.Settled
		if at, ok := first[token]; ok {
			until = at
		}
		if at, ok := ended[token]; ok {
			seen = at
		}
		// The server is a client too, of its own: one for each request, as they overlap.
		add(d.Identifier, 0, lockInput{do: "accept", token: token}, from, until)
		if d.ended() {
			add(d.Identifier, 0, lockInput{do: "end", token: token, sets: sets(d)}, from, seen)
		}
	}
	for id, model := range h.Final.Things {
		add(id, 0, lockInput{do: "read", sets: madeOf(model)}, h.Final.Settled, far)
	}
	return all
}

// sets is what the end of a request does to the ledger.
func sets(d Detail) string {
	switch {
	case !d.done():
		return ""
	case d.Operation == "DELETE":
		return "-"
	}
	return d.Token
}

// madeOf is the token in a model.
func madeOf(model string) string {
	_, rest, _ := strings.Cut(model, `"Made":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// locksAreLinearizable: for each resource there is an order of all that was done and seen
// in which the lock and the ledger entry are a simple register.
func locksAreLinearizable(h *History) Verdict {
	v := Verdict{Rule: "lock and ledger are linearizable"}
	all := lockOps(h)
	for _, id := range sortedKeys(all) {
		v.Looked += len(all[id])
		switch porcupine.CheckOperationsTimeout(lockModel, numbered(all[id]), checkLimit) {
		case porcupine.Illegal:
			v.breach("%s: no order explains its %d operations", id, len(all[id]))
		case porcupine.Unknown:
			v.breach("%s: unknown: its %d operations were not checked within %v", id, len(all[id]), checkLimit)
		}
	}
	return v
}

// numbered gives each operation a client of its own: those of a request's life overlap.
func numbered(ops []porcupine.Operation) []porcupine.Operation {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i].ClientId = i
	}
	return ops
}

// drawLocks writes a picture of each resource that breaks the rule into dir.
func drawLocks(h *History, dir string) error {
	for id, ops := range lockOps(h) {
		result, info := porcupine.CheckOperationsVerbose(lockModel, numbered(ops), checkLimit)
		if result == porcupine.Ok {
			continue
		}
		if err := porcupine.VisualizePath(lockModel, info, filepath.Join(dir, "lock-"+filepath.Base(id)+".html")); err != nil {
			return fmt.Errorf("draw the lock of %s: %w", id, err)
		}
	}
	return os.MkdirAll(dir, 0o755)
}

// rank is the order in which a request can meet its statuses.
var rank = map[string]int{"PENDING": 1, "IN_PROGRESS": 2, "CANCEL_IN_PROGRESS": 3, "SUCCESS": 4, "FAILED": 4, "CANCEL_COMPLETE": 4}

// statusModel is what the server promises of one request: its status only goes forward,
// its events' times too, and when it has ended nothing of it changes.
var statusModel = porcupine.Model{
	Init: func() any { return Event{} },
	Step: func(state, input, _ any) (bool, any) {
		was, is := state.(Event), input.(Event)
		if was.ended() {
			return was == is, was
		}
		return rank[is.Status] >= rank[was.Status] && is.At >= was.At, is
	},
	DescribeOperation: func(input, _ any) string { return input.(Event).Status },
}

// statusNeverGoesBack: for each request there is an order of all that was seen of it in
// which it is such a register.
func statusNeverGoesBack(h *History) Verdict {
	v := Verdict{Rule: "a status only goes forward"}
	all := map[string][]porcupine.Operation{}
	for _, o := range h.Ops {
		for _, e := range o.Events {
			all[e.Token] = append(all[e.Token], porcupine.Operation{ClientId: o.Client, Input: e, Call: int64(o.Call), Return: int64(o.Return)})
		}
	}
	for token, e := range h.Final.Status {
		all[token] = append(all[token], porcupine.Operation{Input: e, Call: int64(h.Final.Settled), Return: int64(far)})
	}
	for _, token := range sortedKeys(all) {
		v.Looked += len(all[token])
		switch porcupine.CheckOperationsTimeout(statusModel, numbered(all[token]), checkLimit) {
		case porcupine.Illegal:
			var seen []string
			for _, o := range all[token] {
				e := o.Input.(Event)
				seen = append(seen, fmt.Sprintf("%s at %s (%s-%s)", e.Status, ms(e.At), ms(time.Duration(o.Call)), ms(time.Duration(o.Return))))
			}
			v.breach("%s: no order explains %s", token, strings.Join(seen, ", "))
		case porcupine.Unknown:
			v.breach("%s: unknown: not checked within %v", token, checkLimit)
		}
	}
	return v
}
