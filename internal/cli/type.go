package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// Type looks at resource types, brings new ones in and says how simulated ones behave.
type Type struct {
	Server
	Import   typeImport   `cmd:"" help:"Import CloudFormation resource schemas: a zip as AWS publishes it, a directory, a file, a URL, or - for standard input."`
	Register typeRegister `cmd:"" help:"Register a CloudFormation resource provider: its own handlers serve the type then."`
	List     typeList     `cmd:"" help:"List the types that the server knows."`
	Show     typeShow     `cmd:"" help:"Show a type: its properties, identifiers and handlers."`
	Versions typeVersions `cmd:"" help:"List the versions of a type."`

	SetDefault typeSetDefault `cmd:"" help:"Make a version of a type the one that calls use which name none."`
	Configure  typeConfigure  `cmd:"" help:"Set what the handlers of a type need to know beside the resource, such as the key of an API. It is kept encrypted, for the account and region."`
	Deregister typeDeregister `cmd:"" help:"Take a type that was imported or registered away, or one version of it. Its resources stay, out of reach."`

	Logs     typeLogs     `cmd:"" help:"Show the last calls of a registered type's handlers, and what they printed."`
	Template typeTemplate `cmd:"" help:"Print a desired state with as little as the type accepts."`
	Simulate typeSimulate `cmd:"" help:"Say how a simulated type behaves: how long it takes, and what goes wrong."`
}

// kind names the type that a command is about.
type kind struct {
	Name string `arg:"" name:"type" help:"Name of the type, such as AWS::EC2::VPC."`
}

type (
	typeList struct {
		Filter string `placeholder:"TEXT" help:"Only types whose name contains this, in either case."`
	}
	typeShow struct {
		kind
		VersionID string `name:"version-id" placeholder:"ID" help:"The version to show. Default: the default version."`
	}
	typeTemplate struct{ kind }
)

// typeSummary is a type as the server lists it.
type typeSummary struct {
	TypeName, DefaultVersionId string
	Versions                   []struct {
		TypeVersionId string
		ImportedAt    time.Time
	}
}

// source says where the default version comes from.
func (t typeSummary) source() string {
	for _, v := range t.Versions {
		if v.TypeVersionId == t.DefaultVersionId && !v.ImportedAt.IsZero() {
			return "imported " + v.ImportedAt.Local().Format(time.DateTime)
		}
	}
	return "built in"
}

// Run prints the list.
func (c *typeList) Run(t *Type, out io.Writer, notes Notices) error {
	var got struct{ Types []json.RawMessage }
	if _, err := t.ask("GroundControl.ListTypes", struct{}{}, &got); err != nil {
		return err
	}
	matching := []json.RawMessage{}
	var rows table
	rows.row("TYPE", "VERSION", "SOURCE")
	for _, text := range got.Types {
		var s typeSummary
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		if strings.Contains(strings.ToLower(s.TypeName), strings.ToLower(c.Filter)) {
			matching = append(matching, text)
			rows.row(s.TypeName, s.DefaultVersionId, s.source())
		}
	}
	switch {
	case t.Output == "json":
		return printJSON(out, struct{ Types []json.RawMessage }{matching})
	case len(matching) == 0:
		notes.say("no type has %q in its name: `groundcontrol type import` brings more in", c.Filter)
		return nil
	}
	return rows.write(out, "")
}

// typeDetail is a type as the server describes it.
type typeDetail struct {
	typeSummary
	TypeVersionId, Runtime, Schema string
	Behaviour                      json.RawMessage
	Endpoint, Function             string
}

// servedBy is what calls the handlers, and where they are if not here.
func (d typeDetail) servedBy() string {
	if d.Endpoint == "" {
		return d.Runtime
	}
	return fmt.Sprintf("%s: function %s at %s", d.Runtime, d.Function, d.Endpoint)
}

func (t *Type) describe(name, version string) (d typeDetail, answer json.RawMessage, err error) {
	in := map[string]string{"TypeName": name}
	if version != "" {
		in["TypeVersionId"] = version
	}
	answer, err = t.ask("GroundControl.DescribeType", in, &d)
	return d, answer, err
}

// Run prints the type.
func (c *typeShow) Run(t *Type, out io.Writer) error {
	d, answer, err := t.describe(c.Name, c.VersionID)
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	}
	s, _, err := schema.Parse([]byte(d.Schema))
	if err != nil {
		return fmt.Errorf("the server's schema of %s: %w", c.Name, err)
	}
	return printType(out, d, s)
}

// Run prints the desired state.
func (c *typeTemplate) Run(t *Type, out io.Writer) error {
	d, _, err := t.describe(c.Name, "")
	if err != nil {
		return err
	}
	s, _, err := schema.Parse([]byte(d.Schema))
	if err != nil {
		return fmt.Errorf("the server's schema of %s: %w", c.Name, err)
	}
	least, err := sample.Least(s)
	if err != nil {
		return fmt.Errorf("no desired state of %s could be made up: %w", c.Name, err)
	}
	return indented(out, schema.Encode(least))
}

