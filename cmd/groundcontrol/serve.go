package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/cli"
	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/durable"
	"example.org/groundcontrol/internal/egress"
	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/limit"
	"example.org/groundcontrol/internal/metrics"
	"example.org/groundcontrol/internal/server"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/postgres"
	"example.org/groundcontrol/internal/store/sealed"
	"example.org/groundcontrol/internal/store/sqlite"
	"example.org/groundcontrol/internal/wire"
)

type serve struct {
	Listen      string        `default:"127.0.0.1:4321" env:"GROUNDCONTROL_LISTEN" help:"Address and port to listen on."`
	Data        string        `default:"${data}" type:"path" env:"GROUNDCONTROL_DATA" placeholder:"DIR" help:"Data directory: database, access keys, encryption key. Made where it is missing. Default: ./${data}"`
	Store       string        `env:"GROUNDCONTROL_STORE" placeholder:"URL" help:"Where requests and resources are kept: sqlite:PATH, or postgres://USER@HOST/DATABASE, which many servers may share. Default: a SQLite file in the data directory."`
	Auth        string        `enum:"sigv4,off" default:"sigv4" env:"GROUNDCONTROL_AUTH" help:"sigv4 verifies every call; off takes every caller for the root of account 000000000000 (loopback only)."`
	Simulate    []string      `env:"GROUNDCONTROL_SIMULATE" sep:"," placeholder:"RULE" help:"Let an operation of a simulated type take a while: 'AWS::S3::Bucket=create:2s'. Type and operation may be *. Repeatable; the last that fits counts."`
	Behaviours  string        `type:"path" env:"GROUNDCONTROL_BEHAVIOURS" placeholder:"FILE" help:"JSON file that says how simulated types behave, by type name. What 'groundcontrol type simulate' sets for a type wins."`
	Egress      []string      `env:"GROUNDCONTROL_EGRESS" sep:"," placeholder:"HOST=TARGET" help:"Where calls of handlers go: '*.amazonaws.com=http://127.0.0.1:5555', HOST=direct or HOST=deny. Repeatable; the most specific counts."`
	EgressElse  string        `enum:"deny,direct" default:"deny" env:"GROUNDCONTROL_EGRESS_ELSE" help:"What becomes of calls of handlers to other hosts: deny or direct."`
	Unsigned    bool          `name:"invoke-unsigned" env:"GROUNDCONTROL_INVOKE_UNSIGNED" help:"Let callers of the Lambda Invoke endpoint go without a signature, or with a key that is not known: they act for the account of the first access key (loopback only)."`
	Handlers    handlers      `embed:"" prefix:"handler-"`
	StatusHold  time.Duration `default:"1s" env:"GROUNDCONTROL_STATUS_HOLD" help:"How long GetResourceRequestStatus may wait for a live request to move; at most 20s."`
	Retention   time.Duration `default:"168h" env:"GROUNDCONTROL_RETENTION" help:"How long after acceptance an ended request can be asked for."`
	Concurrency int           `default:"256" env:"GROUNDCONTROL_CONCURRENCY" help:"Handler calls at once; requests beyond it are PENDING."`
	Lease       time.Duration `default:"30s" env:"GROUNDCONTROL_LEASE" help:"How long a node is trusted without a sign of life, before another one takes over its requests."`
	Drain       time.Duration `default:"0s" env:"GROUNDCONTROL_DRAIN" help:"How long to go on serving after SIGTERM while /readyz already says no, so that a load balancer can look away."`

	AccountLimit  map[string]int    `mapsep:"," env:"GROUNDCONTROL_ACCOUNT_LIMIT" placeholder:"ACCOUNT=N" help:"Handler calls at once of an account on each node; * is every other account. Requests beyond it are PENDING."`
	TypeLimit     map[string]int    `mapsep:"," env:"GROUNDCONTROL_TYPE_LIMIT" placeholder:"TYPE=N" help:"Handler calls at once for a type on each node, over all accounts; * is every other type."`
	AccountWeight map[string]int    `mapsep:"," env:"GROUNDCONTROL_ACCOUNT_WEIGHT" placeholder:"ACCOUNT=N" help:"Handler slots an account gets when they are scarce, to those of others. Default: 1 each."`
	Throttle      map[string]string `mapsep:"," env:"GROUNDCONTROL_THROTTLE" placeholder:"OPERATION=RATE" help:"Calls that each account may make, such as CreateResource=5/s or *=100/s:200 (with the burst); beyond it, ThrottlingException."`

	Region    string     `default:"us-east-1" env:"GROUNDCONTROL_REGION" help:"Region of callers that name none (with --auth off)."`
	LogFormat string     `enum:"text,json" default:"text" env:"GROUNDCONTROL_LOG_FORMAT" help:"text or json, on standard error."`
	AccessLog bool       `default:"true" negatable:"" env:"GROUNDCONTROL_ACCESS_LOG" help:"One log line for each API call."`
	Config    configFile `env:"GROUNDCONTROL_CONFIG" placeholder:"FILE" help:"JSON file with values for these flags; flags and environment win."`
}

