package schema

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

const corpusFile = "../../../shared/schemas/CloudformationSchema.zip"

// corpus reads the schema documents by type file name, once for all tests.
var corpus = sync.OnceValues(func() (map[string][]byte, error) {
	archive, err := zip.OpenReader(corpusFile)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	documents := map[string][]byte{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		if documents[strings.TrimSuffix(f.Name, ".json")], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	return documents, nil
})

func openCorpus(t testing.TB) map[string][]byte {
	t.Helper()
	if _, err := os.Stat(corpusFile); err != nil {
		t.Skipf("no schema corpus: put CloudformationSchema.zip at %s", corpusFile)
	}
	documents, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// corpusSchemas are the parsed types of the corpus, so that each is compiled once for all tests.
var corpusSchemas = sync.OnceValues(func() (map[string]*Schema, error) {
	documents, err := corpus()
	if err != nil {
		return nil, err
	}
	types := map[string]*Schema{}
	for name, raw := range documents {
		if types[name], _, err = Parse(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return types, nil
})

func corpusType(t testing.TB, name string) *Schema {
	t.Helper()
	openCorpus(t)
	types, err := corpusSchemas()
	if err != nil {
		t.Fatal(err)
	}
	if types[name] == nil {
		t.Fatalf("the corpus has no %s", name)
	}
	return types[name]
}

func TestEveryCorpusSchemaParsesCompilesAndValidates(t *testing.T) {
	openCorpus(t)
	types, err := corpusSchemas()
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for name, s := range types {
		err := s.Validate(map[string]any{})
		if err == nil {
			accepted++
		}
		if required := s.root.object.required; err == nil && len(required) > 0 {
			t.Errorf("%s: an empty model passes, though %v are required", name, required)
		}
		_ = s.ValidateList(nil)
	}
	t.Logf("%d types compile, %d of them accept an empty model", len(types), accepted)
}

// What the JSON Schema library refuses, the explainer must be able to explain, and the other way round.
func TestLibraryAndExplainerAgreeOnMutatedModels(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	openCorpus(t)
	types, err := corpusSchemas()
	if err != nil {
		t.Fatal(err)
	}
	refused, accepted := 0, 0
	for _, name := range slices.Sorted(maps.Keys(types)) {
		s := types[name]
		judge, err := compileLibrary(s)
		if err != nil {
			t.Errorf("%s: the library does not compile it: %v", name, err)
			continue
		}
		for range 4 {
			model := makeModel(random, s.root, 0)
			verdict := judge["model"].Validate(model)
			f := explain(s.root, model)
			if (verdict == nil) != (f == nil) && !hasFraction(model) {
				t.Errorf("%s: the library says %v, the explainer %v, for %s", name, verdict, f, Encode(model))
			}
			if f == nil {
				accepted++
				continue
			}
			refused++
			if f.lines(true) == "" {
				t.Errorf("%s: no line for %s", name, Encode(model))
			}
		}
	}
	t.Logf("%d types: %d models refused, %d accepted", len(types), refused, accepted)
}

// makeModel makes a value that mostly, but not always, fits n.
func makeModel(random *rand.Rand, n *node, depth int) any {
	wrong := []any{nil, true, "", "x", []any{}, map[string]any{}, number("3"), number("-1"), number("100000000000000000000")}
	n = n.resolved()
	if n == nil || depth > 8 || random.IntN(40) == 0 {
		return wrong[random.IntN(len(wrong))]
	}
	if len(n.enum) > 0 && random.IntN(8) > 0 {
		return n.enum[random.IntN(len(n.enum))]
	}
	kind := "object"
	if types := n.typesOf(); len(types) > 0 {
		kind = types[random.IntN(len(types))]
	}
	switch kind {
	case "string":
		return strings.Repeat("a1-", random.IntN(12))
	case "integer", "number":
		return number([]string{"0", "1", "7", "65536"}[random.IntN(4)])
	case "boolean":
		return true
	case "null":
		return nil
	case "array":
		list := []any{}
		for range random.IntN(3) {
			list = append(list, makeModel(random, n.item(), depth+1))
		}
		return list
	}
	m := map[string]any{}
	property, _ := describe(n)
	for _, name := range property.Children() {
		required := n.object != nil && strings.Contains(" "+strings.Join(n.object.required, " ")+" ", " "+name+" ")
		if required && random.IntN(20) > 0 || random.IntN(4) == 0 {
			m[name] = makeModel(random, n.child(name), depth+1)
		}
	}
	if random.IntN(20) == 0 {
		m["Extra"] = true
	}
	return m
}
