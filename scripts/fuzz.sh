#!/bin/sh
# Runs every fuzz test of the module in turn, each for FUZZTIME. A package is built once for all of its own.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
mkdir -p .cache/fuzz
grep -rlE '^func Fuzz' --include='*_test.go' internal cmd | xargs -n1 dirname | sort -u | while read -r dir; do
	binary=$root/.cache/fuzz/$(echo "$dir" | tr / -).test
	go test -c -fuzz . -o "$binary" "./$dir"
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
		echo "$dir $name"
		(cd "$dir" && "$binary" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "${FUZZTIME:-30s}" -test.fuzzminimizetime 10x \
			-test.fuzzcachedir "$root/.cache/fuzz/$dir")
	done
	rm "$binary"
done
