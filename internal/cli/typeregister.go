package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.org/groundcontrol/internal/project"
)

// codePart is how many bytes of code one call carries.
const codePart = 2 << 20

type typeRegister struct {
	Path    string   `arg:"" help:"Directory of a cfn project, or the zip that cfn submit --dry-run makes. With --invoke a schema, or a directory with a schema.json, is enough."`
	Command []string `sep:"none" placeholder:"WORD" help:"Program to run in the directory, in place of what the project says; once for each word. It speaks the Lambda Runtime API."`

	Invoke   endpoint `placeholder:"URL" help:"Call the handlers at this address, which speaks AWS Lambda's Invoke API, in place of running them here. Beside --function, --endpoint says the same."`
	Function string   `placeholder:"NAME" help:"Name or ARN of the function there. Default: TypeFunction"`
}

// Run registers.
func (c *typeRegister) Run(t *Type, out io.Writer, notes Notices) error {
	if c.Function != "" && c.Invoke == "" {
		// Beside the name of a function, an endpoint is that of the function, as Lambda's tools
		// have it; the server is found by the rest.
		c.Invoke, t.Endpoint = t.Endpoint, ""
	}
	if c.Invoke != "" || c.Function != "" {
		return c.elsewhere(t, out, notes)
	}
	p, err := project.Read(c.Path, c.Command)
	if err != nil {
		return err
	}
	server, err := t.client()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(p.Code)
	digest := hex.EncodeToString(sum[:])
	parts := (len(p.Code) + codePart - 1) / codePart
	progress := newBar(notes, parts)
	defer progress.clear()
	for i := range parts {
		part := p.Code[i*codePart : min(len(p.Code), (i+1)*codePart)]
		in := map[string]any{"Digest": digest, "Part": i, "Data": base64.StdEncoding.EncodeToString(part)}
		if _, err := server.call("GroundControl.PutCode", in); err != nil {
			return err
		}
		progress.step()
	}
	progress.clear()
	in := map[string]any{
		"Schema": string(p.Schema), "Digest": digest, "Parts": parts, "Runtime": p.Runtime, "Handler": p.Handler, "Command": p.Command,
	}
	return c.register(t, server, p, in, out, notes)
}

// elsewhere registers a type whose handlers run behind an endpoint.
func (c *typeRegister) elsewhere(t *Type, out io.Writer, notes Notices) error {
	switch {
	case c.Invoke == "":
		return errors.New("--function needs the address that the function is called at: --invoke http://host:3001")
	case len(c.Command) > 0:
		return errors.New("--command runs handlers here, --invoke calls them elsewhere: choose one")
	}
	p, err := project.ReadSchema(c.Path)
	if err != nil {
		return err
	}
	server, err := t.client()
	if err != nil {
		return err
	}
	in := map[string]any{"Schema": string(p.Schema), "Endpoint": string(c.Invoke), "Function": cmp.Or(c.Function, "TypeFunction")}
	return c.register(t, server, p, in, out, notes)
}

// register makes the call that registers, and prints what came of it.
func (c *typeRegister) register(t *Type, server *client, p project.Project, in map[string]any, out io.Writer, notes Notices) error {
	if p.Configuration != nil {
		in["ConfigurationSchema"] = string(p.Configuration)
	}
	answer, err := server.call("GroundControl.RegisterType", in)
	if err != nil {
		return err
	}
	var got struct{ Type imported }
	if err := json.Unmarshal(answer, &got); err != nil {
		return fmt.Errorf("the answer of %s is none of Ground Control's: %w", server.endpoint, err)
	}
	if got.Type.Outcome == "REFUSED" {
		return errors.New("the schema is refused: " + printable(strings.Join(got.Type.Problems, "; ")))
	}
	for _, problem := range got.Type.Problems {
		notes.say("%s", printable(problem))
	}
	if t.Output == "json" {
		return indented(out, answer)
	}
	_, err = fmt.Fprintf(out, "%s %s %s in %s\n", printable(got.Type.TypeName), got.Type.TypeVersionId, got.Type.Outcome, server.region)
	return err
}
