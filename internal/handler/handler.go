// Package handler is the contract between the engine and what serves a resource
// type, in words and types. A runtime calls handlers in one way (simulated, as a
// child process, over HTTP); the engine does not know which.
//
// Settle turns what a handler answered into what happens to its request; it is
// pure, and the only place where answers are checked against the contract.
package handler

import (
	"context"
	"encoding/json"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/schema"
)

// Call is one invocation of a handler.
type Call struct {
	Action      schema.Action
	Token       string // bearer token: the same in every call of one request
	Account     string
	Region      string
	RoleArn     string // whom the handler is to work as, as the client gave it; "" for the account itself
	TypeName    string
	TypeVersion string
	Schema      *schema.Schema
	// Identifier is the primary identifier where it is known, parts joined by "|".
	Identifier string
	// Desired is the desired model of a create or update. For read and delete it holds
	// the identifier properties, for list the model to filter by, or nil.
	Desired    json.RawMessage
	Previous   json.RawMessage // update: the state before
	Callback   json.RawMessage // as the last IN_PROGRESS answer gave it, nil on the first call
	NextToken  string          // list
	MaxResults int             // list: 1..100, or 0 for the handler's own choice
	Now        time.Time       // when the call is made, by the store's clock
	// Retries counts the failures in a row before this call that were worth another try; 0
	// on a first call and after each IN_PROGRESS answer.
	Retries int
	// Moved tells that the same call was answered before from a state of the ledger that
	// it is not in (see [Answer]): this time the runtime has to look.
	Moved bool
}

// Status is what a handler says of its work.
type Status string

// The three statuses of the handler contract. Read and list never answer InProgress.
const (
	Success    Status = "SUCCESS"
	InProgress Status = "IN_PROGRESS"
	Failed     Status = "FAILED"
)

// Answer is the ProgressEvent of the handler contract.
type Answer struct {
	Status    Status
	ErrorCode Code // exactly on Failed
	Message   string
	// Model is a decoded JSON object (see schema.Decode) with the primary identifier in
	// it, nil after a delete.
	Model     any
	Models    []any  // list
	NextToken string // list: "" after the last page
	Callback  json.RawMessage
	Delay     time.Duration // InProgress: the earliest next call

	// Ledger is set by a runtime that has no backend but the ledger: the revision of
	// the resource that the answer was computed from, 0 for "not there". The answer
	// counts only if the ledger is still there when it is written down; if not, the
	// handler is asked again. With InProgress it says that nothing was made yet. Others leave it nil.
	Ledger *int64

	// Output is what the handler printed during the call, the end of it where that is long,
	// with what is secret in the call taken out; Outward are the calls that it made to others.
	// Both are set beside an error too.
	Output  string
	Outward []operation.Outward
}

// Runtime invokes handlers.
type Runtime interface {
	// Invoke makes one call and returns what the handler answered. It returns an error
	// only where no answer came: the handler could not be asked, crashed, broke the
	// protocol ([ErrInvalidAnswer]), or ctx was done. Of the Answer only Output and Outward
	// count then. ctx carries the time limit of the call.
	Invoke(ctx context.Context, c Call) (Answer, error)
}
