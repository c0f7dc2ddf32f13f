package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

const other = "000000000002"

// as is request of another account.
func as(account, name string) operation.Request {
	r := request(name)
	r.Account = account
	return r
}

// lasting answers SUCCESS after d.
func lasting(d time.Duration) handlerFunc {
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		time.Sleep(d)
		return made(ctx, c)
	}
}

// finish waits until a request has ended, and returns it.
func finish(t *testing.T, e *engine.Engine, r operation.Request) operation.Request {
	t.Helper()
	token := r.Token
	for range 100 {
		var err error
		if r, err = e.Status(t.Context(), r.Account, r.Region, token, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		if r.Status.Ended() {
			return r
		}
	}
	t.Fatalf("%s does not end: %s", token, r.Status)
	return r
}

func TestAFloodOfOneAccountDoesNotSlowAnother(t *testing.T) {
	world(t, lasting(100*time.Millisecond), func(c *engine.Config) { c.Concurrency = 32 }, func(t *testing.T, _ store.Store, e *engine.Engine) {
		began := time.Now()
		var flood []operation.Request
		for i := range 400 {
			flood = append(flood, submit(t, e, as(account, fmt.Sprint(i))))
		}
		for i := range 10 {
			asked := time.Now()
			r := finish(t, e, submit(t, e, as(other, fmt.Sprint(i))))
			if took := time.Since(asked); r.Status != operation.Success || took > 300*time.Millisecond {
				t.Errorf("request %d: %s after %v, alone it takes 100 ms", i, r.Status, took)
			}
		}
		for _, r := range flood {
			finish(t, e, r)
		}
		if took := time.Since(began); took > 2*time.Second { // 400 calls of 100 ms on 30 slots are 1.4 s
			t.Errorf("the flood takes %v", took)
		}
	})
}

// gauge counts the calls at work by account, and the most there were.
type gauge struct {
	mu        sync.Mutex
	now, most map[string]int // "" counts all
	calls     map[string]int
}

func (g *gauge) watch(h handlerFunc) handlerFunc {
	g.now, g.most, g.calls = map[string]int{}, map[string]int{}, map[string]int{}
	add := func(n int, accounts ...string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, a := range accounts {
			g.now[a] += n
			g.most[a] = max(g.most[a], g.now[a])
			g.calls[a] += max(n, 0)
		}
	}
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		add(1, c.Account, "")
		defer add(-1, c.Account, "")
		return h(ctx, c)
	}
}

func TestLimitsOfAccountsAndTypesHold(t *testing.T) {
	const third = "000000000003"
	var g gauge
	h := g.watch(func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		time.Sleep(100 * time.Millisecond)
		return after(1, 100*time.Millisecond)(ctx, c)
	})
	limits := engine.Limits{Account: map[string]int{"*": 5, account: 3}, Type: map[string]int{"Test::Engine::Thing": 7}}
	world(t, h, func(c *engine.Config) { c.Concurrency, c.Limits = 32, limits }, func(t *testing.T, _ store.Store, e *engine.Engine) {
		var all []operation.Request
		for i := range 40 {
			for _, a := range []string{account, other, third} {
				all = append(all, submit(t, e, as(a, fmt.Sprint(i))))
			}
		}
		for _, r := range all {
			if r = finish(t, e, r); r.Status != operation.Success {
				t.Errorf("%s %s", r.Status, r.Message)
			}
		}
		if g.most[account] != 3 || g.most[other] > 5 || g.most[third] > 5 || g.most[""] != 7 {
			t.Errorf("at once: %v", g.most)
		}
	})
}

// acceptsSlowly takes some time to accept a request.
type acceptsSlowly struct{ store.Store }

func (s acceptsSlowly) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	time.Sleep(10 * time.Millisecond)
	return s.Store.Accept(ctx, r)
}

// TestRequestsThatWerePromisedSlotsInVainGoBack: quick calls make the node promise more slots
// than it has, and slow ones then take them.
func TestRequestsThatWerePromisedSlotsInVainGoBack(t *testing.T) {
	var g gauge
	h := g.watch(func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		took := time.Millisecond
		if strings.Contains(string(c.Desired), "slow") {
			took = time.Second
		}
		return lasting(took)(ctx, c)
	})
	slow := func(c *engine.Config) { c.Concurrency, c.Store = 4, acceptsSlowly{c.Store} }
	world(t, h, slow, func(t *testing.T, _ store.Store, e *engine.Engine) {
		for i := range 8 {
			finish(t, e, submit(t, e, as(account, fmt.Sprint("quick", i))))
		}
		var wg sync.WaitGroup
		all := make([]operation.Request, 12)
		for i := range all {
			wg.Go(func() { all[i] = submit(t, e, as(fmt.Sprintf("%012d", i), fmt.Sprint("slow", i))) })
		}
		wg.Wait()
		var back int
		for _, r := range all {
			if r = finish(t, e, r); r.Status != operation.Success {
				t.Errorf("%s %s", r.Status, r.Message)
			}
			if r.Attempt > 1 {
				back++
			}
		}
		if g.most[""] > 4 || back == 0 || g.calls[""] != 20 {
			t.Errorf("%d calls at once, %d requests went back, %d calls for 20 requests", g.most[""], back, g.calls[""])
		}
	})
}

