package schema

import (
	"encoding/json"
	"math/big"
	"strings"
)

// failure is one finding of the validator, or several: AWS's validator (everit-org/json-schema, draft-07) gathers them in
// a tree, and the tree decides which lines the message has.
type failure struct {
	keyword string
	text    string
	path    []string   // of the instance
	value   any        // the instance
	key     string     // for required and additionalProperties: the name
	causes  []*failure // what made a combination fail
}

// gather makes one failure of many. The wrapper has no keyword and prints no line of its own.
func gather(found []*failure) *failure {
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	return &failure{causes: found}
}

// where is the instance as URI fragment.
func (f *failure) where() string {
	var b strings.Builder
	b.WriteByte('#')
	for _, s := range f.path {
		b.WriteByte('/')
		b.WriteString(escapeSegment(s))
	}
	return b.String()
}

// enough is how many bytes of lines a message may have: more than the 2,048 characters that clients are shown.
const enough = 16 << 10

// lines renders the tree: the own line first, then the causes. With scrub, texts that would show a value are replaced.
// When there is enough to read it stops.
func (f *failure) lines(scrub bool) string {
	var lines []string
	size := 0
	var add func(f *failure)
	add = func(f *failure) {
		if size > enough {
			return
		}
		if f.keyword != "" {
			text := f.text
			if scrub && !showsNoValue(f.keyword) {
				text = "failed validation constraint for keyword [" + f.keyword + "]"
			}
			line := f.where() + ": " + text
			lines = append(lines, line)
			size += len(line)
		}
		for _, c := range f.causes {
			add(c)
		}
	}
	add(f)
	return strings.Join(lines, "\n")
}

func showsNoValue(keyword string) bool {
	switch keyword {
	case "required", "additionalProperties", "type", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
		"contains", "minProperties", "maxProperties", "dependencies", "allOf", "anyOf", "oneOf", keywordTime:
		return true
	}
	return false
}

// className is the Java class that AWS's texts name for a value.
func className(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "JSONObject"
	case []any:
		return "JSONArray"
	case string:
		return "String"
	case bool:
		return "Boolean"
	case nil:
		return "Null"
	case json.Number:
		if !isWhole(v) {
			return "BigDecimal"
		}
		n, ok := new(big.Int).SetString(string(v), 10)
		switch {
		case !ok:
			return "Number"
		case n.IsInt64() && n.Int64() == int64(int32(n.Int64())):
			return "Integer"
		case n.IsInt64():
			return "Long"
		}
		return "BigInteger"
	}
	return "Number"
}
