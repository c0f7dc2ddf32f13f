package auth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// scratch is the memory of one verification, kept between requests.
type scratch struct {
	text  []byte   // the canonical request, later the string to sign
	names []string // of signed headers
	mac   []byte
	hex   [2 * sha256.Size]byte // the signature we calculated
}

var scratches = sync.Pool{New: func() any {
	return &scratch{text: make([]byte, 0, 2048), names: make([]string, 0, 32), mac: make([]byte, 0, sha256.Size)}
}}

// release gives s back, unless one odd request has made it large.
func (s *scratch) release() {
	if cap(s.text) <= 64<<10 && cap(s.names) <= 1024 {
		clear(s.names) // they point into the request
		scratches.Put(s)
	}
}

// setNames takes apart a SignedHeaders list: lower-case and sorted, whatever the client sent. It says
// no to a name given twice, which would let a short request grow a canonical request without bound.
func (s *scratch) setNames(list string) bool {
	s.names = s.names[:0]
	list = strings.ToLower(list) // returns list itself in the ordinary case
	for more := true; more; {
		var name string
		name, list, more = strings.Cut(list, ";")
		s.names = append(s.names, name)
	}
	if !slices.IsSorted(s.names) {
		slices.Sort(s.names)
	}
	for i := 1; i < len(s.names); i++ {
		if s.names[i] == s.names[i-1] {
			return false
		}
	}
	return true
}

// signs tells whether the header is in the list of signed ones.
func (s *scratch) signs(name string) bool {
	if len(s.names) <= 16 {
		return slices.ContainsFunc(s.names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	_, ok := slices.BinarySearch(s.names, strings.ToLower(name))
	return ok
}

// canonicalRequest writes the canonical form of r to s.text. The path stands as it was sent, without
// taking out dots and double slashes as AWS would: what is signed is what gets routed. A query string that
// cannot be parsed is an error; s.text is then complete but for the pairs at fault.
func (s *scratch) canonicalRequest(r *http.Request, body []byte, payload *[sha256.Size]byte) error {
	t := append(s.text[:0], r.Method...)
	t = append(t, '\n')
	t = appendPath(t, r.URL)
	t = append(t, '\n')
	var err error
	if r.URL.RawQuery != "" {
		var query url.Values
		if query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
			err = invalid("The query string of the request cannot be parsed.")
		}
		t = appendQuery(t, query)
	}
	t = append(t, '\n')
	for _, name := range s.names {
		t = append(t, name...)
		t = append(t, ':')
		t = appendHeader(t, r, name, len(body))
		t = append(t, '\n')
	}
	t = append(t, '\n')
	for i, name := range s.names {
		if i > 0 {
			t = append(t, ';')
		}
		t = append(t, name...)
	}
	t = append(t, '\n')
	s.text = hex.AppendEncode(t, payload[:])
	return err
}

// stringToSign replaces the canonical request in s.text.
func (s *scratch) stringToSign(timestamp string, sc scope) {
	sum := sha256.Sum256(s.text)
	t := append(s.text[:0], algorithm+"\n"...)
	t = append(t, timestamp...)
	t = append(t, '\n')
	t = append(t, sc.date...)
	t = append(t, '/')
	t = append(t, sc.region...)
	t = append(t, '/')
	t = append(t, sc.service...)
	t = append(t, "/"+terminator+"\n"...)
	s.text = hex.AppendEncode(t, sum[:])
}

// appendPath encodes the path once more than it stands on the wire, as every service but S3 does.
func appendPath(t []byte, u *url.URL) []byte {
	if u.Path == "/" || u.Path == "" {
		return append(t, '/')
	}
	for i, segment := range strings.Split(u.EscapedPath(), "/") {
		if i > 0 {
			t = append(t, '/')
		}
		t = appendEscaped(t, segment)
	}
	return t
}

func appendQuery(t []byte, query url.Values) []byte {
	type pair struct{ name, value string }
	var pairs []pair
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, pair{string(appendEscaped(nil, name)), string(appendEscaped(nil, value))})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	for i, p := range pairs {
		if i > 0 {
			t = append(t, '&')
		}
		t = append(t, p.name...)
		t = append(t, '=')
		t = append(t, p.value...)
	}
	return t
}

// appendEscaped differs from url.QueryEscape in that a space is %20.
func appendEscaped(t []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			t = append(t, c)
		default:
			t = append(t, '%', digits[c>>4], digits[c&15])
		}
	}
	return t
}

// appendHeader appends the values of a header, given its lower-case name. net/http keeps Host, and where a
// proxy has changed the framing Content-Length, away from the other headers.
func appendHeader(t []byte, r *http.Request, name string, bodyLen int) []byte {
	if name == "host" {
		return append(t, cmp.Or(r.Host, r.URL.Host)...)
	}
	values := header(r.Header, name)
	if len(values) == 0 && name == "content-length" {
		return strconv.AppendInt(t, int64(bodyLen), 10)
	}
	for i, v := range values {
		if i > 0 {
			t = append(t, ',')
		}
		t = appendCollapsed(t, v)
	}
	return t
}

// header is h.Values for a lower-case name, without the string that http.CanonicalHeaderKey would make.
func header(h http.Header, name string) []string {
	var key [64]byte
	if len(name) > len(key) {
		return h.Values(name)
	}
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		key[i] = c
		upper = c == '-'
	}
	return h[string(key[:len(name)])]
}

// appendCollapsed trims v and makes each run of spaces one.
func appendCollapsed(t []byte, v string) []byte {
	v = strings.TrimSpace(v)
	if !strings.Contains(v, "  ") {
		return append(t, v...)
	}
	for i := range len(v) {
		if v[i] != ' ' || v[i-1] != ' ' { // v[0] is no space
			t = append(t, v[i])
		}
	}
	return t
}
