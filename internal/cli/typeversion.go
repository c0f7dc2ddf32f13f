package cli

import (
	"fmt"
	"io"
	"time"
)

type (
	typeVersions   struct{ kind }
	typeSetDefault struct {
		kind
		VersionID string `name:"version-id" required:"" placeholder:"ID" help:"The version that calls use which name none."`
	}
	typeDeregister struct {
		kind
		VersionID string `name:"version-id" placeholder:"ID" help:"Only this version. Default: the type with all its versions."`
	}
)

// Run prints the versions.
func (c *typeVersions) Run(t *Type, out io.Writer) error {
	d, answer, err := t.describe(c.Name, "")
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	}
	var rows table
	rows.row("VERSION", "SINCE", "DEFAULT")
	for _, v := range d.Versions {
		since, mark := "built in", ""
		if !v.ImportedAt.IsZero() {
			since = v.ImportedAt.Local().Format(time.DateTime)
		}
		if v.TypeVersionId == d.DefaultVersionId {
			mark = "default"
		}
		rows.row(v.TypeVersionId, since, mark)
	}
	return rows.write(out, "")
}

// Run makes the version the default.
func (c *typeSetDefault) Run(t *Type, out io.Writer) error {
	var d typeDetail
	answer, err := t.ask("GroundControl.SetDefaultTypeVersion", map[string]string{"TypeName": c.Name, "TypeVersionId": c.VersionID}, &d)
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	}
	_, err = fmt.Fprintln(out, printable(d.TypeName), "is version", d.DefaultVersionId, "by default")
	return err
}

// Run takes the type, or the version, away.
func (c *typeDeregister) Run(t *Type, out io.Writer) error {
	in := map[string]string{"TypeName": c.Name}
	what := c.Name
	if c.VersionID != "" {
		in["TypeVersionId"] = c.VersionID
		what += " version " + c.VersionID
	}
	answer, err := t.ask("GroundControl.DeregisterType", in, &struct{}{})
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	}
	_, err = fmt.Fprintln(out, printable(what), "is deregistered")
	return err
}
