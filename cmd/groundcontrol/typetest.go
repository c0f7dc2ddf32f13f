package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/cli"
	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/project"
	"example.org/groundcontrol/internal/schema"
)

// typeCommands are the commands about types: those that ask a server, and one that runs providers itself.
type typeCommands struct {
	cli.Type
	Test typeTest `cmd:"" help:"Test a CloudFormation resource provider against the contract for handlers. It is run here, and no server is needed, unless --invoke says where it runs."`
}

// typeTest runs the contract tests over a provider.
type typeTest struct {
	Path          string        `arg:"" help:"Directory of a cfn project, or the zip that cfn submit --dry-run makes. With --invoke a schema, or a directory with a schema.json, is enough."`
	Command       []string      `sep:"none" placeholder:"WORD" help:"Program to run in the directory, in place of what the project says; once for each word. It speaks the Lambda Runtime API."`
	Invoke        string        `placeholder:"URL" help:"Call the handlers at this address, which speaks AWS Lambda's Invoke API, in place of running them here."`
	Function      string        `placeholder:"NAME" help:"Name or ARN of the function there. Default: TypeFunction"`
	Configuration string        `type:"existingfile" placeholder:"FILE" help:"Configuration of the type, a JSON object."`
	Test          []string      `placeholder:"NAME,..." help:"Make these tests only: ${tests}."`
	Seed          uint64        `default:"1" help:"What is made up from the schema, where the project has no inputs/inputs_1_create.json or no update to it, differs from seed to seed."`
	Timeout       time.Duration `default:"60s" help:"Time limit of one create, update or delete call; one to read or list gets half of it."`
	MaxDelay      time.Duration `default:"1s" placeholder:"DURATION" help:"Longest wait that is heeded where a handler asks to be called again later."`
	Verbose       bool          `short:"v" help:"Show what the handlers print in all tests, not only in those that fail."`
}

// Run runs the tests. It fails where one of them does.
func (c *typeTest) Run(t *cli.Type, out io.Writer, notes notices) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	p, err := c.project()
	if err != nil {
		return err
	}
	s, warnings, err := schema.Parse(p.Schema)
	if err != nil {
		return fmt.Errorf("the schema of %s: %w", c.Path, err)
	}
	for _, w := range warnings {
		notes.say("the schema: %s", w)
	}
	cases, err := c.cases(s, notes)
	if err != nil {
		return err
	}
	extra, secrets, err := c.configuration(p, s, notes)
	if err != nil {
		return err
	}
	called, end, err := c.call(p, s, cmp.Or(t.Region, "us-east-1"))
	if err != nil {
		return err
	}
	defer end()
	suite, err := contract.New(contract.Config{
		Schema: s, Call: contract.Over(called, extra), Cases: cases, Region: t.Region, Secrets: secrets,
		Limits: contract.Limits{Call: c.Timeout, Delay: c.MaxDelay},
	})
	if err != nil {
		return err
	}
	return c.report(suite, out, notes, t.Output == "json")
}

// say writes one line of ours.
func (n notices) say(format string, args ...any) {
	_, _ = fmt.Fprintf(n, "groundcontrol: "+format+"\n", args...)
}

// check refuses what makes no sense before anything is read.
func (c *typeTest) check() error {
	for _, name := range c.Test {
		if !slices.Contains(contract.Names(), name) {
			return fmt.Errorf("--test: there is no test %q; there are %s", name, strings.Join(contract.Names(), ", "))
		}
	}
	switch {
	case c.Function != "" && c.Invoke == "":
		return errors.New("--function needs the address that the function is called at: --invoke http://host:3001")
	case c.Invoke != "" && len(c.Command) > 0:
		return errors.New("--command runs handlers here, --invoke calls them elsewhere: choose one")
	case c.Invoke != "":
		if err := checkInvoke(c.Invoke); err != nil {
			return err
		}
	}
	if c.Timeout <= 0 || c.MaxDelay <= 0 {
		return errors.New("--timeout and --max-delay: write a duration such as 90s")
	}
	return nil
}

// project is what is known of the provider: handlers that run elsewhere need no code here.
func (c *typeTest) project() (project.Project, error) {
	if c.Invoke != "" {
		return project.ReadSchema(c.Path)
	}
	return project.Read(c.Path, c.Command)
}

