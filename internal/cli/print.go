package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// table is rows of cells, to be aligned. Cells may hold anything.
type table struct{ rows strings.Builder }

// row adds a row; an empty cell is a dash, unless it is the last.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if c = printable(c); c == "" && i < len(cells)-1 {
			c = "-"
		}
		cells[i] = c
	}
	t.rows.WriteString(strings.Join(cells, "\t") + "\n")
}

// write writes the rows, indented, without spaces at the end of a line.
func (t *table) write(out io.Writer, indent string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(w, t.rows.String()); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(out, indent+strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// widest is how much of an identifier a list shows, in characters.
const widest = 48

// printList writes one line for each request.
func printList(out io.Writer, requests []detail, now time.Time) error {
	if len(requests) == 0 {
		return nil
	}
	var t table
	t.row("TOKEN", "OPERATION", "TYPE", "IDENTIFIER", "STATUS", "AGE", "ATTEMPTS", "WAITS FOR")
	for _, r := range requests {
		t.row(r.RequestToken, r.Operation, r.TypeName, shortened(r.Identifier), r.OperationStatus,
			span(now.Sub(r.AcceptedAt.time())), strconv.Itoa(r.Attempts), cmp.Or(r.waits(now), "-"))
	}
	return t.write(out, "")
}

// waits says what r waits for, "" where it has ended.
func (r detail) waits(now time.Time) string {
	due := span(r.DueAt.time().Sub(now))
	switch r.WaitsFor {
	case "SLOT":
		return "a free handler slot"
	case "CALL":
		return "the call on " + r.Node
	case "NODE":
		return "a node in place of " + r.Node
	case "CALLBACK":
		return "its callback in " + due
	case "RETRY":
		return "its retry in " + due
	}
	return strings.ToLower(r.WaitsFor) // of a server that is newer
}

// printDetail writes what is known of a request, and its timeline.
func printDetail(out io.Writer, r detail, now time.Time) error {
	var t table
	fact := func(name, value string) {
		if value != "" {
			t.row(name, value)
		}
	}
	status := r.OperationStatus
	if r.ErrorCode != "" {
		status += " (" + r.ErrorCode + ")"
	}
	fact("Token", r.RequestToken)
	fact("Operation", r.Operation)
	fact("Type", strings.TrimSpace(r.TypeName+" "+r.TypeVersionId))
	fact("Identifier", r.Identifier)
	fact("Status", status+" since "+when(r.EventTime, now))
	fact("Message", r.StatusMessage)
	fact("Waits for", r.waits(now))
	fact("Attempts", r.attempts())
	fact("Accepted", when(r.AcceptedAt, now)+" from "+r.Caller)
	if r.WaitsFor != "" {
		fact("Deadline", when(r.Deadline, now))
	}
	fact("Role", r.RoleArn)
	fact("Client token", r.ClientToken)
	if err := t.write(out, ""); err != nil {
		return err
	}
	if _, err := io.WriteString(out, "\nTimeline\n"); err != nil {
		return err
	}
	return printTimeline(out, r)
}

func (r detail) attempts() string {
	text := strconv.Itoa(r.Attempts)
	if r.Retries > 0 {
		text += fmt.Sprintf(", the last %d failed", r.Retries)
	}
	if r.Lost > 0 {
		text += fmt.Sprintf(", %d never answered", r.Lost)
	}
	return text
}

// keptFirst is how many entries a timeline keeps before those it leaves out.
const keptFirst = 4

// printTimeline writes one line for each entry, with its time since acceptance.
func printTimeline(out io.Writer, r detail) error {
	var t table
	for i, e := range r.Timeline {
		if i == keptFirst && r.TimelineDropped > 0 {
			t.row("…", fmt.Sprintf("%d more", r.TimelineDropped), "", "")
		}
		t.row("+"+span(e.Time.time().Sub(r.AcceptedAt.time())), e.what(), cmp.Or(e.By, e.Node), e.how())
		for _, o := range e.Outward {
			t.row(" ", "called", o.Host, o.how())
		}
	}
	if err := t.write(out, "  "); err != nil {
		return err
	}
	for _, e := range r.Timeline {
		if e.Output == "" {
			continue
		}
		if _, err := fmt.Fprintf(out, "\nOutput of call %d\n", e.Attempt); err != nil {
			return err
		}
		if err := printOutput(out, e.Output); err != nil {
			return err
		}
	}
	return nil
}

// printOutput writes what a handler printed, indented, and without anything that could steer
// the terminal.
func printOutput(out io.Writer, text string) error {
	for line := range strings.Lines(text) {
		if _, err := io.WriteString(out, strings.TrimRight("  "+printable(line), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// how is how a handler called another, and what it was answered.
func (o outward) how() string {
	answer := "no answer"
	if o.Status > 0 {
		answer = strconv.Itoa(o.Status)
	}
	text := fmt.Sprintf("%s, %s after %s", o.Method, answer, span(duration(o.Took)))
	switch o.Routed {
	case "", "direct":
		return text
	case "denied":
		return text + ", denied"
	}
	return text + " by " + o.Routed
}

func (e entry) what() string {
	if e.What == "call" || e.What == "lost" {
		return fmt.Sprintf("%s %d", e.What, e.Attempt)
	}
	return e.What
}

// how is what an entry tells beyond what happened and who did it.
func (e entry) how() string {
	text := e.Outcome
	switch e.What {
	case "call":
		text += " after " + span(duration(e.Took))
	case "lost":
		text = "no answer came"
	case "abort":
		if e.Attempt > 0 {
			text = fmt.Sprintf("call %d on %s cut off", e.Attempt, e.Node)
		}
	}
	if e.ErrorCode != "" {
		text += " (" + e.ErrorCode + ")"
	}
	if e.Delay > 0 {
		text += ", next in " + span(duration(e.Delay))
	}
	if e.Message == "" {
		return text
	}
	if text == "" {
		return e.Message
	}
	return text + ": " + e.Message
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// when is a time in full, and how long ago that is.
func when(s seconds, now time.Time) string {
	at := s.time()
	text := at.UTC().Format(time.RFC3339)
	if d := now.Sub(at); d >= 0 {
		return text + " (" + span(d) + " ago)"
	}
	return text + " (in " + span(at.Sub(now)) + ")"
}

// span is a length of time in its two largest units. What lies before is now: clocks
// differ.
func span(d time.Duration) string {
	d = max(d, 0)
	const day = 24 * time.Hour
	switch {
	case d > 0 && d < time.Millisecond:
		return fmt.Sprintf("%dµs", d/time.Microsecond)
	case d < time.Second:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Truncate(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 2*day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
}

func shortened(s string) string { return shortenedTo(s, widest) }
