//go:build race

package engine_test

import "runtime"

// The race detector of Go 1.26 crashes now and then (one run in thirty, in the runtime's own
// code) where goroutines of a synctest bubble run while its timers fire. With one processor
// they take turns; what is a race is found as before, since that goes by order and not by chance.
func init() { runtime.GOMAXPROCS(1) }
