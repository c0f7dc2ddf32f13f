// Command temporal runs rounds of Temporal for the program in the directory above,
// which builds and starts it. It is a module of its own so that the other contestants
// build without Temporal's dependencies.
//
// Server, worker and clients are one process on one node and talk over loopback, as in
// `temporal server start-dev`, with these differences, each of them faster or as durable
// as the others are:
//   - PostgreSQL in place of SQLite: in single trials of six seconds it reached 189 units a
//     second against 169, and with several connections to SQLite some starts failed on a
//     busy machine, for a reason we did not look for;
//   - the lists for operators (visibility) in a database of their own, twenty connections
//     to each;
//   - four history shards (1 was slower), one partition of each task queue, no limits on rates;
//   - workflows start eagerly: the first workflow task is in the answer to the start and
//     goes to the worker in this process;
//   - the step is a local activity, so a unit is one workflow task;
//   - logs and metrics go nowhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/temporal"

	"example.org/groundcontrol/bench/peers/internal/round"
)

const (
	namespace = "peers"
	taskQueue = "units"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "temporal: this program is started by the one in the directory above")
		os.Exit(2)
	}
	if err := round.Main(open, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

type system struct {
	server temporal.Server
	client client.Client
	worker worker.Worker
}

func open(ctx context.Context, s round.Spec) (_ round.System, err error) {
	t := &system{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	var address string
	if t.server, address, err = startServer(s); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		t.client, err = client.DialContext(ctx, client.Options{HostPort: address, Namespace: namespace, Logger: silent{}})
		if err == nil {
			break
		}
		if try == 100 {
			return nil, err
		}
		time.Sleep(100 * time.Millisecond)
	}
	worker.SetStickyWorkflowCacheSize(10 * s.Clients)
	t.worker = worker.New(t.client, taskQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize:  2 * s.Clients,
		MaxConcurrentLocalActivityExecutionSize: 2 * s.Clients,
		MaxConcurrentWorkflowTaskPollers:        8,
		DisableRegistrationAliasing:             true,
	})
	t.worker.RegisterWorkflow(unit)
	t.worker.RegisterActivity(step)
	if err := t.worker.Start(); err != nil {
		return nil, err
	}
	return t, t.ready(ctx)
}

// ready waits until a unit runs: the server's parts find each other in their own time.
func (t *system) ready(ctx context.Context) (err error) {
	for try := range 60 {
		one, cancel := context.WithTimeout(ctx, 10*time.Second)
		err = t.Do(one, round.Input{Name: fmt.Sprintf("first-%d", try)})
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return fmt.Errorf("the server is not ready: %w", err)
}

// unit is the workflow: one step.
func unit(ctx workflow.Context, in round.Input) (string, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	var name string
	err := workflow.ExecuteLocalActivity(ctx, step, in).Get(ctx, &name)
	return name, err
}

func step(_ context.Context, in round.Input) (string, error) { return in.Name, nil }

// Do implements round.System.
func (t *system) Do(ctx context.Context, in round.Input) error {
	run, err := t.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: in.Name, TaskQueue: taskQueue, EnableEagerStart: true}, unit, in)
	if err != nil {
		return err
	}
	var name string
	if err := run.Get(ctx, &name); err != nil {
		return err
	}
	if name != in.Name {
		return fmt.Errorf("the result is %q, want %q", name, in.Name)
	}
	return nil
}

// Remarks implements round.System.
func (t *system) Remarks() string { return "v" + headers.ServerVersion }

// Close implements round.System. The server may take half a minute to stop of its own
// accord; its data is thrown away, so nobody waits.
func (t *system) Close() error {
	if t.worker != nil {
		t.worker.Stop()
	}
	if t.client != nil {
		t.client.Close()
	}
	if t.server == nil {
		return nil
	}
	stopped := make(chan error, 1)
	go func() { stopped <- t.server.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(10 * time.Second):
		return nil
	}
}

// silent is a log that nobody reads.
type silent struct{}

var _ sdklog.Logger = silent{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
