package sample

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/groundcontrol/internal/schema"
)

func (b *breaker) textWays(p schema.Property, s string) []way {
	short, long, pattern := way{keyword: "minLength"}, way{keyword: "maxLength"}, way{keyword: "pattern"}
	letters := []rune(s)
	if least := p.MinLength; least != nil && *least > 0 && len(letters) >= *least {
		n := *least - 1
		for _, text := range b.ofLength(p, n, string(letters[:n]), string(letters[len(letters)-n:])) {
			short.attempts = append(short.attempts, attempt{text, fmt.Sprintf("expected minLength: %d, actual: %d", *least, n)})
		}
	}
	if most := p.MaxLength; most != nil && *most < farText {
		n := *most + 1
		for _, text := range b.ofLength(p, n, stretched(s, n)...) {
			long.attempts = append(long.attempts, attempt{text, fmt.Sprintf("expected maxLength: %d, actual: %d", *most, n)})
		}
	}
	for _, text := range unlikely(s) {
		if !p.MatchesPattern(text) {
			pattern.attempts = append(pattern.attempts, attempt{text, scrubbed("pattern")})
		}
	}
	return []way{short, long, pattern}
}

// ofLength adds to texts of n characters one that fits the pattern, where they do not and it can be done.
func (b *breaker) ofLength(p schema.Property, n int, texts ...string) []string {
	if n > maxText || slices.ContainsFunc(texts, p.MatchesPattern) {
		return texts
	}
	if text, ok := b.built(p.Pattern, textRules{n, n, []schema.Property{p}}); ok {
		texts = append(texts, text)
	}
	return texts
}

// stretched gives texts of n characters that go on as s does.
func stretched(s string, n int) []string {
	more := n - utf8.RuneCountInString(s)
	if s == "" {
		return []string{strings.Repeat("a", n)}
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return []string{
		s + strings.Repeat(string(last), more), s + strings.Repeat("a", more), s + strings.Repeat("0", more),
		strings.Repeat(string(first), more) + s,
	}
}

// unlikely gives texts that patterns seldom take, those of the same length first.
func unlikely(s string) []string {
	n := utf8.RuneCountInString(s)
	var texts []string
	for _, c := range []string{"!", " ", "~", "é", "\n", "\x01", "\U0001F600", "/", ":", "-", "_", "a", "A", "0"} {
		texts = append(texts, strings.Repeat(c, n))
	}
	for _, c := range []string{"!", " ", "é", "\n", "\x01", "\U0001F600"} {
		texts = append(texts, s+c, c+s)
	}
	return append(texts, "", "!", "x", "0", strings.Repeat("x", n+50))
}
