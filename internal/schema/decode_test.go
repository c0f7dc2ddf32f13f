package schema

import (
	"strings"
	"testing"
)

func TestDecodeRefuses(t *testing.T) {
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	cases := []struct{ name, text, want string }{
		{"nothing", ``, "unexpected end of text"},
		{"white space", " \n", "unexpected end of text"},
		{"an open object", `{"A":1`, "unexpected end of text"},
		{"an open string", `"secret`, "unexpected end of text"},
		{"a second value", `{} {}`, "text after the JSON value"},
		{"a second value without a gap", `1true`, "text after the JSON value"},
		{"a comma too many in an object", `{"A":1,}`, "unexpected character at offset 7"},
		{"a comma too many in an array", `[1,]`, "unexpected character at offset 3"},
		{"a key without quotes", `{secret:1}`, "unexpected character at offset 1"},
		{"single quotes", `{'A':1}`, "unexpected character at offset 1"},
		{"a comment", `{}//`, "text after the JSON value"},
		{"a misspelt word", `[nul]`, "unexpected character at offset 4"},
		{"NaN", `NaN`, "unexpected character at offset 0"},
		{"a leading zero", `01`, "text after the JSON value"},
		{"a plus sign", `+1`, "unexpected character at offset 0"},
		{"a point without digits", `1.`, "unexpected end of text"},
		{"an exponent without digits", `[1e]`, "unexpected character at offset 3"},
		{"a minus sign alone", `-`, "unexpected end of text"},
		{"an exponent that fills the memory", `1e999999999`, "a number is out of range"},
		{"an exponent too long to read", `1e-99999999999999999999`, "a number is out of range"},
		{"a raw line break in a string", "\"a\nb\"", "unexpected character at offset 2"},
		{"an unknown escape", `"\x41"`, "unexpected character at offset 2"},
		{"a short escape", `"\u00"`, "unexpected end of text"},
		{"a bad escape digit", `"\u00g0"`, "unexpected character at offset 5"},
		{"an escaped U+0000 in a value", `{"A":"\u0000"}`, "the character U+0000 is not allowed"},
		{"an escaped U+0000 in a key", `{"\u0000":1}`, "the character U+0000 is not allowed"},
		{"a raw U+0000", "\"\x00\"", "the character U+0000 is not allowed"},
		{"a high surrogate alone", `"\ud83d"`, "a surrogate escape without its partner"},
		{"a low surrogate alone", `"\ude00"`, "a surrogate escape without its partner"},
		{"two high surrogates", `"\ud83d\ud83d"`, "a surrogate escape without its partner"},
		{"bytes that are not UTF-8", "\"\xff\"", "not valid UTF-8"},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", "not valid UTF-8"},
		{"a byte order mark", "\ufeff{}", "unexpected character at offset 0"},
		{"too many levels", nested(MaxDepth + 1), "more than 128 levels of nesting"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := Decode([]byte(c.text))
			if errorText(err) != c.want {
				t.Errorf("got %v, %v; want %s", v, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the reason shows what the document holds")
			}
		})
	}
	if _, err := Decode([]byte(nested(MaxDepth))); err != nil {
		t.Errorf("%d levels: %v", MaxDepth, err)
	}
}

func TestEncodeIsCanonicalAndExact(t *testing.T) {
	cases := []struct{ text, want string }{
		{` { "b" : 1 , "a" : [ ] } `, `{"a":[],"b":1}`},
		{`{"a":1,"a":2}`, `{"a":2}`},
		{`[9007199254740993,1.50,-0,1E+2]`, `[9007199254740993,1.50,-0,1E+2]`},
		{`"<&>\u2028\/"`, "\"<&>\u2028/\""},
		{`"\"\\\b\f\n\r\t\u001f\u0041\ud83d\ude00"`, `"\"\\\u0008\u000c\n\r\t\u001fA😀"`},
		{`[true,false,null,{}]`, `[true,false,null,{}]`},
	}
	for _, c := range cases {
		if got := string(Encode(doc(t, c.text))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
	if got := string(Encode([]any{1, 2.5, func() {}})); got != `[1,2.5,null]` {
		t.Errorf("values of Go: got %s", got)
	}
}

func TestEqual(t *testing.T) {
	cases := []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true},
		{`1e2`, `100`, true},
		{`100`, `1.00E+2`, true},
		{`0.001`, `1e-3`, true},
		{`0`, `-0.0e5`, true},
		{`-1`, `1`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`123456789012345678901234567890`, `123456789012345678901234567890.0`, true},
		{`0.1`, `0.10000000000000001`, false},
		{`1`, `"1"`, false},
		{`1`, `true`, false},
		{`null`, `false`, false},
		{`null`, `null`, true},
		{`{"a":1,"b":[1]}`, `{"b":[1.0],"a":1}`, true},
		{`{"a":null}`, `{"b":null}`, false},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[]`, `{}`, false},
	}
	for _, c := range cases {
		a, b := doc(t, c.a), doc(t, c.b)
		if Equal(a, b) != c.want || Equal(b, a) != c.want {
			t.Errorf("Equal(%s, %s) is not %v", c.a, c.b, c.want)
		}
		if same(nil, a, b) != c.want {
			t.Errorf("the canonical texts of %s and %s do not say %v", c.a, c.b, c.want)
		}
	}
}