// maxHold keeps held answers far below the read time-outs of clients (60 s).
const maxHold = 20 * time.Second

// maxDrain is longer than any load balancer needs to look away.
const maxDrain = 10 * time.Minute

// Run serves until a signal asks it to stop, then finishes what is in flight.
func (c *serve) Run(out notices) error {
	set, err := c.settings()
	if err != nil {
		return usageError{err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	logs := newLog(out, c.LogFormat)
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	defer l.Close() //nolint:errcheck // the server closes it first
	m := &measures{}
	db, err := c.open(ctx, logs, m)
	if err != nil {
		return err
	}
	err = c.serve(ctx, logs, out, l, db, set, m)
	return errors.Join(err, db.Close())
}

// settings are what flags say in texts and files.
type settings struct {
	rules    []simulate.Rule
	profiles map[string]simulate.Profile
	routes   []egress.Route
	limiter  *limit.Limiter
	handlers handlerSettings
}

// settings reads the flags. What cannot work is refused before anything is made.
func (c *serve) settings() (set settings, err error) {
	if err := c.check(); err != nil {
		return set, err
	}
	for _, text := range c.Simulate {
		rule, err := simulate.ParseRule(text)
		if err != nil {
			return set, fmt.Errorf("--simulate: %w", err)
		}
		set.rules = append(set.rules, rule)
	}
	if set.profiles, err = c.profiles(); err != nil {
		return set, err
	}
	if set.routes, err = egress.ParseRoutes(c.Egress...); err != nil {
		return set, fmt.Errorf("--egress: %w", err)
	}
	if set.handlers, err = c.Handlers.settings(); err != nil {
		return set, err
	}
	rates, err := c.rates()
	set.limiter = limit.New(rates)
	return set, err
}

// check refuses values that are out of their range.
func (c *serve) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: want host:port, such as 127.0.0.1:4321", c.Listen)
	}
	if c.Auth == "off" && !loopback(host) {
		return fmt.Errorf("--auth off listens on a loopback address only: anybody who reaches %s could do anything", c.Listen)
	}
	if c.Unsigned && !loopback(host) {
		return fmt.Errorf("--invoke-unsigned listens on a loopback address only: anybody who reaches %s could call handlers", c.Listen)
	}
	if c.StatusHold < 0 || c.StatusHold > maxHold {
		return fmt.Errorf("--status-hold %v: want 0s to %v", c.StatusHold, maxHold)
	}
	if c.Retention < time.Minute {
		return fmt.Errorf("--retention %v: want one minute or more", c.Retention)
	}
	if c.Concurrency < 1 {
		return fmt.Errorf("--concurrency %d: want 1 or more", c.Concurrency)
	}
	if c.Lease < time.Second {
		return fmt.Errorf("--lease %v: want 1s or more", c.Lease)
	}
	if c.Drain < 0 || c.Drain > maxDrain {
		return fmt.Errorf("--drain %v: want 0s to %v", c.Drain, maxDrain)
	}
	for flag, limits := range map[string]map[string]int{
		"account-limit": c.AccountLimit, "type-limit": c.TypeLimit, "account-weight": c.AccountWeight,
	} {
		for name, n := range limits {
			if n < 1 {
				return fmt.Errorf("--%s %s=%d: want 1 or more", flag, name, n)
			}
		}
	}
	return nil
}

