package lambda

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// settle is how long a warm child may take to ask for its next call once there is one.
// It normally has asked long before.
const settle = 5 * time.Second

// Pool keeps children and hands calls to them. It is safe for concurrent use.
type Pool struct {
	config  Config
	place   place
	closing chan struct{}
	running sync.WaitGroup // the children's goroutines

	mu       sync.Mutex
	closed   bool
	lines    map[string]*line
	children map[*child]bool // all that may still run
}

// line is the calls and the idle children of one key. All but slots is under Pool.mu.
//
// A call holds a slot from before it takes or starts a child until after it has put it
// back or ended it, and starts one only when none is idle: so there are never more
// children than slots.
type line struct {
	slots chan struct{} // calls that send wait first come, first served
	calls int           // calls that hold a slot or wait for one
	idle  []*child      // the one used last stands last
}

// NewPool returns a pool without children. Close it to end those that it comes to have.
func NewPool(c Config) *Pool {
	return &Pool{config: c.withDefaults(), closing: make(chan struct{}), lines: map[string]*line{}, children: map[*child]bool{}}
}

// Close kills all children and waits until they are gone and their directories removed.
// Calls in flight and later ones return [ErrClosed]. The error is of what could not be removed.
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	for c := range p.children {
		c.kill(ErrClosed)
	}
	p.mu.Unlock()
	p.running.Wait()
	return errors.Join(p.place.leave(), p.config.Cgroup.Close())
}

// Invoke makes one call, on a warm child or a new one, and returns the answer's bytes
// as they came. ctx carries the time limit: when it ends, the child's whole process
// group is killed, an answer that comes later is refused, and the next call starts cold.
//
// Errors: [*FunctionError], [ErrTimeout], [ErrPayload], [ErrClosed], the cause of ctx
// where it was cancelled, or its deadline where that passed before a child was free.
// A call is never made twice.
func (p *Pool) Invoke(ctx context.Context, f Function, payload []byte) (Result, error) {
	began := time.Now()
	if len(payload) > MaxBody {
		return Result{}, ErrPayload
	}
	l, err := p.enter(ctx, f.Key)
	if err != nil {
		return Result{}, err
	}
	defer p.leave(f.Key, l)
	call := newCall(ctx, payload)
	c, cold, err := p.deliver(ctx, l, f, call)
	if c == nil {
		return Result{Cold: cold}, err
	}
	result := Result{Cold: cold, Delivered: err == nil}
	if err == nil {
		result.Body, err = c.await(ctx, call)
	} else {
		result.Body = c.report() // a failed start may have left one
	}
	return p.finish(ctx, began, l, c, result, err)
}

// finish keeps or ends the child c of a call and completes the call's result.
func (p *Pool) finish(ctx context.Context, began time.Time, l *line, c *child, r Result, err error) (Result, error) {
	if err == nil || r.Delivered && errors.As(err, new(*FunctionError)) {
		r.Output, r.Report = c.said()
		p.keep(l, c)
		return r, err
	}
	c.stop()
	r.Output, r.Report = c.said()
	if errors.Is(err, context.DeadlineExceeded) {
		err = timeoutError{limit(ctx, began)}
	}
	return r, err
}

// limit is how long a call that began then was given by ctx.
func limit(ctx context.Context, began time.Time) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(deadline.Sub(began), 0)
	}
	return time.Since(began)
}

// enter waits for a slot in the line of the key.
func (p *Pool) enter(ctx context.Context, key string) (*line, error) {
	p.mu.Lock()
	l := p.lines[key]
	if l == nil {
		l = &line{slots: make(chan struct{}, p.config.Most)}
		p.lines[key] = l
	}
	l.calls++
	p.mu.Unlock()
	select {
	case l.slots <- struct{}{}:
		return l, nil
	case <-ctx.Done():
		p.drop(key, l)
		return nil, fmt.Errorf("lambda: wait for a free child: %w", ended(ctx))
	case <-p.closing:
		p.drop(key, l)
		return nil, ErrClosed
	}
}

func (p *Pool) leave(key string, l *line) {
	<-l.slots
	p.drop(key, l)
}

// drop counts a call out of its line.
func (p *Pool) drop(key string, l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.calls--
	p.tidy(key, l)
}

// tidy forgets a line that nothing uses, since keys come and go. It needs p.mu.
func (p *Pool) tidy(key string, l *line) {
	if l.calls == 0 && len(l.idle) == 0 && p.lines[key] == l {
		delete(p.lines, key)
	}
}

// deliver hands the call to a child. Beside an error, a child that is not nil was started
// for the call and did not come to take it.
func (p *Pool) deliver(ctx context.Context, l *line, f Function, call *call) (_ *child, cold bool, _ error) {
	for ctx.Err() == nil {
		c := p.warm(l, f)
		if c == nil {
			break
		}
		if c.offer(ctx, call, settle) == nil {
			return c, false, nil
		}
		c.stop() // it ended or hung after its last answer, and has not seen this call
	}
	if ctx.Err() != nil {
		return nil, false, fmt.Errorf("lambda: wait for a free child: %w", ended(ctx))
	}
	c, err := p.start(l, f)
	if err != nil {
		return nil, true, err
	}
	return c, true, c.offer(ctx, call, p.config.Init)
}

// warm takes the idle child that was used last, and ends those started for another f.
func (p *Pool) warm(l *line, f Function) *child {
	for {
		p.mu.Lock()
		n := len(l.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := l.idle[n-1]
		l.idle = l.idle[:n-1]
		c.expiry.Stop()
		p.mu.Unlock()
		if c.function.equal(f) {
			return c
		}
		c.stop()
	}
}

// start starts a child and its goroutine.
func (p *Pool) start(l *line, f Function) (*child, error) {
	dir, err := p.place.enter(p.config.Temp)
	if err != nil {
		return nil, fmt.Errorf("lambda: start: %w", err)
	}
	c, err := newChild(f, p.config, dir)
	if err != nil {
		return nil, fmt.Errorf("lambda: start: %w", err)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		c.clean()
		return nil, ErrClosed
	}
	p.children[c] = true
	p.running.Go(func() {
		c.run()
		p.forget(l, c)
		c.clean()
	})
	p.mu.Unlock()
	return c, nil
}

// forget drops a child that has ended, whether in a call or idle.
func (p *Pool) forget(l *line, c *child) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.children, c)
	p.unidle(l, c)
}

// unidle takes c out of the idle children of l and says whether it was one. It needs p.mu.
func (p *Pool) unidle(l *line, c *child) bool {
	for i := range l.idle {
		if l.idle[i] == c {
			l.idle = append(l.idle[:i], l.idle[i+1:]...)
			c.expiry.Stop()
			p.tidy(c.function.Key, l)
			return true
		}
	}
	return false
}

// keep puts a child back for later calls, unless it has reported that it is at its end.
func (p *Pool) keep(l *line, c *child) {
	if c.spoilt() {
		c.stop()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.children[c] {
		return // it ended meanwhile
	}
	l.idle = append(l.idle, c)
	c.expiry = time.AfterFunc(p.config.Idle, func() { p.expire(l, c) })
}

// expire ends a child that has been idle for too long.
func (p *Pool) expire(l *line, c *child) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A call may have taken it, and even put it back, since the timer fired. The second
	// costs a cold start at worst.
	if p.unidle(l, c) {
		c.kill(errStopped)
	}
}

// ended is why ctx has ended: its deadline as such, whatever cause it was given, since
// the deadline is the call's time limit.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return context.Cause(ctx)
}
