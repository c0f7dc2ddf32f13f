package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
)

const (
	account = "000000000001"
	region  = "eu-north-1"
)

const thing = `{
	"typeName": "Test::Engine::Thing", "description": "A thing.", "additionalProperties": false,
	"properties": {"Name": {"type": "string"}, "Secret": {"type": "string"}, "Id": {"type": "string"}},
	"primaryIdentifier": ["/properties/Name"], "writeOnlyProperties": ["/properties/Secret"],
	"readOnlyProperties": ["/properties/Id"]
}`

// handlerFunc lets a test write a handler in place.
type handlerFunc func(context.Context, handler.Call) (handler.Answer, error)

func (f handlerFunc) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	return f(ctx, c)
}

// node returns an engine on s whose only type is served by h.
func node(t testing.TB, s store.Store, h handlerFunc, edit func(*engine.Config)) *engine.Engine {
	t.Helper()
	parsed, _, err := schema.Parse([]byte(thing))
	if err != nil {
		t.Fatal(err)
	}
	types, err := registry.New(registry.Type{Name: parsed.TypeName, Version: "00000001", Schema: parsed, Runtime: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c := engine.Config{
		Store: s, Types: types, Runtimes: map[string]handler.Runtime{"test": h}, Log: slog.New(slog.DiscardHandler), Node: "n1",
	}
	if edit != nil {
		edit(&c)
	}
	return engine.New(c)
}

// run makes e look for work until the returned function is called.
func run(t testing.TB, e *engine.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func request(name string) operation.Request {
	return operation.Request{
		Account: account, Region: region, Caller: "arn:aws:iam::" + account + ":root", Operation: operation.Create,
		TypeName: "Test::Engine::Thing", TypeVersion: "00000001", Identifier: name,
		Input: operation.Input{Desired: fmt.Appendf(nil, `{"Name":%q,"Secret":"s"}`, name)},
	}
}

func submit(t testing.TB, e *engine.Engine, r operation.Request) operation.Request {
	t.Helper()
	got, err := e.Submit(t.Context(), r, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func get(t testing.TB, s store.Store, token string) operation.Request {
	t.Helper()
	r, err := s.Request(t.Context(), account, region, token)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made answers SUCCESS with what was desired.
func made(_ context.Context, c handler.Call) (handler.Answer, error) {
	model, err := schema.Decode(c.Desired)
	return handler.Answer{Status: handler.Success, Model: model}, err
}

// after answers IN_PROGRESS with the given delay n times, then SUCCESS.
func after(n int, delay time.Duration) handlerFunc {
	return func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if len(c.Callback) < n {
			model, err := schema.Decode(c.Desired)
			notes := append(slices.Clone(c.Callback), '1')
			return handler.Answer{Status: handler.InProgress, Model: model, Callback: notes, Delay: delay, Message: fmt.Sprint(len(notes))}, err
		}
		return made(ctx, c)
	}
}

func failure(code handler.Code, message string) handler.Answer {
	return handler.Answer{Status: handler.Failed, ErrorCode: code, Message: message}
}

// world runs f in a bubble of fake time with an engine on a fresh store.
func world(t *testing.T, h handlerFunc, edit func(*engine.Config), f func(t *testing.T, s store.Store, e *engine.Engine)) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		e := node(t, s, h, edit)
		defer run(t, e)()
		f(t, s, e)
	})
}

func TestCreateEndsWithTheResourceInTheLedger(t *testing.T) {
	world(t, made, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		r := submit(t, e, request("a"))
		if r.Status != operation.InProgress || r.Identifier != "a" {
			t.Errorf("accepted: %s %q", r.Status, r.Identifier)
		}
		synctest.Wait()
		r = get(t, s, r.Token)
		if r.Status != operation.Success || string(r.Model) != `{"Name":"a"}` || r.Input.Desired != nil {
			t.Errorf("%s %s %+v", r.Status, r.Model, r.Input)
		}
		is, err := s.Resource(t.Context(), resource.Key{Account: account, Region: region, TypeName: r.TypeName, Identifier: "a"})
		if err != nil || string(is.Model) != `{"Name":"a"}` || string(is.WriteOnly) != `{"Secret":"s"}` || is.Request != r.Token {
			t.Errorf("ledger: %s %s %s, %v", is.Model, is.WriteOnly, is.Request, err)
		}
	})
}

func TestHandlerIsCalledAgainAfterItsDelay(t *testing.T) {
	world(t, after(2, 30*time.Second), nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(59 * time.Second)
		r := get(t, s, token)
		if at, ok := r.RetryAfter(); r.Status != operation.InProgress || r.Attempt != 2 || r.Message != "2" || !ok || time.Until(at) != time.Second {
			t.Fatalf("after 59 s: %s, attempt %d, %q, next at %v", r.Status, r.Attempt, r.Message, at)
		}
		time.Sleep(1001 * time.Millisecond)
		if r := get(t, s, token); r.Status != operation.Success {
			t.Errorf("after 60 s: %s, want SUCCESS", r.Status)
		}
	})
}