func (c *serve) rates() (map[string]limit.Rate, error) {
	known := wire.Operations()
	rates := map[string]limit.Rate{}
	for name, text := range c.Throttle {
		if name != "*" && !slices.Contains(known, name) {
			return nil, fmt.Errorf("--throttle %s: no such operation; known are *, %s", name, strings.Join(known, ", "))
		}
		rate, err := limit.ParseRate(text)
		if err != nil {
			return nil, fmt.Errorf("--throttle %s: %w", name, err)
		}
		rates[name] = rate
	}
	return rates, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newLog(out io.Writer, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, nil))
	}
	return slog.New(slog.NewTextHandler(out, nil))
}

// measures lets the store be opened before the metrics that count its commits exist.
type measures struct{ *metrics.Metrics }

func (m *measures) committed(verbs int) {
	if m.Metrics != nil {
		m.Committed(verbs)
	}
}

// open makes the data directory and opens the store in it, with its secrets sealed.
func (c *serve) open(ctx context.Context, logs *slog.Logger, m *measures) (store.Store, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w; choose another with --data", err)
	}
	db, err := c.openStore(ctx, logs, m)
	if err != nil {
		return nil, err
	}
	s, err := seal(ctx, db, filepath.Join(c.Data, keyFile))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// openStore opens the store that --store names.
func (c *serve) openStore(ctx context.Context, logs *slog.Logger, m *measures) (store.Store, error) {
	path, err := storeFile(c.Data, c.Store)
	if err != nil {
		return nil, err
	}
	if path == "" {
		// What has expired leaves the disk a slice at a time.
		db, err := postgres.Open(ctx, c.Store, postgres.Options{Committed: m.committed, Slice: max(c.Retention/7, time.Minute), Log: logs})
		if err != nil {
			return nil, err // not db: a nil *postgres.Store is no nil store
		}
		return db, nil
	}
	db, err := sqlite.Open(ctx, path, sqlite.Options{Committed: m.committed})
	if errors.Is(err, sqlite.ErrInUse) {
		return nil, fmt.Errorf("%w; stop it, or choose another data directory with --data", err)
	}
	if err != nil {
		return nil, err // as above
	}
	return db, nil
}

// profiles reads the file of --behaviours.
func (c *serve) profiles() (map[string]simulate.Profile, error) {
	if c.Behaviours == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Behaviours)
	if err != nil {
		return nil, fmt.Errorf("--behaviours: %w", err)
	}
	all, err := simulate.ParseProfiles(text)
	if err != nil {
		return nil, fmt.Errorf("--behaviours %s: %w", c.Behaviours, err)
	}
	return all, nil
}

// serve wires the parts and runs them until ctx is done.
func (c *serve) serve(ctx context.Context, logs *slog.Logger, out io.Writer, l net.Listener, db store.Store, set settings, ms *measures) (err error) {
	keys, err := auth.LoadOrCreate(filepath.Join(c.Data, cli.CredentialsFile))
	if err != nil {
		return err
	}
	if err := letIn(c.Data, set.handlers.user); err != nil {
		return err
	}
	t, err := c.types(ctx, logs, db, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	m := metrics.New(metrics.Config{
		Version: buildVersion(), Operations: wire.Operations(), Exceptions: wire.Errors(), Live: db.Live, Log: logs,
	})
	ms.Metrics = m
	eng := engine.New(engine.Config{
		Store: db, Types: t.registry, Runtimes: t.runtimes, Log: logs, Node: nodeName(),
		Concurrency: c.Concurrency, Lease: c.Lease, Retention: c.Retention, Observer: m, Stopping: ctx.Done(),
		CallLimits: set.handlers.timeouts.change,
		Limits:     engine.Limits{Account: c.AccountLimit, Type: c.TypeLimit, Weight: c.AccountWeight},
	})
	ctl := &control.Control{
		Types: t.registry, Runtimes: t.runtimes, Store: db, Engine: eng, Behaviours: t.behaviours, Journal: &t.journal, Hold: c.StatusHold, Retention: c.Retention,
		ReadLimits: set.handlers.timeouts.read,
	}
	srv := server.New(server.Config{
		API: wire.New(wire.Config{
			Control: ctl, Authenticate: c.authenticator(keys), Unsigned: c.unsigned(keys), Log: logs,
			CloudFormation: &control.CloudFormation{Control: ctl, Packages: newPackages(c.Data)},
			Allow:          func(account, operation string) bool { return set.limiter.Allow(account, operation, time.Now()) },
		}),
		Drain: c.Drain,
		Log:   logs, Metrics: m.Handler(), Observer: m, Access: c.accessLog(logs),
		Ready: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := db.Live(ctx)
			return err
		},
	})
	endpoint := "http://" + l.Addr().String()
	if err := cli.WriteEndpoint(c.Data, endpoint); err != nil {
		return err
	}
	c.greet(out, endpoint)

	// The engine outlives the server: what was accepted last is still run.
	engineCtx, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	var g errgroup.Group
	g.Go(func() error {
		boundMemory(engineCtx)
		return nil
	})
	g.Go(func() error {
		t.follow(engineCtx, logs)
		return nil
	})
	g.Go(func() error {
		if err := eng.Run(engineCtx); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		defer stopEngine()
		return srv.Serve(ctx, l)
	})
	err = g.Wait()
	logs.Info("stopped")
	return err
}

