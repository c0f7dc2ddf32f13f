package schema

import (
	"maps"
	"slices"
	"strconv"
)

// lookUp returns the value at a pointer without "*"; nil where there is none.
func lookUp(v any, p Pointer) any {
	for _, s := range p {
		switch at := v.(type) {
		case map[string]any:
			v = at[s]
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// place puts v at p into m, making objects on the way. A scalar in the way is replaced.
func place(m map[string]any, p Pointer, v any) {
	for _, s := range p[:len(p)-1] {
		next, ok := m[s].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[s] = next
		}
		m = next
	}
	m[p[len(p)-1]] = v
}

// match is a place in a document that a pointer with "*" found.
type match struct {
	path  []string
	value any
}

// matches returns what p finds in v, in document order (map keys sorted).
func matches(v any, p Pointer) []match {
	var found []match
	var walk func(v any, p Pointer, path []string)
	walk = func(v any, p Pointer, path []string) {
		if len(p) == 0 {
			found = append(found, match{slices.Clone(path), v})
			return
		}
		switch at := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(at)) {
				if p[0] == "*" || p[0] == k {
					walk(at[k], p[1:], append(path, k))
				}
			}
		case []any:
			for i, e := range at {
				if s := strconv.Itoa(i); p[0] == "*" || p[0] == s {
					walk(e, p[1:], append(path, s))
				}
			}
		}
	}
	walk(v, p, nil)
	return found
}

// tails returns what is left of the pointers behind the segment s.
func tails(pointers []Pointer, s string) (rest []Pointer, whole bool) {
	for _, p := range pointers {
		if p[0] != "*" && p[0] != s {
			continue
		}
		if len(p) == 1 {
			whole = true
		} else {
			rest = append(rest, p[1:])
		}
	}
	return rest, whole
}

// drop returns v without what the pointers find, sharing every part that stays as it is. With prune, members that became
// empty by it go too; array elements stay, so that positions keep their meaning.
func drop(v any, pointers []Pointer, prune bool) (result any, changed bool) {
	if len(pointers) == 0 {
		return v, false
	}
	switch v := v.(type) {
	case map[string]any:
		out := v
		edit := func() map[string]any {
			if !changed {
				out, changed = maps.Clone(v), true
			}
			return out
		}
		for k, member := range v {
			rest, whole := tails(pointers, k)
			if whole {
				delete(edit(), k)
				continue
			}
			if smaller, ok := drop(member, rest, prune); ok {
				if prune && isEmpty(smaller) {
					delete(edit(), k)
				} else {
					edit()[k] = smaller
				}
			}
		}
		return out, changed
	case []any:
		out := make([]any, 0, len(v))
		for i, element := range v {
			rest, whole := tails(pointers, strconv.Itoa(i))
			if whole {
				changed = true
				continue
			}
			smaller, ok := drop(element, rest, prune)
			changed = changed || ok
			out = append(out, smaller)
		}
		if changed {
			return out, true
		}
	}
	return v, false
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
