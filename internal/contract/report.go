package contract

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// Status is how a test ended.
type Status string

// The three ends of a test.
const (
	Passed  Status = "ok"
	Failed  Status = "FAIL"
	Skipped Status = "skip"
)

// Report is what came of a suite. Nothing in it holds secrets.
type Report struct {
	Type        string
	Tests       []Result
	Left        []string // what the tests made and could not delete
	Interrupted bool     // not all tests were made
	Seconds     float64
}

// Result is what came of one test.
type Result struct {
	Name     string
	About    string // what is tested, in one sentence
	Status   Status
	Reason   string    `json:",omitempty"` // why it was skipped
	Failures []Failure `json:",omitempty"`
	Warnings []Warning `json:",omitempty"` // what is odd, and harms nothing
	Calls    int
	Seconds  float64
	Output   string `json:",omitempty"` // the end of what the handler printed
}

// Warning is something odd.
type Warning struct {
	Text string
	At   []string `json:",omitempty"` // where in models
}

// Failure is one rule that was broken.
type Failure struct {
	Rule     string        // its short name
	Says     string        // the rule in one sentence
	Expected string        // what should have been, where
	Action   schema.Action `json:",omitempty"` // of the call that shows it
	Call     int           `json:",omitempty"` // how many calls the test had made by then, that one included
	Sent     string        `json:",omitempty"`
	Returned string        `json:",omitempty"`
}

// Count returns how many tests ended with the status.
func (r Report) Count(s Status) (n int) {
	for _, t := range r.Tests {
		if t.Status == s {
			n++
		}
	}
	return n
}

// Line is the result in one line.
func (r Result) Line() string {
	line := fmt.Sprintf("%-4s  %s", r.Status, r.Name)
	if r.Status == Skipped {
		return line + ": " + r.Reason
	}
	return line + fmt.Sprintf(" (%s)", seconds(r.Seconds))
}

// String is the failure in a few lines.
func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", f.Rule, f.Says)
	fmt.Fprintf(&b, "  expected  %s\n", f.Expected)
	if f.Call > 0 {
		fmt.Fprintf(&b, "  call      %s, the %s call of the test\n", f.Action, ordinal(f.Call))
		fmt.Fprintf(&b, "  sent      %s\n  returned  %s\n", f.Sent, f.Returned)
	}
	return strings.TrimRight(b.String(), "\n")
}

// Write writes the failures of all tests, those that are like an earlier one in one line, and with verbose what the
// handlers printed in all tests, not only in those that fail in a way of their own; then the warnings, each once.
func (r Report) Write(out io.Writer, verbose bool) error {
	var b strings.Builder
	first := map[string]string{} // test by failure
	for _, t := range r.Tests {
		t.write(&b, first, verbose)
	}
	r.writeWarnings(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (r Result) write(b *strings.Builder, first map[string]string, verbose bool) {
	output := verbose
	var text strings.Builder
	for _, f := range r.Failures {
		key := f.Rule + "\n" + string(f.Action) + "\n" + f.Expected
		if test, ok := first[key]; ok {
			fmt.Fprintf(&text, "  %s, in %s: as in %s\n", f.Rule, f.Action, test)
			continue
		}
		first[key], output = r.Name, true
		text.WriteString(indented(f.String()))
	}
	if output && r.Output != "" {
		text.WriteString("  output of the handler:\n" + indented(indented(r.Output)))
	}
	if text.Len() > 0 {
		fmt.Fprintf(b, "\n%s  %s: %s\n%s", r.Status, r.Name, r.About, text.String())
	}
}

func (r Report) writeWarnings(b *strings.Builder) {
	var order []string
	at, in := map[string][]string{}, map[string][]string{} // places and tests by text
	for _, t := range r.Tests {
		for _, w := range t.Warnings {
			if in[w.Text] == nil {
				order = append(order, w.Text)
			}
			at[w.Text] = append(at[w.Text], w.At...)
			in[w.Text] = append(in[w.Text], t.Name)
		}
	}
	for i, text := range order {
		if i == 0 {
			b.WriteString("\nWarnings\n")
		}
		fmt.Fprintf(b, "  %s", text)
		if len(at[text]) > 0 {
			fmt.Fprintf(b, ": %s", some(distinct(at[text])))
		}
		fmt.Fprintf(b, " (in %s)\n", some(distinct(in[text])))
	}
}

// distinct is a list, sorted as it was, without repetitions.
func distinct(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Summary is the last line: how many tests ended in which way.
func (r Report) Summary() string {
	text := fmt.Sprintf("%s: %d tests, %d ok, %d failed, %d skipped in %s",
		r.Type, len(r.Tests), r.Count(Passed), r.Count(Failed), r.Count(Skipped), seconds(r.Seconds))
	if r.Interrupted {
		text += "; interrupted"
	}
	return text
}

// indented moves each line of a text to the right.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}

func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0fms", s*1000)
	}
	return fmt.Sprintf("%.1fs", s)
}

func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

func word(a schema.Action) string { return strings.ToLower(string(a)) }
