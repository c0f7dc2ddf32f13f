package contract

import (
	"fmt"
	"io"
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
	Warnings []string  `json:",omitempty"` // what is odd, and harms nothing
	Calls    int
	Seconds  float64
	Output   string `json:",omitempty"` // the end of what the handler printed
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

// Write writes the result's failures, and with output what the handler printed; nothing for a result without any.
func (r Result) Write(out io.Writer, output bool) error {
	output = output && r.Output != ""
	if len(r.Failures) == 0 && !output {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s  %s: %s\n", r.Status, r.Name, r.About)
	for _, f := range r.Failures {
		b.WriteString(indented(f.String()))
	}
	if output {
		b.WriteString("  output of the handler:\n" + indented(indented(r.Output)))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteWarnings writes the warnings of all tests, each once.
func (r Report) WriteWarnings(out io.Writer) error {
	var order []string
	in := map[string][]string{} // tests by warning
	for _, t := range r.Tests {
		for _, w := range t.Warnings {
			if in[w] == nil {
				order = append(order, w)
			}
			in[w] = append(in[w], t.Name)
		}
	}
	for i, w := range order {
		if i == 0 {
			w = "\nWarnings\n  " + w
		} else {
			w = "  " + w
		}
		if _, err := fmt.Fprintf(out, "%s (in %s)\n", w, some(in[order[i]])); err != nil {
			return err
		}
	}
	return nil
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
