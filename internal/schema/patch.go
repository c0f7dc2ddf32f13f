package schema

import "strings"

// ApplyPatch applies a JSON Patch (RFC 6902) to a decoded document and returns the new one; doc is not changed. All or
// nothing: the first operation that fails fails the patch. Errors are of kind [Invalid], in the texts of the library that
// AWS's messages come from (flipkart-incubator/zjsonpatch), with values left out.
//
// Its quirks are kept: a path without the leading "/" names a top-level property, removing an absent member of an object
// is fine, and operation names may be in any case. The result has at most [MaxDepth] levels.
func ApplyPatch(doc any, patch []byte) (any, error) {
	ops, err := parsePatch(patch)
	if err != nil {
		return nil, err
	}
	return applyAll(doc, ops)
}

// operation is one member of a patch.
type operation struct {
	name  string // in upper case, as the texts have it
	path  location
	from  location // of move and copy
	value any      // of add, replace and test
}

// location is a JSON pointer as a patch wrote it.
type location struct {
	text     string
	segments []string
	broken   bool // several segments without a leading "/"
}

func parseLocation(text string) location {
	l := location{text: text}
	switch {
	case text == "":
	case text[0] == '/':
		l.segments = splitPointer(text)
	default:
		l.segments = []string{unescapeSegment(text)}
		l.broken = strings.Contains(text, "/")
	}
	return l
}

// parsePatch reads a patch document without applying anything.
func parsePatch(patch []byte) ([]operation, error) {
	document, err := Decode(patch)
	if err != nil {
		return nil, invalid("Invalid JSON in PatchDocument: " + err.Error())
	}
	list, ok := document.([]any)
	if !ok {
		return nil, invalid("Invalid JSON Patch payload (not an array)")
	}
	ops := make([]operation, len(list))
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, invalid("Invalid JSON Patch payload (not an object)")
		}
		if ops[i], err = parseOperation(m); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

func parseOperation(m map[string]any) (op operation, err error) {
	missing := func(field string) (operation, error) {
		return op, invalid("Invalid JSON Patch payload (missing '" + field + "' field)")
	}
	name, ok := m["op"].(string)
	if !ok {
		return missing("op")
	}
	op.name = strings.ToUpper(name)
	path, ok := m["path"].(string)
	if !ok {
		return missing("path")
	}
	op.path = parseLocation(path)
	switch op.name {
	case "ADD", "REPLACE", "TEST":
		if op.value, ok = m["value"]; !ok {
			return missing("value")
		}
	case "MOVE", "COPY":
		from, ok := m["from"].(string)
		if !ok {
			return missing("from")
		}
		op.from = parseLocation(from)
	case "REMOVE":
	default:
		return op, invalid("unknown / unsupported operation " + name)
	}
	return op, nil
}
