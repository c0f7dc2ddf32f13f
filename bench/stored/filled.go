package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/bench/internal/load"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// filled is a store with many requests that ended. While it is expiring, as many of them
// are due to be removed as came in.
type filled struct {
	store.Store
	tokens      []string
	first, last time.Time // when the first and the last of them were accepted

	expiring          atomic.Bool
	accepted, removed atomic.Int64 // while expiring
}

// fill stores n creates that ended well, straight through the store.
func (f *filled) fill(ctx context.Context, n int) error {
	f.tokens = make([]string, n)
	var next atomic.Int64
	f.first = f.Now()
	r, err := load.Times(n, 256, func() (time.Duration, error) {
		token, err := one(ctx, f.Store)
		f.tokens[next.Add(1)-1] = token
		return 0, err
	})
	f.last = f.Now()
	fmt.Printf("%d requests stored, %.0f/s, two writes each\n", n, r.Rate())
	return err
}

// one stores a create and its end.
func one(ctx context.Context, s store.Store) (token string, err error) {
	now := s.Now()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	token = operation.NewToken(now, random)
	return token, load.AcceptAndEnd(ctx, s, load.Request(account), token, now)
}

// Accept counts what comes in.
func (f *filled) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	if f.expiring.Load() {
		f.accepted.Add(1)
	}
	return f.Store.Accept(ctx, r)
}

// Purge removes what the engine's own expiry may: so far into the time in which the
// requests were filled in as their share of those that came in since.
func (f *filled) Purge(ctx context.Context, _ time.Time, max int) (int, error) {
	if !f.expiring.Load() {
		return 0, nil
	}
	share := float64(f.accepted.Load()) / float64(len(f.tokens))
	n, err := f.Store.Purge(ctx, f.first.Add(time.Duration(share*float64(f.last.Sub(f.first)))), max)
	f.removed.Add(int64(n))
	return n, err
}

// creates measures creates on the empty store and on this one, without and with expiry.
func (f *filled) creates(ctx context.Context, empty store.Store) (err error) {
	beside, err := load.Start(ctx, load.Config{Store: empty})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, beside.Stop()) }()
	full, err := load.Start(ctx, load.Config{Store: f.Store, Wrap: func(s store.Store) store.Store { f.Store = s; return f }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, full.Stop()) }()
	kinds := []struct {
		name   string
		node   *load.Node
		expire bool
		sum    load.Result
		bytes  int64 // written by this process
	}{
		{name: "empty store", node: beside},
		{name: "full store", node: full},
		{name: "full store, with expiry", node: full, expire: true},
	}
	for i := range *rounds + 1 {
		for j := range kinds {
			k := &kinds[j]
			f.expiring.Store(k.expire)
			wrote := written()
			r, err := load.For(*span, *clients, func() (time.Duration, error) { return k.node.Create(ctx, account) })
			if err != nil {
				return err
			}
			if i > 0 { // the first are to warm up
				k.sum = k.sum.Plus(r)
				k.bytes += written() - wrote
			}
		}
	}
	f.expiring.Store(false)
	for i := range kinds {
		k := &kinds[i]
		fmt.Printf("creates, %-24s %6.0f/s, %.2f of empty; accepted in %v (p50), %v (p99); %.0f µs CPU, %.1f KB written\n", k.name+":", k.sum.Rate(),
			k.sum.Rate()/kinds[0].sum.Rate(), round(k.sum.At(0.5)), round(k.sum.At(0.99)), float64(k.sum.CPU.Microseconds())/float64(k.sum.Calls),
			float64(k.bytes)/1024/float64(k.sum.Calls))
	}
	fmt.Printf("expiry: %d came in meanwhile, %d were removed\n", f.accepted.Load(), f.removed.Load())
	return nil
}

// reads measures status reads by token over all requests, and lists.
func (f *filled) reads(ctx context.Context) error {
	f.tokens = f.tokens[min(int(f.removed.Load()), len(f.tokens)-1):]
	statuses, err := load.For(*span, *readers, timed(func() error {
		_, err := f.Request(ctx, account, load.Region, f.tokens[mrand.IntN(len(f.tokens))])
		if errors.Is(err, store.ErrNotFound) {
			return nil // expired meanwhile
		}
		return err
	}))
	if err != nil {
		return err
	}
	fmt.Printf("status reads of any request: %.0f/s, %v (p50), %v (p99)\n", statuses.Rate(), round(statuses.At(0.5)), round(statuses.At(0.99)))
	create, success := []operation.Operation{operation.Create}, []operation.Status{operation.Success}
	for _, q := range []struct {
		name string
		store.RequestQuery
	}{
		{"no filter", store.RequestQuery{}},
		{"Operations=CREATE", store.RequestQuery{Operations: create}},
		{"OperationStatuses=SUCCESS", store.RequestQuery{Statuses: success}},
		{"CREATE and SUCCESS", store.RequestQuery{Operations: create, Statuses: success}},
		{"OperationStatuses=IN_PROGRESS", store.RequestQuery{Statuses: []operation.Status{operation.InProgress}}},
		{"OperationStatuses=FAILED", store.RequestQuery{Statuses: []operation.Status{operation.Failed}}},
	} {
		q.Account, q.Region, q.Limit = account, load.Region, 20
		lists, err := load.For(*span/4, *readers, timed(func() error {
			q := q.RequestQuery
			// The first page, or one from anywhere within.
			if n := mrand.IntN(2 * len(f.tokens)); n < len(f.tokens) {
				q.After = f.tokens[n]
			}
			_, err := f.Requests(ctx, q)
			return err
		}))
		if err != nil {
			return err
		}
		fmt.Printf("list of 20, %-30s %v (p50), %v (p99)\n", q.name+":", round(lists.At(0.5)), round(lists.At(0.99)))
	}
	return nil
}

func timed(do func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		began := time.Now()
		err := do()
		return time.Since(began), err
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
