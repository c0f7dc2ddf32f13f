package simulate

import (
	"regexp"
	"testing"
	"time"

	"example.org/groundcontrol/internal/schema"
)

func TestJavaPatternsAreBroughtNearToGo(t *testing.T) {
	for pattern, want := range map[string]string{
		`^a\Z`:                       `^a\z`,
		`^(?=.{2,256}$)(?!x(y)[)])b`: `^b`,
		`(?<!a)b\(?!`:                `b\(?!`,
		`[a]*{1,1000}`:               `[a]*`,
		`a{2,5000}`:                  `a{2,60}`,
		`a{5000}b{3,}`:               `a{60}b{3,}`,
		`[\u0041-\u005A]`:            `[\x{0041}-\x{005A}]`,
		`[\p{Graph}]`:                `[[:graph:]]`,
	} {
		if got := plainPattern(pattern, 60); got != want {
			t.Errorf("%s became %s, want %s", pattern, got, want)
		}
	}
}

func build(pattern string, extra, choice int) (string, bool) {
	re := grammar(pattern)
	if re == nil {
		return "", false
	}
	s := newSeed("test")
	b := builder{from: s.draw(pattern), extra: extra, choice: choice, account: "123456789012"}
	b.build(re)
	return b.String(), true
}

func TestTextsAreBuiltFromPatterns(t *testing.T) {
	for _, pattern := range []string{
		`^[a-z]{3}$`, `^(one|two)-[0-9]+$`, `^[^a-z]$`, `^\w+@\w+\.(com|org)$`, `^\p{L}\S?$`, `^[A-Z][a-z]*$`, `^.{5}$`, `^(a|b)*c$`,
	} {
		for choice := range 3 {
			text, ok := build(pattern, 4, choice)
			if !ok || !regexp.MustCompile(pattern).MatchString(text) {
				t.Errorf("%s built %q", pattern, text)
			}
		}
	}
}

func TestNestedRepeatsEnd(t *testing.T) {
	for _, pattern := range []string{`((((((a*)*)*)*)*)*)*`, `((((((()*)*)*)*)*)*)*`, `((.+)+)+$`} {
		start := time.Now()
		if text, _ := build(pattern, 199, 0); len(text) > 2*maxText || time.Since(start) > time.Second {
			t.Errorf("%s built %d characters in %s", pattern, len(text), time.Since(start))
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{`^(?=.{2,256}$)[a-z]+\Z`, `(a|b){3,}`, `[\p{L}\u0020-\uD7FF]*`, `(?!`, `((a*)*)*`, `{1,5000}`} {
		f.Add(pattern, 3, 1)
	}
	f.Fuzz(func(t *testing.T, pattern string, extra, choice int) {
		if len(pattern) > 500 || extra < 0 || extra > 200 || choice < 0 {
			return
		}
		build(pattern, extra, choice)
	})
}

func TestPlansAreMadeOncePerSchemaAndBounded(t *testing.T) {
	text := []byte(`{"typeName":"Own::Test::Thing","description":"d","additionalProperties":false,
		"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`)
	var all plans
	var last *schema.Schema
	for range maxPlans + 10 {
		s, _, err := schema.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if first := all.of(s); all.of(s) != first {
			t.Fatal("a second plan of one schema")
		}
		last = s
	}
	if n := len(all.known); n > maxPlans || all.known[last] == nil {
		t.Errorf("%d plans are kept", n)
	}
}
