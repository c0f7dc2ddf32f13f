package memory_test

import (
	"testing"

	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/memory"
	"example.org/groundcontrol/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return new(memory.Store) })
}
