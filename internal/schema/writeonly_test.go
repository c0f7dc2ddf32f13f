package schema

import (
	"testing"

	"pgregory.net/rapid"
)

const vaultType = `"primaryIdentifier":["/properties/Name"],
	"properties":{"Name":{"type":"string"},"Arn":{"type":"string"},"Secret":{"type":"string"},
		"Login":{"type":"object","properties":{"Password":{"type":"string"},"User":{"type":"string"},"Since":{"type":"string"}}},
		"Keys":{"type":"array","items":{"type":"object","properties":{"Id":{"type":"string"},"Value":{"type":"string"},"Parts":{"type":"array","items":{"type":"object"}}}}},
		"Map":{"type":"object","additionalProperties":{"type":"object","properties":{"Value":{"type":"string"}}}},
		"Spots":{"type":"array","items":{"type":"object","properties":{"Key":{"type":"string"}}}}},
	"readOnlyProperties":["/properties/Arn","/properties/Login/Since"],
	"writeOnlyProperties":["/properties/Secret","/properties/Login/Password","/properties/Keys/*/Value","/properties/Keys/*/Parts/*/Secret","/properties/Map/*/Value","/properties/Spots/0/Key"]`

func TestStripping(t *testing.T) {
	cases := []struct{ name, model, withoutReadOnly, withoutWriteOnly, writeOnly string }{
		{"nothing to strip", `{"Name":"n"}`, `{"Name":"n"}`, `{"Name":"n"}`, `null`},
		{"top level", `{"Arn":"a","Name":"n","Secret":"s"}`, `{"Name":"n","Secret":"s"}`, `{"Arn":"a","Name":"n"}`, `{"Secret":"s"}`},
		{"nested", `{"Login":{"Password":"p","Since":"t","User":"u"}}`, `{"Login":{"Password":"p","User":"u"}}`, `{"Login":{"Since":"t","User":"u"}}`, `{"Login":{"Password":"p"}}`},
		{"a parent emptied of write-only goes", `{"Login":{"Password":"p"}}`, `{"Login":{"Password":"p"}}`, `{}`, `{"Login":{"Password":"p"}}`},
		{"a parent that was empty stays", `{"Login":{}}`, `{"Login":{}}`, `{"Login":{}}`, `null`},
		{"a parent emptied of read-only stays", `{"Login":{"Since":"t"}}`, `{"Login":{}}`, `{"Login":{"Since":"t"}}`, `null`},
		{
			"elements stay in their places, and are remembered whole", `{"Keys":[{"Value":"1"},{"Id":"b"},{"Id":"c","Value":"3"}]}`,
			`{"Keys":[{"Value":"1"},{"Id":"b"},{"Id":"c","Value":"3"}]}`, `{"Keys":[{},{"Id":"b"},{"Id":"c"}]}`,
			`{"Keys":[{"Value":"1"},{"Id":"b"},{"Id":"c","Value":"3"}]}`,
		},
		{"an array without secrets is not remembered", `{"Keys":[{"Id":"b"}]}`, `{"Keys":[{"Id":"b"}]}`, `{"Keys":[{"Id":"b"}]}`, `null`},
		{"arrays in arrays", `{"Keys":[{"Parts":[{"Secret":"s","X":1}]}]}`, `{"Keys":[{"Parts":[{"Secret":"s","X":1}]}]}`, `{"Keys":[{"Parts":[{"X":1}]}]}`, `{"Keys":[{"Parts":[{"Secret":"s","X":1}]}]}`},
		{"every value of a map", `{"Map":{"a":{"Value":"1","X":1},"b":{"Value":"2"}}}`, `{"Map":{"a":{"Value":"1","X":1},"b":{"Value":"2"}}}`, `{"Map":{"a":{"X":1}}}`, `{"Map":{"a":{"Value":"1"},"b":{"Value":"2"}}}`},
		{"an index names one element", `{"Spots":[{"Key":"1"},{"Key":"2"}]}`, `{"Spots":[{"Key":"1"},{"Key":"2"}]}`, `{"Spots":[{},{"Key":"2"}]}`, `{"Spots":[{"Key":"1"},{"Key":"2"}]}`},
		{"values of unexpected kinds are left alone", `{"Keys":"x","Login":[1]}`, `{"Keys":"x","Login":[1]}`, `{"Keys":"x","Login":[1]}`, `null`},
		{"no object", `[1]`, `[1]`, `[1]`, `null`},
	}
	s := parse(t, vaultType)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			model := doc(t, c.model)
			for _, check := range []struct {
				name      string
				got, want any
			}{
				{"WithoutReadOnly", s.WithoutReadOnly(model), doc(t, c.withoutReadOnly)},
				{"WithoutWriteOnly", s.WithoutWriteOnly(model), doc(t, c.withoutWriteOnly)},
				{"WriteOnlyOf", s.WriteOnlyOf(model), doc(t, c.writeOnly)},
				{"the model afterwards", model, doc(t, c.model)},
			} {
				if !Equal(check.got, check.want) {
					t.Errorf("%s: got %s, want %s", check.name, Encode(check.got), Encode(check.want))
				}
			}
		})
	}
	if !s.HasWriteOnly() || parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{}}`).HasWriteOnly() {
		t.Error("HasWriteOnly is wrong")
	}
}

// What WriteOnlyOf remembers of a model brings back what WithoutWriteOnly takes from it, unless two elements of an
// array look alike.
func TestRestoreUndoesStripping(t *testing.T) {
	s := parse(t, vaultType)
	maybe := func(t *rapid.T, m map[string]any, key string, v any) {
		if rapid.Bool().Draw(t, key) {
			m[key] = v
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		model, login, keys := map[string]any{}, map[string]any{"User": "u"}, []any{}
		maybe(t, model, "Name", "n")
		maybe(t, model, "Secret", "s")
		maybe(t, login, "Password", "p")
		maybe(t, model, "Login", login)
		for i := range rapid.IntRange(0, 3).Draw(t, "keys") {
			key := map[string]any{"Id": string(rune('a' + i))}
			maybe(t, key, "Value", string(rune('A'+i)))
			maybe(t, key, "Parts", []any{map[string]any{"Secret": "x", "Y": number("1")}})
			keys = append(keys, key)
		}
		maybe(t, model, "Keys", keys)
		before := string(Encode(model))
		restored := s.RestoreWriteOnly(s.WithoutWriteOnly(model), s.WriteOnlyOf(model))
		if !Equal(restored, model) || string(Encode(model)) != before {
			t.Fatalf("%s became %s", before, Encode(restored))
		}
	})
}

func TestRestoreKeepsWhatTheModelHas(t *testing.T) {
	s := parse(t, vaultType)
	got := s.RestoreWriteOnly(doc(t, `{"Secret":"new","Login":"odd","Map":{"a":{}}}`), doc(t, `{"Secret":"old","Login":{"Password":"p"},"Map":{"a":{"Value":"1"},"b":{"Value":"2"}},"Keys":[{"Id":"a","Value":"1"}]}`))
	if want := `{"Login":"odd","Map":{"a":{"Value":"1"},"b":{"Value":"2"}},"Secret":"new"}`; string(Encode(got)) != want {
		t.Errorf("got %s, want %s", Encode(got), want)
	}
}
