// Package schema knows resource types by their CloudFormation schemas: it parses them, validates models, reads and builds
// identifiers, strips read-only and write-only properties, applies patches and decides what an update may change.
//
// Everything here is a function of its arguments. The package knows nothing of requests, accounts, handlers or storage,
// reads no clock and does no I/O; only the backtracking regular expressions run under a time limit. Documents are what [Decode] returns and are never changed, only copied. Error texts are
// part of what clients see, so they come from here, worded as AWS words them.
package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Action is one of the five verbs of a resource type, in the words of AWS's error texts.
type Action string

// The five actions.
const (
	Create Action = "CREATE"
	Read   Action = "READ"
	Update Action = "UPDATE"
	Delete Action = "DELETE"
	List   Action = "LIST"
)

// DefaultTimeout is the time an operation may take when its handler names no timeoutInMinutes.
const DefaultTimeout = 120 * time.Minute

// Tagging is how a type takes tags.
type Tagging struct {
	Taggable, TagOnCreate, TagUpdatable bool
	// TagProperty holds the tags; nil where the type has no such property.
	TagProperty Pointer
}

// Schema is one resource type. Its fields are for reading only; pointers are in the order of the schema document. It is
// made by [Parse], must not be copied, and is safe for concurrent use.
type Schema struct {
	TypeName, Description string

	PrimaryIdentifier     []Pointer
	AdditionalIdentifiers [][]Pointer

	ReadOnly, WriteOnly, CreateOnly, ConditionalCreateOnly, Deprecated []Pointer

	Tagging Tagging

	// Raw is the document as it was imported.
	Raw []byte

	handlers map[Action]time.Duration // nil without a `handlers` section
	root     *node
	list     *node // handlers.list.handlerSchema, nil without one
}

var typeNameForm = regexp.MustCompile(`^[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$`)

// Parse reads the schema document of one type. The error says, one line each, why the type cannot be used, for example
// `#/properties/A/type: unknown type: [strng]`. Warnings are of the same style and harm nothing: pointers that lead nowhere,
// patterns that no engine takes (the keyword is dropped), members that AWS's meta-schema asks for. Unknown keywords are
// kept in Raw and ignored; nothing is fetched; `$schema` is not looked at, draft-07 always holds.
func Parse(raw []byte) (s *Schema, warnings []string, err error) { return ParseSharing(raw, nil) }

// ParseSharing is [Parse] of one of many types: what it compiles of patterns it shares with all that were parsed with the
// same ones.
func ParseSharing(raw []byte, patterns *Patterns) (s *Schema, warnings []string, err error) {
	document, err := decodeOrdered(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("schema is not JSON: %w", err)
	}
	root, ok := document.(*object)
	if !ok {
		return nil, nil, fmt.Errorf("#: expected type: JSONObject, found: %s", className(plain(document)))
	}
	b := newBuilder(root, patterns)
	s = &Schema{Raw: slices.Clone(raw)}
	b.requiredMembers()
	s.TypeName, _ = root.values["typeName"].(string)
	s.Description, _ = root.values["description"].(string)
	if !typeNameForm.MatchString(s.TypeName) {
		b.in("typeName", func() { b.problem("is not of the form Organization::Service::Resource") })
	}
	s.root = b.schema(root)
	s.readHandlers(b)
	if cutEndless(b.all) {
		b.warn("a reference that only leads back to itself accepts everything")
	}
	if len(b.problems) == 0 {
		s.readPointers(b)
	}
	if len(b.problems) > 0 {
		return nil, b.warnings, errors.New(strings.Join(b.problems, "\n"))
	}
	for _, n := range b.all {
		n.checks = n.split()
	}
	return s, b.warnings, nil
}

func (b *builder) requiredMembers() {
	for _, key := range []string{"typeName", "properties", "primaryIdentifier"} {
		if _, ok := b.root.values[key]; !ok {
			b.problem("required key [%s] not found", key)
		}
	}
	for _, key := range []string{"description", "additionalProperties"} {
		if _, ok := b.root.values[key]; !ok {
			b.warn("required key [%s] not found", key)
		}
	}
}

func (s *Schema) readHandlers(b *builder) {
	section, ok := b.root.values["handlers"]
	if !ok {
		return
	}
	s.handlers = map[Action]time.Duration{}
	b.in("handlers", func() {
		b.each(section, func(name string, v any) {
			action := Action(strings.ToUpper(name))
			if !slices.Contains([]Action{Create, Read, Update, Delete, List}, action) || strings.ToLower(name) != name {
				b.warn("unknown handler")
				return
			}
			h, ok := v.(*object)
			if !ok {
				b.problem("expected type: JSONObject, found: %s", className(plain(v)))
				return
			}
			if _, ok := h.values["permissions"]; !ok {
				b.warn("required key [permissions] not found")
			}
			s.handlers[action] = b.timeout(h)
			if model, ok := h.values["handlerSchema"]; ok && action == List {
				b.in("handlerSchema", func() { s.list = b.schema(model) })
			}
		})
	})
}

