package operation

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestTokensAreUUIDv7AndSortByTime(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	var tokens []string
	for i := range 10_000 {
		var random [8]byte
		for j := range random {
			random[j] = byte(rand.IntN(256))
		}
		token := NewToken(t0.Add(time.Duration(i)*300*time.Nanosecond), random)
		if !form.MatchString(token) {
			t.Fatalf("%s is no UUIDv7", token)
		}
		tokens = append(tokens, token)
	}
	if !slices.IsSorted(tokens) {
		t.Error("tokens 300 ns apart do not sort by time")
	}
}

func TestParseTokenTakesTheCanonicalFormOnly(t *testing.T) {
	token := NewToken(t0, [8]byte{0xde, 0xad, 0xbe, 0xef})
	u, ok := ParseToken(token)
	if !ok || FormatToken(u) != token {
		t.Errorf("%s comes back as %s, %v", token, FormatToken(u), ok)
	}
	first := FirstToken(t0)
	if FormatToken(first) > token || FormatToken(FirstToken(t0.Add(time.Millisecond))) < token {
		t.Error("FirstToken does not bound the tokens of its millisecond")
	}
	for _, bad := range []string{
		"", "x", token[:35], token + "0", "019B7D3A-0000-7000-8000-000000000000", "019b7d3a00000-7000-8000-000000000000",
		"019b7d3a-0000-7000-8000-00000000000g", "019b7d3a-0000-7000-8000-00000000000é",
	} {
		if _, ok := ParseToken(bad); ok {
			t.Errorf("%q is taken for a token", bad)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(NewToken(t0, [8]byte{1}))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if u, ok := ParseToken(s); ok && FormatToken(u) != s {
			t.Errorf("%q comes back as %q", s, FormatToken(u))
		}
	})
}
