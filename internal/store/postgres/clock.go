package postgres

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// pulse is how often a node asks for the time and for who listens.
	pulse = 3 * time.Second
	// drift is how far two clocks part at worst, per second: what crystals are built for.
	drift = 200 * time.Microsecond
)

// clock is the database's clock as this node knows it.
type clock struct{ at atomic.Pointer[reading] }

// reading is one look at the database's clock.
type reading struct {
	here  time.Time // on this machine; what counts of it is the monotonic clock
	there time.Time
	error time.Duration // at most, when it was read
}

func (r reading) now() time.Time { return r.there.Add(time.Since(r.here)) }

// bound is how far now can be off.
func (r reading) bound() time.Duration {
	return r.error + time.Duration(time.Since(r.here).Seconds()*float64(drift))
}

// Now is the database's clock, in UTC: all nodes have the same, whatever theirs say. It
// does not ask each time. Every few seconds the node reads the database's clock and goes
// on from there by its own monotonic one, which nobody sets. Now is off by at most half
// the time of the trip to the database, of the quickest of the last readings, and 0.2 ms
// for each second since: below 1 ms in one data centre. A step of the database's clock,
// or another database after a failover, shows within 3 s. A machine that was suspended
// is behind until the next reading.
func (s *Store) Now() time.Time { return s.clock.at.Load().now().UTC().Round(0) }

// take notes a reading if it is better than what is known, or contradicts it.
func (c *clock) take(r reading) {
	old := c.at.Load()
	if old == nil || r.bound() <= old.bound() || r.now().Sub(old.now()).Abs() > r.bound()+old.bound() {
		c.at.Store(&r)
	}
}

// measure reads the database's clock, and who else listens to hints.
func (s *Store) measure(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context) error {
		var there time.Time
		c, err := s.readers.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release()
		began := time.Now()
		if err := c.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&there); err != nil {
			return err
		}
		half := time.Since(began) / 2
		s.clock.take(reading{began.Add(half), there, half})
		return nil
	})
}

// pulse runs until the store is closed.
func (s *Store) pulse() {
	t := time.NewTicker(pulse)
	defer t.Stop()
	for {
		s.countListeners(s.closing)
		select {
		case <-t.C:
		case <-s.closing.Done():
			return
		}
		if err := s.measure(s.closing); err != nil && s.closing.Err() == nil {
			s.Log.Warn("the database does not tell the time", "error", err)
		}
	}
}
