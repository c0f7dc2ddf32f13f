package sample

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

const (
	maxText  = 2048  // the longest text that is built from a pattern
	maxSteps = 20000 // and the most steps taken for it: nested repeats multiply
)

// Grammar is a pattern of a schema in a form that texts can be built from. It does not change and is safe for concurrent
// use.
type Grammar struct{ re *syntax.Regexp }

// NewGrammar reads a pattern; nil for one that no texts can be built from.
func NewGrammar(pattern string) *Grammar {
	for _, most := range []int{1000, 60, 12} {
		// The product of nested repeat counts is limited too, so lower ones are tried.
		if re, err := syntax.Parse(plainPattern(pattern, most), syntax.Perl); err == nil {
			return &Grammar{re}
		}
	}
	return nil
}

// Text builds texts, likely lengths first, until one is accepted. What is built fits the pattern as far as Go's dialect
// has words for it; only accept knows whether it really does. below returns a number from 0 to n-1 and decides what is
// chosen. account stands wherever the pattern asks for as many digits, "" for any digits.
func (g *Grammar) Text(below func(n int) int, account string, accept func(text string) bool) (text string, ok bool) {
	for choice := range 4 {
		if text, ok = g.text(manner{below: below, account: account, choice: choice}, usualExtras, accept); ok {
			return text, true
		}
	}
	return "", false
}

// usualExtras are tried one after the other: common lengths of names, short ones, long ones.
var usualExtras = []int{11, 7, 15, 23, 3, 1, 0, 31, 35, 63, 99, 199}

func (g *Grammar) text(how manner, extras []int, accept func(string) bool) (string, bool) {
	for _, how.extra = range extras {
		b := builder{manner: how}
		b.build(g.re)
		if text := b.String(); accept(text) {
			return text, true
		}
	}
	return "", false
}

var (
	repeat  = regexp.MustCompile(`\{(\d+)(?:(,)(\d*))?\}`)
	stacked = regexp.MustCompile(`([*+])\{\d+(?:,\d*)?\}`)
	escaped = strings.NewReplacer(`\Z`, `\z`, `\p{Graph}`, `[:graph:]`, `\p{Print}`, `[:print:]`, `\\`, `\\`)
	unicode = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)
)

// plainPattern brings Java's dialect near to Go's: it drops look-arounds and stacked quantifiers, and lowers repeat
// counts. What is built is checked with the real pattern.
func plainPattern(p string, most int) string {
	p = withoutLookAround(p)
	p = escaped.Replace(p)
	p = unicode.ReplaceAllString(p, `\x{$1}`)
	p = stacked.ReplaceAllString(p, `$1`)
	return repeat.ReplaceAllStringFunc(p, func(s string) string {
		m := repeat.FindStringSubmatch(s)
		least, tail := lowered(m[1], most), ""
		if m[2] != "" {
			tail = ","
			if m[3] != "" {
				tail += lowered(m[3], most)
			}
		}
		return "{" + least + tail + "}"
	})
}

func lowered(count string, most int) string {
	if n, err := strconv.Atoi(count); err != nil || n > most {
		return strconv.Itoa(most)
	}
	return count
}

func withoutLookAround(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); {
		if isLookAround(p[i:]) {
			i += groupLength(p[i:])
			continue
		}
		n := 1
		if p[i] == '\\' && i+1 < len(p) {
			n = 2
		}
		b.WriteString(p[i : i+n])
		i += n
	}
	return b.String()
}

func isLookAround(p string) bool {
	for _, start := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(p, start) {
			return true
		}
	}
	return false
}

// groupLength is the length of the group that p begins with.
func groupLength(p string) int {
	depth, class := 0, false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(p)
}

// manner is how a text is built.
type manner struct {
	below   func(n int) int
	extra   int    // how often to repeat what may be repeated, above its least count
	choice  int    // which alternative to take
	account string // what to take for that many digits, "" for any
	mixed   bool   // any characters that can be typed, not the likeliest kind only
}

// builder builds one text that a grammar allows.
type builder struct {
	strings.Builder
	manner
	steps  int
	likely map[*syntax.Regexp][]rune // what to take of each class
}

func (b *builder) full() bool { return b.Len() > maxText || b.steps > maxSteps }

func (b *builder) build(re *syntax.Regexp) {
	b.steps++
	if b.full() {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		b.WriteRune(b.oneOf(re))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(lower[b.below(26)])
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			b.build(sub)
		}
	case syntax.OpAlternate:
		b.build(re.Sub[b.choice%len(re.Sub)])
	case syntax.OpStar:
		b.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		b.repeat(re.Sub[0], 1, -1)
	case syntax.OpRepeat:
		b.repeat(re.Sub[0], re.Min, re.Max)
	case syntax.OpQuest:
		if b.choice%2 == 1 {
			b.build(re.Sub[0])
		}
	}
}

func (b *builder) repeat(re *syntax.Regexp, least, most int) {
	if b.account != "" && least == len(b.account) && most == least && isDigit(re) {
		b.WriteString(b.account)
		return
	}
	n := least + b.extra
	if most >= 0 {
		n = min(n, most)
	}
	for i := 0; i < n && !b.full(); i++ {
		b.build(re)
	}
}

func isDigit(re *syntax.Regexp) bool {
	return re.Op == syntax.OpCharClass && len(re.Rune) == 2 && re.Rune[0] == '0' && re.Rune[1] == '9'
}

const (
	lower = "abcdefghijklmnopqrstuvwxyz0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// oneOf picks a character of a class.
func (b *builder) oneOf(class *syntax.Regexp) rune {
	fit, ok := b.likely[class]
	if !ok {
		if b.likely == nil {
			b.likely = map[*syntax.Regexp][]rune{}
		}
		fit = likely(class.Rune, b.mixed)
		b.likely[class] = fit
	}
	if len(fit) > 0 {
		return fit[b.below(len(fit))]
	}
	if len(class.Rune) > 0 {
		return class.Rune[0]
	}
	return 'x'
}

// likely are the characters to take of a class, given as pairs of bounds: small letters and digits before capitals, these
// before anything else; all of them if mixed.
func likely(class []rune, mixed bool) (fit []rune) {
	for _, wanted := range []string{lower, upper, "-_", " !\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"} {
		for _, r := range wanted {
			if inClass(class, r) {
				fit = append(fit, r)
			}
		}
		if len(fit) > 0 && !mixed {
			break
		}
	}
	return fit
}

func inClass(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= r && r <= class[i+1] {
			return true
		}
	}
	return false
}
