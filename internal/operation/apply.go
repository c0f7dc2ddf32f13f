package operation

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind names something that can happen to a request.
type Kind string

// What can happen. Progress, Retry, Succeed, Fail, Extend and Release speak for
// one lease: they carry the node and the attempt that the lease was given to.
const (
	Claim    Kind = "claim"    // a node takes the request and will call the handler
	Extend   Kind = "extend"   // the call is still running
	Progress Kind = "progress" // the handler asks to be called again
	Retry    Kind = "retry"    // the call failed in a way that is worth another try
	Succeed  Kind = "succeed"  // the handler is done
	Fail     Kind = "fail"     // the handler, or we, gave up
	Release  Kind = "release"  // the node stops: somebody else is to make the call again
	Cancel   Kind = "cancel"   // a client asked to cancel
	Resume   Kind = "resume"   // an operator wants the next call of a request that waits now
	Abort    Kind = "abort"    // an operator ends the request, whatever it is at

	// What Apply makes of these where time decides.
	cancelIdle Kind = "cancel, no call in flight"
	timeout    Kind = "deadline passed"
)

// Kinds lists every kind of event that a caller can pass.
var Kinds = []Kind{Claim, Extend, Progress, Retry, Succeed, Fail, Release, Cancel, Resume, Abort}

const (
	// ServiceTimeout is the error code of a request whose deadline passed.
	ServiceTimeout = "ServiceTimeout"
	// GeneralServiceException is the error code of a request that an operator ended.
	// AWS's model has no code for that; this one promises the least.
	GeneralServiceException = "GeneralServiceException"
)

// Event is one thing that happened, with the time it happened.
type Event struct {
	Kind    Kind
	At      time.Time
	Node    string        // claim: the node that takes it; answers: the node they speak for
	Attempt int           // answers: the attempt they speak for
	Lease   time.Duration // claim, extend: how long the lease lasts from At
	Took    time.Duration // answers: how long the call took

	Identifier string          // progress, succeed, fail: where the handler made it known
	Model      json.RawMessage // progress: input of the next call; succeed: what clients see
	Callback   json.RawMessage // progress
	Delay      time.Duration   // progress, retry: earliest next call, counted from At
	ErrorCode  string          // retry, fail
	Message    string          // abort: why
	By         string          // cancel, resume, abort: Arn of who asked
	Output     string          // answers: what the handler printed during the call
	Outward    []Outward       // answers: calls that the handler made to others
}

var (
	// ErrIllegal means that the event cannot happen in the request's status.
	ErrIllegal = errors.New("operation: not allowed in this status")
	// ErrNotDue means that a claim came before the request was due, or while
	// another node holds the lease.
	ErrNotDue = errors.New("operation: not due")
	// ErrLeaseLost means that the event speaks for a lease that is over.
	ErrLeaseLost = errors.New("operation: the lease is over")
)

// next is the whole state machine. A pair that is not here is illegal.
var next = map[Status]map[Kind]Status{
	Pending: {
		Claim:      InProgress,
		timeout:    Failed,
		cancelIdle: CancelComplete,
		Resume:     Pending,
		Abort:      Failed,
	},
	InProgress: {
		Claim:      InProgress, // called again, or taken over from a node that is gone
		Extend:     InProgress,
		Progress:   InProgress,
		Retry:      InProgress,
		Release:    InProgress,
		Succeed:    Success,
		Fail:       Failed,
		timeout:    Failed,
		Cancel:     CancelInProgress,
		cancelIdle: CancelComplete,
		Resume:     InProgress,
		Abort:      Failed,
	},
	CancelInProgress: {
		Extend:   CancelInProgress,
		Claim:    CancelComplete, // the node is gone: nothing is left to wait for
		Progress: CancelComplete, // the call came back; what it said is told, not followed
		Retry:    CancelComplete,
		Release:  CancelComplete,
		Succeed:  CancelComplete,
		Fail:     CancelComplete,
		Abort:    Failed,
	},
}

// Apply returns r as it is after e. On error (ErrIllegal, ErrNotDue, ErrLeaseLost)
// it returns r unchanged.
func Apply(r Request, e Event) (Request, error) {
	kind, err := resolve(r, e)
	if err != nil {
		return r, err
	}
	to, ok := next[r.Status][kind]
	if !ok {
		return r, fmt.Errorf("%w: %s while %s", ErrIllegal, e.Kind, r.Status)
	}
	n := r
	n.Timeline.Entries = slices.Clip(n.Timeline.Entries) // what is noted below must not be seen in r
	n.Status = to
	switch kind {
	case Claim:
		n.claim(r, e)
	case Extend:
		n.LeaseUntil = e.At.Add(e.Lease)
		return n, nil
	case Cancel:
		n.Message = "Cancel requested: waiting for the handler call in flight"
		n.note(Entry{At: e.At, What: "cancel", By: e.By})
	case cancelIdle:
		n.Message = "Cancelled while no handler call was in flight"
		n.note(Entry{At: e.At, What: "cancel", By: e.By})
	case Resume:
		n.DueAt = earlier(n.DueAt, e.At) // what is due already keeps its place in the queue
		n.note(Entry{At: e.At, What: "resume", By: e.By})
	case Abort:
		n.abort(r, e)
	case timeout:
		n.ErrorCode = ServiceTimeout
		n.Message = "The operation did not complete within " + r.Deadline.Sub(r.Accepted).String()
		if e.Kind != Claim {
			n.note(e.answer())
		}
	default:
		n.answered(kind, e)
	}
	// An answer is written down some time after it was heard, and others may have written
	// meanwhile: its event follows theirs.
	if n.EventTime.Before(e.At) {
		n.EventTime = e.At
	}
	n.Message = cut(n.Message, MaxMessage)
	if to.Ended() {
		n.end(n.EventTime)
	}
	return n, nil
}

