package schemafile

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// split returns the elements of the array in data.
func split(data string, most int) ([]string, error) {
	spans, err := newCursor(context.Background(), strings.NewReader(data), int64(len(data))).elements(most)
	var all []string
	for _, s := range spans {
		all = append(all, data[s.at:s.at+s.size])
	}
	return all, err
}

func TestArraysAreSplit(t *testing.T) {
	for data, elements := range map[string][]string{
		"[]":                                nil,
		" [ \t]\r\n":                        nil,
		"[{}]":                              {"{}"},
		bom + "[ {} ,{ } ]":                 {"{}", "{ }"},
		`[{"a":"]}\"\\"},{"b":[{}]}]`:       {`{"a":"]}\"\\"}`, `{"b":[{}]}`},
		`[1,-2e5 ,true,null,"x,]",[[]],{}]`: {"1", "-2e5", "true", "null", `"x,]"`, "[[]]", "{}"},
		"[" + strings.Repeat("[", 99_999) + strings.Repeat("]", 100_000): {strings.Repeat("[", 99_999) + strings.Repeat("]", 99_999)},
	} {
		got, err := split(data, 100)
		if err != nil {
			t.Errorf("%.40s: %v", data, err)
		}
		want(t, got, elements...)
	}
}

func TestArraysThatAreNone(t *testing.T) {
	cut := func(n int) string {
		return fmt.Sprintf("its array is cut short after %d elements: get the file again", n)
	}
	odd := func(at int, b string) string {
		return fmt.Sprintf("its array is not JSON: byte %d is an unexpected '%s'", at, b)
	}
	for data, says := range map[string]string{
		"[":          cut(0),
		"[{":         cut(0),
		`[{"`:        cut(0),
		`[{"\`:       cut(0),
		"[{}":        cut(1),
		"[{},":       cut(1),
		"[{},1":      cut(1),
		"[,]":        odd(1, ","),
		"[{},]":      odd(4, "]"),
		"[{},,{}]":   odd(4, ","),
		"[{} {}]":    odd(4, "{"),
		"[{}}":       odd(3, "}"),
		"[{}]]":      odd(4, "]"),
		"[{}] {}":    odd(5, "{"),
		"[:]":        odd(1, ":"),
		"[1}":        odd(2, "}"),
		"[{},{},{}]": "its array has more than 2 elements: split it",
	} {
		got, err := split(data, 2)
		if err == nil || err.Error() != says || got != nil {
			t.Errorf("%s: %q, %v, want %s", data, got, err, says)
		}
	}
}
