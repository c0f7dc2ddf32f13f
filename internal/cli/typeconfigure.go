package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
)

type typeConfigure struct {
	kind
	File   string `placeholder:"FILE" xor:"what" required:"" help:"JSON file with the configuration, or - for standard input."`
	Remove bool   `xor:"what" required:"" help:"Remove what is set."`
}

// maxConfiguration is more than the server takes.
const maxConfiguration = 1 << 20

// Run sets the configuration. It is secret, so nothing of it is printed.
func (c *typeConfigure) Run(t *Type, out io.Writer) error {
	in := map[string]string{"TypeName": c.Name}
	done := "is configured"
	if c.Remove {
		done = "has no configuration any more"
	} else {
		text, err := readConfiguration(c.File)
		if err != nil {
			return err
		}
		in["Configuration"] = string(text)
	}
	server, err := t.client()
	if err != nil {
		return err
	}
	answer, err := server.call("GroundControl.ConfigureType", in)
	switch {
	case err != nil:
		return err
	case t.Output == "json":
		return indented(out, answer)
	}
	_, err = fmt.Fprintln(out, printable(c.Name), done, "in", server.region)
	return err
}

func readConfiguration(file string) ([]byte, error) {
	in := os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxConfiguration+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxConfiguration:
		return nil, errors.New("the configuration is larger than 1 MiB")
	case len(text) == 0:
		return nil, errors.New("the configuration is empty: want a JSON object, or --remove to have none")
	}
	return text, nil
}
