package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// openFiles is how many files a child may have open.
const openFiles = 4096

// reapTime is how long a call waits for a killed child to be gone. Only a process that
// hangs inside the kernel takes longer; it is still reaped, just not waited for.
const reapTime = 5 * time.Second

// memoryLook is how often the memory of a child with a limit is looked at. A look costs
// about ten microseconds.
const memoryLook = 100 * time.Millisecond

// errStopped is why a child is killed that no call waits for.
var errStopped = errors.New("lambda: the child was stopped")

// child is one process, its listener and its directory.
type child struct {
	function Function
	temp     string
	listener net.Listener
	output   *output
	command  *exec.Cmd
	expiry   *time.Timer // stops it while idle; under Pool.mu
	with     Companion   // nil for none
	group    *group      // nil for none
	log      *slog.Logger

	calls chan *call    // from the pool to the child's request for the next one
	done  chan struct{} // closed once the process is reaped and its output read

	mu      sync.Mutex
	process *os.Process // nil before the start and once it is reaped
	killed  bool
	current *call         // given to the child and not answered
	served  int           // calls given so far
	cause   error         // why it takes no more calls
	broken  bool          // the cause is its own report that it cannot start, or go on
	body    []byte        // that report as sent
	failed  chan struct{} // closed with that report
}

// newChild prepares a child without starting it; its directory will be in dir. Its listener takes connections already.
func newChild(f Function, config Config, dir string) (_ *child, err error) {
	c := &child{
		function: f.clone(), log: config.Log,
		calls: make(chan *call), done: make(chan struct{}), failed: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			c.clean()
		}
	}()
	if c.temp, err = os.MkdirTemp(dir, "function-"); err != nil {
		return nil, err
	}
	if f.User != nil {
		if err := os.Chown(c.temp, int(f.User.UID), int(f.User.GID)); err != nil {
			return nil, err
		}
	}
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if c.output, err = newOutput(config.Output); err != nil {
		return nil, err
	}
	if config.Attend != nil {
		if c.with, err = config.Attend(c.function); err != nil {
			return nil, err
		}
	}
	c.command = limited(c.function)
	c.command.Dir = f.Dir
	c.command.Env = c.environment()
	c.command.Stdout, c.command.Stderr = c.output.writer, c.output.writer
	c.command.SysProcAttr = attributes(f.User)
	if config.Cgroup != nil {
		if c.group, err = config.Cgroup.newGroup(f.Memory); err != nil {
			return nil, err
		}
		c.group.enter(c.command.SysProcAttr)
	}
	return c, nil
}

// limited is the command of f behind a shell that sets the limits. prlimit(2) after the
// start would leave a moment without them, and setting our own around the start would
// touch us; the shell costs about a millisecond. The shell becomes the command: it is
// one process.
//
// Memory limits private writable memory, not the address space: Go, Node and Java
// reserve gigabytes of the latter and do not start without. What a process maps over
// such a reservation of its own escapes that limit; watchMemory sees it.
func limited(f Function) *exec.Cmd {
	script := fmt.Sprintf("ulimit -c 0; ulimit -n %d 2>/dev/null; ", openFiles) // a core dump would hold credentials
	if f.Memory > 0 {
		script += fmt.Sprintf("ulimit -d %d || exit 125; ", max(f.Memory>>10, 1))
	}
	if f.CPU > 0 {
		script += fmt.Sprintf("ulimit -t %d || exit 125; ", int64((f.CPU+time.Second-1)/time.Second))
	}
	return exec.Command("/bin/sh", append([]string{"-c", script + `exec "$@"`, "sh"}, f.Command...)...)
}

// environment is all that the child sees: nothing in it is of our own environment.
func (c *child) environment() []string {
	name := cmp.Or(c.function.Env["AWS_LAMBDA_FUNCTION_NAME"], "function")
	memory := c.function.Memory >> 20
	if memory <= 0 {
		memory = 1024
	}
	env := map[string]string{
		"_HANDLER":                        c.function.Handler,
		"LAMBDA_TASK_ROOT":                c.function.Dir,
		"LAMBDA_RUNTIME_DIR":              c.function.Dir,
		"AWS_LAMBDA_FUNCTION_NAME":        name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.FormatInt(memory, 10),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_SAM_LOCAL":                   "true", // or the Go plug-in posts metrics
		"AWS_EC2_METADATA_DISABLED":       "true",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin",
		"PYTHONPATH":                      c.function.Dir,
		"LANG":                            "C.UTF-8",
		"TZ":                              ":UTC",
		"HOME":                            c.temp,
		"TMPDIR":                          c.temp,
	}
	maps.Copy(env, c.function.Env)
	if c.with != nil {
		maps.Copy(env, c.with.Env())
	}
	env["TMPDIR"] = c.temp // its processes are known by it: see sweep
	env["AWS_LAMBDA_RUNTIME_API"] = c.listener.Addr().String()
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// run starts the process, serves it and returns when it is gone. Its outcome is in c.
func (c *child) run() {
	// The parent-death signal comes when the thread that started the child ends, so
	// this thread stays until the child is gone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	if !c.start() {
		return
	}
	server := &http.Server{Handler: c.routes(), ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug)}
	var aux sync.WaitGroup
	aux.Go(func() { _ = server.Serve(c.listener) })
	aux.Go(c.output.follow)
	exited := make(chan struct{})
	if c.function.Memory > 0 && c.group == nil {
		aux.Go(func() { c.watchMemory(exited) })
	}
	waitExit(c.command)
	close(exited)
	if c.group != nil && c.group.ranOut() {
		c.kill(&FunctionError{"Runtime.ExitError", fmt.Sprintf("Runtime exited with error: killed, it and what it started used the %d MiB of memory that they may", c.function.Memory>>20)})
	}
	c.reap()
	c.endOthers()
	_ = server.Close()
	c.output.close()
	aux.Wait()
}

