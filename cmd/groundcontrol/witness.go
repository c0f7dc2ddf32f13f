//go:build witness

package main

import (
	"net/http"
	"os"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/witness"
	"example.org/groundcontrol/internal/registry"
)

// witnessed adds the type of the chaos tests and the runtime that serves it: the
// harness at GROUNDCONTROL_WITNESS, which knows this process as GROUNDCONTROL_WITNESS_NODE.
func witnessed(types []registry.Type, runtimes map[string]handler.Runtime) []registry.Type {
	s, err := witness.Schema()
	if err != nil {
		panic(err) // it is part of the program
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	runtimes[witness.Name] = witness.Runtime{
		URL: os.Getenv("GROUNDCONTROL_WITNESS"), Node: os.Getenv("GROUNDCONTROL_WITNESS_NODE"),
		Ledger: runtimes[registry.Simulate], Client: &http.Client{Transport: transport},
	}
	return append(types, registry.Type{Name: s.TypeName, Version: registry.FirstVersion, Schema: s, Runtime: witness.Name})
}
