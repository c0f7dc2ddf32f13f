package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// Decode takes what encoding/json takes, but for the limits of its own, and to the same value.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"A":[1,2.5e3,-0,"x\u00e9\ud83d\ude00",true,null]}`, `{"a":1,"a":2}`, `"\u0000"`, `[1,]`, ` 1 2`, "\"\xff\"", `1e1001`, `"\ud800"`, `[[[]]]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Decode(text)
		if err != nil {
			if own := []error{errDepth, errUTF8, errNull, errSurrogate, errRange}; json.Valid(text) && !isOneOf(err, own) {
				t.Fatalf("encoding/json takes it, Decode says %v", err)
			}
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var other any
		if err := decoder.Decode(&other); err != nil {
			t.Fatalf("Decode takes it, encoding/json says %v", err)
		}
		if string(Encode(v)) != string(Encode(other)) {
			t.Fatalf("%s, but encoding/json reads %s", Encode(v), Encode(other))
		}
		if again, err := Decode(Encode(v)); err != nil || !Equal(v, again) {
			t.Fatalf("%s does not survive: %v", Encode(v), err)
		}
	})
}

func isOneOf(err error, list []error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// A patch never changes its document, and fails with an *Error or gives a document that Decode takes.
func FuzzApplyPatch(f *testing.F) {
	for _, c := range patchCases {
		f.Add([]byte(c.doc), []byte(c.patch))
	}
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		v, err := Decode(document)
		if err != nil {
			return
		}
		before := string(Encode(v))
		result, err := ApplyPatch(v, patch)
		if string(Encode(v)) != before {
			t.Fatalf("the document became %s", Encode(v))
		}
		var refusal *Error
		if err != nil {
			if !errors.As(err, &refusal) {
				t.Fatalf("%#v is no *Error", err)
			}
			return
		}
		if _, err := Decode(Encode(result)); err != nil {
			t.Fatalf("the result is not a document: %v", err)
		}
	})
}

// An identifier that is read comes out of its model again.
func FuzzParseIdentifier(f *testing.F) {
	for _, text := range []string{"a", "a|b", "a|b|c", `{"RestApiId":"a","StageName":"b"}`, `{"Arn":"x"}`, `{"BucketName":"a"}`, `{`, "", "443", "4e2", "{}", `"0"`, " 7", "true"} {
		f.Add(text)
	}
	var types []*Schema
	for _, members := range []string{stageType, bucketType, lensType, portType} {
		types = append(types, parse(f, members))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range types {
			id, err := s.ParseIdentifier(text)
			if err != nil || id.Primary == "" {
				continue
			}
			if again, ok := s.Identifier(id.Model); !ok || again != id.Primary {
				t.Fatalf("%q: the model %s gives %q, not %q", text, Encode(id.Model), again, id.Primary)
			}
		}
	})
}

// No document makes Parse, or a schema that it made, panic.
func FuzzParse(f *testing.F) {
	for _, members := range []string{stageType, bucketType, lensType, portType, queueType, vaultType} {
		f.Add([]byte(thing(members)), []byte(`{"A":1}`))
	}
	for _, c := range validateCases {
		f.Add([]byte(thing(`"primaryIdentifier":["/properties/A"],`+c.schema)), []byte(c.model))
	}
	f.Fuzz(func(t *testing.T, document, model []byte) {
		s, _, err := Parse(document)
		if err != nil {
			return
		}
		v, err := Decode(model)
		if err != nil || strings.Contains(string(document), "(") { // patterns cost time and are tested elsewhere
			return
		}
		_ = s.Validate(v)
		_ = s.ValidateList(v)
		_, _ = s.Identifier(v)
		_ = s.RestoreWriteOnly(s.WithoutWriteOnly(v), s.WriteOnlyOf(v))
		_ = s.WithoutReadOnly(v)
		_, _ = s.Update(v, s.WriteOnlyOf(v), []byte(`[{"op":"add","path":"/A","value":{}}]`))
		for _, name := range s.PropertyNames() {
			property, _ := s.Property(Pointer{name})
			_, _ = property.Item()
			_ = property.Children()
		}
		if _, err := compileLibrary(s); err != nil {
			t.Fatalf("the library does not take the schema: %v", err)
		}
	})
}
