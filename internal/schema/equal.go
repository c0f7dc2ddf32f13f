package schema

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Equal tells whether two decoded documents are the same value. Numbers compare by value, exactly and at any size:
// 1.0 equals 1, 1e2 equals 100, 9007199254740993 does not equal 9007199254740992. Array order counts.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok || !Equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case string, bool, nil:
		return a == b
	}
	return string(Encode(a)) == string(Encode(b))
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	if isWhole(a) && isWhole(b) { // JSON writes an integer in one way only, but for -0
		return (a == "0" || a == "-0") && (b == "0" || b == "-0")
	}
	return canonicalNumber(a) == canonicalNumber(b)
}

// compareNumbers orders two numbers by value, exactly. A text that is no number equals everything.
func compareNumbers(a, b json.Number) int {
	x, xerr := strconv.ParseInt(string(a), 10, 64)
	y, yerr := strconv.ParseInt(string(b), 10, 64)
	if xerr == nil && yerr == nil {
		return cmp.Compare(x, y)
	}
	p, q := rational(a), rational(b)
	if p == nil || q == nil {
		return 0
	}
	return p.Cmp(q)
}

// canonicalNumber is one text per numeric value: sign, digits without zeros at either end, exponent.
func canonicalNumber(n json.Number) string {
	s := string(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return sign + s // not from Decode; equal only to itself
		}
		s, exponent = s[:i], e
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok {
		s = whole + fraction
		exponent -= len(fraction)
	}
	s = strings.TrimLeft(s, "0")
	all := len(s)
	s = strings.TrimRight(s, "0")
	if s == "" {
		return "0"
	}
	return sign + s + "e" + strconv.Itoa(exponent+all-len(s))
}

// isWhole tells whether n is an integer by its text. AWS's validator goes by the text too: 7.0 and 1e2 are not integers.
func isWhole(n json.Number) bool { return !strings.ContainsAny(string(n), ".eE") }

// rational is n's exact value, nil for a text that is no number.
func rational(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil
	}
	return r
}

// appendCanonical writes v so that two values have the same text exactly when they do not differ for the schema node
// n (which may be nil): numbers by value, and arrays with `insertionOrder: false` in any order.
func appendCanonical(b []byte, n *node, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(b, '{')
		for _, k := range keys {
			b = appendString(b, k)
			b = append(b, ':')
			b = appendCanonical(b, n.child(k), v[k])
			b = append(b, ',')
		}
		return append(b, '}')
	case []any:
		item := n.item()
		texts := make([]string, len(v))
		for i, e := range v {
			texts[i] = string(appendCanonical(nil, item, e))
		}
		if n.isUnordered() {
			slices.Sort(texts)
		}
		b = append(b, '[')
		for _, t := range texts {
			b = append(b, t...)
			b = append(b, ',')
		}
		return append(b, ']')
	case json.Number:
		return append(b, canonicalNumber(v)...)
	}
	return appendJSON(b, v)
}

// same is Equal under the insertionOrder rules of n.
func same(n *node, a, b any) bool {
	return Equal(a, b) || string(appendCanonical(nil, n, a)) == string(appendCanonical(nil, n, b))
}

// Holds tells whether model has all that wanted has, with the same values under the schema's
// insertionOrder rules; what else model has does not count. Both are decoded documents.
func (s *Schema) Holds(model, wanted any) bool {
	return same(s.root, restricted(model, wanted), wanted)
}

// restricted is v without the members of objects that shape lacks, at any depth but inside
// arrays. Neither is changed.
func restricted(v, shape any) any {
	object, ok := v.(map[string]any)
	like, both := shape.(map[string]any)
	if !ok || !both {
		return v
	}
	out := make(map[string]any, len(like))
	for name, member := range like {
		if have, ok := object[name]; ok {
			out[name] = restricted(have, member)
		}
	}
	return out
}
