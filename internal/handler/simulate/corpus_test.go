package simulate

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// corpus holds the published schemas, outside of this repository.
var corpus = filepath.Join("..", "..", "..", "..", "shared", "schemas", "CloudformationSchema.zip")

// Share is one in how many published schemas are tried. It is more under the race detector, which makes these tests ten
// times as slow and has nothing to find in them; make test-types tries all.
var Share = 1

func eachPublished(t *testing.T, f func(s *schema.Schema)) {
	t.Helper()
	archive, err := zip.OpenReader(corpus)
	if os.IsNotExist(err) {
		t.Skipf("put the published schemas at %s to run this", corpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for i, file := range archive.File {
		if i%Share != 0 {
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
			t.Errorf("%s: %v", file.Name, err)
			continue
		}
		f(s)
	}
}

// required makes the least desired state: a value for each required property. It is nil
// where none could be made that the schema accepts.
func required(r *Runtime, c handler.Call) map[string]any {
	m := r.maker(c, map[string]any{}, nil)
	top, _ := c.Schema.Property(nil)
	for _, name := range top.Required {
		p, ok := top.Child(name)
		if !ok {
			return nil
		}
		if m.model[name], ok = m.value(newProperty(p, name), "required/"+name, 0); !ok {
			return nil
		}
	}
	if c.Schema.Validate(m.model) != nil {
		return nil
	}
	return m.model
}

func TestEveryPublishedTypeGetsAModelThatItsSchemaAccepts(t *testing.T) {
	const limit = time.Minute // for one type; milliseconds are usual
	var types, checked int
	var r Runtime
	eachPublished(t, func(s *schema.Schema) {
		types++
		start := time.Now()
		c := handler.Call{
			Action: schema.Create, Token: strconv.Itoa(types), Account: "123456789012", Region: "eu-west-1",
			TypeName: s.TypeName, Schema: s, Now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		}
		for _, desired := range []map[string]any{{}, required(&r, c)} {
			if desired == nil {
				continue
			}
			created := r.maker(c, clone(desired).(map[string]any), nil)
			if missing := created.make(); missing != "" {
				t.Errorf("%s: nothing could be made for %s", s.TypeName, missing)
				continue
			}
			identifier, ok := s.Identifier(created.model)
			if !ok {
				t.Errorf("%s has no identifier: %s", s.TypeName, schema.Encode(created.model))
			}
			again := r.maker(c, clone(desired).(map[string]any), nil)
			if again.make(); !schema.Equal(again.model, created.model) {
				t.Errorf("%s: the same request makes another model", s.TypeName)
			}
			updated := r.maker(c, clone(created.model).(map[string]any), clone(created.model).(map[string]any))
			if updated.make(); true {
				if same, _ := s.Identifier(updated.model); same != identifier {
					t.Errorf("%s: an update makes the identifier %s of %s", s.TypeName, same, identifier)
				}
			}
			if s.Validate(desired) == nil {
				checked++
				for _, m := range []*maker{created, updated} {
					if err := s.Validate(m.model); err != nil {
						t.Errorf("%s: %v\n%s", s.TypeName, err, schema.Encode(m.model))
					}
				}
			}
		}
		if took := time.Since(start); took > limit {
			t.Errorf("%s took %s", s.TypeName, took)
		}
	})
	t.Logf("%d types, %d desired states checked by their schema", types, checked)
}
