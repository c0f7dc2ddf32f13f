package wire

import (
	"math"
	"strconv"
)

// The methods below read the value of a member. Each returns nil for null, and for a value
// of another kind, which they note in s.kinds.

// text reads a string. A zero byte in it is kept. Half a surrogate pair is refused, for a
// Go string could only hold a replacement, and the caller's text would change unseen.
func (s *scanner) text() *string {
	if s.next() != '"' {
		s.mismatch("an String")
		return nil
	}
	raw, escaped := s.str()
	if escaped {
		var ok bool
		if raw, ok = s.unescape(raw); !ok {
			s.note("A string holds half of a surrogate pair.")
			return nil
		}
	}
	t := string(raw)
	return &t
}

// integer reads a number without a fraction. One that is out of the range of int becomes
// the nearest that is not: both are out of every range that members have.
func (s *scanner) integer() *int {
	if c := s.next(); c != '-' && (c < '0' || c > '9') {
		s.mismatch("an Integer")
		return nil
	}
	text, isInteger := s.number()
	if s.broken {
		return nil
	}
	if isInteger {
		if n, err := strconv.Atoi(string(text)); err == nil {
			return &n
		}
	}
	f, _ := strconv.ParseFloat(string(text), 64) // an infinity if it is out of range
	if f != math.Trunc(f) {
		s.note(cannot("java.lang.Double", "an Integer"))
		return nil
	}
	n := math.MaxInt
	switch {
	case f < math.MinInt:
		n = math.MinInt
	case f < math.MaxInt:
		n = int(f)
	}
	return &n
}

// texts reads an array of strings, leaving out those that are null.
func (s *scanner) texts() []string {
	if !s.at('[', "Expected list or null") {
		return nil
	}
	list := []string{}
	s.array(func() {
		if t := s.text(); t != nil {
			list = append(list, *t)
		}
	})
	return list
}

// at tells whether a value begins here with the given byte. One that does not is skipped,
// and unless it is null the reason noted.
func (s *scanner) at(c byte, otherwise string) bool {
	switch s.next() {
	case c:
		return true
	case 'n':
	default:
		s.note(otherwise)
	}
	s.skip()
	return false
}

// mismatch skips a value that is not of the wanted kind, and notes it unless it is null.
func (s *scanner) mismatch(wanted string) {
	switch s.next() {
	case 'n':
		s.skip()
	case '{':
		s.note("Start of structure or map found where not expected.")
		s.skip()
	case '[':
		s.note("Start of list found where not expected")
		s.skip()
	case '"':
		s.note(cannot("java.lang.String", wanted))
		s.skip()
	case 't', 'f':
		s.note(cannot("java.lang.Boolean", wanted))
		s.skip()
	default:
		if _, integer := s.number(); integer {
			s.note(cannot("java.lang.Integer", wanted))
		} else {
			s.note(cannot("java.lang.Double", wanted))
		}
	}
}

func cannot(class, wanted string) string {
	return "class " + class + " can not be converted to " + wanted
}

func (s *scanner) note(why string) {
	if s.kinds == "" {
		s.kinds = why
	}
}