// printType writes what is known of a type.
func printType(out io.Writer, d typeDetail, s *schema.Schema) error {
	var t table
	fact := func(name, value string) {
		if value != "" {
			t.row(name, value)
		}
	}
	fact("Type", d.TypeName)
	fact("Description", shortenedTo(s.Description, 160))
	fact("Version", fmt.Sprintf("%s of %d, %s", d.TypeVersionId, len(d.Versions), d.source()))
	fact("Served by", d.servedBy())
	fact("Behaviour", string(d.Behaviour))
	fact("Identifier", names(s.PrimaryIdentifier))
	for _, p := range s.AdditionalIdentifiers {
		fact("Also found by", names(p))
	}
	fact("Tags", names([]schema.Pointer{s.Tagging.TagProperty}))
	if err := t.write(out, ""); err != nil {
		return err
	}
	if _, err := io.WriteString(out, "\nHandlers\n"); err != nil {
		return err
	}
	if err := printHandlers(out, s); err != nil {
		return err
	}
	if _, err := io.WriteString(out, "\nProperties\n"); err != nil {
		return err
	}
	return printProperties(out, s)
}

func printHandlers(out io.Writer, s *schema.Schema) error {
	var t table
	for _, a := range []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List} {
		var note string
		switch {
		case !s.Supports(a):
			note = "not supported"
		case a == schema.Create || a == schema.Update || a == schema.Delete:
			note = "within " + span(s.Timeout(a))
		case a == schema.List:
			if model, ok := s.ListModel(); ok && len(model.Required) > 0 {
				note = "needs " + strings.Join(model.Required, ", ") + " in ResourceModel"
			}
		}
		t.row(strings.ToLower(string(a)), note)
	}
	return t.write(out, "  ")
}

// deepest is how many levels of properties a table shows.
const deepest = 3

func printProperties(out io.Writer, s *schema.Schema) error {
	var t table
	root, _ := s.Property(nil)
	var add func(p schema.Property, at schema.Pointer, indent string)
	add = func(p schema.Property, at schema.Pointer, indent string) {
		required := map[string]bool{}
		for _, name := range p.Required {
			required[name] = true
		}
		for _, name := range p.Children() {
			child, _ := p.Child(name)
			here := append(at[:len(at):len(at)], name)
			var marks []string
			if required[name] {
				marks = append(marks, "required")
			}
			marks = append(marks, marksOf(s, here)...)
			t.row(indent+name, kindOf(child), strings.Join(append(marks, bounds(child)...), ", "))
			inner := child
			if item, ok := child.Item(); ok {
				inner, here = item, append(here, "*")
			}
			if len(here) < deepest {
				add(inner, here, indent+"  ")
			}
		}
	}
	add(root, nil, "")
	return t.write(out, "  ")
}

// marksOf says what is special about a property.
func marksOf(s *schema.Schema, p schema.Pointer) (marks []string) {
	for _, list := range []struct {
		mark string
		all  []schema.Pointer
	}{
		{"read-only", s.ReadOnly},
		{"write-only", s.WriteOnly},
		{"create-only", s.CreateOnly},
		{"create-only at times", s.ConditionalCreateOnly},
		{"deprecated", s.Deprecated},
	} {
		for _, one := range list.all {
			if one.String() == p.String() {
				marks = append(marks, list.mark)
				break
			}
		}
	}
	return marks
}

// kindOf is the type of a property as a table shows it.
func kindOf(p schema.Property) string {
	if item, ok := p.Item(); ok && strings.Join(p.Types, "") == "array" {
		return kindOf(item) + "[]"
	}
	if len(p.Types) == 0 {
		return "any"
	}
	return strings.Join(p.Types, " or ")
}

// bounds is what a value must be, as far as it can be said shortly.
func bounds(p schema.Property) (all []string) {
	if n := len(p.Enum); n > 0 && n <= 6 {
		text := make([]string, n)
		for i, e := range p.Enum {
			text[i] = strings.Trim(string(schema.Encode(e)), `"`)
		}
		all = append(all, "one of "+strings.Join(text, " "))
	} else if n > 0 {
		all = append(all, "one of "+strconv.Itoa(n)+" values")
	}
	between := func(low, high, unit string) {
		switch {
		case low != "" && high != "":
			all = append(all, low+" to "+high+unit)
		case low != "":
			all = append(all, "at least "+low+unit)
		case high != "":
			all = append(all, "at most "+high+unit)
		}
	}
	text := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	number := func(n *json.Number) string {
		if n == nil {
			return ""
		}
		return n.String()
	}
	between(text(p.MinLength), text(p.MaxLength), " characters")
	between(number(p.Minimum), number(p.Maximum), "")
	between(text(p.MinItems), text(p.MaxItems), " elements")
	if p.HasDefault {
		all = append(all, "default "+shortened(string(schema.Encode(p.Default))))
	}
	return all
}

// names lists properties as a user knows them: A, or A.B.
func names(pointers []schema.Pointer) string {
	var all []string
	for _, p := range pointers {
		if len(p) > 0 {
			all = append(all, strings.Join(p, "."))
		}
	}
	return strings.Join(all, ", ")
}

// shortenedTo cuts a text to so many characters.
func shortenedTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
