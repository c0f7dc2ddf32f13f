package schema

import "testing"

func TestAModelHoldsWhatWasWanted(t *testing.T) {
	s, _, err := Parse([]byte(`{"typeName":"Org::Test::Thing","description":"","additionalProperties":false,"primaryIdentifier":["/properties/Id"],
		"properties":{"Id":{"type":"string"},"N":{"type":"number"},"O":{"type":"object","properties":{"A":{"type":"string"},"B":{"type":"string"}}},
		"Ordered":{"type":"array","items":{"type":"string"}},"Set":{"type":"array","insertionOrder":false,"items":{"type":"string"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	const model = `{"Id":"x","N":1.0,"O":{"A":"a","B":"b"},"Ordered":["1","2"],"Set":["1","2"]}`
	decoded := func(text string) any {
		t.Helper()
		v, err := Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for wanted, want := range map[string]bool{
		`{}`:                             true,
		`{"Id":"x","N":1}`:               true,
		`{"O":{"A":"a"}}`:                true,
		`{"Ordered":["1","2"]}`:          true,
		`{"Set":["2","1"]}`:              true,
		`{"Id":"y"}`:                     false,
		`{"O":{"A":"b"}}`:                false,
		`{"O":{"A":"a","C":"c"}}`:        false,
		`{"O":"a"}`:                      false,
		`{"Ordered":["2","1"]}`:          false,
		`{"Set":["2"]}`:                  false,
		`{"Elsewhere":"x"}`:              false,
		`{"Id":"x","O":{"A":"a"},"N":2}`: false,
	} {
		if got := s.Holds(decoded(model), decoded(wanted)); got != want {
			t.Errorf("%s: %v", wanted, got)
		}
	}
}
