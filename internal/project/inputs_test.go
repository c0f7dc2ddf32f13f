package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInputsAreReadInTheirOrder(t *testing.T) {
	inputs, notes, err := readInputs(tree(map[string]string{
		"inputs/inputs_10_create.json": "c10", "inputs/inputs_2_create.json": "c2", "inputs/inputs_2_update.json": "u2", "inputs/inputs_2_invalid.json": "i2",
		"inputs/README.md": "", "inputs/other.json": "", "overrides.json": "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs) != 2 || inputs[1].Name != "10" || string(inputs[1].Create) != "c10" || inputs[1].Update != nil {
		t.Errorf("%+v", inputs)
	}
	if first := inputs[0]; first.Name != "2" || string(first.Create)+string(first.Update)+string(first.Invalid) != "c2u2i2" {
		t.Errorf("%+v", first)
	}
	if text := strings.Join(notes, "\n"); len(notes) != 2 || !strings.Contains(text, "overrides.json") || !strings.Contains(text, "inputs/other.json") {
		t.Errorf("%q", notes)
	}
}

func TestInputsOfZipsAndDirectoriesAreRead(t *testing.T) {
	zipped := filepath.Join(t.TempDir(), "p.zip")
	if err := os.WriteFile(zipped, archive(t, map[string]string{"inputs/inputs_1_create.json": "c"}), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, tree(map[string]string{"inputs/inputs_1_create.json": "c"})); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{zipped, dir} {
		inputs, _, err := Inputs(name)
		if err != nil || len(inputs) != 1 || string(inputs[0].Create) != "c" {
			t.Errorf("%s: %+v, %v", name, inputs, err)
		}
	}
	if inputs, _, err := Inputs(t.TempDir()); err != nil || len(inputs) != 0 {
		t.Errorf("none: %+v, %v", inputs, err)
	}
}

func TestInputsThatCannotBeUsedAreNamed(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"no inputs_3_create.json":                          {"inputs/inputs_3_update.json": "{}"},
		"inputs/inputs_1_create.json is larger than 1 MiB": {"inputs/inputs_1_create.json": strings.Repeat(" ", maxInput+1)},
	} {
		if _, _, err := readInputs(tree(files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, _, err := Inputs(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("what is not there is read")
	}
}
