package sample

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

const (
	farText  = 1 << 14 // the longest text that is made to break a maximum
	farArray = 100     // and the longest array or object
)

// scrubbed is the text of keywords whose own would show the value.
func scrubbed(keyword string) string {
	return "failed validation constraint for keyword [" + keyword + "]"
}

// classes are the Java classes that AWS's texts name for JSON Schema's types.
var classes = map[string]string{
	"object": "JSONObject", "array": "JSONArray", "string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean",
}

// types gives values of other types than the declared ones.
func (b *breaker) types(p schema.Property) way {
	w := way{keyword: "type"}
	declared := p.DeclaredTypes()
	if len(declared) == 0 {
		return w
	}
	for _, c := range []struct {
		types []string // that take the value
		value any
		class string
	}{
		{[]string{"string"}, "text", "String"},
		{[]string{"integer", "number"}, json.Number("7"), "Integer"},
		{[]string{"integer", "number"}, json.Number("-2147483649"), "Long"},
		{[]string{"integer", "number"}, json.Number("9223372036854775808"), "BigInteger"},
		{[]string{"number"}, json.Number("7.0"), "BigDecimal"},
		{[]string{"boolean"}, true, "Boolean"},
		{[]string{"null"}, nil, "Null"},
		{[]string{"array"}, []any{}, "JSONArray"},
		{[]string{"object"}, map[string]any{}, "JSONObject"},
	} {
		if slices.ContainsFunc(c.types, func(t string) bool { return slices.Contains(declared, t) }) {
			continue
		}
		text := fmt.Sprintf("expected type: %s, found: %s", classes[declared[0]], c.class)
		if declared[0] == "null" {
			text = "expected: null, found: " + c.class
		}
		w.attempts = append(w.attempts, attempt{c.value, text})
	}
	shuffle(b.rnd, w.attempts)
	return w
}

// besides gives values that are not among the allowed ones.
func besides(keyword string, allowed []any, v any) way {
	w := way{keyword: keyword}
	for _, other := range others(v) {
		if !has(allowed, other) {
			w.attempts = append(w.attempts, attempt{other, scrubbed(keyword)})
		}
	}
	return w
}

// others are values near to v.
func others(v any) []any {
	switch v := v.(type) {
	case string:
		letters := []rune(v)
		return []any{
			v + "x", "x" + v, strings.ToLower(v), strings.ToUpper(v), strings.Repeat("x", len(letters)), string(letters[:len(letters)/2]),
		}
	case bool:
		return []any{!v}
	case json.Number:
		var near []any
		for _, d := range []int64{1, -1, 1000} {
			near = append(near, decimal(plus(rational(&v), big.NewRat(d, 1))))
		}
		return near
	}
	return []any{"x"}
}
