package operation

import (
	"slices"
	"time"
)

// A timeline keeps the first entries and the last ones; what lies between is
// counted and dropped, so that a request of a thousand callbacks stays small.
const (
	timelineFirst = 4
	timelineMax   = 32
)

// Timeline is the history of a request, oldest first, bounded to 32 entries.
type Timeline struct {
	Entries []Entry `json:"entries"`
	Dropped int     `json:"dropped,omitempty"` // entries left out after the first four
}

// Entry is one line of a timeline. It holds nothing of the resource's properties.
type Entry struct {
	At      time.Time     `json:"at"`
	What    string        `json:"what"` // accepted, call, lost, cancel, resume, abort, end
	Node    string        `json:"node,omitempty"`
	Attempt int           `json:"attempt,omitempty"`
	Took    time.Duration `json:"took,omitempty"`    // call: how long, in nanoseconds
	Outcome string        `json:"outcome,omitempty"` // call: the event it made; end: the status
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message,omitempty"` // call: the first 200 characters; abort: why, whole
	Delay   time.Duration `json:"delay,omitempty"`   // call: until the next one, in nanoseconds
	By      string        `json:"by,omitempty"`      // accepted, cancel, resume, abort: Arn of the caller
}

// entryMessage is how much of a message a timeline keeps, in characters.
const entryMessage = 200

// answer is the line of the call that e speaks of.
func (e Event) answer() Entry {
	return Entry{
		At: e.At, What: "call", Node: e.Node, Attempt: e.Attempt, Took: e.Took, Outcome: string(e.Kind),
		Code: e.ErrorCode, Message: cut(e.Message, entryMessage), Delay: e.Delay,
	}
}

// note adds a line without touching the array that the old request holds.
func (n *Request) note(e Entry) {
	old := n.Timeline.Entries
	if len(old) < timelineMax {
		n.Timeline.Entries = append(slices.Clip(old), e)
		return
	}
	kept := make([]Entry, 0, timelineMax)
	kept = append(kept, old[:timelineFirst]...)
	kept = append(kept, old[timelineFirst+1:]...)
	n.Timeline.Entries = append(kept, e)
	n.Timeline.Dropped++
}
