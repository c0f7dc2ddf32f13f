package control

import (
	"context"

	"example.org/groundcontrol/internal/handler"
)

// Journal tells of the last calls of handlers on this node. A *handler.Journal is one.
type Journal interface {
	Read(account, region, typeName string, after int64, max int) (records []handler.Record, next int64)
}

// ListTypeCallsInput is the input of ListTypeCalls.
type ListTypeCallsInput struct {
	TypeName   *string
	After      *int // the Next of an answer before; absent for the last calls there are
	MaxResults *int
}

// TypeCalls is what ListTypeCalls answers.
type TypeCalls struct {
	Calls []handler.Record // oldest first
	Next  int64            // to ask with for what comes after
}

// ListTypeCalls tells of the last calls that this node made to the handlers of a registered
// type, reads and lists among them. It keeps a few megabytes of them, until it stops.
func (c *Control) ListTypeCalls(ctx context.Context, who Caller, in ListTypeCallsInput) (TypeCalls, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	limit := bad.maxResults(in.MaxResults, 20)
	if err := bad.err(); err != nil {
		return TypeCalls{}, err
	}
	if _, err := c.find(ctx, who, name, ""); err != nil {
		return TypeCalls{}, err
	}
	after := int64(0)
	if in.After != nil {
		after = int64(*in.After)
	}
	var calls TypeCalls
	calls.Calls, calls.Next = c.Journal.Read(who.Account, who.Region, name, after, limit)
	return calls, nil
}
