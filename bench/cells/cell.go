package main

import (
	"container/heap"
	"math/rand/v2"
	"slices"
)

// cell is a model of one cell: a store that writes one thing after the other, and the
// handler slots of all its nodes. All times are in seconds.
//
// An operation is accepted by a write, holds a slot for its handler call, and ends by a
// write. It takes its slot before it is accepted where one is free for it; else it waits
// for one, and its claim is a write, too. The slot is free again when the call is back.
// A claim has a connection of its own and does not stand in line behind other writes: while
// both wait, every third write is a claim, as a node has two connections for the others.
// This is how the engine does it. Other than there, writes are not gathered into
// transactions, one look for work hands out one slot, and all nodes share their slots.
type cell struct {
	accept, claim, end float64 // the store's time for each write; 0: no such write
	handler            float64 // a call
	exponential        bool    // these are means of exponential times, not fixed
	slots, reserve     int     // handler calls at once; so many of them for accounts that have none
	fair               bool    // slots go to the account with the fewest, not to the oldest request
}

// flow is a number of accounts that call alike.
type flow struct {
	accounts    int
	rate        float64 // calls a second of all of them together, at random times; or
	connections int     // callers that each make the next call when they have the answer
	limit       float64 // calls a second that each account may make, 0 for any number,
	burst       float64 // and so many at once
}

const (
	turnaround  = 0.001 // between an answer and the next call of a connection
	backoff     = 0.1   // between a refusal and the next call of a connection
	writesClaim = 3     // of so many writes one may be a claim, where others wait
)

// outcome is what the accounts of a flow met.
type outcome struct {
	calls, refused int
	ended          int       // while calls were still made
	answer, wait   []float64 // sorted: until the answer, and until the end without the operation's own writes and call
	inside         float64   // accepted operations inside, summed up over time
	total          float64   // the time that operations were inside, summed up over them
	atOnce         int       // most operations of one account that held a slot
}

// run simulates a cell into which flows flow for so many seconds, and then until it is empty.
func (c cell) run(seed uint64, seconds float64, flows []flow) []outcome {
	s := &simulation{cell: c, rand: rand.New(rand.NewPCG(seed, 0)), until: seconds, free: c.slots, flows: flows, out: make([]outcome, len(flows)), inside: make([]int, len(flows))}
	for i, f := range flows {
		s.first = append(s.first, len(s.accounts))
		for range f.accounts {
			s.accounts = append(s.accounts, account{tokens: f.burst})
		}
		if f.rate > 0 {
			s.at(s.rand.ExpFloat64()/f.rate, event{kind: arrives, flow: i})
		}
		for range f.connections {
			s.at(s.rand.Float64()*turnaround, event{kind: arrives, flow: i})
		}
	}
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(event)
		for i := range s.out {
			s.out[i].inside += float64(s.inside[i]) * (e.at - s.now)
		}
		s.now = e.at
		s.happen(e)
	}
	for i := range s.out {
		slices.Sort(s.out[i].answer)
		slices.Sort(s.out[i].wait)
	}
	return s.out
}

type kind int

const (
	arrives kind = iota
	written
	called
)

type event struct {
	at    float64
	order int // of events at one time
	kind  kind
	flow  int
	op    *op
}

// op is an operation inside.
type op struct {
	flow, account int
	since, own    float64 // when it came; what its writes and its call took
	stage         stage
	slot          bool
}

type stage int

const (
	accepting stage = iota
	claiming
	ending
)

type account struct {
	running, waiting int // operations with a slot; those that wait for one or will
	queue            []*op
	tokens, filled   float64 // what is left to call with, and when that was so
}

type simulation struct {
	cell
	rand   *rand.Rand
	now    float64
	until  float64
	events events
	order  int

	flows    []flow
	first    []int // account of each flow
	accounts []account
	out      []outcome
	inside   []int // operations, by flow

	writing *op
	writes  fifo // those that wait for the store, claims apart
	claims  fifo
	turn    int
	free    int
	waiting int   // operations that wait for a slot or will
	oldest  fifo  // those that wait, where slots are not shared fairly
	asking  []int // accounts that have some, where they are
}

func (s *simulation) at(t float64, e event) {
	s.order++
	e.at, e.order = t, s.order
	heap.Push(&s.events, e)
}

func (s *simulation) took(mean float64) float64 {
	if s.exponential {
		return mean * s.rand.ExpFloat64()
	}
	return mean
}

func (s *simulation) happen(e event) {
	switch e.kind {
	case arrives:
		s.arrive(e.flow)
	case written:
		o := s.writing
		s.writing = nil
		s.nextWrite()
		s.wrote(o)
	case called:
		e.op.slot = false
		s.accounts[e.op.account].running--
		s.free++
		s.write(e.op, ending, s.end)
		s.share()
	}
}

