package control

import (
	"context"

	"example.org/groundcontrol/internal/operation"
)

// ListRequests is ListResourceRequests with what an operator wants to know of each
// request. Input, order and paging are the same; a NextToken of one fits the other.
func (c *Control) ListRequests(ctx context.Context, who Caller, in ListResourceRequestsInput) (DetailList, error) {
	got, err := c.ListResourceRequests(ctx, who, in)
	if err != nil {
		return DetailList{}, err
	}
	list := DetailList{Requests: make([]Detail, 0, len(got.Requests)), NextToken: got.NextToken}
	for _, r := range got.Requests {
		list.Requests = append(list.Requests, c.detail(r))
	}
	return list, nil
}

// DescribeRequest returns a request of the caller's account and region with its
// timeline. Unlike GetResourceRequestStatus it is never held.
func (c *Control) DescribeRequest(ctx context.Context, who Caller, in DescribeRequestInput) (Detail, error) {
	var bad constraints
	token := bad.required("requestToken", in.RequestToken, requestToken)
	if err := bad.err(); err != nil {
		return Detail{}, err
	}
	r, err := c.Engine.Status(ctx, who.Account, who.Region, token, 0)
	if r, err = c.known(token, r, err); err != nil {
		return Detail{}, err
	}
	return c.detail(r), nil
}

// ResumeRequest makes the next call of a request that waits due now.
func (c *Control) ResumeRequest(ctx context.Context, who Caller, in ResumeRequestInput) (Detail, error) {
	var bad constraints
	token := bad.required("requestToken", in.RequestToken, requestToken)
	if err := bad.err(); err != nil {
		return Detail{}, err
	}
	r, err := c.Engine.Resume(ctx, who.Account, who.Region, token, who.Arn)
	if r, err = c.steered(token, r, err); err != nil {
		return Detail{}, err
	}
	return c.detail(r), nil
}

// FailRequest ends a request by force: it is FAILED when this has answered, whatever
// its handler still does. The timeline has who did it and why.
func (c *Control) FailRequest(ctx context.Context, who Caller, in FailRequestInput) (Aborted, error) {
	var bad constraints
	token := bad.required("requestToken", in.RequestToken, requestToken)
	why := bad.required("reason", in.Reason, reason)
	if err := bad.err(); err != nil {
		return Aborted{}, err
	}
	r, left, err := c.Engine.Abort(ctx, who.Account, who.Region, token, who.Arn, why)
	if r, err = c.steered(token, r, err); err != nil {
		return Aborted{}, err
	}
	return Aborted{c.detail(r), left}, nil
}

func (c *Control) detail(r operation.Request) Detail {
	r.Input = operation.Input{}
	return Detail{r, r.WaitsFor(c.Store.Now())}
}
