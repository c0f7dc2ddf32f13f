package sample

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
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

// build builds one text from a pattern.
func build(pattern string, extra, choice int) (text string, ok bool) {
	g := NewGrammar(pattern)
	if g == nil {
		return "", false
	}
	how := manner{below: rand.New(rand.NewPCG(1, 2)).IntN, account: "123456789012", choice: choice}
	return g.text(how, []int{extra}, func(string) bool { return true })
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

func TestTheAccountStandsForAsManyDigits(t *testing.T) {
	g := NewGrammar(`^arn:aws:sns:[0-9]{3}:[0-9]{12}:a$`)
	text, ok := g.Text(func(int) int { return 0 }, "123456789012", func(string) bool { return true })
	if want := "arn:aws:sns:000:123456789012:a"; !ok || text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestTextsAreTriedUntilOneIsAccepted(t *testing.T) {
	g := NewGrammar(`^(aa|bb|cc)[0-9]*$`)
	text, ok := g.Text(func(int) int { return 0 }, "", func(text string) bool { return len(text) == 3 && text[0] == 'c' })
	if !ok || text != "cc0" {
		t.Errorf("got %q", text)
	}
	tries := 0
	if text, ok := g.Text(func(int) int { return 0 }, "", func(string) bool { tries++; return false }); ok || text != "" || tries > 100 {
		t.Errorf("%q was accepted after %d tries", text, tries)
	}
}

func TestNestedRepeatsEnd(t *testing.T) {
	for _, pattern := range []string{`((((((a*)*)*)*)*)*)*`, `((((((()*)*)*)*)*)*)*`, `((.+)+)+$`} {
		start := time.Now()
		if text, _ := build(pattern, 199, 0); len(text) > 2*maxText || time.Since(start) > time.Minute {
			t.Errorf("%s built %d characters in %s", pattern, len(text), time.Since(start))
		}
	}
}

func FuzzGrammar(f *testing.F) {
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
