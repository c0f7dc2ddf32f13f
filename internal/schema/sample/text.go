package sample

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/groundcontrol/internal/schema"
)

// longText is how many characters a text has at most, as far as the schema allows.
const longText = 1 << 16

// grammar reads a pattern once for each state; nil for one that nothing can be built from.
func (m *maker) grammar(pattern string) *Grammar {
	g, ok := m.grammars[pattern]
	if !ok {
		g = NewGrammar(pattern)
		m.grammars[pattern] = g
	}
	return g
}

// textRules are what a text has to satisfy.
type textRules struct {
	shortest, longest int
	patterns          []schema.Property
}

func textRulesOf(parts []schema.Property) textRules {
	r := textRules{longest: math.MaxInt}
	for _, p := range parts {
		if p.MinLength != nil {
			r.shortest = max(r.shortest, *p.MinLength)
		}
		if p.MaxLength != nil {
			r.longest = min(r.longest, *p.MaxLength)
		}
		if p.Pattern != "" {
			r.patterns = append(r.patterns, p)
		}
	}
	return r
}

func (r textRules) accept(text string) bool {
	n := utf8.RuneCountInString(text)
	return r.shortest <= n && n <= r.longest &&
		!slices.ContainsFunc(r.patterns, func(p schema.Property) bool { return !p.MatchesPattern(text) })
}

// text makes a text: in a least state the name of the property where it fits, else what the patterns allow.
func (m *maker) text(sh *shape) (any, *unmade) {
	r := textRulesOf(sh.parts)
	if r.shortest > min(r.longest, longText) {
		return nil, &unmade{sh.at}
	}
	if m.plain() {
		for _, text := range []string{sh.name(), strings.ToLower(sh.name())} {
			if text = r.fitted(text); r.accept(text) {
				return text, nil
			}
		}
	}
	if len(r.patterns) == 0 {
		return m.letters(r.shortest, r.longest), nil
	}
	for _, p := range r.patterns {
		if text, ok := m.built(p.Pattern, r); ok {
			return text, nil
		}
	}
	// Where nothing can be built, what the schema itself shows may fit, or what fits most patterns.
	for _, p := range sh.parts {
		if text, ok := p.Default.(string); ok && r.accept(text) {
			return text, nil
		}
	}
	if text := m.letters(r.shortest, r.longest); r.accept(text) {
		return text, nil
	}
	return nil, &unmade{sh.at}
}

// name is that of the property which the value belongs to.
func (sh *shape) name() string {
	for _, name := range slices.Backward(sh.at) {
		if name != "*" && name != "" {
			return name
		}
	}
	return "Value"
}

// fitted cuts or repeats a text until its length is right.
func (r textRules) fitted(text string) string {
	letters := []rune(text)
	n := min(max(len(letters), r.shortest), max(64, r.shortest), r.longest)
	for len(letters) < n {
		letters = append(letters, letters...)
	}
	return string(letters[:n])
}

// letters makes a text that no pattern restricts.
func (m *maker) letters(shortest, longest int) string {
	n := shortest
	if more := min(longest-shortest, 12); more > 0 {
		n += m.rnd.IntN(more + 1)
	}
	if n == 0 && longest > 0 {
		n = 1 // an empty text is valid, but identifies nothing
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = lower[m.rnd.IntN(len(lower))]
	}
	return string(b)
}

// built makes a text that a pattern allows.
func (m *maker) built(pattern string, r textRules) (string, bool) {
	g := m.grammar(pattern)
	if g == nil {
		return "", false
	}
	extras := slices.Clone(usualExtras)
	for _, extra := range []int{r.shortest, r.shortest - 1, r.shortest - 2, r.shortest / 2} {
		extras = append(extras, max(extra, 0))
	}
	choice := 0
	if !m.plain() {
		shuffle(m.rnd, extras)
		choice = m.rnd.IntN(8)
	}
	var found string
	accept := func(text string) bool {
		found = text
		more := r.shortest - utf8.RuneCountInString(text)
		if more <= 0 {
			return r.accept(text)
		}
		// A pattern that is open at an end lets a text grow there.
		for _, found = range []string{text + strings.Repeat("a", more), strings.Repeat("a", more) + text} {
			if r.accept(found) {
				return true
			}
		}
		return false
	}
	for i := range 12 {
		how := manner{below: m.rnd.IntN, choice: choice + i, mixed: i >= 8} // for patterns that want one of each kind
		if _, ok := g.text(how, extras, accept); ok {
			return found, true
		}
	}
	return "", false
}
