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
}

// AnyRevision as a Change's Expect accepts whatever the ledger holds.
const AnyRevision = -1

// Change is what the end of a request does to the ledger.
type Change struct {
	Resource       // as it is to be; Revision and Created are the store's to fill in
	Gone     bool  // the resource was deleted
	Expect   int64 // the revision the change was computed from, 0 for "not there", or AnyRevision
}
