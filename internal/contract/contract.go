// Package contract tests the handlers of one resource type against the contract that CloudFormation publishes for
// resource providers: what create, read, update, delete and list promise, and what each single answer may say.
//
// It makes the calls that a server would make, drives those that are answered with IN_PROGRESS to their end, and looks at
// the bytes that went both ways. How a handler is reached is the business of a [Caller]. The package knows no transport,
// no store and no requests; it reads the clock, since answers have a time limit.
package contract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Exchange is one call as it was made.
type Exchange struct {
	Sent     []byte // the payload
	Received []byte // what came back: a ProgressEvent, or the report of a function that failed
	Output   string // what the handler printed meanwhile
}

// Caller makes one call. An error means that no answer came; it is, or wraps, context.DeadlineExceeded where the time
// limit that ctx carries was the reason. Beside an error the Exchange holds as much as there is.
type Caller func(ctx context.Context, c handler.Call) (Exchange, error)

// Limits bound what a suite waits for. Zero values stand for the defaults.
type Limits struct {
	Call      time.Duration // one create, update or delete call: 60 s; reads and lists get half of it
	Delay     time.Duration // what is heeded of callbackDelaySeconds: 1 s; a result says where a longer one was cut
	Callbacks int           // calls of one request: 300
	Request   time.Duration // all calls of one request: 10 minutes
}

func (l Limits) withDefaults() Limits {
	l.Call = cmp.Or(l.Call, time.Minute)
	l.Delay = cmp.Or(l.Delay, time.Second)
	l.Callbacks = cmp.Or(l.Callbacks, 300)
	l.Request = cmp.Or(l.Request, 10*time.Minute)
	return l
}

// Config is what a suite is made of. Schema, Call and Cases must be there.
type Config struct {
	Schema  *schema.Schema
	Call    Caller
	Cases   []Case
	Account string // default 123456789012
	Region  string // default us-east-1
	Version string // of the type; default 00000001
	Limits  Limits
	// Secrets are texts that no result may show, such as the values of the type configuration. Credentials and values of
	// write-only properties are always left out.
	Secrets []string
}

// Suite is the contract tests of one type. Make it with [New].
type Suite struct {
	Config
	relaxed    *schema.Schema   // what every model has to satisfy, complete or not
	transforms []schema.Pointer // properties that the service may write in another way
}

// New prepares a suite. The error says which desired state the type does not accept, or that the schema has no cases.
func New(c Config) (*Suite, error) {
	c.Account = cmp.Or(c.Account, "123456789012")
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.Version = cmp.Or(c.Version, "00000001")
	c.Limits = c.Limits.withDefaults()
	if len(c.Cases) == 0 {
		return nil, errors.New("contract: there is no desired state to test with")
	}
	for _, cs := range c.Cases {
		if err := cs.check(c.Schema); err != nil {
			return nil, fmt.Errorf("contract: %w", err)
		}
	}
	relaxed, err := relax(c.Schema)
	if err != nil {
		return nil, fmt.Errorf("contract: the schema of %s: %w", c.Schema.TypeName, err)
	}
	return &Suite{Config: c, relaxed: relaxed, transforms: transformed(c.Schema)}, nil
}

// Names lists the tests in the order in which they run.
func Names() []string {
	var names []string
	for _, t := range tests() {
		names = append(names, t.name)
	}
	return names
}

// Run makes the named tests, of no names all, once for each case. It tells done, which may be nil, about each as it ends.
// Each test makes resources of its own and deletes them, also where ctx is done meanwhile: the tests that are left are
// not made then. What could not be deleted is in the report.
func (s *Suite) Run(ctx context.Context, names []string, done func(Result)) Report {
	began := time.Now()
	report := Report{Type: s.Schema.TypeName, Tests: []Result{}, Left: []string{}}
	for i, t := range tests() {
		if len(names) > 0 && !slices.Contains(names, t.name) {
			continue
		}
		for _, c := range s.Cases {
			if ctx.Err() != nil {
				report.Interrupted = true
				break
			}
			result, left := s.test(ctx, t, c, i)
			report.Tests = append(report.Tests, result)
			report.Left = append(report.Left, left...)
			report.Interrupted = ctx.Err() != nil
			if done != nil {
				done(result)
			}
		}
	}
	report.Seconds = time.Since(began).Seconds()
	return report
}

// test makes one test with one case.
func (s *Suite) test(ctx context.Context, t test, c Case, number int) (Result, []string) {
	began := time.Now()
	r := &run{Suite: s, ctx: ctx, input: c.Inputs[number%len(c.Inputs)], result: Result{Name: t.name, About: t.about, Status: Passed}}
	if len(s.Cases) > 1 {
		r.result.Name += "/" + c.Name
	}
	r.secrets = secretsOf(s, r.input)
	if reason := r.unfit(t); reason != "" {
		r.skip(reason)
	} else {
		t.run(r)
	}
	if ctx.Err() != nil && len(r.result.Failures) == 0 {
		r.skip("interrupted")
	}
	left := r.clean()
	if len(r.result.Failures) > 0 {
		r.result.Status, r.result.Reason = Failed, ""
	}
	r.result.Calls = r.calls
	r.result.Output = r.printed()
	r.result.Seconds = time.Since(began).Seconds()
	return r.result, left
}

// unfit says why the type cannot take the test, "" where it can.
func (r *run) unfit(t test) string {
	for _, a := range t.needs {
		if !r.Schema.Supports(a) {
			return fmt.Sprintf("the schema has no %s handler", word(a))
		}
	}
	if t.skip != nil {
		return t.skip(r)
	}
	return ""
}

// Case is desired states that belong together.
type Case struct {
	Name string
	// Inputs are what resources are made of, one after the other: tests take turns. At least one.
	Inputs []Input
}

// Input is what one resource is made of.
type Input struct {
	Create  map[string]any   // a desired state
	Updates []map[string]any // whole desired states that an update of it may ask for, each from the one before
	Invalid map[string]any   // a desired state that the provider must refuse; nil for none
}

// check holds the states against the schema: handlers may rely on valid input.
func (c Case) check(s *schema.Schema) error {
	if len(c.Inputs) == 0 {
		return fmt.Errorf("case %s has no desired states", c.Name)
	}
	for _, in := range c.Inputs {
		if err := s.Validate(in.Create); err != nil {
			return fmt.Errorf("the desired state to create, of case %s: %w", c.Name, err)
		}
		for _, u := range in.Updates {
			// An update may leave out what only the create says; see run.updated.
			if err := s.Validate(merged(s, u, in.Create)); err != nil {
				return fmt.Errorf("the desired state of an update, of case %s: %w", c.Name, err)
			}
		}
	}
	return nil
}

// merged is an update's state with what it must have in common with the create's.
func merged(s *schema.Schema, update, create map[string]any) map[string]any {
	out := maps.Clone(update)
	for _, p := range fixed(s) {
		if v, ok := create[p[0]]; ok && out[p[0]] == nil {
			out[p[0]] = v
		}
	}
	return out
}

// fixed are the properties that an update must leave as they are.
func fixed(s *schema.Schema) []schema.Pointer {
	return slices.Concat(s.CreateOnly, s.ReadOnly, s.PrimaryIdentifier)
}
