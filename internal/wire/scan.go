package wire

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a body may be nested, itself included. No input of ours is deeper
// than three; documents travel as text inside strings and do not count.
const maxDepth = 100

// scanner reads one JSON text (RFC 8259) strictly, left to right. After the first mistake
// it is broken: it is then at the end of its text, and every method returns at once.
type scanner struct {
	b       []byte
	i       int // of the next byte
	depth   int
	broken  bool   // not JSON
	deep    bool   // broken because nested too deeply
	kinds   string // why the first member that cannot be read as its kind cannot; "" for none
	scratch []byte // holds a string without its escapes
}

func (s *scanner) reset(b []byte) { *s = scanner{b: b, scratch: s.scratch[:0]} }

func (s *scanner) fail() { s.b, s.i, s.broken = nil, 0, true }

// next skips white space and returns the byte it stops at, 0 at the end. A zero byte in
// the text is no part of any token, so the two need not be told apart.
func (s *scanner) next() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) enter() {
	s.i++
	if s.depth++; s.depth > maxDepth {
		s.deep = true
		s.fail()
	}
}

// more steps over what follows a member or element: a comma (true) or the closing byte.
func (s *scanner) more(closing byte) bool {
	switch s.next() {
	case ',':
		s.i++
		return true
	case closing:
		s.i++
		s.depth--
		return false
	}
	s.fail()
	return false
}

// object reads an object; the scanner is at its brace. For each member it calls value,
// which must read the value. The name is valid until value reads a string.
func (s *scanner) object(value func(name []byte)) {
	s.enter()
	if s.next() == '}' {
		s.more('}')
		return
	}
	for more := true; more; more = s.more('}') {
		if s.next() != '"' {
			s.fail()
			return
		}
		name, escaped := s.str()
		if escaped {
			// A name with half a surrogate pair stays as it is: no name of ours has a backslash.
			if plain, ok := s.unescape(name); ok {
				name = plain
			}
		}
		if s.next() != ':' {
			s.fail()
			return
		}
		s.i++
		value(name)
	}
}

// array reads an array; the scanner is at its bracket. For each element it calls value,
// which must read it.
func (s *scanner) array(value func()) {
	s.enter()
	if s.next() == ']' {
		s.more(']')
		return
	}
	for more := true; more; more = s.more(']') {
		value()
	}
}

// skip reads a value of any kind.
func (s *scanner) skip() {
	switch s.next() {
	case '{':
		s.object(func([]byte) { s.skip() })
	case '[':
		s.array(s.skip)
	case '"':
		s.str()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

func (s *scanner) word(w string) {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		s.fail()
		return
	}
	s.i += len(w)
}

// number reads a number and reports whether it is written as an integer.
func (s *scanner) number() (text []byte, integer bool) {
	start := s.i
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else {
		s.digits()
	}
	integer = true
	if s.peek() == '.' {
		integer = false
		s.i++
		s.digits()
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		integer = false
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		s.digits()
	}
	if s.broken {
		return nil, false
	}
	return s.b[start:s.i], integer
}

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// digits reads one digit or more.
func (s *scanner) digits() {
	start := s.i
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.i++
	}
	if s.i == start {
		s.fail()
	}
}

// str reads a string and returns what is between its quotes; the scanner is at the first.
func (s *scanner) str() (raw []byte, escaped bool) {
	b := s.b
	start := s.i + 1
	for i := start; i < len(b); {
		c := b[i]
		if !special[c] {
			i++
			continue
		}
		if c == '"' {
			s.i = i + 1
			return b[start:i], escaped
		}
		if c != '\\' {
			break
		}
		escaped = true
		switch n := i + 1; {
		case n < len(b) && plain[b[n]] != 0:
			i += 2
		case isUnit(b[i:]):
			i += 6
		default:
			s.fail()
			return nil, false
		}
	}
	s.fail()
	return nil, false
}

// special marks the bytes that cannot stand for themselves in a string.
var special = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// plain maps the letter after a backslash to the byte that is meant.
var plain = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unit reads the UTF-16 unit of an escape such as \u00e9 that b begins with.
func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var u rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		u = u<<4 | rune(c)
	}
	return u, true
}

func isUnit(b []byte) bool {
	_, ok := unit(b)
	return ok
}

// unescape returns raw, which str has checked, without its escapes, valid until the next
// call. It is false for half a surrogate pair, which no UTF-8 text can hold.
func (s *scanner) unescape(raw []byte) ([]byte, bool) {
	// No escape is shorter than what it stands for.
	s.scratch = slices.Grow(s.scratch[:0], len(raw))
	to := s.scratch[:len(raw)]
	n := 0
	for i := 0; i < len(raw); {
		c := raw[i]
		i++
		if c == '\\' {
			c = plain[raw[i]]
			i++
			if c == 0 {
				r, size := character(raw[i-2:])
				if size == 0 {
					return nil, false
				}
				n += utf8.EncodeRune(to[n:], r)
				i += size - 2
				continue
			}
		}
		to[n] = c
		n++
	}
	return to[:n], true
}

// character reads the one or two units that raw begins with, and how long they are. A size
// of 0 means half of a pair.
func character(raw []byte) (r rune, size int) {
	r, _ = unit(raw)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, _ := unit(raw[6:])
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return r, 0
	}
	return r, 12
}
