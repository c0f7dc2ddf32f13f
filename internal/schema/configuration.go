package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Configuration is the schema of a type's configuration: what its handlers need to know beside the resource, such as the
// key of an API. It is made by [ParseConfiguration] and safe for concurrent use.
type Configuration struct{ root *node }

// ConfigurationIn returns the schema of the type's configuration that a resource schema declares in its member
// `typeConfiguration`, with the definitions of the resource schema, which it may refer to; nil where it declares none. A
// document that is no schema declares none.
func ConfigurationIn(raw []byte) []byte {
	var document struct {
		Configuration map[string]json.RawMessage `json:"typeConfiguration"`
		Definitions   json.RawMessage            `json:"definitions"`
	}
	if !bytes.Contains(raw, []byte("typeConfiguration")) { // most do not, and are spared another look
		return nil
	}
	if json.Unmarshal(raw, &document) != nil || document.Configuration == nil {
		return nil
	}
	if _, own := document.Configuration["definitions"]; !own && document.Definitions != nil {
		document.Configuration["definitions"] = document.Definitions
	}
	text, err := json.Marshal(document.Configuration)
	if err != nil {
		return nil // it was decoded a moment ago
	}
	return text
}

// ParseConfiguration reads the schema of a configuration. The error says, one line each, why it cannot be used.
func ParseConfiguration(raw []byte) (*Configuration, error) {
	document, err := decodeOrdered(raw)
	if err != nil {
		return nil, fmt.Errorf("schema is not JSON: %w", err)
	}
	root, ok := document.(*object)
	if !ok {
		return nil, fmt.Errorf("#: expected type: JSONObject, found: %s", className(plain(document)))
	}
	b := newBuilder(root, nil)
	c := &Configuration{b.schema(root)}
	cutEndless(b.all)
	if len(b.problems) > 0 {
		return nil, errors.New(strings.Join(b.problems, "\n"))
	}
	for _, n := range b.all {
		n.checks = n.split()
	}
	return c, nil
}

// Validate checks a configuration, an object as [Decode] returns it. It returns nil or an [*Error] of kind [Invalid] in the
// manner of [Schema.Validate]: its text names places and rules and holds no value, for values are secret.
func (c *Configuration) Validate(configuration any) error {
	if f := (&Schema{}).check(c.root, configuration); f != nil {
		return invalid("Configuration validation failed (" + f.lines(true) + ")")
	}
	return nil
}