func TestWeightsShareWhatIsScarce(t *testing.T) {
	var g gauge
	h := g.watch(lasting(100 * time.Millisecond))
	limits := engine.Limits{Weight: map[string]int{account: 3}}
	world(t, h, func(c *engine.Config) { c.Concurrency, c.Limits = 32, limits }, func(t *testing.T, _ store.Store, e *engine.Engine) {
		for i := range 250 {
			for _, a := range []string{account, other} {
				submit(t, e, as(a, fmt.Sprint(i)))
			}
		}
		time.Sleep(750 * time.Millisecond) // of 1.6 s
		g.mu.Lock()
		defer g.mu.Unlock()
		if a, b := g.calls[account], g.calls[other]; a < 2*b || a > 4*b {
			t.Errorf("%d and %d calls, want three to one", a, b)
		}
	})
}

func TestARequestThatWaitsTellsWhyAndForHowLong(t *testing.T) {
	world(t, lasting(10*time.Second), func(c *engine.Config) { c.Concurrency = 2 }, func(t *testing.T, s store.Store, e *engine.Engine) {
		finish(t, e, submit(t, e, request("first"))) // so that it is known how long calls take
		asked := time.Now()
		for i, want := range []string{
			"", "", ": all 2 of this node are taken. It is the first in its queue",
			": earlier requests for this type go first. One request is ahead of it",
			": earlier requests for this type go first. 2 requests are ahead of it",
			": earlier requests for this type go first. 3 requests are ahead of it",
		} {
			r := submit(t, e, request(fmt.Sprint(i)))
			if want == "" {
				if r.Status != operation.InProgress || r.Message != "" {
					t.Errorf("request %d: %s %q", i, r.Status, r.Message)
				}
				continue
			}
			want = "Waiting for a free handler slot" + want
			again, err := e.Status(t.Context(), account, region, r.Token, 0)
			if err != nil || r.Status != operation.Pending || r.Message != want || again.Message != want {
				t.Errorf("request %d: %s %q, later %q, %v\nwant %q", i, r.Status, r.Message, again.Message, err, want)
			}
			at, ok := r.RetryAfter()
			begins := time.Duration(i/2) * 10 * time.Second
			if said := at.Sub(asked); !ok || said < begins/2 || said > 2*begins {
				t.Errorf("request %d: said to begin in %v, %v; it begins in %v", i, said, ok, begins)
			}
			if stored := get(t, s, r.Token); !stored.DueAt.Equal(stored.Accepted) {
				t.Errorf("request %d: the estimate is stored", i)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func TestARequestThatALimitHoldsUpSaysSo(t *testing.T) {
	for what, limits := range map[string]engine.Limits{
		"1 calls of this account are in flight, as many as may be": {Account: map[string]int{"*": 1}},
		"1 calls for this type are in flight, as many as may be":   {Type: map[string]int{"*": 1}},
	} {
		world(t, lasting(time.Second), func(c *engine.Config) { c.Limits = limits }, func(t *testing.T, _ store.Store, e *engine.Engine) {
			submit(t, e, request("a"))
			r := submit(t, e, request("b"))
			if at, ok := r.RetryAfter(); r.Status != operation.Pending || !strings.Contains(r.Message, what) || !ok || time.Until(at) < time.Second {
				t.Errorf("%s %q, again at %v, %v", r.Status, r.Message, at, ok)
			}
			if r = finish(t, e, r); r.Status != operation.Success {
				t.Errorf("%s", r.Status)
			}
		})
	}
}

func TestARefusedRequestHoldsNoSlot(t *testing.T) {
	world(t, after(1, time.Minute), func(c *engine.Config) { c.Concurrency = 1 }, func(t *testing.T, _ store.Store, e *engine.Engine) {
		first := request("a")
		first.ClientToken = "ct"
		token := submit(t, e, first).Token
		time.Sleep(time.Second) // it waits for its callback, without a slot
		for range 3 {
			if r := submit(t, e, first); r.Token != token {
				t.Errorf("the client token stands for %s", r.Token)
			}
			if _, err := e.Submit(t.Context(), request("a"), time.Hour); !errors.Is(err, store.ErrBusy) {
				t.Errorf("a second request on the resource: %v", err)
			}
		}
		if r := submit(t, e, request("b")); r.Status != operation.InProgress {
			t.Errorf("%s %q", r.Status, r.Message)
		}
	})
}
