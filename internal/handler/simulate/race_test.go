//go:build race

package simulate_test

import "example.org/groundcontrol/internal/handler/simulate"

func init() {
	simulate.Share = 5
	*everyType *= 5
	draws /= 4
}