func TestEveryCallOfARequestCarriesTheSameToken(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		mu.Lock()
		seen[c.Token]++
		n := seen[c.Token]
		mu.Unlock()
		if n == 2 {
			return failure(handler.Throttling, "slow down"), nil
		}
		return after(2, time.Second)(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Minute)
		if r := get(t, s, token); r.Status != operation.Success || len(seen) != 1 || seen[token] != 4 {
			t.Errorf("%s; calls by token: %v", r.Status, seen)
		}
	})
}

func TestWaitingRequestsHoldNoSlot(t *testing.T) {
	world(t, after(1, time.Minute), func(c *engine.Config) { c.Concurrency = 1 }, func(t *testing.T, s store.Store, e *engine.Engine) {
		var tokens []string
		for i := range 50 {
			tokens = append(tokens, submit(t, e, request(fmt.Sprint(i))).Token)
		}
		time.Sleep(10 * time.Second)
		for _, token := range tokens {
			if r := get(t, s, token); r.Status != operation.InProgress || r.Attempt != 1 {
				t.Fatalf("%s, attempt %d; want all 50 to wait for their callback", r.Status, r.Attempt)
			}
		}
		time.Sleep(2 * time.Minute)
		for _, token := range tokens {
			if r := get(t, s, token); r.Status != operation.Success {
				t.Fatalf("%s, want SUCCESS", r.Status)
			}
		}
	})
}

func TestBeyondTheLimitRequestsArePendingAndGoInOrder(t *testing.T) {
	var mu sync.Mutex
	var order []string
	var now, most atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		mu.Lock()
		order = append(order, c.Identifier)
		mu.Unlock()
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(10 * time.Second)
		now.Add(-1)
		return made(ctx, c)
	}
	world(t, h, func(c *engine.Config) { c.Concurrency = 2 }, func(t *testing.T, s store.Store, e *engine.Engine) {
		var tokens []string
		for i := range 9 {
			tokens = append(tokens, submit(t, e, request(fmt.Sprint(i))).Token)
			time.Sleep(time.Millisecond)
		}
		for i, token := range tokens {
			r := get(t, s, token)
			if want := map[bool]operation.Status{true: operation.InProgress, false: operation.Pending}[i < 2]; r.Status != want {
				t.Errorf("request %d: %s, want %s", i, r.Status, want)
			}
			if r.Status == operation.Pending && r.Message == "" {
				t.Errorf("request %d does not say what it waits for", i)
			}
		}
		time.Sleep(2 * time.Minute)
		for i, token := range tokens {
			if r := get(t, s, token); r.Status != operation.Success || r.Message != "" {
				t.Errorf("request %d: %s %q", i, r.Status, r.Message)
			}
		}
		if m := most.Load(); m != 2 {
			t.Errorf("%d calls at once, want 2", m)
		}
		if !slices.IsSorted(order) {
			t.Errorf("called in the order %v", order)
		}
	})
}

func TestCancel(t *testing.T) {
	var calls atomic.Int32
	slow := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		calls.Add(1)
		time.Sleep(10 * time.Second)
		return after(1, time.Minute)(ctx, c)
	}
	world(t, slow, func(c *engine.Config) { c.Concurrency = 1 }, func(t *testing.T, s store.Store, e *engine.Engine) {
		cancel := func(token string, want operation.Status) {
			t.Helper()
			r, err := e.Cancel(t.Context(), account, region, token, "arn:me")
			if err != nil || r.Status != want {
				t.Errorf("cancel: %s, %v; want %s", r.Status, err, want)
			}
		}
		running := submit(t, e, request("a")).Token
		queued := submit(t, e, request("b")).Token
		time.Sleep(3 * time.Second)
		cancel(running, operation.CancelInProgress)
		cancel(running, operation.CancelInProgress)
		cancel(queued, operation.CancelComplete)
		time.Sleep(10 * time.Second)
		if r := get(t, s, running); r.Status != operation.CancelComplete || calls.Load() != 1 {
			t.Errorf("%s after %d calls; want CANCEL_COMPLETE after 1", r.Status, calls.Load())
		}
		cancel(running, operation.CancelComplete)

		waiting := submit(t, e, request("a")).Token // the lock is free
		time.Sleep(20 * time.Second)
		cancel(waiting, operation.CancelComplete)
		time.Sleep(10 * time.Minute)
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls, want none after a cancel", n)
		}
	})
}

