// Package limit refuses callers who ask too often: a token bucket for each account
// and operation. It knows nothing of what the operations do.
package limit

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how many calls an account may make of an operation: so many a second on
// average, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// ParseRate reads '5/s', '300/m' or '2/h', with ':20' behind it where the burst is not
// what a second brings, rounded up.
func ParseRate(text string) (Rate, error) {
	bad := fmt.Errorf("%q: want a rate such as 5/s, 300/m or 5/s:20 (with the burst)", text)
	average, burst, hasBurst := strings.Cut(text, ":")
	count, unit, _ := strings.Cut(average, "/")
	seconds, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(count, 64)
	if !ok || err != nil || !(n > 0 && n <= 1e9) {
		return Rate{}, bad
	}
	r := Rate{PerSecond: n / seconds, Burst: max(int(n/seconds+0.999), 1)}
	if hasBurst {
		if r.Burst, err = strconv.Atoi(burst); err != nil || r.Burst < 1 {
			return Rate{}, bad
		}
	}
	return r, nil
}

// Limiter counts calls. It is safe for concurrent use.
type Limiter struct {
	rates map[string]Rate

	mu      sync.Mutex
	buckets map[bucket]*rate.Limiter
	most    int // buckets there may be before the full ones are dropped
}

type bucket struct{ account, operation string }

// maxBuckets is how many buckets are kept at first before those are dropped that are
// full: a full one is like a new one.
const maxBuckets = 4096

// New returns a limiter; rates are by operation, and "*" is the rate of each operation
// that has none of its own. Without any, everything is allowed.
func New(rates map[string]Rate) *Limiter {
	return &Limiter{rates: maps.Clone(rates), buckets: map[bucket]*rate.Limiter{}, most: maxBuckets}
}

// Allow takes one token from the bucket of the account and operation at time now, or
// returns false where it is empty.
func (l *Limiter) Allow(account, operation string, now time.Time) bool {
	r, ok := l.rates[operation]
	if !ok {
		if r, ok = l.rates["*"]; !ok {
			return true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := bucket{account, operation}
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= l.most {
			maps.DeleteFunc(l.buckets, func(_ bucket, b *rate.Limiter) bool { return b.TokensAt(now) >= float64(b.Burst()) })
			l.most = max(maxBuckets, 2*len(l.buckets)) // so that looking at all of them stays rare
		}
		b = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		l.buckets[key] = b
	}
	return b.AllowN(now, 1)
}
