package engine

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"example.org/groundcontrol/internal/store"
)

// Limits bounds what accounts and types may use of a node's handler slots. The
// entry "*" of a map stands for every name that has none of its own.
type Limits struct {
	Account map[string]int // calls at once of each account; 0 or no entry: no limit
	Type    map[string]int // calls at once of each type, over all accounts; likewise
	Weight  map[string]int // slots that an account gets when they are scarce, to those of others; default 1
}

func named(m map[string]int, name string) int {
	if n, ok := m[name]; ok {
		return n
	}
	return m["*"]
}

func (l Limits) weight(account string) int { return max(named(l.Weight, account), 1) }

const (
	// patience is how long a request may be expected to wait for its call after a slot was
	// promised to it.
	patience = 10 * time.Millisecond
	// maxPromise bounds the promises beyond the slots there are, in so many times their number.
	maxPromise = 3
)

// slots bounds the handler calls of a node and shares them between accounts: when
// they are scarce the next one goes to the account that has the fewest for its weight.
// A few are kept for accounts that have none, so that these need not wait at all.
//
// A slot is taken before the request is written down, and used after that. Where calls
// are quick, most of that time is the write's: then more are given away than there are,
// as many as will pass within patience, and enter makes them queue up.
type slots struct {
	Limits
	size, reserve int
	calling       chan struct{} // holds one for each call that is being made

	mu       sync.Mutex
	free     int                  // below zero: given away beyond what there is
	accounts map[string]int       // calls in flight by account
	types    map[string]int       // and by type
	backlog  map[store.Queue]bool // queues of which requests wait: newer ones go behind them
	pace     time.Duration        // how long a call takes a slot for, on average lately
}

func newSlots(n int, l Limits) *slots {
	return &slots{
		Limits: l, size: n, reserve: n / 16, free: n, calling: make(chan struct{}, n),
		accounts: map[string]int{}, types: map[string]int{}, backlog: map[store.Queue]bool{},
	}
}

// take takes a slot for a request that was not accepted yet. Where it cannot, it
// returns what the request will have to wait for.
func (s *slots) take(q store.Queue) (wait string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.backlog[q]:
		wait = "earlier requests for this type go first"
	default:
		wait = s.closed(q)
	}
	if wait == "" {
		s.add(q, 1)
	} else {
		s.backlog[q] = true
	}
	return wait
}

// closed says why a request of q cannot have a slot now, "" where it can.
func (s *slots) closed(q store.Queue) string {
	if n := named(s.Type, q.TypeName); n > 0 && s.types[q.TypeName] >= n {
		return fmt.Sprintf("%d calls for this type are in flight, as many as may be", n)
	}
	running := s.accounts[q.Account]
	if n := named(s.Account, q.Account); n > 0 && running >= n {
		return fmt.Sprintf("%d calls of this account are in flight, as many as may be", n)
	}
	if open := s.open(); open <= 0 || running > 0 && open <= s.reserve {
		return fmt.Sprintf("all %d of this node are taken", s.size)
	}
	return ""
}

// open is how many slots can be given away now.
func (s *slots) open() int {
	n := s.free
	if s.pace > 0 && len(s.calling) < s.size { // unless all that pass quickly wait for slow ones
		n += s.size * int(min(patience/s.pace, maxPromise))
	}
	return n
}

// enter waits for one of the calls that may be made at once, and reports whether it
// came in time. leave ends it.
func (s *slots) enter() bool {
	select {
	case s.calling <- struct{}{}:
		return true
	default:
	}
	late := time.NewTimer(10 * patience)
	defer late.Stop()
	select {
	case s.calling <- struct{}{}:
		return true
	case <-late.C:
		return false
	}
}

func (s *slots) leave() { <-s.calling }

func (s *slots) add(q store.Queue, n int) {
	s.free -= n
	count(s.accounts, q.Account, n)
	count(s.types, q.TypeName, n)
}

// count adds n, and forgets a name that is at zero.
func count(m map[string]int, name string, n int) {
	if m[name] += n; m[name] == 0 {
		delete(m, name)
	}
}

// drained tells that a claim found fewer requests of q than it had slots for.
func (s *slots) drained(q store.Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.backlog, q)
}

// give returns n slots of q, the last call having taken so long, and reports whether
// somebody may be waiting for one.
func (s *slots) give(q store.Queue, n int, took time.Duration) (waited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(q, -n)
	switch {
	case took > 0 && s.pace == 0:
		s.pace = took
	case took > 0:
		s.pace += (took - s.pace) / 16
	}
	return len(s.backlog) > 0
}

// share divides slots between the queues that are due and takes them: half of
// what is open, so that new requests find some while we look, or the last one. whole
// tells that heads are all queues there are.
func (s *slots) share(heads []store.Head, now time.Time, whole bool) []store.Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	if whole {
		clear(s.backlog)
	}
	asking := map[string]*claimant{}
	for _, h := range heads {
		if h.Claimable.After(now) {
			continue
		}
		s.backlog[h.Queue] = true
		c := asking[h.Account]
		if c == nil {
			c = &claimant{account: h.Account, weight: s.weight(h.Account), since: h.Claimable}
			asking[h.Account] = c
		}
		c.add(h)
	}
	shares := map[store.Queue]int{}
	for n := (s.open() + 1) / 2; n > 0 && len(asking) > 0; {
		c := s.neediest(asking)
		q, ok := c.next(func(q store.Queue) bool { return s.closed(q) == "" })
		if !ok { // nothing of this account can go on
			delete(asking, c.account)
			continue
		}
		s.add(q, 1)
		shares[q]++
		n--
	}
	all := make([]store.Share, 0, len(shares))
	for q, n := range maps.All(shares) {
		all = append(all, store.Share{Queue: q, Max: n})
	}
	return all
}

// neediest returns the claimant with the fewest calls in flight for its weight; of
// equals, the one that has waited longest.
func (s *slots) neediest(asking map[string]*claimant) (best *claimant) {
	for _, c := range asking {
		if best == nil {
			best = c
			continue
		}
		mine, theirs := s.accounts[c.account]*best.weight, s.accounts[best.account]*c.weight
		if mine < theirs || mine == theirs && c.since.Before(best.since) {
			best = c
		}
	}
	return best
}

// wait estimates how long a request of q waits for a slot behind so many others.
func (s *slots) wait(q store.Queue, ahead int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := max(s.size/max(len(s.accounts), 1), 1)
	if n := named(s.Account, q.Account); n > 0 {
		open = min(open, n)
	}
	if n := named(s.Type, q.TypeName); n > 0 {
		open = min(open, n)
	}
	return s.pace * time.Duration(ahead+1) / time.Duration(open)
}

// claimant is an account with queues that are due.
type claimant struct {
	account string
	weight  int
	since   time.Time // the first of them is due since
	queues  []store.Queue
	turn    int
}

func (c *claimant) add(h store.Head) {
	c.queues = append(c.queues, h.Queue)
	if h.Claimable.Before(c.since) {
		c.since = h.Claimable
	}
}

// next returns the queue whose turn it is, of those that are open.
func (c *claimant) next(open func(store.Queue) bool) (store.Queue, bool) {
	for range c.queues {
		q := c.queues[c.turn%len(c.queues)]
		c.turn++
		if open(q) {
			return q, true
		}
	}
	return store.Queue{}, false
}
