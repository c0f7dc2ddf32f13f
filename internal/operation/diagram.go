package operation

import (
	"fmt"
	"slices"
	"strings"
)

// Diagram draws the state machine as Mermaid text. The docs hold a copy and a test
// compares the two, so that the picture cannot fall behind the code.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> PENDING: accepted, no slot free\n    [*] --> IN_PROGRESS: accepted and started\n")
	for _, s := range Statuses {
		for _, k := range append(slices.Clone(Kinds), cancelIdle, timeout) {
			if to, ok := next[s][k]; ok {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", s, to, k)
			}
		}
		if s.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}
