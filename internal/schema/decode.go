package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how many levels of objects and arrays a document may have.
const MaxDepth = 128

// maxExponent bounds the exponent of a number: arithmetic on 1e999999999 would otherwise take all memory.
const maxExponent = 1000

// Reasons to refuse a text. They name positions at most, since what a document holds may be secret.
var (
	errEnd       = errors.New("unexpected end of text")
	errTrailing  = errors.New("text after the JSON value")
	errDepth     = fmt.Errorf("more than %d levels of nesting", MaxDepth)
	errUTF8      = errors.New("not valid UTF-8")
	errNull      = errors.New("the character U+0000 is not allowed")
	errSurrogate = errors.New("a surrogate escape without its partner")
	errRange     = errors.New("a number is out of range")
)

// Decode parses one JSON text to map[string]any, []any, string, bool, nil and json.Number, numbers exactly as written.
// It is strict: nothing may follow the value, at most [MaxDepth] levels, valid UTF-8, no U+0000 (raw or escaped, in
// keys or strings), no lone surrogate escapes, no exponents beyond ±1000. Of a repeated key the last value stands.
// The error is a short reason that never repeats what the document holds.
func Decode(text []byte) (any, error) {
	p := parser{text: text}
	return p.document()
}

// object is a JSON object that remembers the order of its keys; schemas are read to it.
type object struct {
	keys   []string
	values map[string]any
}

// decodeOrdered is Decode for schemas: with *object in place of map[string]any, and U+0000 allowed where escaped.
func decodeOrdered(text []byte) (any, error) {
	p := parser{text: text, ordered: true}
	return p.document()
}

type parser struct {
	text    []byte
	pos     int
	depth   int
	ordered bool
}

func (p *parser) document() (any, error) {
	if !utf8.Valid(p.text) {
		return nil, errUTF8
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, errTrailing
	}
	return v, nil
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (p *parser) next() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) unexpected() error {
	if p.pos >= len(p.text) {
		return errEnd
	}
	if p.text[p.pos] == 0 {
		return errNull
	}
	return fmt.Errorf("unexpected character at offset %d", p.pos)
}

func (p *parser) value() (any, error) {
	switch c := p.next(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		return p.string()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == 't':
		return true, p.literal("true")
	case c == 'f':
		return false, p.literal("false")
	case c == 'n':
		return nil, p.literal("null")
	}
	return nil, p.unexpected()
}

func (p *parser) literal(word string) error {
	for i := range len(word) {
		if p.pos == len(p.text) || p.text[p.pos] != word[i] {
			return p.unexpected()
		}
		p.pos++
	}
	return nil
}

func (p *parser) enter() error {
	p.pos++
	p.depth++
	if p.depth > MaxDepth {
		return errDepth
	}
	return nil
}

func (p *parser) object() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	values := map[string]any{}
	var keys []string
	for first := true; ; first = false {
		c := p.next()
		if c == '}' && first {
			break
		}
		if c != '"' {
			return nil, p.unexpected()
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		if p.next() != ':' {
			return nil, p.unexpected()
		}
		p.pos++
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if p.ordered {
			if _, again := values[key]; !again {
				keys = append(keys, key)
			}
		}
		values[key] = v
		if c = p.next(); c == '}' {
			break
		} else if c != ',' {
			return nil, p.unexpected()
		}
		p.pos++
	}
	p.pos++
	p.depth--
	if p.ordered {
		return &object{keys, values}, nil
	}
	return values, nil
}

func (p *parser) array() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	list := []any{}
	for first := true; ; first = false {
		if p.next() == ']' && first {
			break
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if c := p.next(); c == ']' {
			break
		} else if c != ',' {
			return nil, p.unexpected()
		}
		p.pos++
	}
	p.pos++
	p.depth--
	return list, nil
}

// number follows RFC 8259: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *parser) number() (any, error) {
	start := p.pos
	if p.text[p.pos] == '-' {
		p.pos++
	}
	if p.pos < len(p.text) && p.text[p.pos] == '0' {
		p.pos++
	} else if p.digits() == 0 {
		return nil, p.unexpected()
	}
	if p.pos < len(p.text) && p.text[p.pos] == '.' {
		p.pos++
		if p.digits() == 0 {
			return nil, p.unexpected()
		}
	}
	if p.pos < len(p.text) && (p.text[p.pos] == 'e' || p.text[p.pos] == 'E') {
		p.pos++
		if p.pos < len(p.text) && (p.text[p.pos] == '+' || p.text[p.pos] == '-') {
			p.pos++
		}
		at := p.pos
		if p.digits() == 0 {
			return nil, p.unexpected()
		}
		if e, err := strconv.Atoi(string(p.text[at:p.pos])); err != nil || e > maxExponent {
			return nil, errRange
		}
	}
	return json.Number(p.text[start:p.pos]), nil
}

func (p *parser) digits() (n int) {
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
		n++
	}
	return n
}

func (p *parser) string() (string, error) {
	p.pos++
	start := p.pos
	var out []byte // set once an escape was seen
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			run := p.text[start:p.pos]
			p.pos++
			if out == nil {
				return string(run), nil
			}
			return string(append(out, run...)), nil
		case c < ' ':
			return "", p.unexpected()
		case c == '\\':
			out = append(out, p.text[start:p.pos]...)
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			start = p.pos
		default:
			p.pos++
		}
	}
	return "", errEnd
}

const escapes = `"\/bfnrt`

func (p *parser) escape() (rune, error) {
	p.pos++
	if p.pos == len(p.text) {
		return 0, errEnd
	}
	c := p.text[p.pos]
	if c == 'u' {
		r, err := p.unicode()
		if err != nil {
			return 0, err
		}
		if r == 0 && !p.ordered { // published schemas have it in patterns
			return 0, errNull
		}
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		if p.pos+1 >= len(p.text) || p.text[p.pos] != '\\' || p.text[p.pos+1] != 'u' {
			return 0, errSurrogate
		}
		p.pos++
		low, err := p.unicode()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, errSurrogate
		}
		return r, nil
	}
	for i := range len(escapes) {
		if escapes[i] == c {
			p.pos++
			return rune("\"\\/\b\f\n\r\t"[i]), nil
		}
	}
	return 0, p.unexpected()
}

// unicode reads the four digits after \u.
func (p *parser) unicode() (rune, error) {
	p.pos++
	if p.pos+4 > len(p.text) {
		p.pos = len(p.text)
		return 0, errEnd
	}
	var r rune
	for range 4 {
		c := p.text[p.pos]
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, p.unexpected()
		}
		p.pos++
	}
	return r, nil
}
