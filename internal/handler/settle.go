package handler

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
)

// Outcome is how one call of a request's handler ended.
type Outcome struct {
	Answer Answer
	Err    error // from Runtime.Invoke; Answer has but what it says of the call then
	At     time.Time
	Took   time.Duration
	Limit  time.Duration // the time limit the call had
	// Backoff is how long to wait before another try, should the outcome call for one.
	Backoff time.Duration
}

// Settle says what o, the outcome of the current call of r, does to r and to the
// ledger. The change is nil where the ledger stays as it is. An answer that breaks
// the contract fails the request with InternalFailure and a message that names the rule.
// A create that fails for good with a Model and a Ledger in its answer leaves a remnant:
// the resource is written down, though the request fails.
//
// What a create by any other handler makes is not forgotten if the create does not succeed:
// from its first IN_PROGRESS answer on the resource stands in the ledger as unfinished, and so
// does one that a failure names by an identifier that the client did not give.
func Settle(s *schema.Schema, r operation.Request, o Outcome) (operation.Event, *resource.Change) {
	ev := operation.Event{
		At: o.At, Node: r.Node, Attempt: r.Attempt, Took: o.Took,
		Message: o.Answer.Message, Identifier: identifier(s, o.Answer.Model),
		Output: o.Answer.Output, Outward: o.Answer.Outward,
	}
	if o.Err != nil {
		return unanswered(ev, o), nil
	}
	if broken := check(r, o.Answer, ev.Identifier); broken != "" {
		return fail(ev, InternalFailure, "The handler's answer is not valid: "+broken), nil
	}
	if utf8.RuneCountInString(ev.Identifier) > maxIdentifier {
		ev.Identifier = ""
		return fail(ev, InvalidRequest, fmt.Sprintf("The primary identifier would be longer than %d characters: no call could name the resource", maxIdentifier)), nil
	}
	switch o.Answer.Status {
	case InProgress:
		ev.Kind = operation.Progress
		ev.Delay = max(o.Answer.Delay, 0)
		ev.Callback = o.Answer.Callback
		if o.Answer.Model != nil {
			ev.Model = schema.Encode(o.Answer.Model)
		}
		if r.Operation == operation.Create && o.Answer.Ledger == nil && ev.Identifier != "" {
			return ev, unfinished(s, r, o, ev.Identifier)
		}
		return ev, nil
	case Failed:
		if o.Answer.ErrorCode.Retriable() {
			ev.Kind, ev.ErrorCode, ev.Delay = operation.Retry, o.Answer.ErrorCode.Public(), o.Backoff
			return ev, nil
		}
		ev = fail(ev, o.Answer.ErrorCode, o.Answer.Message)
		switch {
		case r.Operation == operation.Create && o.Answer.Ledger == nil && r.Identifier == "" && ev.Identifier != "" && o.Answer.ErrorCode != AlreadyExists:
			return ev, unfinished(s, r, o, ev.Identifier)
		case r.Operation == operation.Delete && o.Answer.ErrorCode == NotFound:
			return ev, givenUp(r, o)
		}
		if !leavesRemnant(r, o.Answer) || ev.Identifier == "" {
			return ev, nil
		}
		return ev, put(s, r, o, ev.Identifier)
	}
	ev.Kind = operation.Succeed
	if r.Operation == operation.Delete {
		change := changeOf(r, o)
		change.Gone = true
		return ev, change
	}
	change := put(s, r, o, ev.Identifier)
	ev.Model = change.Model
	return ev, change
}

// leavesRemnant reports whether a create failed after it had made its resource. Only a
// runtime on the ledger can say so: what others leave is theirs to find.
func leavesRemnant(r operation.Request, a Answer) bool {
	return r.Operation == operation.Create && a.Status == Failed && a.Ledger != nil
}

// unfinished is the change that writes down what a create has begun.
func unfinished(s *schema.Schema, r operation.Request, o Outcome, identifier string) *resource.Change {
	change := put(s, r, o, identifier)
	change.Unfinished = true
	return change
}

// givenUp is the change that forgets what a create had begun, and is not there.
func givenUp(r operation.Request, o Outcome) *resource.Change {
	change := changeOf(r, o)
	change.Expect, change.Gone, change.Unfinished = resource.AnyRevision, true, true
	return change
}

