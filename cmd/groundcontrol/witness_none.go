//go:build !witness

package main

import (
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/registry"
)

// witnessed adds nothing: only servers under a chaos test have a witness.
func witnessed(types []registry.Type, _ map[string]handler.Runtime) []registry.Type { return types }
