package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"example.org/groundcontrol/bench/peers/internal/round"
	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/postgres"
	"example.org/groundcontrol/internal/store/sealed"
	"example.org/groundcontrol/internal/store/sqlite"
)

const (
	account  = "000000000001"
	region   = "eu-north-1"
	typeName = "Bench::Peers::Unit"
)

// unitSchema is the type of the resources that are made: a round.Input is one.
const unitSchema = `{
	"typeName": "` + typeName + `", "description": "A unit of work.", "additionalProperties": false,
	"properties": {"Name": {"type": "string"}, "Payload": {"type": "string"}},
	"primaryIdentifier": ["/properties/Name"]
}`

type oursSystem struct {
	engine *engine.Engine
	store  store.Store
	stop   func()
	ran    chan error
}

func openOursSQLite(ctx context.Context, s round.Spec) (round.System, error) {
	db, err := sqlite.Open(ctx, filepath.Join(s.Dir, "groundcontrol.db"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	return openOurs(ctx, db)
}

func openOursPostgres(ctx context.Context, s round.Spec) (round.System, error) {
	db, err := postgres.Open(ctx, s.Postgres, postgres.Options{})
	if err != nil {
		return nil, err
	}
	return openOurs(ctx, db)
}

// openOurs runs the engine on db as `groundcontrol serve` does: secrets sealed, all
// settings at their defaults. Its one handler succeeds at once.
func openOurs(ctx context.Context, db store.Store) (round.System, error) {
	s, err := sealed.New(ctx, db, sealed.NewKey())
	if err != nil {
		return nil, err
	}
	parsed, _, err := schema.Parse([]byte(unitSchema))
	if err != nil {
		return nil, err
	}
	types, err := registry.New(registry.Type{Name: typeName, Version: registry.FirstVersion, Schema: parsed, Runtime: "step"})
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	o := &oursSystem{store: s, stop: stop, ran: make(chan error, 1)}
	o.engine = engine.New(engine.Config{
		Store: s, Types: types, Runtimes: map[string]handler.Runtime{"step": step{}},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), Node: "peers", Stopping: running.Done(),
	})
	go func() { o.ran <- o.engine.Run(running) }()
	return o, nil
}

// step is a handler that does nothing: what was desired is there.
type step struct{}

// Invoke implements handler.Runtime.
func (step) Invoke(_ context.Context, c handler.Call) (handler.Answer, error) {
	model, err := schema.Decode(c.Desired)
	return handler.Answer{Status: handler.Success, Model: model}, err
}

// Do implements round.System.
func (o *oursSystem) Do(ctx context.Context, in round.Input) error {
	desired, err := json.Marshal(in)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(desired)
	r, err := o.engine.Submit(ctx, operation.Request{
		Account: account, Region: region, Caller: "arn:aws:iam::" + account + ":root", Operation: operation.Create,
		TypeName: typeName, TypeVersion: registry.FirstVersion, Identifier: in.Name,
		ClientToken: "token-of-" + in.Name, InputHash: hash[:], Input: operation.Input{Desired: desired},
	}, time.Hour)
	for err == nil && !r.Status.Ended() {
		if err = ctx.Err(); err == nil {
			r, err = o.engine.Status(ctx, account, region, r.Token, 10*time.Second)
		}
	}
	if err == nil && r.Status != operation.Success {
		err = fmt.Errorf("%s is %s: %s", in.Name, r.Status, r.Message)
	}
	return err
}

// Remarks implements round.System.
func (o *oursSystem) Remarks() string { return "" }

// Close implements round.System.
func (o *oursSystem) Close() error {
	o.stop()
	err := <-o.ran // Run bounds its own end
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, o.store.Close())
}
