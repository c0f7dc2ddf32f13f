// Package lambda runs functions as child processes that speak the Lambda Runtime API:
// payload bytes in, answer bytes out. It is the server of that API, one listener for
// each child. It knows nothing of resources, requests or stores, and reads neither
// payload, answer nor what a function prints.
package lambda

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"
)

// MaxBody is how many bytes a payload or an answer may have, as in AWS Lambda.
const MaxBody = 6 << 20

// Function says how to start a child.
type Function struct {
	// Key names the function: its children are kept under it. Another Function under
	// the same key replaces the idle children; those in a call finish it first.
	Key     string
	Dir     string            // the code: working directory and LAMBDA_TASK_ROOT
	Command []string          // what to run, as [Command] returns it
	Handler string            // _HANDLER
	Env     map[string]string // added to a minimal environment, never to the server's own
	Memory  int64             // bytes of private writable memory of each process, 0 for no limit; of all together in a [Cgroup]
	CPU     time.Duration     // CPU time of each process over its life, in whole seconds, 0 for no limit
	User    *Credential       // whom to run as, nil for ourselves; needs root
}

// Credential is the user and group that a child runs as. It gets no further groups.
// That user must be able to enter Function.Dir and Config.Temp.
type Credential struct{ UID, GID uint32 }

// Config holds what is the same for all functions of a pool. Its zero value works.
type Config struct {
	Most   int           // children of one function at once, calls beyond that wait; default 4
	Idle   time.Duration // an idle child is stopped after this; default 5 minutes
	Init   time.Duration // from the start of a child to its first request for a call; default 30 s
	Temp   string        // where each child gets a directory of its own, removed after it; made where missing; default the system's; see Clear
	Output int           // bytes kept of what is printed during a call, the end of it; default 64 KiB
	Cgroup *Cgroup       // in which each child gets a group of its own, closed with the pool; nil for none
	Log    *slog.Logger  // default slog.Default()
	// Attend is asked for what goes with each new child; nil is for nothing. An error fails
	// the call that the child was to be started for.
	Attend func(Function) (Companion, error)
}

// Companion is what goes with one child, such as its way to others.
type Companion interface {
	// Env is added to the environment of the child.
	Env() map[string]string
	// Report is asked when a call is over, before the child gets another one: what it
	// returns comes with the call's result.
	Report() any
	// Close is called once, when the child is gone, or did not come to be.
	Close()
}

func (c Config) withDefaults() Config {
	if c.Most <= 0 {
		c.Most = 4
	}
	if c.Idle <= 0 {
		c.Idle = 5 * time.Minute
	}
	if c.Init <= 0 {
		c.Init = 30 * time.Second
	}
	if c.Output <= 0 {
		c.Output = 64 << 10
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Result is what came of a call. Beside an error, Output and Delivered are set too.
type Result struct {
	Body      []byte // the answer; for an error that the function reported, the report as sent
	Output    string // what the child printed during the call and, if Cold, since its start: valid UTF-8
	Cold      bool   // a child was started for this call
	Delivered bool   // a child was given the payload; false: the call had no effect
	Report    any    // what the child's companion said, nil without one
}

// FunctionError says that the function, not the pool, failed: it reported an error, ended,
// could not be started, or gave an answer that cannot be taken. Type is what the function
// reported, or one of Runtime.ExitError, Runtime.InvalidEntrypoint, Runtime.InitTimeout,
// Runtime.NoAnswer and Function.ResponseSizeTooLarge.
type FunctionError struct{ Type, Message string }

func (e *FunctionError) Error() string {
	if e.Type == "" {
		return e.Message
	}
	return e.Type + ": " + e.Message
}

// Errors of [Pool.Invoke] beside [FunctionError] and the context's own.
var (
	// ErrTimeout is a deadline of the context that passed while a child worked on the
	// call or was starting for it. Its text is AWS Lambda's.
	ErrTimeout = errors.New("task timed out")
	// ErrPayload is a payload of more than [MaxBody] bytes.
	ErrPayload = fmt.Errorf("lambda: the payload has more than %d bytes", MaxBody)
	// ErrClosed is a call of a closed pool, or one that Close cut short.
	ErrClosed = errors.New("lambda: the pool is closed")
)

// timeoutError is an ErrTimeout that knows how long the call had.
type timeoutError struct{ after time.Duration }

func (e timeoutError) Error() string {
	return fmt.Sprintf("Task timed out after %.2f seconds", e.after.Seconds())
}

func (timeoutError) Is(target error) bool { return target == ErrTimeout }

// clone returns a copy that shares nothing with f, so that a caller may change its own.
func (f Function) clone() Function {
	f.Command = slices.Clone(f.Command)
	f.Env = maps.Clone(f.Env)
	if f.User != nil {
		user := *f.User
		f.User = &user
	}
	return f
}

func (f Function) equal(g Function) bool {
	return slices.Equal(f.Command, g.Command) && maps.Equal(f.Env, g.Env) && reflect.DeepEqual(f.scalars(), g.scalars())
}

// scalars is f without the parts where nil and empty mean the same.
func (f Function) scalars() Function {
	f.Command, f.Env = nil, nil
	return f
}
