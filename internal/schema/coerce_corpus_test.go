package schema_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// published calls f for each published schema, every tenth of them with -short.
func published(t *testing.T, f func(seed uint64, s *schema.Schema)) {
	t.Helper()
	corpus := filepath.Join("..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")
	archive, err := zip.OpenReader(corpus)
	if os.IsNotExist(err) {
		t.Skipf("put the published schemas at %s to run this", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var patterns schema.Patterns
	for i, file := range archive.File {
		if testing.Short() && i%10 != 0 {
			continue
		}
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := schema.ParseSharing(text, &patterns)
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		f(uint64(i), s)
	}
}

// asStrings writes every scalar as a string, as handlers do.
func asStrings(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = asStrings(e)
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, asStrings(e))
		}
		return out
	case json.Number:
		return string(v)
	case bool:
		return fmt.Sprint(v)
	}
	return v
}

// leaves calls f for the scalars that differ.
func leaves(want, got any, path schema.Pointer, f func(path schema.Pointer, want, got any)) {
	switch want := want.(type) {
	case map[string]any:
		for k, e := range want {
			leaves(e, got.(map[string]any)[k], append(slices.Clone(path), k), f)
		}
	case []any:
		for i, e := range want {
			leaves(e, got.([]any)[i], append(slices.Clone(path), "*"), f)
		}
	default:
		if !schema.Equal(want, got) {
			f(path, want, got)
		}
	}
}

func TestStatesOfPublishedTypesComeBackFromStrings(t *testing.T) {
	states, kept := 0, 0
	published(t, func(seed uint64, s *schema.Schema) {
		state, err := sample.Random(s, rand.New(rand.NewPCG(seed, 3)))
		if err != nil {
			t.Errorf("%s: %v", s.TypeName, err)
			return
		}
		states++
		if got, warnings := s.Coerce(state); !schema.Equal(got, any(state)) || len(warnings) > 0 {
			t.Errorf("%s: the valid state %s became %s %q", s.TypeName, schema.Encode(state), schema.Encode(got), warnings)
		}
		got, warnings := s.Coerce(asStrings(state))
		if len(warnings) > 0 {
			t.Errorf("%s: %q", s.TypeName, warnings)
		}
		leaves(state, got, nil, func(path schema.Pointer, want, got any) {
			property, ok := s.Property(path)
			if got != asStrings(want) || ok && len(property.Types) > 0 && !slices.Contains(property.Types, "string") {
				t.Errorf("%s: %s: %s became %s, types %v", s.TypeName, path, schema.Encode(want), schema.Encode(got), property.Types)
			}
			kept++
		})
	})
	t.Logf("%d states; %d scalars may be strings as well and stayed so", states, kept)
}

// draw makes the schema of a value; D and E are definitions.
func draw(t *rapid.T, depth int) map[string]any {
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
	kinds := []string{"string", "integer", "number", "boolean"}
	if depth == 0 {
		switch pick(6) {
		case 0:
			return map[string]any{"type": []string{kinds[pick(4)], kinds[pick(4)]}}
		case 1:
			return map[string]any{"enum": []any{"auto", 1, "2", true}[pick(3):]}
		}
		return map[string]any{"type": kinds[pick(4)]}
	}
	switch pick(9) {
	case 0:
		return map[string]any{"$ref": "#/definitions/" + []string{"D", "E"}[pick(2)]}
	case 1, 2:
		return map[string]any{"type": "array", "items": draw(t, depth-1)}
	case 3:
		return map[string]any{"type": "object", "patternProperties": map[string]any{"^[a-z]+$": draw(t, depth-1)}, "additionalProperties": pick(2) == 0}
	case 4:
		return map[string]any{"type": "object", "additionalProperties": draw(t, depth-1)}
	case 5:
		return map[string]any{[]string{"oneOf", "anyOf", "allOf"}[pick(3)]: []any{draw(t, depth-1), draw(t, depth-1)}}
	}
	object := map[string]any{
		"type": "object", "properties": map[string]any{"P": draw(t, depth-1), "Q": draw(t, depth-1)},
		"additionalProperties": pick(2) == 0, "required": []string{"P", "Q"}[:pick(3)],
	}
	if pick(3) == 0 {
		object["anyOf"] = []any{draw(t, depth-1), map[string]any{"required": []string{"Q"}, "properties": map[string]any{"P": draw(t, depth-1)}}}
	}
	return object
}

// Over any schema a valid model stays as it is; one whose scalars were made strings gets them back, or keeps the
// string, and never becomes anything else.
func TestCoercePromisesHoldForAnySchema(t *testing.T) {
	made, restored, kept := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(map[string]any{
			"typeName": "Test::Unit::Thing", "primaryIdentifier": []string{"/properties/A"}, "required": []string{"A"},
			"properties":  map[string]any{"A": draw(t, 3), "B": draw(t, 3), "C": draw(t, 0)},
			"definitions": map[string]any{"D": draw(t, 2), "E": draw(t, 1)},
		})
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := schema.Parse(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		model, err := sample.Random(s, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4)))
		if err != nil {
			return // not every schema accepts something
		}
		made++
		if got, warnings := s.Coerce(model); !schema.Equal(got, any(model)) || len(warnings) > 0 {
			t.Fatalf("%s became %s %q\n%s", schema.Encode(model), schema.Encode(got), warnings, raw)
		}
		text := asStrings(model)
		got, warnings := s.Coerce(text)
		if len(warnings) > 0 {
			t.Fatalf("%q of %s\n%s", warnings, schema.Encode(text), raw)
		}
		leaves(text, got, nil, func(schema.Pointer, any, any) { restored++ })
		leaves(model, got, nil, func(path schema.Pointer, want, got any) {
			if got != asStrings(want) {
				t.Fatalf("%s: %s became %s\n%s", path, schema.Encode(want), schema.Encode(got), raw)
			}
			kept++
		})
	})
	t.Logf("%d models; %d scalars came back from strings, %d stayed strings", made, restored, kept)
	if made == 0 || restored == 0 {
		t.Error("that is too few")
	}
}
