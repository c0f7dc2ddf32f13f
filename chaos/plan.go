package main

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// plan is how the witness will go about a request: one turn for each call that the
// provider needs, in order.
type plan []turn

// turn is how one call goes.
type turn struct {
	takes     time.Duration
	delay     time.Duration // until the next turn
	throttles int           // how often it fails with Throttling first
	early     bool          // the work is done before the time passes, not after
	stubborn  bool          // the work is done even if the caller has left
	fails     string        // the code of a final failure; "" for none
}

var failures = []string{"AccessDenied", "InvalidRequest", "NotStabilized", "ServiceLimitExceeded", "GeneralServiceException"}

// newPlan decides by the seed how the n-th request of an identifier goes.
func newPlan(seed uint64, identifier string, n int) plan {
	h := fnv.New64a()
	_, _ = h.Write([]byte(identifier))
	r := rand.New(rand.NewPCG(seed^h.Sum64(), uint64(n)))
	turns := 1
	if r.IntN(2) == 0 {
		turns += 1 + r.IntN(3)
	}
	p := make(plan, turns)
	for i := range p {
		t := &p[i]
		t.takes = duration(r)
		t.delay = between(r, 50*time.Millisecond, 600*time.Millisecond)
		t.early, t.stubborn = r.IntN(2) == 0, r.IntN(2) == 0
		if r.IntN(12) == 0 {
			t.throttles = 1 + r.IntN(2)
		}
	}
	if r.IntN(10) == 0 {
		p[r.IntN(turns)].fails = failures[r.IntN(len(failures))]
	}
	return p
}

// duration is mostly short, sometimes longer than a lease.
func duration(r *rand.Rand) time.Duration {
	switch n := r.IntN(100); {
	case n < 65:
		return between(r, 0, 20*time.Millisecond)
	case n < 94:
		return between(r, 50*time.Millisecond, 500*time.Millisecond)
	}
	return between(r, time.Second, 4*time.Second)
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}
