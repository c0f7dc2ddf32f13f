// Package operation is the heart of Ground Control: a resource operation request
// and the rules by which it moves from PENDING or IN_PROGRESS to an end.
//
// The package is pure. It reads no clock, starts no goroutine, does no I/O and
// imports the standard library only: a caller passes in what happened and gets
// back the request as it now is. What is hard about the server (leases, crashes,
// cancellation, deadlines) is decided here and is tested without any of it.
package operation

import (
	"encoding/json"
	"time"
)

// Operation is the kind of change a request asks for, as clients see it.
type Operation string

// The three operations that make a request.
const (
	Create Operation = "CREATE"
	Update Operation = "UPDATE"
	Delete Operation = "DELETE"
)

// Operations lists every operation.
var Operations = []Operation{Create, Delete, Update}

// Status is the OperationStatus of a request, as clients see it.
type Status string

// The six statuses. Success, Failed and CancelComplete are final: nothing changes
// a request that has reached one of them, but its expiry.
const (
	Pending          Status = "PENDING"
	InProgress       Status = "IN_PROGRESS"
	CancelInProgress Status = "CANCEL_IN_PROGRESS"
	Success          Status = "SUCCESS"
	Failed           Status = "FAILED"
	CancelComplete   Status = "CANCEL_COMPLETE"
)

// Statuses lists every status in the order in which a request can meet them.
var Statuses = []Status{Pending, InProgress, CancelInProgress, Success, Failed, CancelComplete}

// Ended reports whether the status is final.
func (s Status) Ended() bool { return s == Success || s == Failed || s == CancelComplete }

const (
	// ClientTokenLife is how long a client token stands for the request it made,
	// counted from acceptance (36 hours, as AWS documents).
	ClientTokenLife = 36 * time.Hour
	// MaxMessage is the longest StatusMessage in characters, as in AWS's model.
	MaxMessage = 2048
	// MaxReason is the longest reason in characters that an operator can give.
	MaxReason = 1024
)

// Request is one create, update or delete as it stands now. It is a value: Apply
// returns a new one and never writes to the one it was given, nor to what its
// slices hold. All times are the store's clock, in UTC.
type Request struct {
	Token       string // RequestToken: a UUIDv7 in lower case, so time order is key order
	Account     string // of the caller, 12 digits
	Region      string
	Caller      string // Arn of the caller
	RoleArn     string // as the client gave it, "" for none
	ClientToken string // "" for none; unique in account and region for ClientTokenLife
	InputHash   []byte // of the canonical input; tells a replay from a conflict

	Operation   Operation
	TypeName    string
	TypeVersion string
	Identifier  string // primary identifier, parts joined by "|"; "" while unknown
	// BaseRevision is, for an update, the revision of the resource in the ledger that
	// the desired state was computed from. Accept refuses the request where it moved.
	BaseRevision int64
	Input        Input

	Status    Status
	ErrorCode string          // set exactly on FAILED
	Message   string          // StatusMessage; never empty on FAILED
	Model     json.RawMessage // on SUCCESS of create and update: without write-only values
	Accepted  time.Time
	EventTime time.Time // of the last status event
	Deadline  time.Time // the whole request fails with ServiceTimeout when this passes
	DueAt     time.Time // a request without a lease is not to be called before this

	Attempt    int       // handler calls begun; with Node the fence of the current lease
	Retries    int       // failed calls in a row that were worth another try
	Lost       int       // calls whose answer never came (a node died, a lease ran out)
	Node       string    // who holds the lease: a handler call is in flight; "" for nobody
	LeaseUntil time.Time // when another node may take over

	Revision int64 // counts writes; the store's compare and swap
	Timeline Timeline
}

// Input is what the handler is called with. It may hold secrets (write-only
// values, whatever a handler notes in its context), is never shown or logged, and
// is dropped when the request ends.
type Input struct {
	Desired  json.RawMessage // the desired state, or nil for a delete
	Previous json.RawMessage // update: the state before the patch
	// Model is what the last IN_PROGRESS answer gave; it takes Desired's place in the next call.
	// Of an update without a Desired, it is what the ledger is to have.
	Model    json.RawMessage
	Callback json.RawMessage // the callback context of the last IN_PROGRESS answer, nil before
}

// InFlight reports whether a handler call may be running at time now: a node
// holds the lease.
func (r Request) InFlight(now time.Time) bool { return r.Node != "" && now.Before(r.LeaseUntil) }

// Free reports whether any node may take the request once it is due: it is live and nobody
// holds its lease.
func (r Request) Free() bool { return !r.Status.Ended() && r.Node == "" }

// RetryAfter returns when the next step is due, and whether that is known: the
// request waits for its next call. It is never later than the step itself.
func (r Request) RetryAfter() (time.Time, bool) {
	waits := (r.Status == Pending || r.Status == InProgress) && r.Node == ""
	return r.DueAt, waits && r.DueAt.After(r.EventTime)
}

// Expired reports whether the request is over and was accepted before the given
// time: to clients it no longer exists. A live request never expires.
func (r Request) Expired(before time.Time) bool {
	return r.Status.Ended() && r.Accepted.Before(before)
}

// Claimable returns when a node may next take the request: when it is due, or
// when the lease that holds it runs out.
func (r Request) Claimable() time.Time {
	if r.Node != "" {
		return r.LeaseUntil
	}
	return r.DueAt
}