// resolve decides what time and fencing make of an event.
func resolve(r Request, e Event) (Kind, error) {
	switch e.Kind {
	case Claim:
		if r.Status.Ended() {
			return e.Kind, nil // the table refuses it
		}
		if e.At.Before(r.Claimable()) {
			return "", ErrNotDue
		}
		if r.Status != CancelInProgress && !e.At.Before(r.Deadline) {
			return timeout, nil
		}
	case Cancel:
		if r.Status == Pending || r.Status == InProgress && !r.InFlight(e.At) {
			return cancelIdle, nil
		}
	case Resume:
		if r.Node != "" && !r.Status.Ended() {
			return "", fmt.Errorf("%w: resume while a handler call is in flight", ErrIllegal)
		}
	case Abort: // from wherever the table lets it
	default:
		if r.Status.Ended() || r.Node == "" || r.Node != e.Node || r.Attempt != e.Attempt {
			return "", fmt.Errorf("%w: attempt %d of node %q", ErrLeaseLost, e.Attempt, e.Node)
		}
		if r.Status == InProgress && e.Kind == Progress && !e.At.Before(r.Deadline) {
			return timeout, nil
		}
		if r.Status == InProgress && e.Kind == Retry && !e.At.Add(e.Delay).Before(r.Deadline) {
			return Fail, nil // no time is left for another try: the last code stands
		}
	}
	return e.Kind, nil
}

// claim gives the lease to e.Node for the next call, or, where the request was
// being cancelled, only notes that the call it waited for will not come back.
func (n *Request) claim(r Request, e Event) {
	if r.Node != "" {
		n.Lost++
		n.note(Entry{At: e.At, What: "lost", Node: r.Node, Attempt: r.Attempt})
	}
	if n.Status == CancelComplete {
		n.Message = "Cancelled. The handler call that was in flight never answered"
		return
	}
	n.Attempt++
	n.Node, n.LeaseUntil = e.Node, e.At.Add(e.Lease)
	if r.Status == Pending {
		n.Message = ""
	}
}

// abort ends the request by force. Who reads of it is told what may be left of it.
func (n *Request) abort(r Request, e Event) {
	n.ErrorCode = GeneralServiceException
	n.Message = "Ended by an operator: " + cut(e.Message, MaxReason)
	if left := r.LeftBehind(); left != "" {
		n.Message += " (" + left + ")"
	}
	note := Entry{At: e.At, What: "abort", By: e.By, Message: cut(e.Message, MaxReason)}
	if r.Node != "" { // the call that is cut off
		note.Node, note.Attempt = r.Node, r.Attempt
	}
	n.note(note)
}

// answered takes in what came of a call.
func (n *Request) answered(kind Kind, e Event) {
	n.Node, n.LeaseUntil = "", time.Time{}
	if n.Identifier == "" {
		n.Identifier = e.Identifier
	}
	n.note(e.answer())
	if n.Status == CancelComplete {
		n.Message = "Cancelled. " + lateAnswer(e)
		return
	}
	n.Message = e.Message
	switch kind {
	case Progress:
		n.Retries = 0
		n.Input.Callback = e.Callback
		if e.Model != nil {
			n.Input.Model = e.Model
		}
		n.DueAt = earlier(e.At.Add(e.Delay), n.Deadline)
	case Retry:
		n.Retries++
		n.DueAt = e.At.Add(e.Delay)
	case Release:
		n.DueAt = e.At
	case Succeed:
		n.Model = e.Model
	case Fail:
		n.ErrorCode = cmp.Or(e.ErrorCode, GeneralServiceException)
		if n.Message == "" {
			n.Message = "The handler failed with " + n.ErrorCode + " and gave no message"
		}
	}
}

// end drops what only a live request needs.
func (n *Request) end(at time.Time) {
	n.Input = Input{}
	n.Node, n.LeaseUntil, n.DueAt = "", time.Time{}, time.Time{}
	n.note(Entry{At: at, What: "end", Outcome: string(n.Status), Code: n.ErrorCode})
}

// lateAnswer tells what the call said that was in flight when the request was cancelled.
func lateAnswer(e Event) string {
	var s string
	switch e.Kind {
	case Succeed:
		return "The handler call in flight had completed the operation"
	case Progress:
		s = "The handler call in flight had not completed the operation"
	case Release:
		return "The handler call in flight was cut off by a shutdown"
	default:
		s = "The handler call in flight failed with " + e.ErrorCode
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// cut shortens s to at most max characters.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n == max {
			return s[:i]
		}
		n++
	}
	return s
}
