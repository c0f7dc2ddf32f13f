package cli

import (
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
	Path    string   `arg:"" help:"Directory of a cfn project, or the zip that cfn submit --dry-run makes."`
	Command []string `sep:"none" placeholder:"WORD" help:"Program to run in the directory, in place of what the project says; once for each word. It speaks the Lambda Runtime API."`
}

// Run registers.
func (c *typeRegister) Run(t *Type, out io.Writer, notes Notices) error {
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
