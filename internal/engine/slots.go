package engine

import "sync"

// slots bounds the handler calls of a node. While requests are known to wait, new
// ones do not get past them.
type slots struct {
	mu     sync.Mutex
	free   int
	queued bool // requests wait for a slot: they go first
}

func newSlots(n int) *slots { return &slots{free: n} }

// takeOne takes a slot for a request that was not accepted yet. When it cannot,
// the request will have to queue.
func (s *slots) takeOne() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queued || s.free == 0 {
		s.queued = true
		return false
	}
	s.free--
	return true
}

// takeSome takes slots for requests that wait: half of what is free, so that new
// requests find some while we look, or the last one. It forgets that any wait: from
// here on whoever queues says so again.
func (s *slots) takeSome() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := (s.free + 1) / 2
	s.free -= n
	if n > 0 {
		s.queued = false
	}
	return n
}

// give returns n slots and reports whether somebody may be waiting for one.
func (s *slots) give(n int) (waited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free += n
	return s.queued
}

// queue notes that requests wait.
func (s *slots) queue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = true
}
