package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// load is many clients at work on few resources.
type load struct {
	seed        uint64
	clients     int
	identifiers []string
	nodes       []*access
	record      func(Op)

	mu    sync.Mutex
	known []string // tokens that any client has heard of, oldest first
}

// run works until ctx is done. A call under way is finished.
func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for i := range l.clients {
		c := &customer{load: l, number: i, rand: rand.New(rand.NewPCG(l.seed, uint64(i)+1))}
		all.Go(func() {
			for ctx.Err() == nil {
				c.act(ctx)
				pause(ctx, between(c.rand, 5*time.Millisecond, 80*time.Millisecond))
			}
		})
	}
	all.Wait()
}

// pause waits, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// within asks again until it is so, for a bounded time.
func within(ctx context.Context, limit, every time.Duration, what string, isSo func() bool) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if isSo() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("%s: not so after %v", what, limit)
}

func (l *load) heard(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = append(l.known, token)
}

// recent is one of the tokens that were heard of last, "" where there is none.
func (l *load) recent(r *rand.Rand) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) == 0 {
		return ""
	}
	return l.known[len(l.known)-1-r.IntN(min(len(l.known), 100))]
}

// customer is one client. What it decides follows from the seed; what it meets does not.
type customer struct {
	*load
	number int
	rand   *rand.Rand
	serial int
	asked  []Op // mutations, to be asked for again
}

// act does one thing that clients do.
func (c *customer) act(ctx context.Context) {
	switch n := c.rand.IntN(100); {
	case n < 26:
		c.mutate(ctx, "create")
	case n < 48:
		c.mutate(ctx, "update")
	case n < 62:
		c.mutate(ctx, "delete")
	case n < 72:
		c.replay(ctx)
	case n < 80:
		c.look(ctx, c.recent(c.rand))
	case n < 94:
		c.ask(ctx, Op{Kind: "get", Identifier: c.identifier()})
	case n < 96:
		c.ask(ctx, Op{Kind: "list"})
	case n < 98:
		c.ask(ctx, Op{Kind: "requests"})
	default:
		c.cancel(ctx, c.recent(c.rand))
	}
}

func (c *customer) identifier() string { return c.identifiers[c.rand.IntN(len(c.identifiers))] }

// ask makes a call to one node, or to the next where nobody listens. It is not cut off
// when ctx ends.
func (c *customer) ask(ctx context.Context, o Op) Op {
	o.Client = c.number
	first := c.rand.IntN(len(c.nodes))
	var got Op
	for i := range c.nodes {
		got = c.nodes[(first+i)%len(c.nodes)].do(context.WithoutCancel(ctx), o)
		c.record(got)
		if got.Outcome != Nobody {
			return got
		}
	}
	pause(ctx, 50*time.Millisecond) // for the only node to come back
	return got
}

// mutate asks for a change and sees to what comes of it.
func (c *customer) mutate(ctx context.Context, kind string) {
	c.serial++
	unique := fmt.Sprintf("%d-%d", c.number, c.serial)
	o := Op{Kind: kind, Identifier: c.identifier(), ClientToken: "client-" + unique}
	switch kind {
	case "create":
		o.Input = properties{Name: o.Identifier, Value: "made " + unique}.desired()
	case "update":
		o.Input = fmt.Sprintf(`[{"op":"replace","path":"/Value","value":"changed %s"}]`, unique)
	}
	token := c.submit(ctx, o)
	follows, cancels, after := c.rand.IntN(100) < 60, c.rand.IntN(100) < 12, between(c.rand, 0, 800*time.Millisecond)
	if token == "" {
		return
	}
	if cancels {
		pause(ctx, after)
		c.cancel(ctx, token)
	}
	for i := 0; follows && i < 12 && ctx.Err() == nil; i++ {
		if e, ok := c.look(ctx, token); ok && e.ended() {
			return
		}
		pause(ctx, 30*time.Millisecond)
	}
}

func (p properties) desired() string {
	text, _ := json.Marshal(map[string]string{"Name": p.Name, "Value": p.Value}) // always can
	return string(text)
}

// submit asks for a change until it hears an answer, mostly: with the same client token,
// as the SDKs do. It returns the request's token, "" for none.
func (c *customer) submit(ctx context.Context, o Op) (token string) {
	c.asked = append(c.asked, o)
	tries := 1 + c.rand.IntN(5)
	for range tries {
		got := c.ask(ctx, o)
		if got.Outcome == Accepted {
			c.heard(got.Events[0].Token)
			return got.Events[0].Token
		}
		if got.Outcome != Unheard || ctx.Err() != nil {
			return ""
		}
		o.Replay = true
	}
	return "" // it may be accepted all the same
}

// replay asks for an earlier change again, or now and then for another one with the
// client token of that.
func (c *customer) replay(ctx context.Context) {
	if len(c.asked) == 0 {
		return
	}
	o := c.asked[len(c.asked)-1-c.rand.IntN(min(len(c.asked), 30))]
	o.Replay = true
	if c.rand.IntN(5) == 0 && o.Kind == "create" {
		o.Input = properties{Name: o.Identifier, Value: "another value"}.desired()
	}
	c.ask(ctx, o)
}

func (c *customer) look(ctx context.Context, token string) (Event, bool) {
	if token == "" {
		return Event{}, false
	}
	got := c.ask(ctx, Op{Kind: "status", Token: token})
	if got.Outcome != Seen {
		return Event{}, false
	}
	return got.Events[0], true
}

func (c *customer) cancel(ctx context.Context, token string) {
	if token != "" {
		c.ask(ctx, Op{Kind: "cancel", Token: token})
	}
}
