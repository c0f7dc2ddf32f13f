package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/schemafile"
)

// maxUpload is how many bytes of schemas one call carries. The server takes 4 MiB, and
// JSON in a JSON string grows by a good part.
const maxUpload = 1 << 20

type typeImport struct {
	Source  []string `arg:"" help:"Zip, directory, JSON file, http(s) URL, or - for standard input."`
	Verbose bool     `short:"v" help:"Name each type with what became of it, and what is odd about its schema."`
}

// imported is what the server made of one schema.
type imported struct {
	TypeName, TypeVersionId, Outcome string
	Problems                         []string
}

// importing is one import under way.
type importing struct {
	server  *client
	out     io.Writer
	notes   Notices
	verbose bool
	bar     *bar

	batch []schemafile.File
	size  int
	from  map[string]schemafile.File // by type name: where a type came from
	count map[string]int             // documents by outcome
	all   []json.RawMessage
}

// Run imports.
func (c *typeImport) Run(t *Type, out io.Writer, notes Notices) error {
	server, err := t.client()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	i := &importing{
		server: server, out: out, notes: notes, verbose: c.Verbose && t.Output == "text",
		from: map[string]schemafile.File{}, count: map[string]int{}, all: []json.RawMessage{},
	}
	for _, src := range c.Source {
		if err := i.source(ctx, src); err != nil {
			return err
		}
	}
	if t.Output == "json" {
		if err := printJSON(out, struct{ Types []json.RawMessage }{i.all}); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(out, i.summary()); err != nil {
		return err
	}
	if n := i.count["REFUSED"]; n > 0 {
		return fmt.Errorf("%s could not be imported; all others were", plural(n, "document"))
	}
	return nil
}

func (i *importing) summary() string {
	var total int
	for _, n := range i.count {
		total += n
	}
	return fmt.Sprintf("%s: %d new, %d changed, %d unchanged, %d refused",
		plural(total, "document"), i.count["NEW"], i.count["CHANGED"], i.count["UNCHANGED"], i.count["REFUSED"])
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

// source imports what one argument names.
func (i *importing) source(ctx context.Context, src string) (err error) {
	s, err := schemafile.Open(ctx, src, schemafile.Options{Stdin: os.Stdin})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Len() == 0 {
		return fmt.Errorf("%s holds no schema: want *.json files, one type each", src)
	}
	i.bar = newBar(i.notes, s.Len())
	defer i.bar.clear()
	for f := range s.Files() {
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted: what was imported until then stays")
		}
		if err := i.add(f); err != nil {
			return err
		}
	}
	return i.flush()
}

// add puts a document into the next call, unless it cannot be used.
func (i *importing) add(f schemafile.File) error {
	i.bar.step()
	if f.Err != nil {
		i.refuse(f.Name, f.Err.Error())
		return nil
	}
	var d struct {
		TypeName string `json:"typeName"`
	}
	_ = json.Unmarshal(f.Text, &d) // what is wrong with it the server says better
	if first, ok := i.from[d.TypeName]; ok && d.TypeName != "" {
		if string(first.Text) != string(f.Text) {
			i.refuse(f.Name, fmt.Sprintf("%s is in %s too, with other content: they may be of two regions; import one of them", d.TypeName, first.Name))
		}
		return nil
	}
	i.from[d.TypeName] = f
	if i.size+len(f.Text) > maxUpload {
		if err := i.flush(); err != nil {
			return err
		}
	}
	i.batch = append(i.batch, f)
	i.size += len(f.Text)
	return nil
}

// refuse notes a document that does not come as far as the server.
func (i *importing) refuse(file, why string) {
	i.took(file, imported{Outcome: "REFUSED", Problems: []string{why}})
}

// took notes what became of a document.
func (i *importing) took(file string, t imported) {
	i.count[t.Outcome]++
	if t.Outcome == "REFUSED" {
		i.bar.clear()
		i.notes.say("%s is refused: %s", printable(file), printable(strings.Join(t.Problems, "; ")))
	} else if i.verbose {
		i.bar.clear()
		_, _ = fmt.Fprintln(i.out, printable(t.TypeName), t.TypeVersionId, t.Outcome)
		for _, p := range t.Problems {
			i.notes.say("%s: %s", printable(file), printable(p))
		}
	}
	text, _ := json.Marshal(struct { // of plain strings
		File string
		imported
	}{file, t})
	i.all = append(i.all, text)
}

// flush sends the documents that are gathered.
func (i *importing) flush() error {
	if len(i.batch) == 0 {
		return nil
	}
	in := struct{ Schemas []string }{}
	for _, f := range i.batch {
		in.Schemas = append(in.Schemas, string(f.Text))
	}
	answer, err := i.server.call("GroundControl.ImportTypes", in)
	if err != nil {
		return err
	}
	var got struct{ Types []imported }
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Types) != len(i.batch) {
		return fmt.Errorf("the answer of %s is none of Ground Control's: %w", i.server.endpoint, err)
	}
	for n, t := range got.Types {
		i.took(i.batch[n].Name, t)
	}
	i.batch, i.size = slices.Delete(i.batch, 0, len(i.batch)), 0
	return nil
}

// bar shows how far something is, on a terminal only.
type bar struct {
	out         io.Writer // nil where there is no terminal
	done, total int
	shown       bool
}

func newBar(notes Notices, total int) *bar {
	b := &bar{total: total}
	if f, ok := notes.Writer.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			b.out = f
		}
	}
	return b
}

// step counts one more. It draws about a hundred times in all.
func (b *bar) step() {
	b.done++
	if b.out == nil || b.done%max(b.total/100, 1) != 0 {
		return
	}
	const width = 30
	full := width * b.done / max(b.total, 1)
	_, _ = fmt.Fprintf(b.out, "\r[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", width-full), b.done, b.total)
	b.shown = true
}

// clear takes the bar away, for a line of text or for good.
func (b *bar) clear() {
	if b.shown {
		_, _ = io.WriteString(b.out, "\r\x1b[K")
		b.shown = false
	}
}
