package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

type typeSimulate struct {
	kind
	Create *time.Duration `placeholder:"DURATION" help:"How long a create takes."`
	Update *time.Duration `placeholder:"DURATION" help:"How long an update takes."`
	Delete *time.Duration `placeholder:"DURATION" help:"How long a delete takes."`
	On     []action       `placeholder:"OPERATION,..." help:"What the flags below are for: ${actions}. Default: the operations whose duration is given; create, update and delete where none is."`

	Callbacks int     `placeholder:"N" help:"In how many steps it is done: the request is IN_PROGRESS with a message for each."`
	FailRate  float64 `placeholder:"SHARE" help:"Share of the requests that fail: 0.1 is one in ten. Default: all, where --fail-with is given."`
	FailWith  string  `placeholder:"CODE" help:"Handler error code of the failures, such as NotStabilized."`
	FailAt    string  `placeholder:"STEP" help:"When they fail: start, end, or the number of a step. Default: end."`
	Message   string  `placeholder:"TEXT" help:"Message of the failures."`
	Remnant   bool    `help:"A create that fails leaves what it made until then, with its Identifier."`
	Throttle  string  `placeholder:"RATE" help:"Calls beyond this rate are answered with Throttling: 5/s."`
	Seed      uint64  `placeholder:"N" help:"Makes the same names fail each time. Default: chance decides."`

	Reset bool   `help:"Forget what was set before; alone, the type behaves as by default again."`
	File  string `placeholder:"FILE" help:"Take the whole behaviour from a JSON file, as \"type show -o json\" prints it; - is standard input."`
}

// action is one of the five actions of a type.
type action string

var actions = []string{"create", "read", "update", "delete", "list"}

// UnmarshalText takes an action in either case.
func (a *action) UnmarshalText(text []byte) error {
	name := strings.ToLower(string(text))
	if !slices.Contains(actions, name) {
		return fmt.Errorf("%q is none of %s", text, strings.Join(actions, ", "))
	}
	*a = action(name)
	return nil
}

// Run sets the behaviour and prints what stands now.
func (c *typeSimulate) Run(t *Type, out io.Writer) error {
	text, err := c.behaviour(t)
	if err != nil {
		return err
	}
	in := map[string]string{"TypeName": c.Name}
	if text != "{}" {
		in["Behaviour"] = text
	}
	var d typeDetail
	answer, err := t.ask("GroundControl.SimulateType", in, &d)
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	case d.Behaviour == nil:
		_, err = fmt.Fprintln(out, printable(d.TypeName), "behaves as by default")
		return err
	}
	return indented(out, d.Behaviour)
}

// behaviour is the JSON text to send.
func (c *typeSimulate) behaviour(t *Type) (string, error) {
	given := c.given()
	switch {
	case c.File != "" && (len(given) > 0 || c.Reset):
		return "", errors.New("--file takes the whole behaviour: leave the other flags out")
	case c.File != "":
		return c.fromFile()
	case len(given) == 0 && !c.Reset:
		return "", fmt.Errorf("say how %s is to behave, such as --create 8s or --fail-with NotStabilized, or --reset", c.Name)
	}
	all := map[string]json.RawMessage{}
	if !c.Reset {
		d, _, err := t.describe(c.Name, "")
		if err != nil {
			return "", err
		}
		if d.Behaviour != nil {
			if err := json.Unmarshal(d.Behaviour, &all); err != nil {
				return "", fmt.Errorf("what stands for %s: %w", c.Name, err)
			}
		}
	}
	for name, members := range given {
		text, err := json.Marshal(members)
		if err != nil {
			return "", err
		}
		all[name] = text
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func (c *typeSimulate) fromFile() (string, error) {
	if c.File == "-" {
		text, err := io.ReadAll(os.Stdin)
		return string(text), err
	}
	text, err := os.ReadFile(c.File)
	return string(text), err
}

// given is what the flags say of each action; of read and list, which answer at once, and
// of what only a create can do, as much as fits.
func (c *typeSimulate) given() map[string]map[string]any {
	durations := map[string]*time.Duration{"create": c.Create, "update": c.Update, "delete": c.Delete}
	var names []string
	for _, a := range c.On {
		names = append(names, string(a))
	}
	for name, d := range durations {
		if d != nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{"create", "update", "delete"}
	}
	all := map[string]map[string]any{}
	for _, name := range names {
		_, mutates := durations[name]
		m := map[string]any{}
		set := func(member string, value any, is bool) {
			if is {
				m[member] = value
			}
		}
		if d := durations[name]; d != nil {
			m["duration"] = d.String()
		}
		set("callbacks", c.Callbacks, c.Callbacks != 0 && mutates)
		set("failRate", c.FailRate, c.FailRate != 0)
		set("failWith", c.FailWith, c.FailWith != "")
		set("failAt", c.FailAt, c.FailAt != "")
		set("message", c.Message, c.Message != "")
		set("remnant", true, c.Remnant && name == "create")
		set("throttle", c.Throttle, c.Throttle != "")
		set("seed", c.Seed, c.Seed != 0)
		if len(m) > 0 {
			all[name] = m
		}
	}
	return all
}
