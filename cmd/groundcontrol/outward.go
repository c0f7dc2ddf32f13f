package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"example.org/groundcontrol/internal/egress"
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

// variables are what the environment of owner's children needs.
func (o *outward) variables(owner string) (map[string]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proxy == nil {
		if err := o.start(); err != nil {
			return nil, fmt.Errorf("egress: %w", err)
		}
	}
	vars, _ := o.proxy.Variables(owner) // valid as long as the proxy is
	return vars, nil
}

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
