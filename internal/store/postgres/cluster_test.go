package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// cluster is nodes that take turns.
type cluster struct {
	nodes []store.Store
	turn  atomic.Int64
}

func (c *cluster) next() store.Store { return c.nodes[int(c.turn.Add(1))%len(c.nodes)] }

func (c *cluster) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	return c.next().Accept(ctx, r)
}

func (c *cluster) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	return c.next().Save(ctx, r, change)
}

func (c *cluster) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	return c.next().Request(ctx, account, region, token)
}

func (c *cluster) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	return c.next().Replay(ctx, account, region, clientToken, now)
}

func (c *cluster) Requests(ctx context.Context, q store.RequestQuery) (store.RequestPage, error) {
	return c.next().Requests(ctx, q)
}

func (c *cluster) Queues(ctx context.Context, after store.Queue, max int) ([]store.Head, error) {
	return c.next().Queues(ctx, after, max)
}

func (c *cluster) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	return c.next().Waiting(ctx, q, before, max)
}

func (c *cluster) Place(ctx context.Context, r operation.Request, max int) (int, error) {
	return c.next().Place(ctx, r, max)
}

func (c *cluster) Claim(ctx context.Context, claim store.Claim) ([]operation.Request, error) {
	return c.next().Claim(ctx, claim)
}

func (c *cluster) Watch(ctx context.Context, told func(store.Hint)) error {
	return c.next().Watch(ctx, told)
}

func (c *cluster) Resource(ctx context.Context, key resource.Key) (resource.Resource, error) {
	return c.next().Resource(ctx, key)
}

func (c *cluster) Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error) {
	return c.next().Unfinished(ctx, account, region, after, max)
}

func (c *cluster) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	return c.next().Resources(ctx, q)
}

func (c *cluster) Now() time.Time { return c.next().Now() }

func (c *cluster) Purge(ctx context.Context, before time.Time, max int) (int, error) {
	return c.next().Purge(ctx, before, max)
}

func (c *cluster) Live(ctx context.Context) (map[operation.Status]int, error) {
	return c.next().Live(ctx)
}

func (c *cluster) Mark(ctx context.Context, name string, value []byte) ([]byte, error) {
	return c.next().Mark(ctx, name, value)
}

func (c *cluster) Write(ctx context.Context, docs []store.Document) error {
	return c.next().Write(ctx, docs)
}

func (c *cluster) Document(ctx context.Context, kind, name string) (store.Document, error) {
	return c.next().Document(ctx, kind, name)
}

func (c *cluster) Changes(ctx context.Context, kind string, after int64, max int) ([]store.Document, error) {
	return c.next().Changes(ctx, kind, after, max)
}

func (c *cluster) Close() (err error) {
	for _, s := range c.nodes {
		err = errors.Join(err, s.Close())
	}
	return err
}
