package operation

import (
	"fmt"
	"time"
)

// Wait names what a live request waits for, for operators to read.
type Wait string

// What a request can wait for. One that has ended waits for nothing: "".
const (
	ForSlot     Wait = "SLOT"     // it is due: a node with a free handler slot
	ForCall     Wait = "CALL"     // the handler call in flight
	ForNode     Wait = "NODE"     // its node is gone: another one to take over
	ForCallback Wait = "CALLBACK" // the time at which its handler wants to be called again
	ForRetry    Wait = "RETRY"    // the end of the backoff after a failed call
)

// Waits lists every Wait.
var Waits = []Wait{ForSlot, ForCall, ForNode, ForCallback, ForRetry}

// WaitsFor returns what r waits for at time now.
func (r Request) WaitsFor(now time.Time) Wait {
	switch {
	case r.Status.Ended():
		return ""
	case r.InFlight(now):
		return ForCall
	case r.Node != "":
		return ForNode
	case !r.DueAt.After(now):
		return ForSlot
	case r.Retries > 0:
		return ForRetry
	}
	return ForCallback
}

// LeftBehind says what r may leave behind where it is ended by force now, as a part of
// a sentence; "" where no handler was called yet.
func (r Request) LeftBehind() string {
	if r.Status.Ended() || r.Attempt == 0 {
		return ""
	}
	name := "the resource"
	if r.Identifier != "" {
		name = fmt.Sprintf("resource '%s'", cut(r.Identifier, entryMessage)) // so that what follows fits in a message
	}
	left := name + " may exist, whole or in part, and is no resource of the ledger"
	switch r.Operation {
	case Update:
		left = name + " may be changed, whole or in part, and the ledger has it as it was"
	case Delete:
		left = name + " may be gone, whole or in part, and the ledger still has it"
	}
	if r.Node != "" {
		return "a handler call was in flight and may still finish; " + left
	}
	return left
}
