.DEFAULT_GOAL := help
GO ?= go
# The race detector needs a C compiler; without one the tests run without it.
RACE ?= $(shell command -v gcc >/dev/null 2>&1 && echo -race)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 30s

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/groundcontrol
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/groundcontrol ./cmd/groundcontrol

run: build ## build and serve on http://127.0.0.1:4321
	@./bin/groundcontrol serve

check: lint test ## what CI runs: do this before a commit

setup: ## install what the tests need (aws CLI, SDKs, PostgreSQL, HAProxy, the JSON Patch suite), where it can
	@sh scripts/setup.sh

test: setup ## all tests, with the race detector where there is a C compiler
	$(GO) test $(RACE) -shuffle=on -timeout=10m ./...
	$(GO) -C chaos test $(RACE) -shuffle=on -timeout=5m ./...
	$(GO) -C bench test $(RACE) -shuffle=on -timeout=5m ./...

test-types: ## every type of AWS's published schemas, in the tests and through the API (minutes); writes docs/type-coverage.md
	$(GO) test -timeout=15m ./internal/schema/... ./internal/handler/simulate
	$(GO) test -timeout=15m ./cmd/groundcontrol -v -run 'TestPublishedTypesLive$$' -args -all-types

fuzz: ## fuzz each parser for FUZZTIME (default 30s; 5000x counts runs)
	@FUZZTIME=$(FUZZTIME) sh scripts/fuzz.sh

lint: ## formatting, go vet, staticcheck, go.mod
	@test -z "$$($(GO) tool gofumpt -l .)" || { echo "not formatted (run: make fmt):"; $(GO) tool gofumpt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) -C bench vet ./...
	$(GO) -C bench mod tidy -diff
	$(GO) -C bench/peers vet ./...
	$(GO) -C chaos vet ./...
	$(GO) -C chaos mod tidy -diff
	$(GO) vet -tags witness ./cmd/groundcontrol
	$(GO) -C examples/witness-go vet .
	$(GO) -C examples/witness-go mod tidy -diff

fmt: ## format the code
	$(GO) tool gofumpt -w .

tidy: ## tidy go.mod of every module
	@for m in . bench bench/peers bench/peers/temporal chaos examples/witness-go; do $(GO) -C $$m mod tidy || exit 1; done

generate: ## rewrite what is written by the code: the chart of the state machine
	$(GO) test ./internal/operation -run TestDiagramInDocs -update

SECONDS ?= 60
chaos: ## torment real servers for SECONDS (default 60) on each store and check every promise; SEED=7 repeats a run
	$(GO) -C chaos run . -for $(SECONDS)s $(if $(SEED),-seed $(SEED)) $(if $(STORES),-stores $(STORES))

bench: build ## the benchmarks behind docs/performance.md
	@sh scripts/bench.sh

bench-peers: ## the same work on River, DBOS, Temporal and ours, interleaved (minutes; builds Temporal once)
	$(GO) -C bench/peers run . --rounds 3 --seconds 10

clean: ## remove what was built and downloaded
	rm -rf bin .cache

.PHONY: help build run check setup test test-types fuzz lint fmt tidy generate chaos bench bench-peers clean
