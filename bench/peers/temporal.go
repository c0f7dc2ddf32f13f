package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// buildLimit is for two slow processors without a build cache.
const buildLimit = 20 * time.Minute

// temporalProgram builds the program in ./temporal, a module of its own, into dir: the
// rest of this module builds without its three hundred dependencies.
func temporalProgram(ctx context.Context, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	if _, err := os.Stat("temporal/go.mod"); err != nil {
		return "", fmt.Errorf("run this program in bench/peers: %w", err)
	}
	binary := filepath.Join(dir, "temporal")
	build := exec.CommandContext(ctx, "go", "-C", "temporal", "build", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build Temporal: %w", err)
	}
	return binary, nil
}
