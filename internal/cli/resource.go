package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Resource looks after resources that nobody owns.
type Resource struct {
	Server
	Orphans resourceOrphans `cmd:"" help:"List what creates have begun that did not succeed: it may be there, whole or in part."`
	Adopt   resourceAdopt   `cmd:"" help:"Take an orphan that is there into the ledger as a resource."`
	Reap    resourceReap    `cmd:"" help:"Delete an orphan by its handler, or forget it where the handler finds nothing."`
}

type (
	resourceOrphans struct {
		Type string `arg:"" optional:"" help:"Only those of this type."`
	}
	resourceAdopt struct{ orphan }
	resourceReap  struct{ orphan }
)

// orphan names the one that a command is about.
type orphan struct {
	kind
	Identifier string `arg:"" help:"Its identifier."`
	RoleArn    string `placeholder:"ARN" help:"Role that its handler is to work as."`
}

func (o orphan) input() map[string]string {
	in := map[string]string{"TypeName": o.Name, "Identifier": o.Identifier}
	if o.RoleArn != "" {
		in["RoleArn"] = o.RoleArn
	}
	return in
}

// orphanSummary is an orphan as the server lists it.
type orphanSummary struct {
	TypeName, Identifier, RequestToken, OperationStatus, StatusMessage string

	Since time.Time
}

// mostPages bounds how long a list of orphans is followed.
const mostPages = 1000

// Run prints the list.
func (c *resourceOrphans) Run(r *Resource, out io.Writer, notes Notices) error {
	all := struct{ Orphans []json.RawMessage }{[]json.RawMessage{}}
	in := map[string]string{}
	if c.Type != "" {
		in["TypeName"] = c.Type
	}
	for range mostPages {
		var page struct {
			Orphans   []json.RawMessage
			NextToken string
		}
		if _, err := r.ask("GroundControl.ListOrphans", in, &page); err != nil {
			return err
		}
		all.Orphans = append(all.Orphans, page.Orphans...)
		if page.NextToken == "" {
			break
		}
		in["NextToken"] = page.NextToken
	}
	if r.Output == "json" {
		return printJSON(out, all)
	}
	if len(all.Orphans) == 0 {
		notes.say("there are no orphans in region %s", r.Region)
		return nil
	}
	var rows table
	rows.row("TYPE", "IDENTIFIER", "SINCE", "CREATE", "ENDED")
	for _, text := range all.Orphans {
		var o orphanSummary
		if err := json.Unmarshal(text, &o); err != nil {
			return err
		}
		rows.row(o.TypeName, o.Identifier, o.Since.Local().Format(time.DateTime), o.RequestToken, strings.TrimSpace(o.OperationStatus+" "+shortenedTo(o.StatusMessage, 80)))
	}
	return rows.write(out, "")
}

// Run adopts.
func (c *resourceAdopt) Run(r *Resource, out io.Writer) error {
	return r.settle(out, "GroundControl.AdoptResource", c.input(), "adopted", "")
}

// Run reaps.
func (c *resourceReap) Run(r *Resource, out io.Writer) error {
	return r.settle(out, "GroundControl.ReapResource", c.input(), "deleted", "NotFound")
}

// settleTime is how long a command waits for the end of the request that it makes.
const settleTime = 5 * time.Minute

// settle makes a request, waits for its end and prints it. Ended with the code gone, there was
// nothing to do.
func (r *Resource) settle(out io.Writer, operation string, in map[string]string, done, gone string) error {
	var got struct{ ProgressEvent detail }
	answer, err := r.ask(operation, in, &got)
	if err != nil {
		return err
	}
	token := map[string]string{"RequestToken": got.ProgressEvent.RequestToken}
	for until := time.Now().Add(settleTime); !got.ProgressEvent.ended(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("request %s has not ended yet: `groundcontrol request show %[1]s` tells how it goes", token["RequestToken"])
		}
		if answer, err = r.ask("CloudApiService.GetResourceRequestStatus", token, &got); err != nil { // the server holds the answer
			return err
		}
	}
	e := got.ProgressEvent
	switch {
	case r.Output == "json":
		err = indented(out, answer)
	case e.OperationStatus == "SUCCESS":
		_, err = fmt.Fprintln(out, printable(in["TypeName"]+" "+in["Identifier"]+" is "+done))
	case e.ErrorCode == gone && gone != "":
		_, err = fmt.Fprintln(out, printable(in["TypeName"]+" "+in["Identifier"]+" was not there and is forgotten"))
	}
	if err == nil && e.OperationStatus != "SUCCESS" && (e.ErrorCode != gone || gone == "") {
		return errors.New(printable(fmt.Sprintf("request %s is %s (%s): %s", e.RequestToken, e.OperationStatus, e.ErrorCode, e.StatusMessage)))
	}
	return err
}

// ended reports whether the request is over.
func (r detail) ended() bool {
	return r.OperationStatus == "SUCCESS" || r.OperationStatus == "FAILED" || r.OperationStatus == "CANCEL_COMPLETE"
}
