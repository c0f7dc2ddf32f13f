package main

import "time"

// clock is the harness's one clock: all moments it records are spans since the start of
// the run, by the monotonic clock.
type clock struct{ start time.Time }

func (c clock) now() time.Duration { return time.Since(c.start) }

// of is the moment of a time that a server gave. It is as good as nobody sets the
// machine's clock during the run.
func (c clock) of(t time.Time) time.Duration { return t.Sub(c.start) }

// far is later than any moment of a run.
const far = 1 << 60 * time.Nanosecond
