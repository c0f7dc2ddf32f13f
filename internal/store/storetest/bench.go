package storetest

import (
	"context"
	"crypto/rand"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// AcceptAndEnd is what a store sees of a create that ends well at once: two writes. The
// name is that of the resource, and the client token. It is for benchmarks.
func AcceptAndEnd(ctx context.Context, s store.Store, name string) error {
	now := s.Now()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	r := operation.Accept(operation.Request{
		Account: account, Region: region, Operation: operation.Create, TypeName: "AWS::Logs::LogGroup", TypeVersion: "00000001",
		Caller: "arn:aws:iam::000000000001:root", Identifier: name, ClientToken: name, InputHash: make([]byte, 32),
		Input: operation.Input{Desired: make([]byte, 200)},
	}, operation.NewToken(now, random), now, time.Hour)
	r, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: now, Node: "n1", Lease: time.Minute})
	if err != nil {
		return err
	}
	if r, err = s.Accept(ctx, r); err != nil {
		return err
	}
	n, err := operation.Apply(r, operation.Event{Kind: operation.Succeed, At: now, Node: "n1", Attempt: r.Attempt, Model: make([]byte, 150)})
	if err != nil {
		return err
	}
	_, err = s.Save(ctx, n, &resource.Change{Resource: resource.Resource{
		Key: resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier}, Model: n.Model, Updated: now, Request: r.Token,
	}})
	return err
}
