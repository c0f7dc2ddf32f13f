// Package storetest is the contract of store.Store, as tests. Every store runs all
// of it; there is no way to leave a part out.
package storetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

const (
	account = "000000000001"
	region  = "eu-north-1"
)

// Run checks the store that open returns; open gives a new, empty one each time.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		f    func(t *testing.T, s store.Store)
	}{
		{"AcceptedRequestComesBackWhole", acceptedComesBack},
		{"DocumentsComeBackByteForByte", documentBytes},
		{"RequestOfAnotherAccountOrRegionIsNotFound", foreignRequest},
		{"ReplayGivesTheRecordedRequest", replay},
		{"ClientTokenWithOtherInputIsAConflict", tokenConflict},
		{"ClientTokenIsFreeAfterItsLife", tokenLife},
		{"ReplayWinsOverBusyAndMoved", replayFirst},
		{"OneRequestPerClientTokenUnderLoad", oneReplayUnderLoad},
		{"OneLiveRequestPerResource", oneLive},
		{"OneLiveRequestPerResourceUnderLoad", oneLiveUnderLoad},
		{"UnknownIdentifiersLockNothing", unknownIdentifier},
		{"UpdateOfAMovedResourceIsRefused", acceptMoved},
		{"SaveRefusesAStaleRevision", saveStale},
		{"SaveOfAnUnknownRequestIsStale", saveUnknown},
		{"SaveHasOneWinnerUnderLoad", saveUnderLoad},
		{"SaveTakesTheLockOfANewIdentifier", saveIdentifier},
		{"LedgerFollowsTheRequest", ledger},
		{"LedgerThatMovedRefusesTheWholeStep", ledgerMoved},
		{"StaleSaveLeavesTheLedgerAlone", ledgerStale},
		{"UnfinishedResourcesAreNoResources", unfinished},
		{"UnfinishedResourceBecomesAResource", unfinishedEnds},
		{"UnfinishedResourcesPageByTypeAndIdentifier", unfinishedPages},
		{"ClaimGivesARequestToOneNode", claimOnce},
		{"ClaimTakesTheLongestDueFirst", claimOrder},
		{"ClaimTakesNoMoreThanItsShares", claimShares},
		{"ClaimTakesOverAfterTheLease", claimTakeOver},
		{"ClaimEndsARequestAfterItsDeadline", claimDeadline},
		{"QueuesTellWhenTheirFirstIsDue", queueHeads},
		{"WaitingGivesTheLongestDueFirst", waiting},
		{"PlaceCountsThoseAhead", place},
		{"WatchEndsWithItsContext", watchEnds},
		{"ListsPageNewestFirst", listPages},
		{"ListsFilterByStatusAndOperation", listFilters},
		{"ListsLeaveOutExpiredRequests", listExpired},
		{"ResourcesPageByIdentifier", resourcePages},
		{"PurgeTakesOldEndedRequestsOnly", purge},
		{"PurgeFreesTheClientToken", purgeClientToken},
		{"LiveCountsByStatus", live},
		{"MarksAreSettledOnce", marks},
		{"DocumentsAreWrittenAllOrNone", documents},
		{"DocumentsThatAreGoneCanBeWrittenAgain", documentsGone},
		{"ChangesOfDocumentsComeInOrder", documentChanges},
		{"NoWriteOfADocumentIsLost", documentRace},
		{"CancelledContextChangesNothing", cancelledContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			c.f(t, s)
		})
	}
	t.Run("FollowsTheModel", func(t *testing.T) { Model(t, open) })
}

// pending is a request for a create of resource id; n makes its token and sets
// when it was accepted, n seconds after t0.
func pending(n int, id string) operation.Request {
	at := t0.Add(time.Duration(n) * time.Second)
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], uint64(n))
	return operation.Accept(operation.Request{
		Account: account, Region: region, Caller: "arn:aws:iam::" + account + ":root",
		Operation: operation.Create, TypeName: "A::B::C", TypeVersion: "00000001", Identifier: id,
		InputHash: []byte{1}, Input: operation.Input{Desired: []byte(`{"Name":"` + id + `"}`)},
	}, operation.NewToken(at, random), at, time.Hour)
}

// leased is pending, held by node n1 with attempt 1.
func leased(t *testing.T, n int, id string) operation.Request {
	t.Helper()
	r := pending(n, id)
	return apply(t, r, operation.Event{Kind: operation.Claim, At: r.Accepted, Node: "n1", Lease: time.Minute})
}

func apply(t *testing.T, r operation.Request, e operation.Event) operation.Request {
	t.Helper()
	n, err := operation.Apply(r, e)
	must(t, err)
	return n
}

// succeed is the answer that ends r well a second after it was accepted.
func succeed(r operation.Request) operation.Event {
	return operation.Event{
		Kind: operation.Succeed, At: r.Accepted.Add(time.Second), Node: r.Node, Attempt: r.Attempt,
		Identifier: r.Identifier, Model: []byte(`{"Name":"made"}`),
	}
}

func accept(t *testing.T, s store.Store, r operation.Request) operation.Request {
	t.Helper()
	got, err := s.Accept(t.Context(), r)
	must(t, err)
	return got
}

// end stores r and its success, without a change to the ledger.
func end(t *testing.T, s store.Store, r operation.Request) operation.Request {
	t.Helper()
	got, err := s.Save(t.Context(), apply(t, r, succeed(r)), nil)
	must(t, err)
	return got
}

// made puts a resource into the ledger through a request of its own.
func made(t *testing.T, s store.Store, n int, id, model string) {
	t.Helper()
	r := accept(t, s, leased(t, n, id))
	_, err := s.Save(t.Context(), apply(t, r, succeed(r)), change(r, model, 0))
	must(t, err)
}

func change(r operation.Request, model string, expect int64) *resource.Change {
	return &resource.Change{
		Resource: resource.Resource{
			Key: resourceKey(r.Identifier), TypeVersion: r.TypeVersion, Model: []byte(model),
			Updated: r.Accepted, Request: r.Token,
		},
		Expect: expect,
	}
}

func resourceKey(id string) resource.Key {
	return resource.Key{Account: account, Region: region, TypeName: "A::B::C", Identifier: id}
}

func request(t *testing.T, s store.Store, token string) operation.Request {
	t.Helper()
	r, err := s.Request(t.Context(), account, region, token)
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// same compares two requests; nil and empty are the same to it.
func same(t *testing.T, what string, got, want operation.Request) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func name(prefix string, i int) string { return fmt.Sprintf("%s%03d", prefix, i) }
