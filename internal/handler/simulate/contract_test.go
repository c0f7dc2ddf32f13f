package simulate_test

import (
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/handlertest"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/registry"
)

func TestSimulatedTypesKeepToTheContract(t *testing.T) {
	types, err := registry.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		if typ.Runtime != registry.Simulate {
			continue
		}
		t.Run(typ.Name, func(t *testing.T) {
			t.Parallel()
			handlertest.Run(t, handlertest.Subject{Schema: typ.Schema, New: func(*testing.T) handler.Runtime {
				ledger := &handlertest.Ledger{}
				return ledger.Keeping(&simulate.Runtime{Ledger: ledger})
			}})
		})
	}
}

// TestSlowSimulatedTypesKeepToTheContract has all that takes time take some.
func TestSlowSimulatedTypesKeepToTheContract(t *testing.T) {
	s := builtin(t, "AWS::SQS::Queue")
	slow := simulate.Behaviour{Duration: simulate.Duration(3 * time.Second), Callbacks: 3}
	handlertest.Run(t, handlertest.Subject{Schema: s, New: func(*testing.T) handler.Runtime {
		ledger := &handlertest.Ledger{}
		return ledger.Keeping(&simulate.Runtime{Ledger: ledger, Profiles: func(string, string, string) simulate.Profile {
			return simulate.Profile{"create": slow, "update": slow, "delete": slow}
		}})
	}})
}
