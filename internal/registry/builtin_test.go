package registry_test

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
)

func builtins(t *testing.T) []registry.Type {
	t.Helper()
	types, err := registry.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestBuiltinTypesMakeARegistry(t *testing.T) {
	r, err := registry.New(builtins(t)...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, summary := range r.Types("1", "r") {
		names = append(names, summary.Name)
		typ, err := r.Lookup(t.Context(), "123456789012", "eu-west-1", summary.Name, summary.Version)
		if err != nil {
			t.Fatal(err)
		}
		want := registry.Simulate
		if typ.Name == "GroundControl::Demo::Countdown" {
			want = registry.Demo
		}
		if typ.Runtime != want {
			t.Errorf("%s is served by %s", typ.Name, typ.Runtime)
		}
	}
	want := []string{
		"AWS::ApiGateway::Stage", "AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Kinesis::Stream", "AWS::Logs::LogGroup",
		"AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SSM::Parameter", "AWS::SecretsManager::Secret",
		"GroundControl::Demo::Countdown",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBuiltinSchemasAreWithoutFault(t *testing.T) {
	files, err := filepath.Glob("builtin/*.json")
	if err != nil {
		t.Fatal(err)
	}
	types := builtins(t)
	if len(files) != len(types) {
		t.Errorf("%d files, %d types", len(files), len(types))
	}
	for _, typ := range types {
		s, warnings, err := schema.Parse(typ.Schema.Raw)
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %q", typ.Name, err, warnings)
			continue
		}
		file := "builtin/" + fileName(typ.Name)
		if !slices.Contains(files, file) {
			t.Errorf("%s is not in %s", typ.Name, file)
		}
		for _, action := range []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List} {
			if !s.Supports(action) {
				t.Errorf("%s does not support %s", typ.Name, action)
			}
		}
		for _, p := range s.PrimaryIdentifier {
			if !contains(s.ReadOnly, p) && !contains(s.CreateOnly, p) {
				t.Errorf("%s: %s identifies and can change", typ.Name, p)
			}
		}
		for _, p := range properties(s) {
			if leaf, _ := s.Property(p); len(leaf.Types) == 0 {
				t.Errorf("%s: %s has no type", typ.Name, p)
			}
		}
	}
}

func fileName(typeName string) string {
	return strings.ReplaceAll(strings.ToLower(typeName), "::", "-") + ".json"
}

func contains(list []schema.Pointer, p schema.Pointer) bool {
	return slices.ContainsFunc(list, func(l schema.Pointer) bool { return slices.Equal(l, p) })
}

// properties walks through all properties of a schema that is not recursive.
func properties(s *schema.Schema) []schema.Pointer {
	var all []schema.Pointer
	var walk func(at schema.Pointer, p schema.Property)
	walk = func(at schema.Pointer, p schema.Property) {
		if len(at) > 0 {
			all = append(all, slices.Clone(at))
		}
		if item, ok := p.Item(); ok {
			walk(append(slices.Clone(at), "*"), item)
		}
		for _, name := range p.Children() {
			child, _ := p.Child(name)
			walk(append(slices.Clone(at), name), child)
		}
	}
	root, _ := s.Property(nil)
	walk(nil, root)
	return all
}

// newer are properties of the real types that the corpus is too old for.
var newer = []string{"AWS::Logs::LogGroup/properties/DeletionProtectionEnabled"}

func TestBuiltinTypesAgreeWithThePublishedOnes(t *testing.T) {
	corpus := filepath.Join("..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")
	archive, err := zip.OpenReader(corpus)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("put the published schemas at %s to run this", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for _, typ := range builtins(t) {
		if !strings.HasPrefix(typ.Name, "AWS::") {
			continue
		}
		t.Run(typ.Name, func(t *testing.T) {
			published := read(t, &archive.Reader, fileName(typ.Name))
			ours := map[string]bool{}
			for _, p := range properties(typ.Schema) {
				ours[p.String()] = true
				if slices.Contains(newer, typ.Name+p.String()) {
					continue
				}
				real, ok := published.Property(p)
				if !ok {
					t.Errorf("%s is not in the real type", p)
					continue
				}
				compare(t, p, typ.Schema, real)
			}
			for what, lists := range map[string][2][]schema.Pointer{
				"read-only":               {typ.Schema.ReadOnly, published.ReadOnly},
				"write-only":              {typ.Schema.WriteOnly, published.WriteOnly},
				"create-only":             {typ.Schema.CreateOnly, published.CreateOnly},
				"conditional create-only": {typ.Schema.ConditionalCreateOnly, published.ConditionalCreateOnly},
			} {
				if diff := cmp.Diff(names(lists[1], ours), names(lists[0], nil)); diff != "" {
					t.Errorf("%s (-real +ours):\n%s", what, diff)
				}
			}
			if diff := cmp.Diff(published.PrimaryIdentifier, typ.Schema.PrimaryIdentifier); diff != "" {
				t.Errorf("primary identifier (-real +ours):\n%s", diff)
			}
			if diff := cmp.Diff(published.AdditionalIdentifiers, typ.Schema.AdditionalIdentifiers); diff != "" {
				t.Errorf("additional identifiers (-real +ours):\n%s", diff)
			}
			if diff := cmp.Diff(published.Tagging, typ.Schema.Tagging); diff != "" {
				t.Errorf("tagging (-real +ours):\n%s", diff)
			}
		})
	}
}

// compare checks that one of our properties takes the same kind of value as the real one,
// and that it lacks nothing that the real one requires.
func compare(t *testing.T, p schema.Pointer, s *schema.Schema, real schema.Property) {
	t.Helper()
	our, _ := s.Property(p)
	if diff := cmp.Diff(sorted(real.Types), sorted(our.Types)); diff != "" {
		t.Errorf("%s: types (-real +ours):\n%s", p, diff)
	}
	if diff := cmp.Diff(sorted(real.Required), sorted(our.Required)); diff != "" {
		t.Errorf("%s: required (-real +ours):\n%s", p, diff)
	}
	if diff := cmp.Diff(real.Enum, our.Enum); diff != "" {
		t.Errorf("%s: enum (-real +ours):\n%s", p, diff)
	}
	if real.Unordered != our.Unordered {
		t.Errorf("%s: the real type's order means something: %v, ours %v", p, !real.Unordered, !our.Unordered)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// names are the pointers of a list, of those that only has, where it is given.
func names(list []schema.Pointer, only map[string]bool) []string {
	var all []string
	for _, p := range list {
		if only == nil || only[p.String()] {
			all = append(all, p.String())
		}
	}
	return sorted(all)
}

func read(t *testing.T, archive *zip.Reader, name string) *schema.Schema {
	t.Helper()
	for _, file := range archive.File {
		if path.Base(file.Name) != name {
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
		s, _, err := schema.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("%s is not in the corpus", name)
	return nil
}
