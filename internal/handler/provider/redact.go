package provider

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// minSecret is the shortest text that is taken out, in bytes: shorter ones would take much
// else with them, and hide little.
const minSecret = 4

const redacted = "[redacted]"

// Redact takes what is secret in a call out of what its handler printed: the credentials, the
// texts of the type configuration, and those of write-only properties. It finds them as they
// are and as JSON has them; what a handler has encoded in another way stays.
func Redact(printed string, c handler.Call, e Extra) string {
	if printed == "" {
		return ""
	}
	secrets := []string{e.Credentials.SecretAccessKey, e.Credentials.SessionToken}
	secrets = appendTexts(secrets, e.Configuration)
	for _, model := range []json.RawMessage{c.Desired, c.Previous} {
		if v, err := schema.Decode(model); err == nil && c.Schema.HasWriteOnly() {
			secrets = appendLeaves(secrets, c.Schema.WriteOnlyOf(v))
		}
	}
	// Longer ones first: they may hold shorter ones.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	var pairs []string
	for _, s := range slices.Compact(secrets) {
		if len(s) < minSecret {
			continue
		}
		pairs = append(pairs, s, redacted)
		if text := string(schema.Encode(s)); len(text) > len(s)+2 {
			pairs = append(pairs, text[1:len(text)-1], redacted)
		}
	}
	if pairs == nil {
		return printed
	}
	return strings.NewReplacer(pairs...).Replace(printed)
}

// appendTexts appends all texts in a JSON document.
func appendTexts(all []string, document json.RawMessage) []string {
	if len(document) == 0 {
		return all
	}
	v, err := schema.Decode(document)
	if err != nil {
		return all
	}
	return appendLeaves(all, v)
}

func appendLeaves(all []string, v any) []string {
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case json.Number:
		all = append(all, v.String())
	case map[string]any:
		for _, member := range v {
			all = appendLeaves(all, member)
		}
	case []any:
		for _, e := range v {
			all = appendLeaves(all, e)
		}
	}
	return all
}
