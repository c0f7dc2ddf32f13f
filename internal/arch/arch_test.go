// Package arch holds the one rule book of who may import whom.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.org/groundcontrol/"

// pure packages import the standard library and what stands here, nothing else:
// no clock to read, no I/O to do, nothing of ours.
var pure = map[string][]string{
	"internal/operation": {},
	"internal/resource":  {},
	"internal/schema":    {"github.com/dlclark/regexp2/v2"},
}

// may lists, for each package, the packages of ours that it may import. A package
// that is not here fails the test: new packages are placed on purpose. Arrows go
// down the list only.
var may = map[string][]string{
	"internal/arch":      {},
	"internal/operation": {},
	"internal/resource":  {},
	"internal/schema":    {},
	"internal/limit":     {},
	"internal/durable":   {}, // files that a crash leaves whole
	"internal/auth":      {"internal/durable"},

	"internal/schema/sample": {"internal/schema"},
	"internal/schemafile":    {},
	"internal/project":       {},                   // resource providers as their authors have them
	"internal/lambda":        {},                   // child processes that speak the Lambda Runtime API
	"internal/egress":        {"internal/durable"}, // the proxy that handlers reach others through

	"internal/store":    {"internal/operation", "internal/resource"},
	"internal/follow":   {"internal/store"}, // documents of a store as they change
	"internal/registry": {"internal/schema", "internal/store", "internal/follow"},
	"internal/handler":  {"internal/operation", "internal/resource", "internal/schema"},
	"internal/metrics":  {"internal/operation"},

	"internal/store/memory":    {"internal/operation", "internal/resource", "internal/store"},
	"internal/store/row":       {"internal/operation"}, // what the stores on SQL databases have in common
	"internal/store/sqlite":    {"internal/operation", "internal/resource", "internal/store", "internal/store/row"},
	"internal/store/postgres":  {"internal/operation", "internal/resource", "internal/store", "internal/store/row"},
	"internal/store/sealed":    {"internal/operation", "internal/resource", "internal/store"},
	"internal/store/storetest": {"internal/operation", "internal/resource", "internal/store"},

	"internal/pgserver":   {},                    // a PostgreSQL server of one's own; for testpg, the chaos harness and benchmarks
	"internal/testpg":     {"internal/pgserver"}, // the same for tests; no package but a test imports it
	"internal/testcgroup": {},                    // control groups for tests, likewise
	"internal/testsdk":    {},                    // the HTTP client of AWS's SDK, likewise

	"internal/handler/simulate":   {"internal/handler", "internal/resource", "internal/schema", "internal/schema/sample", "internal/store", "internal/follow", "internal/limit"},
	"internal/handler/provider":   {"internal/handler", "internal/schema"}, // the handler contract on the wire
	"internal/handler/credential": {"internal/handler/provider"},           // what handlers call their services with
	"internal/handler/child":      {"internal/operation", "internal/handler", "internal/handler/provider", "internal/lambda", "internal/project", "internal/registry", "internal/schema"},
	"internal/handler/invoke":     {"internal/handler", "internal/handler/provider", "internal/lambda", "internal/registry", "internal/schema", "internal/auth"},
	"internal/handler/demo":       {"internal/handler", "internal/schema"},
	"internal/handler/witness":    {"internal/handler", "internal/schema"}, // in servers under a chaos test only

	// The contract tests of resource providers, and the same over any runtime.
	"internal/contract": {"internal/handler", "internal/handler/provider", "internal/schema", "internal/schema/sample"},

	"internal/handler/handlertest": {"internal/contract", "internal/handler", "internal/operation", "internal/resource", "internal/schema", "internal/store"},

	"internal/engine":  {"internal/operation", "internal/resource", "internal/schema", "internal/registry", "internal/handler", "internal/store"},
	"internal/control": {"internal/operation", "internal/resource", "internal/schema", "internal/registry", "internal/handler", "internal/store", "internal/engine"},
	"internal/wire":    {"internal/operation", "internal/registry", "internal/control", "internal/auth"},
	"internal/server":  {"internal/wire", "internal/control", "internal/auth"},
	"internal/cli":     {"internal/auth", "internal/durable", "internal/schema", "internal/schema/sample", "internal/schemafile", "internal/project"},

	// The only package that names a concrete store or runtime.
	"cmd/groundcontrol": {
		"internal/operation", "internal/registry", "internal/store", "internal/store/sqlite", "internal/store/postgres", "internal/store/sealed", "internal/handler",
		"internal/handler/simulate", "internal/handler/child", "internal/handler/credential", "internal/handler/invoke", "internal/handler/provider", "internal/lambda", "internal/egress", "internal/handler/demo", "internal/handler/witness", "internal/engine", "internal/control", "internal/auth", "internal/durable", "internal/wire",
		"internal/limit", "internal/server", "internal/metrics", "internal/cli", "internal/follow", "internal/project",
		"internal/contract", "internal/schema", // type test runs providers itself
	},
}

// impure are parts of the standard library that a pure package does without.
var impure = []string{"os", "net", "net/http", "io/fs", "os/exec", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "../.." {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir // a module of its own
			}
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")
		seen[pkg] = true
		allowed, ok := may[pkg]
		if !ok {
			t.Errorf("%s: package %s has no place in arch_test.go", path, pkg)
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			name, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			check(t, path, pkg, name, allowed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 {
		t.Errorf("looked at %d packages only: %v", len(seen), seen)
	}
}

func check(t *testing.T, path, pkg, name string, allowed []string) {
	t.Helper()
	if rel, ours := strings.CutPrefix(name, module); ours {
		if !slices.Contains(allowed, rel) {
			t.Errorf("%s: %s may not import %s", path, pkg, rel)
		}
		return
	}
	libraries, isPure := pure[pkg]
	if !isPure {
		return
	}
	if slices.Contains(impure, name) {
		t.Errorf("%s: %s is pure and may not import %s", path, pkg, name)
	}
	if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") &&
		!slices.ContainsFunc(libraries, func(l string) bool { return name == l || strings.HasPrefix(name, l+"/") }) {
		t.Errorf("%s: %s is pure and may not import %s", path, pkg, name)
	}
}