// timeout reads timeoutInMinutes, which AWS's meta-schema bounds to 2..2160.
func (b *builder) timeout(handler *object) time.Duration {
	v, ok := handler.values["timeoutInMinutes"]
	if !ok {
		return DefaultTimeout
	}
	n, _ := v.(json.Number)
	minutes, err := strconv.Atoi(string(n))
	if err != nil || minutes < 2 || minutes > 2160 {
		b.in("timeoutInMinutes", func() { b.warn("is not from 2 to 2160; %d taken", int(DefaultTimeout.Minutes())) })
		return DefaultTimeout
	}
	return time.Duration(minutes) * time.Minute
}

func (s *Schema) readPointers(b *builder) {
	list := func(key string) (all []Pointer) {
		if v, ok := b.root.values[key]; ok {
			b.in(key, func() { all = s.pointers(b, v) })
		}
		return all
	}
	s.PrimaryIdentifier = list("primaryIdentifier")
	s.ReadOnly = list("readOnlyProperties")
	s.WriteOnly = list("writeOnlyProperties")
	s.CreateOnly = list("createOnlyProperties")
	s.ConditionalCreateOnly = list("conditionalCreateOnlyProperties")
	s.Deprecated = list("deprecatedProperties")
	b.in("primaryIdentifier", func() {
		if len(s.PrimaryIdentifier) == 0 {
			b.problem("names no property")
		}
		for _, p := range s.PrimaryIdentifier {
			if slices.Contains(p, "*") {
				b.problem("%s does not name one value", p)
			}
		}
	})
	if v, ok := b.root.values["additionalIdentifiers"]; ok {
		b.in("additionalIdentifiers", func() {
			identifiers, _ := v.([]any)
			for _, v := range identifiers {
				if p := s.pointers(b, v); len(p) > 0 {
					s.AdditionalIdentifiers = append(s.AdditionalIdentifiers, p)
				}
			}
		})
	}
	s.readTagging(b)
}

func (s *Schema) pointers(b *builder, v any) (all []Pointer) {
	for _, text := range b.strings(v) {
		p, ok, warning := parsePointer(s.root, text)
		if warning != "" {
			b.warn("%s %s", text, warning)
		}
		if ok {
			all = append(all, p)
		}
	}
	return all
}

// readTagging follows AWS's meta-schema: everything defaults to true, and the tags to /properties/Tags. `taggable` at the
// root is the older form.
func (s *Schema) readTagging(b *builder) {
	section, _ := b.root.values["tagging"].(*object)
	flag := func(o *object, key string) bool {
		if o == nil {
			return true
		}
		v, ok := o.values[key].(bool)
		return v || !ok
	}
	t := &s.Tagging
	t.Taggable = flag(section, "taggable") && flag(b.root, "taggable")
	t.TagOnCreate = t.Taggable && flag(section, "tagOnCreate")
	t.TagUpdatable = t.Taggable && flag(section, "tagUpdatable")
	text, given := "/properties/Tags", false
	if section != nil {
		if v, ok := section.values["tagProperty"].(string); ok {
			text, given = v, true
		}
	}
	p, ok, warning := parsePointer(s.root, text)
	switch {
	case ok && warning == "":
		t.TagProperty = p
	case given && t.Taggable:
		b.warn("tagging/tagProperty: %s %s", text, warning)
	}
}

// HasHandlers tells whether the document has a `handlers` section at all.
func (s *Schema) HasHandlers() bool { return s.handlers != nil }

// Supports tells whether the type has a handler for the action. A schema without a `handlers` section supports all five.
func (s *Schema) Supports(a Action) bool {
	if s.handlers == nil {
		return true
	}
	_, ok := s.handlers[a]
	return ok
}

// ListModel describes the ResourceModel that a list request takes; ok is false where the type says nothing of it.
func (s *Schema) ListModel() (Property, bool) { return describe(s.list) }

// Timeout is how long the operation may take: the handler's timeoutInMinutes or [DefaultTimeout].
func (s *Schema) Timeout(a Action) time.Duration {
	if t, ok := s.handlers[a]; ok {
		return t
	}
	return DefaultTimeout
}
