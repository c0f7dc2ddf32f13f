package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The faults there are.
const (
	killFault   = "kill -9"        // and start again after a while
	pairFault   = "kill -9 of two" // nodes at once
	termFault   = "SIGTERM"        // a clean stop, and start again
	stopFault   = "SIGSTOP"        // for longer than the lease
	cutFault    = "cut"            // every connection to the database breaks, new ones work
	refuseFault = "refuse"         // connections break and new ones are refused for a while
	slowFault   = "slow"           // every packet takes longer
	muteFault   = "mute"           // packets vanish for a while, then arrive after all
	fastFault   = "db restart"     // as an administrator does it
	crashFault  = "db crash"       // immediate shutdown, recovery
	clockFault  = "clock"          // a node starts again with another wrong wall clock
	diskFault   = "disk full"      // no byte is left for a while
)

// step is one fault of the schedule.
type step struct {
	Kind  string
	Node  int           // index
	For   time.Duration // how long it lasts
	Pause time.Duration // what follows it
	Skew  time.Duration // clock: how wrong
}

// schedule decides by the seed what will be done: each kind in turn, in an order by
// chance, until the time is full.
func schedule(seed uint64, kinds []string, nodes int, lease, total time.Duration) []step {
	r := rand.New(rand.NewPCG(seed, 0))
	var all []step
	var used time.Duration
	for {
		turn := slices.Clone(kinds)
		r.Shuffle(len(turn), func(i, j int) { turn[i], turn[j] = turn[j], turn[i] })
		for _, kind := range turn {
			s := step{Kind: kind, Node: r.IntN(nodes), Pause: between(r, 300*time.Millisecond, 2*time.Second)}
			switch kind {
			case killFault, pairFault:
				s.For = between(r, 0, 300*time.Millisecond)
				if nodes > 1 && r.IntN(3) > 0 { // long enough to see others take over
					s.For = lease + between(r, 2*time.Second, 2500*time.Millisecond)
				}
			case stopFault:
				s.For = lease + between(r, 300*time.Millisecond, 2500*time.Millisecond)
			case refuseFault, muteFault:
				s.For = between(r, 500*time.Millisecond, 2*lease)
			case slowFault:
				s.For = between(r, time.Second, 3*time.Second)
			case diskFault:
				s.For = between(r, 500*time.Millisecond, lease+time.Second)
			case clockFault:
				s.Skew = between(r, 1, 10) * time.Minute
				if r.IntN(2) == 0 {
					s.Skew = -s.Skew
				}
			}
			if used += s.For + s.Pause; used > total {
				return all
			}
			all = append(all, s)
		}
	}
}
