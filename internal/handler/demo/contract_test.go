package demo_test

import (
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/demo"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/handler/simulate"
)

func TestCountdownKeepsToTheContract(t *testing.T) {
	handlertest.Run(t, handlertest.Subject{
		Schema: countdown(t), Create: `{"Name":"apollo","Seconds":3}`,
		New: func(*testing.T) handler.Runtime {
			ledger := &handlertest.Ledger{}
			return ledger.Keeping(demo.Runtime{Simulate: &simulate.Runtime{Ledger: ledger}})
		},
	})
}
