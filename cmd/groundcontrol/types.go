package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/child"
	"example.org/groundcontrol/internal/handler/credential"
	"example.org/groundcontrol/internal/handler/demo"
	"example.org/groundcontrol/internal/handler/invoke"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/store"
)

// types is what there is of resource types, and what serves them.
type types struct {
	registry   *registry.Registry
	behaviours *simulate.Behaviours
	runtimes   map[string]handler.Runtime
	journal    handler.Journal // of the calls of registered types

	pool   *lambda.Pool
	remote *invoke.Runtime
	proxy  *outward
}

// types opens the registry on the store, and makes the runtimes.
func (c *serve) types(ctx context.Context, logs *slog.Logger, db store.Store, set settings) (*types, error) {
	builtin, err := registry.Builtin()
	if err != nil {
		return nil, err
	}
	t := &types{runtimes: map[string]handler.Runtime{}}
	if t.behaviours, err = simulate.OpenBehaviours(ctx, db, set.profiles); err != nil {
		return nil, err
	}
	simulated := &simulate.Runtime{Ledger: db, Rules: set.rules, Profiles: t.behaviours.Profile}
	t.runtimes[registry.Simulate], t.runtimes[registry.Demo] = simulated, &demo.Runtime{Simulate: simulated}
	if t.registry, err = registry.Open(ctx, db, witnessed(builtin, t.runtimes)...); err != nil {
		return nil, err
	}
	temp := filepath.Join(c.Data, "handlers")
	if err := lambda.Clear(temp, set.handlers.user); err != nil {
		logs.Warn("a server that was killed left something behind", "err", err)
	}
	extra, err := c.extra(t.registry)
	if err != nil {
		return nil, err
	}
	var cgroup *lambda.Cgroup
	if c.Handlers.Cgroup != "" {
		if cgroup, err = lambda.OpenCgroup(c.Handlers.Cgroup, set.handlers.memory > 0); err != nil {
			return nil, fmt.Errorf("--handler-cgroup: %w", err)
		}
	}
	t.proxy = newOutward(ctx, set.routes, c.EgressElse, c.Data, logs)
	t.pool = lambda.NewPool(lambda.Config{
		Temp: temp, Most: c.Handlers.Children, Idle: c.Handlers.Idle, Log: logs, Attend: t.proxy.attend, Cgroup: cgroup,
	})
	t.runtimes[registry.Lambda] = handler.Recorder{Journal: &t.journal, Runtime: &child.Runtime{
		Types: t.registry, Pool: t.pool, Dir: filepath.Join(c.Data, "code"), Log: logs, Extra: extra,
		Memory: set.handlers.memory, CPU: c.Handlers.CPU, User: set.handlers.user,
	}}
	t.remote = invoke.New(t.registry, extra, environmentKey(), logs)
	t.runtimes[registry.Invoke] = handler.Recorder{Journal: &t.journal, Runtime: t.remote}
	return t, nil
}

// extra is what calls of registered types carry besides themselves.
func (c *serve) extra(types *registry.Registry) (provider.Source, error) {
	var file *credential.File
	if c.Handlers.Credentials != "" {
		var err error
		if file, err = credential.Open(c.Handlers.Credentials); err != nil {
			return nil, fmt.Errorf("--handler-credentials: %w", err)
		}
	}
	return func(ctx context.Context, call handler.Call) (e provider.Extra, err error) {
		e.Configuration, err = types.HandlerConfiguration(ctx, call.Account, call.Region, call.TypeName, call.TypeVersion)
		if err == nil && file != nil {
			e.Credentials, err = file.For(ctx, call.Account, call.RoleArn)
		}
		return e, err
	}, nil
}

// follow takes in what other nodes set up, until ctx is done.
func (t *types) follow(ctx context.Context, logs *slog.Logger) {
	failed := func(err error) { logs.Error("cannot follow what other nodes set up", "err", err) }
	var wg sync.WaitGroup
	wg.Go(func() { t.registry.Run(ctx, failed) })
	wg.Go(func() { t.behaviours.Run(ctx, failed) })
	wg.Wait()
}

// close ends what still runs. No call may be made any more.
func (t *types) close() error {
	err := t.pool.Close()
	t.remote.Close()
	t.proxy.close()
	return err
}
