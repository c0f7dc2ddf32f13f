package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// final waits until no request is live and then asks for all there is.
func (s *system) final(ctx context.Context, identifiers []string) (Final, error) {
	f := Final{
		Status: map[string]Event{}, Details: map[string]Detail{}, Pages: map[string][]Event{},
		Things: map[string]string{}, Resources: map[string][]Description{},
	}
	live := []types.OperationStatus{types.OperationStatusPending, types.OperationStatusInProgress, types.OperationStatusCancelInProgress}
	// Where some do not end, the checker is to say which: so this is no error.
	_ = within(ctx, settle, 50*time.Millisecond, "every request has ended", func() bool {
		got, _, err := s.access[0].requests(ctx, nil, live...)
		return err == nil && len(got) == 0
	})
	if err := s.witness.idle(); err != nil {
		return f, err
	}
	f.Settled = s.clock.now()
	for _, a := range s.access {
		if err := s.pages(ctx, a, &f); err != nil {
			return f, err
		}
	}
	for _, id := range identifiers {
		got := s.access[0].do(ctx, Op{Kind: "get", Identifier: id})
		if got.Outcome == Unheard {
			f.Again = append(f.Again, got.Error)
			got = s.access[0].do(ctx, got)
		}
		switch got.Outcome {
		case Found:
			f.Things[id] = got.Model
		case Missing:
		default:
			return f, fmt.Errorf("get %s when all is calm: %s %s%s", id, got.Outcome, got.Code, got.Error)
		}
	}
	f.World = s.world.all()
	return f, s.tokens(ctx, &f)
}

// pages reads both lists whole from one node.
func (s *system) pages(ctx context.Context, a *access, f *Final) (err error) {
	list := func(next *string) ([]Event, *string, error) { return a.requests(ctx, next) }
	if f.Pages[a.node], err = whole(list, f); err != nil {
		return fmt.Errorf("list the requests when all is calm: %w", err)
	}
	things := func(next *string) ([]Description, *string, error) { return a.resources(ctx, next) }
	if f.Resources[a.node], err = whole(things, f); err != nil {
		return fmt.Errorf("list the resources when all is calm: %w", err)
	}
	return nil
}

// whole reads all pages of a list, each a second time where the first gave an error.
func whole[T any](page func(next *string) ([]T, *string, error), f *Final) (all []T, err error) {
	const bound = 10_000
	for i, next := 0, (*string)(nil); i < bound && (i == 0 || next != nil); i++ {
		part, more, err := page(next)
		if err != nil {
			f.Again = append(f.Again, err.Error())
			if part, more, err = page(next); err != nil {
				return nil, err
			}
		}
		all, next = append(all, part...), more
	}
	return all, nil
}

// tokens asks for each request that anybody has heard of or that is on a list, at one
// node or the other.
func (s *system) tokens(ctx context.Context, f *Final) error {
	all := map[string]bool{}
	for _, page := range f.Pages {
		for _, e := range page {
			all[e.Token] = true
		}
	}
	for token := range heard(s.record.h.Ops) {
		all[token] = true
	}
	work := make(chan string)
	var mu sync.Mutex
	var failed error
	var asking sync.WaitGroup
	for i := range 8 {
		a := s.access[i%len(s.access)]
		asking.Go(func() {
			for token := range work {
				status := a.do(ctx, Op{Kind: "status", Token: token})
				detail, err := a.describe(ctx, token)
				if status.Outcome == Unheard || err != nil && status.Outcome == Seen {
					mu.Lock()
					f.Again = append(f.Again, fmt.Sprintf("%s %v", status.Error, err))
					mu.Unlock()
					status = a.do(ctx, status)
					detail, err = a.describe(ctx, token)
				}
				mu.Lock()
				switch {
				case status.Outcome == Seen && err == nil:
					f.Status[token], f.Details[token] = status.Events[0], detail
				case status.Code == "RequestTokenNotFoundException": // the checker's affair
				default:
					failed = fmt.Errorf("status of %s when all is calm: %s %s%s %w", token, status.Outcome, status.Code, status.Error, err)
				}
				mu.Unlock()
			}
		})
	}
	for token := range all {
		work <- token
	}
	close(work)
	asking.Wait()
	return failed
}

// heard are the tokens that clients have got from anywhere, and when first.
func heard(ops []Op) map[string]time.Duration {
	first := map[string]time.Duration{}
	for _, o := range ops {
		tokens := make([]string, 0, 1+len(o.Events))
		if o.Outcome == Busy {
			tokens = append(tokens, o.Token)
		}
		for _, e := range o.Events {
			tokens = append(tokens, e.Token)
		}
		for _, t := range tokens {
			if at, ok := first[t]; !ok || o.Return < at {
				first[t] = o.Return
			}
		}
	}
	return first
}
