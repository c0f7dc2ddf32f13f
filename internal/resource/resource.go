// Package resource is a resource as the ledger knows it: what the last request on
// it left behind. The package is pure and knows nothing of requests or types.
package resource

import (
	"encoding/json"
	"time"
)

// Key names one resource. Two keys are the same resource only if all four parts
// are equal byte for byte.
type Key struct {
	Account, Region string
	TypeName        string
	Identifier      string // primary, parts joined by "|"
}

// Resource is one entry of the ledger. It is a value.
type Resource struct {
	Key
	TypeVersion string
	Model       json.RawMessage // all readable properties, without write-only values
	// WriteOnly holds the write-only values of the last create or update, nil for
	// none. They are never shown; an update merges them back in.
	WriteOnly json.RawMessage
	Revision  int64 // 1 when created, one more with each change; 0 is "not there"
	Created   time.Time
	Updated   time.Time
	Request   string // token of the request that made the last change
	// Unfinished marks what a create has begun and not, or not yet, finished: it may be there,
	// whole or in part, and no read or list of the ledger takes it for a resource.
	Unfinished bool
}

// AnyRevision as a Change's Expect accepts whatever the ledger holds.
const AnyRevision = -1

// Change is what a request does to the ledger: its end, or the progress of a create.
//
// A change of what is Unfinished is made where nothing or an unfinished entry stands, whatever
// Expect is; elsewhere it does nothing and is no error: a resource that was there before is
// another's.
type Change struct {
	Resource       // as it is to be; Revision and Created are the store's to fill in
	Gone     bool  // the resource was deleted
	Expect   int64 // the revision the change was computed from, 0 for "not there", or AnyRevision
}