// watchMemory kills the child once it is seen to use more memory than it may, until it
// has exited.
func (c *child) watchMemory(exited <-chan struct{}) {
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	for {
		select {
		case <-exited:
			return
		case <-look.C:
		}
		if used := privateMemory(c.command.Process.Pid); used > c.function.Memory {
			c.kill(&FunctionError{"Runtime.ExitError", fmt.Sprintf("Runtime exited with error: killed, it used %d MiB of memory where it may use %d MiB",
				used>>20, c.function.Memory>>20)})
			return
		}
	}
}

// endOthers ends what the child has started that is not in its process group any more.
func (c *child) endOthers() {
	if c.group == nil {
		c.sweep()
		return
	}
	if err := c.group.end(); err != nil {
		c.log.Warn("processes of a child may still run", "function", c.function.Key, "error", err)
	}
}

// start starts the process, unless it was killed before.
func (c *child) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed {
		return false
	}
	err := c.command.Start()
	c.output.started()
	if err != nil {
		c.cause = &FunctionError{"Runtime.InvalidEntrypoint", err.Error()}
		return false
	}
	c.process = c.command.Process
	return true
}

// reap ends what is left of the process group and then the process itself, in this
// order: once it is reaped, its number may belong to another.
func (c *child) reap() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = syscall.Kill(-c.process.Pid, syscall.SIGKILL)
	_ = c.command.Wait() // its state says more
	c.process = nil
	if c.cause != nil {
		return
	}
	status := "Runtime exited without providing a reason"
	if state := c.command.ProcessState; !state.Success() {
		status = "Runtime exited with error: " + state.String()
	}
	c.cause = &FunctionError{"Runtime.ExitError", status}
}

// kill ends the whole process group, now or, where it has not started, before it does.
// It does not wait. A call that it cuts short fails for the reason why.
func (c *child) kill(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killed = true
	if c.cause == nil {
		c.cause = why
	}
	if c.process != nil {
		_ = syscall.Kill(-c.process.Pid, syscall.SIGKILL)
	}
}

// stop kills and waits until the child is gone.
func (c *child) stop() {
	c.kill(errStopped)
	wait := time.NewTimer(reapTime)
	defer wait.Stop()
	select {
	case <-c.done:
	case <-wait.C:
		c.log.Warn("a killed child is not gone", "function", c.function.Key)
	}
}

// clean releases what the process does not hold itself.
func (c *child) clean() {
	if c.listener != nil {
		_ = c.listener.Close()
	}
	if c.output != nil {
		c.output.close()
	}
	if c.with != nil {
		c.with.Close()
	}
	if c.group != nil {
		c.endOthers() // where it was never started
	}
	if c.temp == "" {
		return
	}
	if err := os.RemoveAll(c.temp); err != nil {
		c.log.Warn("a child's directory stays behind", "function", c.function.Key, "error", err)
	}
}

// offer gives the call to the child when it asks for one, for as long as wait.
func (c *child) offer(ctx context.Context, call *call, wait time.Duration) error {
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case c.calls <- call:
		return nil
	case <-c.failed:
		return c.why()
	case <-c.done:
		return c.why()
	case <-patience.C:
		return &FunctionError{"Runtime.InitTimeout", fmt.Sprintf("the function did not ask for a call within %v", wait)}
	case <-ctx.Done():
		return ended(ctx)
	}
}

// await returns the answer of a call that the child was given.
func (c *child) await(ctx context.Context, call *call) ([]byte, error) {
	select {
	case a := <-call.answered:
		return a.body, a.err
	case <-c.done:
	case <-ctx.Done():
	}
	if !c.abandon(call) {
		a := <-call.answered // it came at the last moment
		return a.body, a.err
	}
	select {
	case <-c.done:
		return nil, c.why()
	default:
		return nil, ended(ctx)
	}
}

// abandon takes an unanswered call back, so that a late answer is refused.
func (c *child) abandon(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.over {
		return false
	}
	call.over = true
	c.current = nil
	return true
}

// why is the reason that the child takes no more calls.
func (c *child) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// report is the body of the child's report that it cannot start, nil without one.
func (c *child) report() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.body
}

// said is what the child printed during the call that is over, and what its companion
// says of it.
func (c *child) said() (printed string, report any) {
	if c.with != nil {
		report = c.with.Report()
	}
	return c.output.text(), report
}

// spoilt says whether the child has reported that it cannot go on.
func (c *child) spoilt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}