func (c *serve) authenticator(keys *auth.Keys) wire.Authenticate {
	if c.Auth == "off" {
		return func(r *http.Request, _ []byte, _ ...string) (auth.Identity, error) {
			return auth.Anonymous(r, c.Region), nil
		}
	}
	v := &auth.Verifier{Keys: keys}
	return func(r *http.Request, body []byte, services ...string) (auth.Identity, error) {
		return v.Verify(r, body, time.Now(), services...)
	}
}

// unsigned is who calls Invoke without a signature, or nil where nobody may.
func (c *serve) unsigned(keys *auth.Keys) func(*http.Request) auth.Identity {
	if !c.Unsigned {
		return nil
	}
	key := keys.All()[0]
	return func(r *http.Request) auth.Identity {
		id := auth.Anonymous(r, c.Region)
		id.Account, id.Arn, id.UserID = key.Account, key.Arn, key.UserID
		return id
	}
}

func (c *serve) accessLog(logs *slog.Logger) *slog.Logger {
	if !c.AccessLog {
		return nil
	}
	return logs
}

// greet prints the lines to paste into another terminal.
func (c *serve) greet(out io.Writer, endpoint string) {
	env := os.Args[0] + " env"
	if abs, err := filepath.Abs(cli.DefaultData); err != nil || abs != c.Data {
		env += " --data " + cli.Quote(c.Data)
	}
	_, _ = fmt.Fprintf(out, `Ground Control %s serves Cloud Control on %s

In a second terminal:

  eval "$(%s)"
  aws cloudcontrol create-resource --type-name AWS::Logs::LogGroup --desired-state '{"LogGroupName":"LogGroupResourceExample","RetentionInDays":7}'
  aws cloudcontrol create-resource --type-name GroundControl::Demo::Countdown --desired-state '{"Name":"apollo","Seconds":10}'
  aws cloudcontrol list-resource-requests --resource-request-status-filter Operations=CREATE,OperationStatuses=IN_PROGRESS

`, buildVersion(), endpoint, env)
}

// nodeName is unique among live nodes, and new for each process.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + strings.ToLower(rand.Text()[:8])
}

// seal wraps a store so that its secrets are sealed with the key in the file, which is
// made on the first start. A key that is not the store's is refused, and none is left
// beside a store that knows another.
func seal(ctx context.Context, db store.Store, file string) (store.Store, error) {
	key, err := os.ReadFile(file)
	made := errors.Is(err, os.ErrNotExist)
	if made {
		// It is on the disk before the store knows it, so that no store has a key that nobody has.
		key = sealed.NewKey()
		err = durable.WriteFile(file, key, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	const next = "restore it from a backup, or copy it from another node; without it the secrets in the store cannot be read"
	if len(key) != sealed.KeySize {
		return nil, fmt.Errorf("%s holds %d bytes, want %d: %s", file, len(key), sealed.KeySize, next)
	}
	s, err := sealed.New(ctx, db, key)
	switch {
	case err == nil:
		return s, nil
	case !errors.Is(err, sealed.ErrKey):
		return nil, err
	case made:
		return nil, errors.Join(fmt.Errorf("%s is missing, and the store was used with one: %s", file, next), os.Remove(file))
	}
	return nil, fmt.Errorf("%s is another key than the one the store was used with: %s", file, next)
}