// arrive makes one call of a flow.
func (s *simulation) arrive(i int) {
	if s.now > s.until {
		return
	}
	f, out := s.flows[i], &s.out[i]
	if f.connections == 0 {
		s.at(s.now+s.rand.ExpFloat64()/f.rate, event{kind: arrives, flow: i})
	}
	o := &op{flow: i, account: s.first[i] + s.rand.IntN(f.accounts), since: s.now}
	a := &s.accounts[o.account]
	out.calls++
	if !a.allow(f, s.now) {
		out.refused++
		if f.connections > 0 {
			s.at(s.now+backoff, event{kind: arrives, flow: i})
		}
		return
	}
	s.inside[i]++
	if s.behind(a) || !s.open(a) {
		a.waiting++
		s.waiting++
	} else {
		s.occupy(o)
	}
	s.write(o, accepting, s.accept)
}

// allow takes a token, as package limit does.
func (a *account) allow(f flow, now float64) bool {
	if f.limit == 0 {
		return true
	}
	a.tokens = min(a.tokens+(now-a.filled)*f.limit, f.burst)
	a.filled = now
	if a.tokens < 1 {
		return false
	}
	a.tokens--
	return true
}

// behind reports whether others wait that a new operation of a may not overtake.
func (s *simulation) behind(a *account) bool {
	if s.fair {
		return a.waiting > 0
	}
	return s.waiting > 0
}

// open reports whether an operation of a may have a slot now.
func (s *simulation) open(a *account) bool {
	return s.free > 0 && (!s.fair || a.running == 0 || s.free > s.reserve)
}

func (s *simulation) occupy(o *op) {
	a := &s.accounts[o.account]
	a.running++
	s.free--
	o.slot = true
	s.out[o.flow].atOnce = max(s.out[o.flow].atOnce, a.running)
}

func (s *simulation) write(o *op, what stage, takes float64) {
	o.stage = what
	if takes == 0 {
		s.wrote(o)
		return
	}
	if what == claiming {
		s.claims.push(o)
	} else {
		s.writes.push(o)
	}
	s.nextWrite()
}

// nextWrite has the store begin with what waits for it, unless it is at work.
func (s *simulation) nextWrite() {
	switch {
	case s.writing != nil:
		return
	case !s.claims.empty() && (s.writes.empty() || s.turn%writesClaim == 0):
		s.writing = s.claims.pop()
	case !s.writes.empty():
		s.writing = s.writes.pop()
	default:
		return
	}
	s.turn++
	takes := s.took([...]float64{s.accept, s.claim, s.end}[s.writing.stage])
	s.writing.own += takes
	s.at(s.now+takes, event{kind: written})
}

// wrote goes on with an operation that has been written.
func (s *simulation) wrote(o *op) {
	switch out := &s.out[o.flow]; o.stage {
	case accepting:
		out.answer = append(out.answer, s.now-o.since)
		if s.flows[o.flow].connections > 0 {
			s.at(s.now+turnaround, event{kind: arrives, flow: o.flow})
		}
		if o.slot {
			s.call(o)
			return
		}
		s.enqueue(o)
		s.share()
	case claiming:
		s.call(o)
	case ending:
		s.inside[o.flow]--
		out.total += s.now - o.since
		out.wait = append(out.wait, s.now-o.since-o.own)
		if s.now <= s.until {
			out.ended++
		}
	}
}

func (s *simulation) call(o *op) {
	takes := s.took(s.handler)
	o.own += takes
	s.at(s.now+takes, event{kind: called, op: o})
}

func (s *simulation) enqueue(o *op) {
	if !s.fair {
		s.oldest.push(o)
		return
	}
	a := &s.accounts[o.account]
	if a.queue = append(a.queue, o); len(a.queue) == 1 {
		s.asking = append(s.asking, o.account)
	}
}

// share hands out slots to those that wait, as long as there are both.
func (s *simulation) share() {
	for o := s.next(); o != nil; o = s.next() {
		s.accounts[o.account].waiting--
		s.waiting--
		s.occupy(o)
		s.write(o, claiming, s.claim)
	}
}

// next takes the operation out of its queue that is to have the next slot, if one may:
// the oldest, or the oldest of the account that has the fewest slots.
func (s *simulation) next() *op {
	if s.free == 0 {
		return nil
	}
	if !s.fair {
		if s.oldest.empty() {
			return nil
		}
		return s.oldest.pop()
	}
	best := -1
	for i, n := range s.asking {
		a := &s.accounts[n]
		if !s.open(a) {
			continue
		}
		if best >= 0 {
			b := &s.accounts[s.asking[best]]
			if a.running > b.running || a.running == b.running && a.queue[0].since >= b.queue[0].since {
				continue
			}
		}
		best = i
	}
	if best < 0 {
		return nil
	}
	a := &s.accounts[s.asking[best]]
	o := a.queue[0]
	if a.queue = a.queue[1:]; len(a.queue) == 0 {
		s.asking = slices.Delete(s.asking, best, best+1)
	}
	return o
}

// events is a heap: the next one first.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// fifo is a queue; the first comes out first.
type fifo struct {
	ops  []*op
	head int
}

func (f *fifo) empty() bool { return f.head == len(f.ops) }
func (f *fifo) push(o *op)  { f.ops = append(f.ops, o) }
func (f *fifo) pop() *op {
	o := f.ops[f.head]
	f.ops[f.head] = nil
	if f.head++; f.head > 1024 && f.head > len(f.ops)/2 {
		f.ops = append(f.ops[:0], f.ops[f.head:]...)
		f.head = 0
	}
	return o
}
