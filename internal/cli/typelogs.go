package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

type typeLogs struct {
	kind
	Follow bool  `short:"f" help:"Go on with the calls that come, until interrupted."`
	Tail   limit `default:"20" placeholder:"N" help:"At most so many calls, the last ones. Default: 20."`
}

// typeCall is a call of a handler as the server tells of it.
type typeCall struct {
	Time seconds
	Took float64 // seconds

	Action, RequestToken, Identifier, Status, ErrorCode, Message, Output string

	Outward []outward
}

// followEvery is how often calls that came are asked for.
const followEvery = 500 * time.Millisecond

// Run prints the calls.
func (c *typeLogs) Run(t *Type, out io.Writer, notes Notices) error {
	in := map[string]any{"TypeName": c.Name, "MaxResults": min(int(c.Tail), mostPerPage)}
	for first := true; ; first = false {
		var got struct {
			Calls []json.RawMessage
			Next  int64
		}
		if _, err := t.ask("GroundControl.ListTypeCalls", in, &got); err != nil {
			return err
		}
		if first && len(got.Calls) == 0 {
			notes.say("the server at hand has made no call to handlers of %s since its start", c.Name)
		}
		for _, text := range got.Calls {
			if err := t.printCall(out, text); err != nil {
				return err
			}
		}
		if !c.Follow {
			return nil
		}
		in["After"], in["MaxResults"] = got.Next, mostPerPage
		time.Sleep(followEvery)
	}
}

func (t *Type) printCall(out io.Writer, text json.RawMessage) error {
	if t.Output == "json" { // one call a line, so that it can be followed
		_, err := fmt.Fprintf(out, "%s\n", text)
		return err
	}
	var c typeCall
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	how := cmp.Or(c.Status, "no answer")
	if c.ErrorCode != "" {
		how += " (" + c.ErrorCode + ")"
	}
	line := fmt.Sprintf("%s %s %s after %s", c.Time.time().Local().Format(time.DateTime), cmp.Or(c.Action, "INVOKE"), how, span(duration(c.Took)))
	for _, part := range []struct{ name, value string }{{" ", c.Identifier}, {" request ", c.RequestToken}, {": ", c.Message}} {
		if part.value != "" {
			line += part.name + part.value
		}
	}
	if _, err := fmt.Fprintln(out, printable(line)); err != nil {
		return err
	}
	for _, o := range c.Outward {
		if _, err := fmt.Fprintln(out, printable("  called "+o.Host+": "+o.how())); err != nil {
			return err
		}
	}
	return printOutput(out, c.Output)
}
