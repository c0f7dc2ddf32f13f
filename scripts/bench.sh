#!/bin/sh
# The benchmarks behind docs/performance.md. Quiet machines give quiet figures: look at the ratios.
set -eu
cd "$(dirname "$0")/.."
go test -run '^$' -bench 'BenchmarkCreate$' -benchtime 5s -count "${COUNT:-3}" ./internal/engine
go test -run '^$' -bench . -benchmem ./internal/schema ./internal/auth ./internal/wire ./internal/handler/simulate ./internal/store/sqlite
cd bench
go run ./httpload -server ../bin/groundcontrol
go run ./stored -requests "${REQUESTS:-1000000}"
go run ./flood
go run ./nodes
go run ./resident -server ../bin/groundcontrol -requests "${REQUESTS:-1000000}"
