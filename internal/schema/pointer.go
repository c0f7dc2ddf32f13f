package schema

import (
	"net/url"
	"strconv"
	"strings"
)

// Pointer is the path of a property below /properties, one segment each: {"A", "*", "B"}. "*" stands for every element
// of an array or every value of a map; a number, which a few published schemas have, for one element.
type Pointer []string

// String gives the form that schemas and error texts use: /properties/A/*/B.
func (p Pointer) String() string { return "/properties" + p.path() }

// path is the pointer without /properties: /A/*/B.
func (p Pointer) path() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		b.WriteString(escapeSegment(s))
	}
	return b.String()
}

// covers tells whether path lies at p or below it.
func (p Pointer) covers(path []string) bool {
	if len(path) < len(p) {
		return false
	}
	for i, s := range p {
		if s != "*" && s != path[i] {
			return false
		}
	}
	return true
}

func pointerList(list []Pointer, text func(Pointer) string) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = text(p)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

var (
	segmentEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	segmentUnescaper = strings.NewReplacer("~0", "~", "~1", "/")
)

func escapeSegment(s string) string   { return segmentEscaper.Replace(s) }
func unescapeSegment(s string) string { return segmentUnescaper.Replace(s) }

// splitPointer takes a JSON pointer (or a URI fragment holding one) apart; "" has no segments.
func splitPointer(text string) []string {
	if fragment, ok := strings.CutPrefix(text, "#"); ok {
		if plain, err := url.PathUnescape(fragment); err == nil {
			fragment = plain
		}
		text = fragment
	}
	if text == "" {
		return nil
	}
	segments := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for i, s := range segments {
		segments[i] = unescapeSegment(s)
	}
	return segments
}

// parsePointer reads a property pointer of a schema and brings it to the plain form along the schema's nodes:
// the "properties" hops and missing "*" that a few published schemas have are put right. ok is false for a pointer that
// does not address the model; warning tells what was odd, if anything.
func parsePointer(root *node, text string) (p Pointer, ok bool, warning string) {
	segments := splitPointer(text)
	if len(segments) == 0 {
		return nil, false, "is empty"
	}
	if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "#/") {
		warning = "does not begin with /"
	}
	switch segments[0] {
	case "properties":
		segments = segments[1:]
	case "definitions":
		return nil, false, "does not address the model"
	default:
		warning = "does not begin with /properties"
	}
	if len(segments) == 0 {
		return nil, false, "addresses no property"
	}
	at := root
	for i, s := range segments {
		child := at.child(s)
		switch item := at.item(); {
		case s == "*" || isIndex(s) && item != nil:
			child = at.any()
		case child == nil && s == "properties" && i+1 < len(segments) && at.child(segments[i+1]) != nil:
			continue
		case child == nil && s == "items" && item != nil:
			s, child = "*", item
		case child == nil && item.child(s) != nil:
			p = append(p, "*")
			child = item.child(s)
		}
		if child == nil {
			warning = "does not resolve"
		}
		at = child
		p = append(p, s)
	}
	return p, true, warning
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0
}
