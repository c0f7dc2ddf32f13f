package operation

import (
	"slices"
	"time"
	"unicode/utf8"
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
	// Output is the end of what the handler printed during the call, at most 2,000
	// characters; only the last four calls that printed something have it.
	Output string `json:"output,omitempty"`
	// Outward are the first calls that the handler made to others during the call, at most eight.
	Outward []Outward `json:"outward,omitempty"`
}

// Outward is one call that a handler made to others: no path, headers or bodies.
type Outward struct {
	Host   string        `json:"host"`
	Method string        `json:"method"`
	Status int           `json:"status,omitempty"` // 0: no answer
	Took   time.Duration `json:"took"`
	Routed string        `json:"routed,omitempty"` // "direct", "denied", or where a route led it
}

// The bounds of what a timeline keeps of one call.
const (
	entryMessage = 200  // characters of the message
	entryOutput  = 2000 // characters of what was printed, the last ones
	entryOutward = 8    // calls to others, the first ones
	outputs      = 4    // entries with output
)

// answer is the line of the call that e speaks of.
func (e Event) answer() Entry {
	return Entry{
		At: e.At, What: "call", Node: e.Node, Attempt: e.Attempt, Took: e.Took, Outcome: string(e.Kind),
		Code: e.ErrorCode, Message: cut(e.Message, entryMessage), Delay: e.Delay,
		Output: last(e.Output, entryOutput), Outward: slices.Clip(e.Outward[:min(len(e.Outward), entryOutward)]),
	}
}

// note adds a line. The array behind the lines is n's own beyond their end: Apply sees to that.
func (n *Request) note(e Entry) {
	old := n.Timeline.Entries
	if e.Output != "" {
		old = withoutOldOutput(old)
	}
	if len(old) < timelineMax {
		if len(old) == cap(old) {
			old = append(make([]Entry, 0, len(old)+2), old...) // the end of a request comes with what ended it
		}
		n.Timeline.Entries = append(old, e)
		return
	}
	kept := make([]Entry, 0, timelineMax)
	kept = append(kept, old[:timelineFirst]...)
	kept = append(kept, old[timelineFirst+1:]...)
	n.Timeline.Entries = append(kept, e)
	n.Timeline.Dropped++
}

// withoutOldOutput makes room for one more entry with output: a copy where it takes any away.
func withoutOldOutput(entries []Entry) []Entry {
	kept := 0
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Output == "" {
			continue
		}
		if kept++; kept == outputs {
			entries = slices.Clone(entries)
			entries[i].Output = "" // those before it have lost theirs when it came
			return entries
		}
	}
	return entries
}

// last is the end of s: at most max characters.
func last(s string, max int) string {
	for n := utf8.RuneCountInString(s) - max; n > 0; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}
