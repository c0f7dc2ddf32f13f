package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// ErrInjected is what a Faulty store answers when it fails.
var ErrInjected = errors.New("storetest: injected fault")

// Faulty fails one chosen write of the store it wraps: number At, counted from 0
// over Accept, Save and Claim. With After it lets the write happen first, as a
// database does whose answer is lost on the way back.
type Faulty struct {
	store.Store
	At    int32
	After bool

	n atomic.Int32
}

// Fired reports whether the chosen write was reached.
func (f *Faulty) Fired() bool { return f.n.Load() > f.At }

func (f *Faulty) hit() bool { return f.n.Add(1)-1 == f.At }

// Accept implements store.Store.
func (f *Faulty) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	if !f.hit() {
		return f.Store.Accept(ctx, r)
	}
	if f.After {
		_, _ = f.Store.Accept(ctx, r)
	}
	return operation.Request{}, ErrInjected
}

// Save implements store.Store.
func (f *Faulty) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	if !f.hit() {
		return f.Store.Save(ctx, r, change)
	}
	if f.After {
		_, _ = f.Store.Save(ctx, r, change)
	}
	return operation.Request{}, ErrInjected
}

// Claim implements store.Store.
func (f *Faulty) Claim(ctx context.Context, c store.Claim) ([]operation.Request, error) {
	if !f.hit() {
		return f.Store.Claim(ctx, c)
	}
	if f.After {
		_, _ = f.Store.Claim(ctx, c)
	}
	return nil, ErrInjected
}
