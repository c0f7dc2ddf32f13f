// Command groundcontrol is Ground Control: a self-hosted, wire-compatible Cloud
// Control API. See `groundcontrol --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"example.org/groundcontrol/internal/cli"
	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/lambda"
)

// version is set by the build (make build).
var version string

// Exit codes: 1 means that it failed, 2 that it was used wrongly.
const (
	failed = 1
	misuse = 2
)

type commands struct {
	Serve    serve        `cmd:"" help:"Serve the API until SIGTERM or SIGINT."`
	Env      cli.Env      `cmd:"" help:"Print the shell lines that point AWS clients at the server of a data directory."`
	Request  cli.Request  `cmd:"" help:"Look at requests and steer them: list, show, cancel, resume, fail."`
	Type     typeCommands `cmd:"" help:"Look at resource types, import new ones, say how simulated ones behave, test providers."`
	Resource cli.Resource `cmd:"" help:"Look after what creates have begun and not finished: orphans, adopt, reap."`
	Backup   backup       `cmd:"" help:"Copy the SQLite database of a server, which may run meanwhile, to a new file."`
	Check    check        `cmd:"" help:"Read the whole SQLite database of a server, which may run meanwhile, and report damage."`
	Version  versionCmd   `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "groundcontrol", buildVersion())
	return err
}

func main() {
	tuneCollector()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == lambda.HostArgument { // a child of a server: not for users
		return complain(stderr, lambda.Host(context.Background(), args[1:]), failed)
	}
	var c commands
	exit := -1
	parser, err := kong.New(
		&c, kong.Name("groundcontrol"),
		kong.Description("A self-hosted, wire-compatible AWS Cloud Control API: durable, trackable, cancellable resource operations."),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(stdout, (*io.Writer)(nil)), kong.Bind(notices{stderr}, cli.Notices{Writer: stderr}),
		kong.Bind(&c.Type.Type), // what its commands ask for; their parent is the struct around it
		kong.Vars(cli.Vars), kong.Vars{"tests": strings.Join(contract.Names(), ", ")},
	)
	if err != nil {
		return complain(stderr, err, failed)
	}
	parsed, err := parser.Parse(args)
	switch {
	case exit >= 0: // --help was asked for and given
		return exit
	case err != nil:
		return complain(stderr, err, misuse)
	}
	if err := parsed.Run(); err != nil {
		if _, ok := errors.AsType[usageError](err); ok {
			return complain(stderr, err, misuse)
		}
		return complain(stderr, err, failed)
	}
	return 0
}

// notices is where everything goes that is not a result.
type notices struct{ io.Writer }

// usageError is a wrong use that only shows when a command runs.
type usageError struct{ error }

func complain(stderr io.Writer, err error, code int) int {
	_, _ = fmt.Fprintf(stderr, "groundcontrol: %v\n", err)
	return code
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
