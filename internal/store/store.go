// Package store says what the server needs from a database, and nothing else.
//
// Every verb is one atomic step named for what it does to the server's data. No
// verb hands out a transaction: who calls a store never has to think of isolation.
// Package storetest is this contract as tests; every store passes all of it.
package store

import (
	"context"
	"errors"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
)

var (
	// ErrNotFound means that no such request or resource is there, for this account
	// and region.
	ErrNotFound = errors.New("store: not found")
	// ErrBusy means that another request of the same resource has not ended.
	ErrBusy = errors.New("store: the resource has a live request")
	// ErrTokenConflict means that the client token stands for a request with other input.
	ErrTokenConflict = errors.New("store: the client token was used with other input")
	// ErrStale means that the request was written by somebody else since it was read:
	// read it again and decide again.
	ErrStale = errors.New("store: the request has changed")
	// ErrMoved means that the ledger's entry is not at the revision that was expected:
	// read the resource again and decide again.
	ErrMoved = errors.New("store: the resource has changed")
)

// Store keeps requests and the ledger of resources. It is safe for use by many
// goroutines and, where its documentation says so, by many processes.
//
// Every verb that writes either took effect whole, or not at all. An error that is
// none of the sentinels above leaves open which of the two: the caller has to ask.
// No verb waits for ever, whatever its context allows: a store bounds its own waits.
type Store interface {
	Requests
	Work
	Ledger
	Documents

	// Now is the store's clock, in UTC. Every time in a request comes from it, so
	// that nodes on one store agree on what is due.
	Now() time.Time

	// Purge removes requests that ended and were accepted before the given time,
	// oldest first, and returns how many: at most max where it removes them one by one,
	// and more where it can drop many at once at no cost. It is a small step that keeps no
	// writer waiting; call it again while it returns max or more. A store that keeps
	// requests in slices of time may keep some until the whole slice is old.
	Purge(ctx context.Context, before time.Time, max int) (int, error)

	// Live counts the requests that have not ended, by status, over all accounts.
	Live(ctx context.Context) (map[operation.Status]int, error)

	// Unfinished returns at most max entries of what creates in an account and region have
	// begun and not finished, ordered by type name and identifier, from the one behind after on;
	// of after only these two count.
	Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error)

	// Mark stores value under name where nothing stands there yet, and returns what stands
	// there now, whoever stored it: a fact about the store that is settled once.
	Mark(ctx context.Context, name string, value []byte) ([]byte, error)

	// Close waits for writes under way and releases what the store holds.
	Close() error
}

// Requests is how requests are written and read.
type Requests interface {
	// Accept stores r, which Accept or Claim of package operation made. It returns
	// what is stored, with Revision 1, or the request that stands in the way:
	//   - a replay (client token known for less than operation.ClientTokenLife, same
	//     InputHash): the recorded request as it is now, and no error. It is told from
	//     r by its token;
	//   - the client token with another hash: the recorded request and ErrTokenConflict;
	//   - another live request with r's identifier: that request and ErrBusy;
	//   - an update whose BaseRevision is not the ledger's: r and ErrMoved.
	// The first of these that holds is the answer.
	Accept(ctx context.Context, r operation.Request) (operation.Request, error)

	// Save writes r, read at r.Revision, and change, which may be nil, in one step.
	// It returns r with its new revision. Errors: ErrStale where the stored revision
	// is another one; ErrBusy where r is live and its new identifier belongs to another
	// live request; ErrMoved where the ledger is not at change.Expect.
	Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error)

	// Request returns the request with the token, or ErrNotFound: also where it
	// belongs to another account or region.
	Request(ctx context.Context, account, region, token string) (operation.Request, error)

	// Replay returns the request that a client token stands for at time now, or ErrNotFound.
	Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error)

	// Requests returns one page of requests, newest first, without their Input.
	Requests(ctx context.Context, q RequestQuery) (RequestPage, error)
}

