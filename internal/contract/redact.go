package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.org/groundcontrol/internal/schema"
)

const (
	maxText   = 2 << 10 // of a payload or an answer in a result
	maxOutput = 8 << 10 // of what a handler printed in one test
	redacted  = "(redacted)"
	// shortest is how long a secret has to be to be looked for inside of other texts: a shorter one would turn up anywhere.
	shortest = 4
)

// secrets knows which texts no result may show.
type secrets struct {
	schema *schema.Schema
	texts  []string // the longest first
}

// secretsOf gathers the secrets of a test: those of the suite, and the write-only values of its input.
func secretsOf(s *Suite, in Input) secrets {
	all := secrets{schema: s.Schema, texts: slices.Clone(s.Secrets)}
	for _, state := range append([]map[string]any{in.Create, in.Invalid}, in.Updates...) {
		all.addWriteOnly(state)
	}
	all.sort()
	return all
}

// addWriteOnly adds the write-only values of a model.
func (s *secrets) addWriteOnly(model map[string]any) {
	for _, p := range s.schema.WriteOnly {
		values(model, p, func(v any) { s.texts = append(s.texts, leaves(v)...) })
	}
}

func (s *secrets) sort() {
	slices.SortFunc(s.texts, func(a, b string) int { return len(b) - len(a) })
	s.texts = slices.DeleteFunc(slices.Compact(s.texts), func(t string) bool { return t == "" })
}

// Leaves are the texts and numbers of a decoded document: what a suite may be told to keep secret.
func Leaves(v any) []string { return leaves(v) }

func leaves(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case map[string]any:
		for _, name := range sorted(v) {
			all = append(all, leaves(v[name])...)
		}
	case []any:
		for _, e := range v {
			all = append(all, leaves(e)...)
		}
	}
	return all
}

// values calls f for each value that a pointer of the schema names in v.
func values(v any, p schema.Pointer, f func(any)) {
	if len(p) == 0 {
		if v != nil {
			f(v)
		}
		return
	}
	switch v := v.(type) {
	case map[string]any:
		if p[0] == "*" {
			for _, name := range sorted(v) {
				values(v[name], p[1:], f)
			}
		} else if member, ok := v[p[0]]; ok {
			values(member, p[1:], f)
		}
	case []any:
		for _, e := range v {
			values(e, afterElement(p), f)
		}
	}
}

// afterElement is the pointer from an element of an array on: some schemas leave the "*" out.
func afterElement(p schema.Pointer) schema.Pointer {
	if p[0] == "*" {
		return p[1:]
	}
	return p
}

// message is a payload or an answer as a result shows it.
func (s secrets) message(text []byte) string {
	v, err := schema.Decode(text)
	if err != nil {
		return cut(s.text(string(text)), maxText)
	}
	if o, ok := v.(map[string]any); ok {
		v = s.members(o)
	}
	return cut(string(schema.Encode(s.value(v))), maxText)
}

// members hides the members of payloads and answers that are secret by their place.
func (s secrets) members(o map[string]any) map[string]any {
	o = s.models(o, "resourceModel")
	if list, ok := o["resourceModels"].([]any); ok {
		list = slices.Clone(list)
		for i := range list {
			list[i] = s.model(list[i])
		}
		o["resourceModels"] = list
	}
	data, ok := o["requestData"].(map[string]any)
	if !ok {
		return o
	}
	data = s.models(data, "resourceProperties", "previousResourceProperties")
	if _, ok := data["callerCredentials"]; ok {
		data["callerCredentials"] = redacted
	}
	if v, ok := data["typeConfiguration"]; ok {
		data["typeConfiguration"] = hidden(v)
	}
	o["requestData"] = data
	return o
}

func (s secrets) models(o map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for k, v := range o {
		out[k] = v
		if slices.Contains(names, k) {
			out[k] = s.model(v)
		}
	}
	return out
}

// model hides the write-only values of a model.
func (s secrets) model(v any) any {
	for _, p := range s.schema.WriteOnly {
		v = hiddenAt(v, p)
	}
	return v
}

func hiddenAt(v any, p schema.Pointer) any {
	if len(p) == 0 {
		return hidden(v)
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			if p[0] == "*" || p[0] == k {
				member = hiddenAt(member, p[1:])
			}
			out[k] = member
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = hiddenAt(e, afterElement(p))
		}
		return out
	}
	return v
}

// hidden keeps the shape of a value and none of its scalars.
func hidden(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			out[k] = hidden(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = hidden(e)
		}
		return out
	}
	return redacted
}

// value hides secrets wherever else they are: in messages, callback contexts, other properties.
func (s secrets) value(v any) any {
	switch v := v.(type) {
	case string:
		if slices.Contains(s.texts, v) {
			return redacted
		}
		return s.text(v)
	case json.Number:
		if len(v) >= shortest && slices.Contains(s.texts, v.String()) {
			return redacted
		}
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			out[k] = s.value(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.value(e)
		}
		return out
	}
	return v
}

// text hides secrets in a text, and what could steer a terminal.
func (s secrets) text(t string) string {
	for _, secret := range s.texts {
		if utf8.RuneCountInString(secret) < shortest {
			continue
		}
		t = strings.ReplaceAll(t, secret, redacted)
		if quoted := string(schema.Encode(secret)); len(quoted) > len(secret)+2 { // as JSON has it
			t = strings.ReplaceAll(t, quoted[1:len(quoted)-1], redacted)
		}
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, t)
}

// own is a text of ours inside of another: no values are in it.
type own string

// filled is a text of ours whose arguments have no secrets in them. The text itself stays, whatever the secrets are.
func (s secrets) filled(format string, args ...any) string {
	args = slices.Clone(args)
	for i, a := range args {
		switch a := a.(type) {
		case own, int, time.Duration:
		case shown: // what is cut in the middle of a secret would not be found
			args[i] = shown{s.value(a.value)}
		case difference:
			args[i] = path(a.at) + " " + s.filled(a.format, a.args...)
		default:
			args[i] = s.text(fmt.Sprint(a))
		}
	}
	return fmt.Sprintf(format, args...)
}

// cut bounds a text.
func cut(t string, most int) string {
	if len(t) <= most {
		return t
	}
	n := most
	for n > 0 && !utf8.RuneStart(t[n]) {
		n--
	}
	return fmt.Sprintf("%s… (%d bytes more)", t[:n], len(t)-n)
}

// ending is the end of a text.
func ending(t string, most int) string {
	if len(t) <= most {
		return t
	}
	n := len(t) - most
	for n < len(t) && !utf8.RuneStart(t[n]) {
		n++
	}
	return fmt.Sprintf("(%d bytes before) …%s", n, t[n:])
}
