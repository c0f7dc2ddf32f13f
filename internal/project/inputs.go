package project

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// Bounds of the inputs of a project.
const (
	maxInput  = 1 << 20 // a file
	maxInputs = 100     // sets of them
)

// Input is one set of a project's inputs for tests: JSON texts, nil where there is none.
type Input struct {
	Name                    string // the number of the set
	Create, Update, Invalid []byte
}

// inputName is how the cfn CLI calls them.
var inputName = regexp.MustCompile(`^inputs_(\d{1,9})_(create|update|invalid)\.json$`)

// Inputs reads the inputs of the provider at a path, the directory of a project or the zip of a submission, in the order
// of their numbers: inputs/inputs_1_create.json, inputs_1_update.json, inputs_1_invalid.json and so on. A project without
// any has none. notes say what is there and is not used. The error names the set that has no desired state to create.
func Inputs(name string) (inputs []Input, notes []string, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	var files fs.FS
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, nil, err
		}
		defer root.Close() //nolint:errcheck // read only
		files = root.FS()
	} else {
		z, err := zip.OpenReader(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		defer z.Close() //nolint:errcheck // read only
		files = z
	}
	if inputs, notes, err = readInputs(files); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return inputs, notes, nil
}

func readInputs(files fs.FS) (inputs []Input, notes []string, err error) {
	if _, err := fs.Stat(files, "overrides.json"); err == nil {
		notes = append(notes, "overrides.json is not used: put the values into inputs/inputs_1_create.json")
	}
	entries, err := fs.ReadDir(files, "inputs")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	sets := map[int]*Input{}
	for _, e := range entries {
		match := inputName.FindStringSubmatch(e.Name())
		if match == nil {
			if path.Ext(e.Name()) == ".json" {
				notes = append(notes, fmt.Sprintf("inputs/%s is not used: its name is none like inputs_1_create.json", e.Name()))
			}
			continue
		}
		number, _ := strconv.Atoi(match[1]) // nine digits at most
		if sets[number] == nil {
			if len(sets) == maxInputs {
				return nil, nil, fmt.Errorf("inputs holds more than %d sets", maxInputs)
			}
			sets[number] = &Input{Name: strconv.Itoa(number)}
		}
		if err := sets[number].take(files, e.Name(), match[2]); err != nil {
			return nil, nil, err
		}
	}
	for _, in := range sets {
		if in.Create == nil {
			return nil, nil, fmt.Errorf("inputs holds no inputs_%s_create.json, which the others of its number need", in.Name)
		}
		inputs = append(inputs, *in)
	}
	slices.SortFunc(inputs, func(a, b Input) int {
		if d := len(a.Name) - len(b.Name); d != 0 {
			return d
		}
		return slices.Compare([]byte(a.Name), []byte(b.Name))
	})
	return inputs, notes, nil
}

// take reads one file of the set.
func (in *Input) take(files fs.FS, name, kind string) error {
	text, err := bounded(files, "inputs/"+name, maxInput)
	if err != nil {
		return err
	}
	switch kind {
	case "create":
		in.Create = text
	case "update":
		in.Update = text
	default:
		in.Invalid = text
	}
	return nil
}
