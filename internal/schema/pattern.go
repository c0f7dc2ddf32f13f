package schema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// matchTimeout is how long one match may take in the backtracking engine.
const matchTimeout = 200 * time.Millisecond

var errTooSlow = errors.New("the pattern was not decided in time")

// pattern is a regular expression of a schema: Java's dialect, searched anywhere in the text. Go's own engine runs it
// where it can; what that refuses (look-around, repeat counts above 1000) goes to regexp2 with a time limit. It is
// compiled at the first match and safe for concurrent use. regexp2 keeps its limit by a goroutine of its own, which ends
// about two seconds after the last match.
type pattern struct {
	source    string
	rewritten string
	std       bool

	once sync.Once
	re   *regexp.Regexp
	alt  *regexp2.Regexp
}

// anything stands in for a name pattern that no engine takes.
var anything = &pattern{source: "", std: true}

// newPattern checks that one of the engines takes the text.
func newPattern(source string) (*pattern, error) {
	p := &pattern{source: source, rewritten: rewrite(source)}
	if _, err := syntax.Parse(p.rewritten, syntax.Perl); err == nil {
		p.std = true
		return p, nil
	}
	if _, err := regexp2.Compile(p.rewritten, regexp2.RE2); err != nil {
		return nil, fmt.Errorf("%s", firstLine(err))
	}
	return p, nil
}

// Patterns are regular expressions that schemas have in common: a name or an Arn has the
// same one in many types, and a compiled one is large. The zero value is empty, nil keeps
// none; it grows with what it is used for, and is safe for concurrent use.
type Patterns struct{ all sync.Map }

func (p *Patterns) get(text string) *pattern {
	if p == nil {
		return nil
	}
	if known, ok := p.all.Load(text); ok {
		return known.(*pattern)
	}
	return nil
}

// put returns the one pattern of its text.
func (p *Patterns) put(one *pattern) *pattern {
	if p == nil {
		return one
	}
	known, _ := p.all.LoadOrStore(one.source, one)
	return known.(*pattern)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// match searches s. The error is errTooSlow.
func (p *pattern) match(s string) (bool, error) {
	p.once.Do(p.compile)
	if p.re != nil {
		return p.re.MatchString(s), nil
	}
	ok, err := p.alt.MatchString(s)
	if err != nil { // time-out, or the limit on the backtracking stack
		return false, errTooSlow
	}
	return ok, nil
}

func (p *pattern) compile() {
	if p.std {
		if re, err := regexp.Compile(p.rewritten); err == nil {
			p.re = re
			return
		}
	}
	alt, err := regexp2.Compile(p.rewritten, regexp2.RE2)
	if err != nil { // cannot be: newPattern tried
		p.re = regexp.MustCompile("")
		return
	}
	alt.MatchTimeout = matchTimeout
	p.alt = alt
}

// javaClasses are Java's ASCII classes that neither engine knows by these names.
var javaClasses = map[string]string{
	"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7F`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
	"Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`,
	"XDigit": "0-9a-fA-F", "Space": `\t-\r `,
}

// rewrite puts the parts of Java's dialect that have an exact equal into the form both engines read: \Z (taken as the
// end of the text, like $), \uXXXX, and the ASCII classes such as \p{Graph}.
func rewrite(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '[' && !class:
			class = true
			b.WriteByte(c)
			// A ] right after the opening stands for itself.
			if rest := s[i+1:]; strings.HasPrefix(rest, "^]") {
				b.WriteString(`^\]`)
				i += 2
			} else if strings.HasPrefix(rest, "]") {
				b.WriteString(`\]`)
				i++
			}
			continue
		case c == ']':
			class = false
		}
		if c != '\\' || i+1 == len(s) {
			b.WriteByte(c)
			continue
		}
		i++
		switch rest := s[i:]; {
		case rest[0] == 'Z' && !class:
			b.WriteString(`\z`)
		case rest[0] == 'u' && len(rest) >= 5 && isHex(rest[1:5]):
			r, size := unicodeEscape(rest)
			fmt.Fprintf(&b, `\x{%X}`, r)
			i += size - 1
		case strings.HasPrefix(rest, "p{"):
			name, _, ok := strings.Cut(rest[2:], "}")
			set := javaClasses[name]
			if !ok || set == "" {
				b.WriteString(`\p`)
				continue
			}
			if !class {
				set = "[" + set + "]"
			}
			b.WriteString(set)
			i += len("p{") + len(name)
		default:
			b.WriteByte('\\')
			b.WriteByte(rest[0])
		}
	}
	return b.String()
}

// unicodeEscape reads uXXXX, or uXXXX\uXXXX where that is a surrogate pair, which Java takes as one character.
func unicodeEscape(s string) (r rune, size int) {
	const one, pair = len("uXXXX"), len(`uXXXX\uXXXX`)
	r = hexRune(s[1:one])
	if len(s) >= pair && strings.HasPrefix(s[one:], `\u`) && isHex(s[one+2:pair]) {
		if both := utf16.DecodeRune(r, hexRune(s[one+2:pair])); both != utf8.RuneError {
			return both, pair
		}
	}
	return r, one
}

func hexRune(s string) rune {
	n, _ := strconv.ParseUint(s, 16, 16)
	return rune(n)
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
