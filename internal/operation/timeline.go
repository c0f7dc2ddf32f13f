package operation

import (
	"encoding/json"
	"slices"
	"strconv"
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
	What    string        `json:"what"` // accepted, call, lost, cancel, end
	Node    string        `json:"node,omitempty"`
	Attempt int           `json:"attempt,omitempty"`
	Took    time.Duration `json:"took,omitempty"`    // call: how long, in nanoseconds
	Outcome string        `json:"outcome,omitempty"` // call: the event it made; end: the status
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Delay   time.Duration `json:"delay,omitempty"` // call: until the next one, in nanoseconds
	By      string        `json:"by,omitempty"`    // accepted, cancel: Arn of the caller
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

// AppendJSON appends the timeline as encoding/json would write it, at a fraction of
// the cost: every write of a request carries one.
func (t Timeline) AppendJSON(b []byte) []byte {
	b = append(b, `{"entries":[`...)
	for i, e := range t.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.appendJSON(b)
	}
	b = append(b, ']')
	if t.Dropped != 0 {
		b = append(b, `,"dropped":`...)
		b = strconv.AppendInt(b, int64(t.Dropped), 10)
	}
	return append(b, '}')
}

func (e Entry) appendJSON(b []byte) []byte {
	b = append(b, `{"at":"`...)
	b = e.At.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","what":`...)
	b = appendString(b, e.What)
	text := func(name, value string) {
		if value != "" {
			b = append(b, name...)
			b = appendString(b, value)
		}
	}
	number := func(name string, value int64) {
		if value != 0 {
			b = append(b, name...)
			b = strconv.AppendInt(b, value, 10)
		}
	}
	text(`,"node":`, e.Node)
	number(`,"attempt":`, int64(e.Attempt))
	number(`,"took":`, int64(e.Took))
	text(`,"outcome":`, e.Outcome)
	text(`,"code":`, e.Code)
	text(`,"message":`, e.Message)
	number(`,"delay":`, int64(e.Delay))
	text(`,"by":`, e.By)
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // never fails for a string
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
