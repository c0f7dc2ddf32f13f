package simulate

import (
	"strconv"

	"example.org/groundcontrol/internal/schema"
)

// get returns the value at a pointer without "*".
func get(v any, p schema.Pointer) (any, bool) {
	for _, name := range p {
		switch at := v.(type) {
		case map[string]any:
			member, ok := at[name]
			if !ok {
				return nil, false
			}
			v = member
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// set puts a value at a pointer without "*" and makes the objects on the way to it.
// It reports false where something else is in the way.
func set(model map[string]any, p schema.Pointer, v any) bool {
	for _, name := range p[:len(p)-1] {
		next, ok := model[name]
		if !ok {
			next = map[string]any{}
			model[name] = next
		}
		if model, ok = next.(map[string]any); !ok {
			return false
		}
	}
	model[p[len(p)-1]] = v
	return true
}

// clone copies a document, so that what comes from a schema stays its own.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(map[string]any, len(v))
		for name, member := range v {
			o[name] = clone(member)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = clone(element)
		}
		return list
	}
	return v
}

// place is where a pointer leads to in one document: a member, there or not, of an
// object that is there.
type place struct {
	parent map[string]any
	name   string
	path   schema.Pointer // without "*"
}

func (p place) value() (any, bool) {
	v, ok := p.parent[p.name]
	return v, ok
}

// places calls do for every place that p leads to in v; nothing is made on the way.
func places(v any, p schema.Pointer, do func(place)) {
	walk(v, p, make(schema.Pointer, 0, len(p)), do)
}

func walk(v any, rest, path schema.Pointer, do func(place)) {
	name := rest[0]
	switch at := v.(type) {
	case map[string]any:
		switch {
		case len(rest) == 1 && name != "*":
			do(place{at, name, append(path, name)})
		case len(rest) == 1: // values of a map have no names of their own to make
		case name == "*":
			for key, member := range at {
				walk(member, rest[1:], append(path, key), do)
			}
		default:
			if member, ok := at[name]; ok {
				walk(member, rest[1:], append(path, name), do)
			}
		}
	case []any:
		if len(rest) == 1 {
			return
		}
		for i, element := range at {
			if index := strconv.Itoa(i); name == "*" || name == index {
				walk(element, rest[1:], append(path, index), do)
			}
		}
	}
}
