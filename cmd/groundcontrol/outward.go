package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"example.org/groundcontrol/internal/egress"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/operation"
)

// outward is the proxy through which handlers reach others. It is started with the first
// of them: a server without any needs neither its port nor its CA.
type outward struct {
	routes   []egress.Route
	fallback string // for hosts without a route
	dir      string // of the CA
	log      *slog.Logger

	ctx  context.Context // of the proxy
	stop context.CancelFunc

	mu     sync.Mutex
	proxy  *egress.Proxy
	served sync.WaitGroup
}

// newOutward returns the proxy of a server, which outlives ctx: close ends it.
func newOutward(ctx context.Context, routes []egress.Route, fallback, dir string, logs *slog.Logger) *outward {
	o := &outward{routes: routes, fallback: fallback, dir: dir, log: logs}
	o.ctx, o.stop = context.WithCancel(context.WithoutCancel(ctx))
	return o
}

func (o *outward) close() {
	o.stop()
	o.served.Wait()
}

// attend gives a new child its way to others.
func (o *outward) attend(f lambda.Function) (lambda.Companion, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proxy == nil {
		if err := o.start(); err != nil {
			return nil, fmt.Errorf("egress: %w", err)
		}
	}
	return way{o.proxy.Admit(f.Key)}, nil
}

// way is how one child reaches others.
type way struct{ *egress.Grant }

// Env implements lambda.Companion.
func (w way) Env() map[string]string { return w.Variables() }

// Report implements lambda.Companion: it tells whom the child called. A call that was
// answered is told as over within microseconds; one that hangs holds its request up no longer
// than this.
func (w way) Report() any {
	var all []operation.Outward
	for _, c := range w.Calls(250 * time.Millisecond) {
		all = append(all, operation.Outward{Host: c.Host, Method: c.Method, Status: c.Status, Took: c.Took, Routed: c.Routed})
	}
	return all
}

// Close implements lambda.Companion.
func (w way) Close() { w.Release() }

func (o *outward) start() error {
	ca, err := egress.LoadOrCreateAuthority(filepath.Join(o.dir, "egress"))
	if err != nil {
		return err
	}
	proxy, err := egress.Listen(egress.Config{Routes: o.routes, Default: o.fallback, CA: ca, Log: o.log})
	if err != nil {
		return err
	}
	o.proxy = proxy
	o.served.Go(func() {
		if err := proxy.Serve(o.ctx); err != nil {
			o.log.Error("the proxy of handlers is gone", "err", err)
		}
	})
	return nil
}