// Work is how nodes share the live requests. These stand in queues, one for each
// type in an account and region, so that who takes work can be fair to accounts and
// spare a type, without reading past what it must not take.
type Work interface {
	// Queues returns at most max queues that hold live requests, in the order of
	// account/region and type name, from the one behind after on.
	Queues(ctx context.Context, after Queue, max int) ([]Head, error)

	// Waiting returns at most max live requests of a queue that are claimable before the
	// given time, longest due first, and leaves them as they are.
	Waiting(ctx context.Context, q Queue, before time.Time, max int) ([]operation.Request, error)

	// Place counts the live requests that become claimable before r in its queue, up
	// to max.
	Place(ctx context.Context, r operation.Request, max int) (int, error)

	// Claim applies an operation.Claim event to requests that are claimable at c.Now:
	// of each queue of c.Shares at most so many as it says, longest due first. It
	// returns those requests as they are now; some may have ended by it. No two calls
	// return the same request unless the lease of the first ran out in between.
	Claim(ctx context.Context, c Claim) ([]operation.Request, error)

	// Watch tells what other processes have written, until ctx is done; it returns the
	// error of ctx. A store of one process has nothing to tell.
	Watch(ctx context.Context, told func(Hint)) error
}

// Hint is word of what another process has written: a reason to look and never a fact. It
// may be late, be lost or come twice.
type Hint struct {
	Tokens []string // of the requests; none means that any may have changed
	// Free is whether any node may take one of them. To look for work is dear beside a look
	// at one request, and most of what others write is work of their own.
	Free bool
}

// Ledger is how resources are read; Save of Requests writes them.
type Ledger interface {
	// Resource returns the ledger's entry, also an unfinished one, or ErrNotFound.
	Resource(ctx context.Context, key resource.Key) (resource.Resource, error)

	// Resources returns one page of the ledger, ordered by identifier, without what is
	// unfinished.
	Resources(ctx context.Context, q ResourceQuery) (ResourcePage, error)
}

// Documents keeps what operators and accounts set up and every node follows: types,
// schemas, behaviours. They are few, and change seldom.
type Documents interface {
	// Write stores documents, each with a name of its own, all of them or none. Error:
	// ErrStale where one is no longer at the revision it was read at, 0 for one that was
	// not there. A document without a body removes what stands under its name.
	Write(ctx context.Context, docs []Document) error

	// Document returns a document, or ErrNotFound.
	Document(ctx context.Context, kind, name string) (Document, error)

	// Changes returns at most max documents of a kind that were written after the given
	// revision, in the order in which they were; those that are gone without a body. Who
	// asks again with the revision of the last one misses none.
	Changes(ctx context.Context, kind string, after int64, max int) ([]Document, error)
}

// SecretKind is what the kind of a document begins with whose body is secret: a store that
// seals secrets keeps such bodies encrypted.
const SecretKind = "secret-"

// Document is something that was set up.
type Document struct {
	Kind, Name string
	Body       []byte
	Revision   int64 // 1 or more; of a kind, each write has a higher one than those before
}

// Queue names the live requests of one type in one account and region.
type Queue struct{ Account, Region, TypeName string }

// QueueOf returns the queue that r stands in while it is live.
func QueueOf(r operation.Request) Queue { return Queue{r.Account, r.Region, r.TypeName} }

// Head is a queue with when its first request is, or becomes, claimable.
type Head struct {
	Queue
	Claimable time.Time
}

// Claim says what a node takes.
type Claim struct {
	Node   string        // that takes it
	Now    time.Time     // by the store's clock
	Lease  time.Duration // how long it holds what it takes
	Shares []Share
}

// Share is how many requests of a queue a node takes.
type Share struct {
	Queue
	Max int // 1 or more
}

// RequestQuery asks for a page of requests of one account and region.
type RequestQuery struct {
	Account, Region string
	Operations      []operation.Operation // any of these; none given means all
	Statuses        []operation.Status    // any of these; none given means all
	EndedSince      time.Time             // leave out ended requests that were accepted before
	After           string                // token of the last request of the page before, "" for the first page
	Limit           int                   // at most this many, 1 or more
}

// RequestPage is an answer to a RequestQuery.
type RequestPage struct {
	Requests []operation.Request
	More     bool // ask again with After set to the last one's token
}

// ResourceQuery asks for a page of resources of one type in one account and region.
type ResourceQuery struct {
	Account, Region, TypeName string
	After                     string // identifier of the last resource of the page before
	Limit                     int    // at most this many, 1 or more
}

// ResourcePage is an answer to a ResourceQuery.
type ResourcePage struct {
	Resources []resource.Resource
	More      bool // ask again with After set to the last one's identifier
}
