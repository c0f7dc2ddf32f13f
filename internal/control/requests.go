package control

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// GetResourceRequestStatus returns a request of the caller's account and region.
// While it is live the answer may be held for Hold, until something happens to it.
func (c *Control) GetResourceRequestStatus(ctx context.Context, who Caller, in GetResourceRequestStatusInput) (operation.Request, error) {
	var bad constraints
	token := bad.required("requestToken", in.RequestToken, requestToken)
	if err := bad.err(); err != nil {
		return operation.Request{}, err
	}
	r, err := c.Engine.Status(ctx, who.Account, who.Region, token, c.Hold)
	return c.known(token, r, err)
}

// CancelResourceRequest asks for the end of a request. After it has answered no
// handler call begins for the request; one that is in flight goes on, and the
// request is CANCEL_IN_PROGRESS until it returns.
func (c *Control) CancelResourceRequest(ctx context.Context, who Caller, in CancelResourceRequestInput) (operation.Request, error) {
	var bad constraints
	token := bad.required("requestToken", in.RequestToken, requestToken)
	if err := bad.err(); err != nil {
		return operation.Request{}, err
	}
	r, err := c.Engine.Cancel(ctx, who.Account, who.Region, token, who.Arn)
	return c.steered(token, r, err)
}

// steered is r as an operation left it that steers a request, or the refusal for why
// it could not.
func (c *Control) steered(token string, r operation.Request, err error) (operation.Request, error) {
	if errors.Is(err, operation.ErrIllegal) {
		if _, gone := c.known(token, r, nil); gone != nil {
			return r, gone
		}
		if r.Node != "" {
			return r, refuse(validation, "Request %s does not wait: a handler call is in flight (attempt %d) in status %s", token, r.Attempt, r.Status)
		}
		return r, refuse(validation, "Request %s is already in status %s", token, r.Status)
	}
	if errors.Is(err, store.ErrStale) {
		return r, refuse("ConcurrentModificationException", "Request %s is being changed by others; try again", token)
	}
	return c.known(token, r, err)
}

// known is r, or the refusal for a request that does not exist, or no longer, for clients.
func (c *Control) known(token string, r operation.Request, err error) (operation.Request, error) {
	if errors.Is(err, store.ErrNotFound) || err == nil && r.Expired(c.oldest()) {
		return operation.Request{}, refuse("RequestTokenNotFoundException", "Request with token %s was not found", token)
	}
	return r, err
}

// oldest is when a request that has ended must have been accepted to be shown still.
func (c *Control) oldest() time.Time { return c.Store.Now().Add(-c.Retention) }

// defaultRequests is the page size of ListResourceRequests where none is asked for.
const defaultRequests = 20

// ListResourceRequests lists the requests of the caller's account and region, newest
// first. NextToken belongs to the filter it was made with.
func (c *Control) ListResourceRequests(ctx context.Context, who Caller, in ListResourceRequestsInput) (RequestList, error) {
	var bad constraints
	q := store.RequestQuery{
		Account: who.Account, Region: who.Region, EndedSince: c.oldest(), Limit: bad.maxResults(in.MaxResults, defaultRequests),
	}
	page := bad.optional("nextToken", in.NextToken, nextToken)
	q.Operations, q.Statuses = bad.filter(in.ResourceRequestStatusFilter)
	if err := bad.err(); err != nil {
		return RequestList{}, err
	}
	if in.NextToken != nil {
		var ok bool
		if q.After, ok = fromNextToken(q, page); !ok {
			return RequestList{}, &Error{Name: validation, Text: "Invalid NextToken"}
		}
	}
	got, err := c.Store.Requests(ctx, q)
	if err != nil {
		return RequestList{}, fmt.Errorf("control: list requests: %w", err)
	}
	list := RequestList{Requests: got.Requests}
	if got.More {
		list.NextToken = toNextToken(q, got.Requests[len(got.Requests)-1].Token)
	}
	return list, nil
}

// A next token is the last request's token and a hash of what the list was asked
// for, so that it fits no other list. It holds nothing that its bearer has not seen.
const nextTokenBytes = 16 + 8

func toNextToken(q store.RequestQuery, last string) string {
	u, _ := operation.ParseToken(last)
	return base64.StdEncoding.EncodeToString(append(u[:], filterHash(q)...))
}

func fromNextToken(q store.RequestQuery, s string) (after string, ok bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") || // which base64 reads past
		len(b) != nextTokenBytes || !slices.Equal(b[16:], filterHash(q)) {
		return "", false
	}
	return operation.FormatToken([16]byte(b[:16])), true
}

// filterHash identifies the list: the scope and the filter as sets. The page size
// may change between pages.
func filterHash(q store.RequestQuery) []byte {
	ops, statuses := slices.Clone(q.Operations), slices.Clone(q.Statuses)
	slices.Sort(ops)
	slices.Sort(statuses)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", q.Account, q.Region, ops, statuses))
	return sum[:8]
}
