// Package load is what the benchmarks of the engine share: a node, creates that wait for
// their durable end, and how long things took.
package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/sealed"
)

// Region and Type are those of all requests.
const (
	Region = "eu-north-1"
	Type   = "AWS::Logs::LogGroup"
)

// Node is an engine with the built-in types on a store.
type Node struct {
	*engine.Engine
	cancel context.CancelFunc
	done   chan error
}

// Config says what a Node is made of; only Store is required.
type Config struct {
	Store   store.Store
	Wrap    func(store.Store) store.Store         // stands between the engine and the store
	Runtime func(handler.Runtime) handler.Runtime // stands before the simulated runtime
}

// Start runs a node with secrets sealed, as `groundcontrol serve` does.
func Start(ctx context.Context, c Config) (*Node, error) {
	builtin, err := registry.Builtin()
	if err != nil {
		return nil, err
	}
	types, err := registry.New(builtin...)
	if err != nil {
		return nil, err
	}
	var s store.Store
	if s, err = sealed.New(ctx, c.Store, make([]byte, sealed.KeySize)); err != nil {
		return nil, err
	}
	if c.Wrap != nil {
		s = c.Wrap(s)
	}
	var runtime handler.Runtime = &simulate.Runtime{Ledger: s}
	if c.Runtime != nil {
		runtime = c.Runtime(runtime)
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n := &Node{cancel: cancel, done: make(chan error, 1)}
	n.Engine = engine.New(engine.Config{
		Store: s, Types: types, Node: "node-" + rand.Text()[:8],
		Runtimes: map[string]handler.Runtime{"simulate": runtime},
		Log:      slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	go func() { n.done <- n.Run(running) }()
	return n, nil
}

// Stop ends the node; its store stays open.
func (n *Node) Stop() error {
	n.cancel()
	if err := <-n.done; !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Request is a create of a log group whose name and client token nobody has used, random
// as those of real clients are.
func Request(account string) operation.Request {
	name := "/aws/lambda/" + rand.Text()
	return operation.Request{
		Account: account, Region: Region, Operation: operation.Create, TypeName: Type, TypeVersion: registry.FirstVersion,
		Caller: "arn:aws:iam::" + account + ":root", Identifier: name, ClientToken: uuid.NewString(), InputHash: make([]byte, 32),
		Input: operation.Input{Desired: fmt.Appendf(nil,
			`{"LogGroupName":%q,"RetentionInDays":7,"Tags":[{"Key":"stage","Value":"test"},{"Key":"team","Value":"platform"}]}`, name)},
	}
}

// Create makes a log group and waits for its durable end. Accepted is how long the
// acceptance took.
func (n *Node) Create(ctx context.Context, account string) (accepted time.Duration, err error) {
	began := time.Now()
	r, err := n.Submit(ctx, Request(account), time.Hour)
	accepted = time.Since(began)
	for err == nil && !r.Status.Ended() {
		r, err = n.Status(ctx, r.Account, r.Region, r.Token, 10*time.Second)
	}
	if err == nil && r.Status != operation.Success {
		err = fmt.Errorf("%s is %s: %s", r.Token, r.Status, r.Message)
	}
	return accepted, err
}

// AcceptAndEnd stores a create that was accepted at a time and ended well at once, with its
// log group, straight through the store.
func AcceptAndEnd(ctx context.Context, s store.Store, r operation.Request, token string, at time.Time) error {
	r, err := operation.Apply(operation.Accept(r, token, at, time.Hour), operation.Event{Kind: operation.Claim, At: at, Node: "fill", Lease: time.Minute})
	if err != nil {
		return err
	}
	if r, err = s.Accept(ctx, r); err != nil {
		return err
	}
	model := fmt.Appendf(nil, `{"Arn":"arn:aws:logs:%s:%s:log-group:%s:*","DeletionProtectionEnabled":false,"LogGroupClass":"STANDARD","LogGroupName":%q,"RetentionInDays":7}`,
		r.Region, r.Account, r.Identifier, r.Identifier)
	done, err := operation.Apply(r, operation.Event{Kind: operation.Succeed, At: at, Node: "fill", Attempt: 1, Model: model})
	if err != nil {
		return err
	}
	_, err = s.Save(ctx, done, &resource.Change{Resource: resource.Resource{
		Key:         resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier},
		TypeVersion: r.TypeVersion, Model: model, Updated: at, Request: token,
	}})
	return err
}

// Result is what many calls took.
type Result struct {
	Calls int
	Took  time.Duration
	CPU   time.Duration // of this process
	each  []time.Duration
}

// Plus is both results as one.
func (r Result) Plus(o Result) Result {
	return Result{r.Calls + o.Calls, r.Took + o.Took, r.CPU + o.CPU, append(slices.Clone(r.each), o.each...)}
}

// Rate is calls a second.
func (r Result) Rate() float64 { return float64(r.Calls) / r.Took.Seconds() }

// At returns the quantile q (0 to 1) of what the calls said they took.
func (r *Result) At(q float64) time.Duration {
	if len(r.each) == 0 {
		return 0
	}
	slices.Sort(r.each)
	return r.each[min(int(q*float64(len(r.each))), len(r.each)-1)]
}

// For calls do from that many clients for the span and gathers what it returns.
func For(span time.Duration, clients int, do func() (time.Duration, error)) (Result, error) {
	end := time.Now().Add(span)
	return run(clients, func() bool { return time.Now().Before(end) }, do)
}

// Until calls do from that many clients until done tells of the end of other work, gathers
// what do returns, and returns the error of that work too.
func Until(done <-chan error, clients int, do func() (time.Duration, error)) (Result, error) {
	var ended atomic.Bool
	failed := make(chan error, 1)
	go func() {
		err := <-done
		ended.Store(true)
		failed <- err
	}()
	r, err := run(clients, func() bool { return !ended.Load() }, do)
	return r, errors.Join(err, <-failed)
}

// Times calls do n times from that many clients and gathers what it returns.
func Times(n, clients int, do func() (time.Duration, error)) (Result, error) {
	var next atomic.Int64
	return run(clients, func() bool { return next.Add(1) <= int64(n) }, do)
}

func run(clients int, more func() bool, do func() (time.Duration, error)) (r Result, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	began, cpu := time.Now(), cpuTime()
	for range clients {
		wg.Go(func() {
			var mine []time.Duration
			var failed error
			for failed == nil && more() {
				var took time.Duration
				if took, failed = do(); failed == nil {
					mine = append(mine, took)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			r.each = append(r.each, mine...)
			err = errors.Join(err, failed)
		})
	}
	wg.Wait()
	r.Calls, r.Took, r.CPU = len(r.each), time.Since(began), cpuTime()-cpu
	return r, err
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