func TestCallThatRunsOutOfTimeIsMadeAgain(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1) < 3 {
			<-ctx.Done()
			return handler.Answer{}, ctx.Err()
		}
		return made(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(61 * time.Second)
		if r := get(t, s, token); r.Status != operation.InProgress || r.Message != "The handler did not answer within its limit of 1m0s" {
			t.Errorf("%s %q", r.Status, r.Message)
		}
		time.Sleep(2 * time.Minute)
		if r := get(t, s, token); r.Status != operation.Success || r.Attempt != 3 {
			t.Errorf("%s, attempt %d", r.Status, r.Attempt)
		}
	})
}

func TestATypeMayHaveALimitOfItsOwn(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if calls.Add(1) == 1 {
			<-ctx.Done()
			return handler.Answer{}, ctx.Err()
		}
		return made(ctx, c)
	}
	for name, want := range map[string]time.Duration{"Test::Own::Thing": 5 * time.Minute, "Test::Other::Thing": time.Minute} {
		calls.Store(0)
		edit := func(c *engine.Config) {
			c.CallLimits = func(typeName string) time.Duration {
				if typeName != request("a").TypeName || name != "Test::Own::Thing" {
					return 0
				}
				return want
			}
		}
		world(t, h, edit, func(t *testing.T, s store.Store, e *engine.Engine) {
			token := submit(t, e, request("a")).Token
			time.Sleep(want - time.Millisecond)
			if r := get(t, s, token); r.Message != "" || calls.Load() != 1 {
				t.Errorf("before its limit: %s %q", r.Status, r.Message)
			}
			time.Sleep(100 * time.Millisecond)
			if r := get(t, s, token); r.Message != "The handler did not answer within its limit of "+want.String() {
				t.Errorf("after its limit of %v: %s %q", want, r.Status, r.Message)
			}
		})
	}
}

func TestRetriableFailuresAreRetriedInsideTheDeadline(t *testing.T) {
	h := func(context.Context, handler.Call) (handler.Answer, error) {
		return failure(handler.NetworkFailure, "no route"), nil
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(59 * time.Minute)
		r := get(t, s, token)
		if r.Status != operation.InProgress || r.Retries < 100 || r.Message != "no route" {
			t.Errorf("%s after %d retries, %q", r.Status, r.Retries, r.Message)
		}
		time.Sleep(2 * time.Minute)
		if r = get(t, s, token); r.Status != operation.Failed || r.ErrorCode != "NetworkFailure" || r.EventTime.After(r.Deadline) {
			t.Errorf("%s %s at %v, deadline %v", r.Status, r.ErrorCode, r.EventTime, r.Deadline)
		}
	})
}

func TestDeadlineEndsARequestThatOnlyMakesProgress(t *testing.T) {
	world(t, after(1<<30, 7*time.Minute), nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		time.Sleep(time.Hour + time.Second)
		if r := get(t, s, token); r.Status != operation.Failed || r.ErrorCode != operation.ServiceTimeout {
			t.Errorf("%s %s", r.Status, r.ErrorCode)
		}
	})
}

func TestTerminalFailureEndsTheRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer handler.Answer
		err    error
		code   string
	}{
		{"terminal code", failure(handler.NotStabilized, "not ready"), nil, "NotStabilized"},
		{"code unknown to clients", failure(handler.InvalidTypeConfiguration, "bad"), nil, "InvalidRequest"},
		{"no code", handler.Answer{Status: handler.Failed}, nil, "InternalFailure"},
		{"no status", handler.Answer{}, nil, "InternalFailure"},
		{"success without a model", handler.Answer{Status: handler.Success}, nil, "InternalFailure"},
		{"success of another resource", handler.Answer{Status: handler.Success, Model: map[string]any{"Name": "b"}}, nil, "InternalFailure"},
		{"success with an error code", handler.Answer{Status: handler.Success, ErrorCode: handler.NotFound, Model: map[string]any{"Name": "a"}}, nil, "InternalFailure"},
		{"crash", handler.Answer{}, fmt.Errorf("exit status 2"), "InternalFailure"},
		{"rubbish", handler.Answer{}, fmt.Errorf("%w: not JSON", handler.ErrInvalidAnswer), "InternalFailure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := func(context.Context, handler.Call) (handler.Answer, error) { return c.answer, c.err }
			world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
				token := submit(t, e, request("a")).Token
				synctest.Wait()
				if r := get(t, s, token); r.Status != operation.Failed || r.ErrorCode != c.code || r.Message == "" {
					t.Errorf("%s %s %q, want %s", r.Status, r.ErrorCode, r.Message, c.code)
				}
			})
		})
	}
}