// report runs the suite and tells what comes of it.
func (c *typeTest) report(suite *contract.Suite, out io.Writer, notes notices, asJSON bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	paint := painter(out)
	report := suite.Run(ctx, c.Test, func(r contract.Result) {
		if !asJSON {
			_, _ = fmt.Fprintln(out, paint(r))
		}
	})
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else if err := c.text(report, out, notes); err != nil {
		return err
	}
	switch failed := report.Count(contract.Failed); {
	case report.Interrupted:
		return errors.New("interrupted before all tests were made")
	case failed == 1:
		return errors.New("1 test failed")
	case failed > 1:
		return fmt.Errorf("%d tests failed", failed)
	}
	return nil
}

// text writes what the lines of the tests do not tell.
func (c *typeTest) text(report contract.Report, out io.Writer, notes notices) error {
	if err := report.Write(out, c.Verbose); err != nil {
		return err
	}
	for _, left := range report.Left {
		notes.say("what a test made is still there: %s", left)
	}
	_, err := fmt.Fprintf(out, "\n%s\n", report.Summary())
	return err
}

// painter gives results their line, with a colour on a terminal.
func painter(out io.Writer) func(contract.Result) string {
	colours := map[contract.Status]string{contract.Passed: "32", contract.Failed: "31", contract.Skipped: "33"}
	f, ok := out.(*os.File)
	if ok {
		info, err := f.Stat()
		ok = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
	}
	return func(r contract.Result) string {
		line := r.Line()
		if !ok {
			return line
		}
		return "\x1b[" + colours[r.Status] + "m" + line[:4] + "\x1b[0m" + line[4:]
	}
}

// cases are the project's inputs, or else one made up.
func (c *typeTest) cases(s *schema.Schema, notes notices) (cases []contract.Case, err error) {
	inputs, odd, err := c.inputs()
	if err != nil {
		return nil, err
	}
	for _, text := range odd {
		notes.say("%s", text)
	}
	for _, in := range inputs {
		one, err := contract.Read(s, contract.Files{Name: "inputs_" + in.Name, Create: in.Create, Update: in.Update, Invalid: in.Invalid}, c.Seed)
		if errors.Is(err, contract.ErrPlaceholder) {
			notes.say("%v: this set is left out", err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the inputs of %s: %w", c.Path, err)
		}
		cases = append(cases, one)
	}
	if len(cases) > 0 {
		return cases, nil
	}
	made, err := contract.Generate(s, c.Seed)
	if err != nil {
		return nil, fmt.Errorf("no desired state could be made up, write one into inputs/inputs_1_create.json: %w", err)
	}
	notes.say("there are no inputs in inputs/inputs_1_create.json: they are made up from the schema, with --seed %d", c.Seed)
	return []contract.Case{made}, nil
}

// inputs are the project's. A schema alone has none.
func (c *typeTest) inputs() ([]project.Input, []string, error) {
	if c.Invoke != "" && filepath.Ext(c.Path) == ".json" {
		return nil, nil, nil
	}
	return project.Inputs(c.Path)
}

// configuration is what payloads hold besides the calls: a configuration only where the type declares one, since some
// plug-ins refuse another.
func (c *typeTest) configuration(p project.Project, s *schema.Schema, notes notices) (extra provider.Extra, secrets []string, err error) {
	var document struct {
		TypeConfiguration json.RawMessage `json:"typeConfiguration"`
	}
	_ = json.Unmarshal(s.Raw, &document) // it was parsed
	declared := p.Configuration != nil || document.TypeConfiguration != nil
	switch {
	case c.Configuration == "" && declared:
		notes.say("the type has a configuration and none is sent: give one with --configuration")
		return extra, nil, nil
	case c.Configuration == "":
		return extra, nil, nil
	case !declared:
		return extra, nil, usageError{errors.New("--configuration: the type declares none, in typeConfiguration of its schema or a configuration schema")}
	}
	text, err := os.ReadFile(c.Configuration)
	if err != nil {
		return extra, nil, err
	}
	v, err := schema.Decode(text)
	if _, ok := v.(map[string]any); !ok || err != nil {
		return extra, nil, usageError{fmt.Errorf("--configuration: %s is no JSON object", c.Configuration)}
	}
	return provider.Extra{Configuration: text}, contract.Leaves(v), nil
}
