// Package child serves registered types by their own handlers, which run as child
// processes: the code comes out of the store, is unpacked once, and is called as Lambda
// would call it.
package child

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/lambda"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/project"
	"example.org/groundcontrol/internal/registry"
)

// Types is what the runtime asks of the registry; a *registry.Registry is one.
type Types interface {
	Lookup(ctx context.Context, account, region, name, version string) (registry.Type, error)
	Zip(ctx context.Context, c registry.Code) ([]byte, error)
}

// Runtime is the handler.Runtime of registered types. It is safe for use by many
// goroutines once its fields are set; use it by pointer. Close its Pool when no call is
// made any more.
type Runtime struct {
	Types Types
	Pool  *lambda.Pool
	Dir   string // where code is unpacked, one directory for each; made where it is missing
	Log   *slog.Logger
	Extra provider.Source // what calls carry besides themselves
	// What each child may use, and whom it runs as; see lambda.Function. The user must be able
	// to enter Dir.
	Memory int64
	CPU    time.Duration
	User   *lambda.Credential

	mu       sync.Mutex // held by who unpacks
	commands sync.Map   // how code is started, by start: each is looked for once
}

// start is what the command of a child depends on.
type start struct{ dir, runtime, handler string }

var _ handler.Runtime = (*Runtime)(nil)

// Invoke makes one call; see handler.Runtime. A handler that fails as a function, by an
// error, a crash or too large an answer, gave no answer; one that took too long gives
// context.DeadlineExceeded. Whom it called is told where the companions of the Pool's children
// report []operation.Outward.
func (r *Runtime) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	f, err := r.function(ctx, handler.Target{Account: c.Account, Region: c.Region, TypeName: c.TypeName, TypeVersion: c.TypeVersion})
	if err != nil {
		return handler.Answer{}, err
	}
	extra, err := r.Extra.For(ctx, c)
	if err != nil {
		return provider.Refused(err), nil
	}
	payload, err := provider.Payload(c, extra)
	if err != nil {
		return handler.Answer{}, fmt.Errorf("child: payload: %w", err)
	}
	result, err := r.Pool.Invoke(ctx, f, payload)
	said := handler.Answer{Output: provider.Redact(result.Output, c, extra)}
	said.Outward, _ = result.Report.([]operation.Outward)
	switch {
	case errors.Is(err, lambda.ErrTimeout):
		return said, fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case err != nil:
		r.Log.Warn("a handler failed as a function", "type", c.TypeName, "version", c.TypeVersion, "token", c.Token, "err", err)
		return said, err // the words of the function, or of Lambda
	}
	answer, warnings, err := provider.Answer(c, result.Body)
	for _, w := range warnings {
		r.Log.Warn("a handler's answer is odd", "type", c.TypeName, "version", c.TypeVersion, "token", c.Token, "what", w)
	}
	answer.Output, answer.Outward = said.Output, said.Outward
	return answer, err
}

// Prepare unpacks the code of a type's handlers and finds out how they are started. The first
// call does the same where nobody did before.
func (r *Runtime) Prepare(ctx context.Context, t handler.Target) error {
	_, err := r.function(ctx, t)
	return err
}

// function says how the handlers of the type are started. Children belong to one account
// and region: handlers take the region from their environment.
func (r *Runtime) function(ctx context.Context, of handler.Target) (lambda.Function, error) {
	t, err := r.Types.Lookup(ctx, of.Account, of.Region, of.TypeName, of.TypeVersion)
	if err != nil {
		return lambda.Function{}, err
	}
	if t.Code == nil {
		return lambda.Function{}, fmt.Errorf("child: type %s has no code", of.TypeName)
	}
	dir, err := r.unpacked(ctx, *t.Code)
	if err != nil {
		return lambda.Function{}, fmt.Errorf("child: code of %s version %s: %w", of.TypeName, of.TypeVersion, err)
	}
	f := lambda.Function{
		Key: of.Account + "/" + of.Region + "/" + of.TypeName + "/" + of.TypeVersion,
		Dir: dir, Handler: t.Code.Handler, Command: t.Code.Command,
		Env: map[string]string{
			"AWS_REGION": of.Region, "AWS_DEFAULT_REGION": of.Region,
			"PYTHONDONTWRITEBYTECODE": "1", // the code is the same for all children
		},
		Memory: r.Memory, CPU: r.CPU, User: r.User,
	}
	if len(f.Command) == 0 {
		if f.Command, err = r.command(start{dir, t.Code.Runtime, t.Code.Handler}); err != nil {
			return lambda.Function{}, fmt.Errorf("child: %s version %s: %w", of.TypeName, of.TypeVersion, err)
		}
	}
	return f, nil
}

// command is [lambda.Command], whose search through the file system would be part of each call.
func (r *Runtime) command(of start) ([]string, error) {
	if known, ok := r.commands.Load(of); ok {
		return known.([]string), nil
	}
	found, err := lambda.Command(of.runtime, of.dir, of.handler)
	if err == nil {
		r.commands.Store(of, found)
	}
	return found, err
}

// unpacked returns the directory with the code, which is filled when it is first needed.
// It has its name only once it is whole.
func (r *Runtime) unpacked(ctx context.Context, code registry.Code) (string, error) {
	dir := filepath.Join(r.Dir, code.Digest)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	zip, err := r.Types.Zip(ctx, code)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(r.Dir, "unpacking-")
	if err != nil {
		return "", err
	}
	err = project.Unpack(zip, part)
	if err == nil {
		err = os.Chmod(part, 0o755) // another user may run it
	}
	if err == nil {
		err = os.Rename(part, dir)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	return dir, nil
}