// Adopt is how an update ends that changes nothing, and takes what a create had begun into
// the ledger as a resource: the model stands in r.Input.Model.
func Adopt(s *schema.Schema, r operation.Request, at time.Time) (operation.Event, *resource.Change, error) {
	model, err := schema.Decode(r.Input.Model)
	if err != nil {
		return operation.Event{}, nil, fmt.Errorf("handler: adopt: %w", err)
	}
	r.Input.Desired = r.Input.Model // whose write-only values are to be remembered
	o := Outcome{Answer: Answer{Status: Success, Model: model}, At: at}
	ev, change := Settle(s, r, o)
	return ev, change, nil
}

// put is the change that writes the model of o's answer down.
func put(s *schema.Schema, r operation.Request, o Outcome, identifier string) *resource.Change {
	change := changeOf(r, o)
	change.Identifier = identifier
	change.Model = schema.Encode(s.WithoutWriteOnly(o.Answer.Model))
	if s.HasWriteOnly() {
		change.WriteOnly = writeOnly(s, r)
	}
	return change
}

// changeOf is a change of the resource that r names.
func changeOf(r operation.Request, o Outcome) *resource.Change {
	change := &resource.Change{Expect: resource.AnyRevision}
	if o.Answer.Ledger != nil {
		change.Expect = *o.Answer.Ledger
	}
	change.Key = resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier}
	change.TypeVersion, change.Updated, change.Request = r.TypeVersion, o.At, r.Token
	return change
}

// unanswered is what becomes of a call that no answer came from. A call that ran
// out of time, or whose answer was lost on its way, may have done its work, so it is made
// again with the same token; handlers are idempotent by it.
func unanswered(ev operation.Event, o Outcome) operation.Event {
	switch {
	case errors.Is(o.Err, context.DeadlineExceeded):
		ev.Kind, ev.ErrorCode, ev.Delay = operation.Retry, string(InternalFailure), o.Backoff
		ev.Message = fmt.Sprintf("The handler did not answer within its limit of %v", o.Limit)
		return ev
	case errors.Is(o.Err, ErrUnreachable):
		return again(ev, o, "The handler could not be reached: ")
	case errors.Is(o.Err, ErrLostOutcome):
		return again(ev, o, "The handler's answer was lost: ")
	case errors.Is(o.Err, ErrInvalidAnswer):
		return fail(ev, InternalFailure, "The handler's answer is not valid: "+o.Err.Error())
	}
	return fail(ev, InternalFailure, "The handler could not be called: "+o.Err.Error())
}

// again has the call made again after what the network did to it.
func again(ev operation.Event, o Outcome, what string) operation.Event {
	ev.Kind, ev.ErrorCode, ev.Delay = operation.Retry, NetworkFailure.Public(), o.Backoff
	ev.Message = what + o.Err.Error()
	return ev
}

// maxIdentifier is the longest identifier in characters that AWS's model lets calls name.
const maxIdentifier = 1024

func fail(ev operation.Event, c Code, message string) operation.Event {
	ev.Kind, ev.ErrorCode, ev.Message = operation.Fail, c.Public(), message
	return ev
}

// check returns the rule of the contract that the answer breaks, or "".
func check(r operation.Request, a Answer, id string) string {
	switch a.Status {
	case Success, InProgress:
		if a.ErrorCode != "" {
			return "it carries an error code with status " + string(a.Status)
		}
	case Failed:
		if a.ErrorCode == "" {
			return "it failed without an error code"
		}
		if !leavesRemnant(r, a) {
			return "" // whatever its model says, nobody will act on it
		}
	default:
		return fmt.Sprintf("its status is %q", a.Status)
	}
	switch {
	case id != "" && r.Identifier != "" && id != r.Identifier:
		return "it changes the primary identifier"
	case a.Status == Success && r.Operation != operation.Delete && id == "":
		return "its model lacks the primary identifier"
	}
	return ""
}

// identifier is the primary identifier that a model holds, or "".
func identifier(s *schema.Schema, model any) string {
	if model == nil {
		return ""
	}
	id, _ := s.Identifier(model)
	return id
}

// writeOnly is what the ledger is to remember of the values that r was given.
func writeOnly(s *schema.Schema, r operation.Request) []byte {
	desired, err := schema.Decode(r.Input.Desired)
	if err != nil {
		return nil // it was decoded when it was accepted
	}
	if kept := s.WriteOnlyOf(desired); kept != nil {
		return schema.Encode(kept)
	}
	return nil
}
