package lambda

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The loops that make a Python or Node handler speak the Runtime API: the stock clients
// of both need native code.
var (
	//go:embed loop.py
	pythonLoop string
	//go:embed loop.js
	nodeLoop string
)

// Command finds what to run in dir, an unpacked package, for a Lambda runtime name:
//
//   - go…, provided… or none: an executable named bootstrap or handler, whichever is
//     there, since packages say go1.x and hold a bootstrap; it is made executable
//   - python…: the python3 that is installed, whatever version the name asks for
//   - nodejs…: the node that is installed, likewise
//   - java…: java with dir, its jars and those in dir/lib; handler is then the name of a main
//     class that speaks the Runtime API. Where it is CLASS::METHOD, as providers on the Java
//     plug-in have it, the ExecutableHandlerWrapper beside CLASS is run for each call: see
//     [HostArgument]
//
// The error says what was looked for.
func Command(runtime, dir, handler string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	switch {
	case strings.HasPrefix(runtime, "python"):
		return interpreter(runtime, "python3", "-u", "-c", pythonLoop)
	case strings.HasPrefix(runtime, "nodejs"):
		return interpreter(runtime, "node", "-e", nodeLoop)
	case strings.HasPrefix(runtime, "java"):
		return javaCommand(runtime, dir, handler)
	case runtime == "", strings.HasPrefix(runtime, "go"), strings.HasPrefix(runtime, "provided"):
		return executable(dir)
	}
	return nil, fmt.Errorf("lambda: runtime %q: want go1.x, provided…, python3.x, nodejs… or java…", runtime)
}

func interpreter(runtime, name string, args ...string) ([]string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("lambda: runtime %s needs the program %s: %w", runtime, name, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	return append([]string{path}, args...), nil
}

// javaCommand goes through a shell because Java does not heed TMPDIR.
func javaCommand(runtime, dir, class string) ([]string, error) {
	var host []string
	if wrapper, _, ok := strings.Cut(class, "::"); ok {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("lambda: %w", err)
		}
		host = []string{self, HostArgument}
		class = wrapper[:strings.LastIndexByte(wrapper, '.')+1] + "ExecutableHandlerWrapper"
	}
	if class == "" || strings.ContainsAny(class, ":/- ") {
		return nil, fmt.Errorf("lambda: runtime %s: handler %q is not the name of a main class", runtime, class)
	}
	java, err := interpreter(runtime, "java")
	if err != nil {
		return nil, err
	}
	path := strings.Join([]string{dir, filepath.Join(dir, "*"), filepath.Join(dir, "lib", "*")}, string(filepath.ListSeparator))
	return append(host, "/bin/sh", "-c", `exec "$0" "-Djava.io.tmpdir=$TMPDIR" "$@"`, java[0], "-cp", path, class), nil
}

// executable finds a Go package's program. A link out of dir is not followed.
func executable(dir string) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	defer root.Close()
	for _, name := range []string{"bootstrap", "handler"} {
		info, err := root.Stat(name)
		if errors.Is(err, os.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err == nil && info.Mode()&0o111 != 0o111 {
			err = root.Chmod(name, info.Mode().Perm()|0o555)
		}
		if err != nil {
			return nil, fmt.Errorf("lambda: %w", err)
		}
		return []string{filepath.Join(dir, name)}, nil
	}
	return nil, fmt.Errorf("lambda: %s holds neither a file bootstrap nor a file handler", dir)
}
