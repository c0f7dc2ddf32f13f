package postgres

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store/row"
)

const (
	// maxBatch bounds the verbs of one transaction, and so how long a reader of the
	// answer waits for its neighbours.
	maxBatch = 128
	// worthwhile is how many verbs it takes for another transaction beside those under way,
	// since small ones cost nearly as much as large ones; fewer wait for tooLong at most.
	worthwhile = 24
	tooLong    = 20 * time.Millisecond
	// maxBytes bounds the bodies of one transaction; one verb may be larger.
	maxBytes = 4 << 20
)

// errWaited comes to verbs that no writer took in time. They did not take effect.
var errWaited = errors.New("the database does not keep up")

// job is one verb that waits to be written: an Accept, or a Save.
type job struct {
	accept  bool
	request operation.Request
	change  *resource.Change

	token  [16]byte
	ledger [16]byte // the token that the change leaves in the ledger
	forget [16]byte // of an accept: the last request that had its client token, and has outlived it
	scope  string
	body   []byte
	keys   []uint64 // what no other job may touch at the same time
	since  time.Time
	err    error // the answer, noted by a writer
	done   chan error
}

var seed = maphash.MakeSeed()

type key struct{ what, scope, a, b string }

// newJob prepares all of a verb that can be done outside of the writers.
func newJob(r operation.Request, change *resource.Change, accept bool) (*job, error) {
	token, err := row.Token(r.Token)
	if err != nil {
		return nil, err
	}
	j := &job{
		accept: accept, request: r, change: change, token: token, scope: row.Scope(r.Account, r.Region), body: row.Body(r),
		keys: make([]uint64, 0, 3), since: time.Now(), done: make(chan error, 1),
	}
	add := func(k key) {
		if h := maphash.Comparable(seed, k); !slices.Contains(j.keys, h) {
			j.keys = append(j.keys, h)
		}
	}
	if !accept {
		add(key{"request", j.scope, r.Token, ""})
	}
	if r.Identifier != "" {
		add(key{"resource", j.scope, r.TypeName, r.Identifier})
	}
	if accept && r.ClientToken != "" {
		add(key{"client token", j.scope, r.ClientToken, ""})
	}
	if change != nil {
		if j.ledger, err = row.Token(change.Request); err != nil {
			return nil, err
		}
		add(key{"resource", row.Scope(change.Account, change.Region), change.TypeName, change.Identifier})
	}
	return j, nil
}

// spoils reports whether a refusal of j leaves a transaction that must not be
// committed: another part of j may have been written.
func (j *job) spoils() bool { return j.change != nil || j.forget != [16]byte{} }

// queue holds the jobs that wait for a writer, in the order of their arrival. Jobs that
// touch the same request, resource or client token never run in two transactions of
// this node at once, nor in one, but for accepts, of which one statement lets the first
// through: so they neither wait for each other inside the database nor deadlock there.
type queue struct {
	mu     sync.Mutex
	some   *sync.Cond // there is something to do, or nothing more will come
	jobs   []*job
	held   map[uint64]*batch // by the keys of jobs that are being written
	busy   int               // batches that are being written
	alarm  bool              // a writer will be woken for jobs that wait for too long
	closed bool
}

// batch is the jobs of one transaction.
type batch struct {
	jobs  []*job
	bytes int
}

func newQueue() *queue {
	q := &queue{held: map[uint64]*batch{}}
	q.some = sync.NewCond(&q.mu)
	return q
}

// do has j written and returns when that is committed, or refused. Once a writer has
// it, do waits for the outcome even where ctx ends: the caller is to know it.
func (q *queue) do(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return errClosed
	}
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.some.Signal()
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
	}
	if q.drop(j) {
		return ctx.Err()
	}
	return <-j.done
}

// drop takes j back; it reports false where a writer has it.
func (q *queue) drop(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.jobs, j)
	if i < 0 {
		return false
	}
	q.jobs = slices.Delete(q.jobs, i, i+1)
	return true
}

// take fills b with jobs that may run together now, and waits until there are some.
// It returns false when the queue is closed and empty.
func (q *queue) take(b *batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b.jobs, b.bytes = b.jobs[:0], 0
	for {
		if q.busy == 0 || len(q.jobs) >= worthwhile || len(q.jobs) > 0 && time.Since(q.jobs[0].since) >= tooLong {
			q.fill(b)
		} else if len(q.jobs) > 0 && !q.alarm {
			q.alarm = true
			time.AfterFunc(tooLong, q.ring)
		}
		if len(b.jobs) > 0 {
			q.busy++
			return true
		}
		if q.closed && len(q.jobs) == 0 {
			return false
		}
		q.some.Wait()
	}
}

func (q *queue) ring() {
	q.mu.Lock()
	q.alarm = false
	q.mu.Unlock()
	q.some.Signal()
}

func (q *queue) fill(b *batch) {
	left := q.jobs[:0]
	now := time.Now()
	for i, j := range q.jobs {
		if len(b.jobs) == maxBatch || b.bytes > maxBytes {
			left = append(left, q.jobs[i:]...)
			break
		}
		if now.Sub(j.since) > patience {
			j.done <- errWaited
			continue
		}
		if !q.free(j, b) {
			left = append(left, j)
			continue
		}
		for _, k := range j.keys {
			q.held[k] = b
		}
		b.jobs = append(b.jobs, j)
		b.bytes += len(j.body)
	}
	clear(q.jobs[len(left):])
	q.jobs = left
}

// free reports whether j may join b. A job that must wait keeps its place, but not its
// keys: a later one may come before it, which no caller can tell.
func (q *queue) free(j *job, b *batch) bool {
	for _, k := range j.keys {
		if by, ok := q.held[k]; ok && (by != b || !j.accept || !allAccepts(b, k)) {
			return false
		}
	}
	return true
}

// allAccepts reports whether the jobs of b that hold k are accepts.
func allAccepts(b *batch, k uint64) bool {
	return !slices.ContainsFunc(b.jobs, func(j *job) bool { return !j.accept && slices.Contains(j.keys, k) })
}

// release gives the keys of b back; its jobs are answered.
func (q *queue) release(b *batch) {
	q.mu.Lock()
	q.busy--
	for _, j := range b.jobs {
		for _, k := range j.keys {
			delete(q.held, k)
		}
	}
	again := len(q.jobs) > 0 || q.closed
	q.mu.Unlock()
	if again {
		q.some.Broadcast()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.some.Broadcast()
}
