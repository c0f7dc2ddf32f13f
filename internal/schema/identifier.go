package schema

import (
	"encoding/json"
	"strings"
)

// Identifier is what a caller's identifier text names.
type Identifier struct {
	// Model is a document with the identifier's properties.
	Model map[string]any
	// Primary is the primary identifier in its text form; "" when the text was an additional identifier, which a READ
	// has to resolve.
	Primary string
}

// Identifier rebuilds the primary identifier from a model: the values in the schema's order, joined by "|", numbers as
// they are written. ok is false when a part is missing, empty or not a string, number or boolean.
func (s *Schema) Identifier(model any) (text string, ok bool) {
	parts := make([]string, len(s.PrimaryIdentifier))
	for i, p := range s.PrimaryIdentifier {
		part, ok := identifierPart(lookUp(model, p))
		if !ok {
			return "", false
		}
		parts[i] = part
	}
	return strings.Join(parts, "|"), true
}

// IdentifierAtSubmit is the identifier that a create request has before any handler ran: ok only when desired holds all
// parts and none of them is read-only, since what a caller says of a read-only property means nothing.
func (s *Schema) IdentifierAtSubmit(desired any) (text string, ok bool) {
	for _, p := range s.PrimaryIdentifier {
		for _, r := range s.ReadOnly {
			if r.covers(p) {
				return "", false
			}
		}
	}
	return s.Identifier(desired)
}

// ParseIdentifier reads an identifier as AWS does: the plain value of a one-part primary (never split), the values of a
// compound one joined by "|", or a JSON object with the properties of exactly one identifier, the primary or an
// additional one. A JSON object that forms no declared identifier is the plain value of a one-part primary. Errors are
// of kind [Invalid].
func (s *Schema) ParseIdentifier(text string) (Identifier, error) {
	parts := []string{text}
	if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		if v, err := Decode([]byte(text)); err == nil {
			if id, ok := s.jsonIdentifier(v.(map[string]any)); ok {
				return id, nil
			}
			if len(s.PrimaryIdentifier) > 1 {
				return Identifier{}, s.wrongKeys()
			}
		}
	}
	if len(s.PrimaryIdentifier) > 1 {
		parts = strings.Split(text, "|")
	}
	if len(parts) != len(s.PrimaryIdentifier) {
		return Identifier{}, s.wrongParts(text)
	}
	model := map[string]any{}
	for i, p := range s.PrimaryIdentifier {
		if parts[i] == "" {
			return Identifier{}, s.wrongParts(text)
		}
		place(model, p, s.identifierValue(p, parts[i]))
	}
	return Identifier{Model: model, Primary: text}, nil
}

func (s *Schema) wrongParts(text string) error {
	return invalid("Identifier " + text + " is not valid for identifier " + pointerList(s.PrimaryIdentifier, Pointer.String))
}

func (s *Schema) wrongKeys() error {
	lists := []string{pointerList(s.PrimaryIdentifier, Pointer.String)}
	for _, a := range s.AdditionalIdentifiers {
		lists = append(lists, pointerList(a, Pointer.String))
	}
	return invalid("When specifying the identifier as JSON, you must specify exactly one identifier from [" +
		strings.Join(lists, ", ") + "], and no additional properties can be specified")
}

// jsonIdentifier finds the declared identifier that m holds exactly.
func (s *Schema) jsonIdentifier(m map[string]any) (Identifier, bool) {
	if model, ok := identifierFrom(m, s.PrimaryIdentifier); ok {
		primary, ok := s.Identifier(model)
		return Identifier{model, primary}, ok
	}
	for _, a := range s.AdditionalIdentifiers {
		if model, ok := identifierFrom(m, a); ok {
			return Identifier{Model: model}, true
		}
	}
	return Identifier{}, false
}

// identifierFrom takes the parts out of m, by the property's own name or, for a property below the top level, in their
// place in the model. ok is false when one is missing or anything else is there.
func identifierFrom(m map[string]any, pointers []Pointer) (model map[string]any, ok bool) {
	model = map[string]any{}
	byName := 0
	for _, p := range pointers {
		v, named := m[p[len(p)-1]]
		if _, scalar := identifierPart(v); named && scalar {
			byName++
		} else {
			v = lookUp(m, p)
		}
		if _, scalar := identifierPart(v); !scalar {
			return nil, false
		}
		place(model, p, v)
	}
	return model, byName == len(pointers) && len(m) == byName || Equal(m, model)
}

// identifierPart is the text form of one part.
func identifierPart(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return string(v), true
	case bool:
		return string(Encode(v)), true
	}
	return "", false
}

// identifierValue is the value that a part's text stands for: a few types are identified by numbers.
func (s *Schema) identifierValue(p Pointer, text string) any {
	if property, ok := s.Property(p); ok && len(property.Types) > 0 {
		for _, t := range property.Types {
			if t == "string" {
				return text
			}
		}
		v, err := Decode([]byte(text))
		if _, quoted := v.(string); err != nil || quoted {
			return text
		}
		if same, ok := identifierPart(v); ok && same == text {
			return v
		}
	}
	return text
}
