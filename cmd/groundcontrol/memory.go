package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// tuneCollector lets garbage pile up while little is live, unless the environment says
// how much: what is made for each call is garbage at once, and at the default the
// collector would run all the time.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

const (
	// smallHeap is what Go may use of memory without asking.
	smallHeap = 80 << 20
	// roomToWork is how much more than what is live it may use otherwise: less would
	// have the collector run all the time.
	roomToWork = 1.4
)

// boundMemory keeps memory near to what is live where that is much, as it is once a
// thousand types were used, until ctx is done. It leaves alone who has set GOMEMLIMIT.
func boundMemory(ctx context.Context) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		metrics.Read(live)
		debug.SetMemoryLimit(max(smallHeap, int64(roomToWork*float64(live[0].Value.Uint64()))))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