func TestPanicOfARuntimeFailsTheRequestOnly(t *testing.T) {
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if c.Identifier == "a" {
			panic("boom")
		}
		return made(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		bad, good := submit(t, e, request("a")).Token, submit(t, e, request("b")).Token
		synctest.Wait()
		if r := get(t, s, bad); r.Status != operation.Failed || r.ErrorCode != "InternalFailure" {
			t.Errorf("%s %s", r.Status, r.ErrorCode)
		}
		if r := get(t, s, good); r.Status != operation.Success {
			t.Errorf("%s", r.Status)
		}
	})
}

func TestStatusIsHeldUntilSomethingHappens(t *testing.T) {
	world(t, after(1, 10*time.Second), nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		synctest.Wait()
		for i, c := range []struct {
			hold, want time.Duration
			status     operation.Status
		}{
			{0, 0, operation.InProgress},
			{3 * time.Second, 3 * time.Second, operation.InProgress},
			{30 * time.Second, 7 * time.Second, operation.Success}, // that the second call begins is no news
			{30 * time.Second, 0, operation.Success},
		} {
			began := time.Now()
			r, err := e.Status(t.Context(), account, region, token, c.hold)
			if err != nil || r.Status != c.status || time.Since(began).Round(time.Second) != c.want {
				t.Errorf("step %d: %s after %v, %v; want %s after %v", i, r.Status, time.Since(began), err, c.status, c.want)
			}
		}
		if _, err := e.Status(t.Context(), "000000000002", region, token, 0); err == nil {
			t.Error("another account sees the request")
		}
	})
}

func TestIdentifierThatTurnsOutToBeBusyFailsAlone(t *testing.T) {
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		if c.Identifier == "" {
			return handler.Answer{Status: handler.InProgress, Model: map[string]any{"Name": "a"}, Delay: time.Second}, nil
		}
		return after(1, time.Minute)(ctx, c)
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		holder := submit(t, e, request("a")).Token
		r := request("")
		r.Identifier = ""
		token := submit(t, e, r).Token
		synctest.Wait()
		if r := get(t, s, token); r.Status != operation.Failed || r.ErrorCode != "AlreadyExists" {
			t.Errorf("%s %s", r.Status, r.ErrorCode)
		}
		time.Sleep(2 * time.Minute)
		if r := get(t, s, holder); r.Status != operation.Success {
			t.Errorf("the holder: %s", r.Status)
		}
	})
}

func TestAnswerComputedFromAMovedLedgerIsWorkedOutAgain(t *testing.T) {
	var calls atomic.Int32
	h := func(ctx context.Context, c handler.Call) (handler.Answer, error) {
		seen := int64(1) // as if a resource had been there
		if calls.Add(1) == 2 {
			seen = 0
		}
		a, err := made(ctx, c)
		a.Ledger = &seen
		return a, err
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		token := submit(t, e, request("a")).Token
		synctest.Wait()
		if r := get(t, s, token); r.Status != operation.Success || calls.Load() != 2 {
			t.Errorf("%s after %d calls", r.Status, calls.Load())
		}
	})
}

func TestExpiredRequestsAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		e := node(t, s, made, nil)
		stop := run(t, e)
		token := submit(t, e, request("a")).Token
		synctest.Wait()
		stop() // an engine that ran for all of the week would look at its queue 600,000 times
		time.Sleep(7*24*time.Hour - 2*time.Minute)
		defer run(t, node(t, s, made, nil))()
		time.Sleep(time.Minute)
		get(t, s, token)
		time.Sleep(2 * time.Minute)
		if r, err := s.Request(t.Context(), account, region, token); err == nil {
			t.Errorf("after 7 days it is still there: %s", r.Status)
		}
	})
}
