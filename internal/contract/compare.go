package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// difference is a place where a model is not what it should be.
type difference struct {
	at     schema.Pointer // with the numbers of elements
	format string         // of what is different
	args   []any
	// grown is an array that has all that it should have, and more.
	grown bool
	// transformed is a difference that a propertyTransform of the schema may explain.
	transformed bool
	// empty is an array or object without anything in it that is missing: some languages leave those out.
	empty bool
}

func (d difference) String() string { return path(d.at) + " " + fmt.Sprintf(d.format, d.args...) }

// path is a place in a model as texts show it: /A/0/B.
func path(at schema.Pointer) string { return "/" + strings.Join(at, "/") }

// maxShown bounds how much of one value a text repeats.
const maxShown = 80

// shown is a value as texts quote it.
type shown struct{ value any }

func (s shown) String() string { return cut(string(schema.Encode(s.value)), maxShown) }

// comparer compares models of one type.
type comparer struct {
	schema     *schema.Schema
	transforms []schema.Pointer
}

// shows returns where got does not show want: the service may add members to objects, nothing else. Arrays have the same
// elements in the same order, any order where the schema says insertionOrder: false.
func (c comparer) shows(want, got map[string]any) []difference {
	root, _ := c.schema.Property(nil)
	return c.object(nil, want, got, root, true)
}

func (c comparer) object(at schema.Pointer, want, got map[string]any, p schema.Property, known bool) (all []difference) {
	for _, name := range sorted(want) {
		child, ok := schema.Property{}, false
		if known {
			child, ok = p.Child(name)
		}
		here := append(slices.Clone(at), name)
		v, there := got[name]
		if !there {
			if want[name] != nil {
				d := c.found(here, "is missing, it should be %s", shown{want[name]})
				d.empty = isEmpty(want[name])
				all = append(all, d)
			}
			continue
		}
		all = append(all, c.value(here, want[name], v, child, ok)...)
	}
	return all
}

func (c comparer) value(at schema.Pointer, want, got any, p schema.Property, known bool) []difference {
	switch w := want.(type) {
	case nil:
		return nil
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return c.object(at, w, g, p, known)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return c.array(at, w, g, p, known)
		}
	default:
		if schema.Equal(want, got) {
			return nil
		}
	}
	return []difference{c.found(at, "is %s, it should be %s", shown{got}, shown{want})}
}

func (c comparer) array(at schema.Pointer, want, got []any, p schema.Property, known bool) (all []difference) {
	item, ok := schema.Property{}, false
	if known {
		item, ok = p.Item()
	}
	unordered := known && p.Unordered
	missing, left := c.unmatched(at, want, got, item, ok)
	if len(want) != len(got) {
		d := c.found(at, "has %d elements, it should have %d", len(got), len(want))
		d.grown = len(got) > len(want) && len(missing) == 0
		return []difference{d}
	}
	if unordered {
		for i, v := range missing {
			all = append(all, c.found(at, "holds %s, it should hold %s, in any order", shown{left[min(i, len(left)-1)]}, shown{v}))
		}
		return all
	}
	if len(missing) == 0 && len(want) > 0 {
		for i := range want {
			if len(c.value(at, want[i], got[i], item, ok)) > 0 {
				return []difference{c.found(at, "has its elements in another order: %s, it should be %s; the schema does not say insertionOrder: false", shown{got}, shown{want})}
			}
		}
		return nil
	}
	for i := range want {
		all = append(all, c.value(append(slices.Clone(at), strconv.Itoa(i)), want[i], got[i], item, ok)...)
	}
	return all
}

// unmatched pairs elements whatever their order, and returns those of want that nothing shows, and those of got that
// show none.
func (c comparer) unmatched(at schema.Pointer, want, got []any, p schema.Property, known bool) (missing, left []any) {
	left = slices.Clone(got)
	for _, w := range want {
		i := slices.IndexFunc(left, func(g any) bool { return len(c.value(at, w, g, p, known)) == 0 })
		if i < 0 {
			missing = append(missing, w)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	return missing, left
}

func (c comparer) found(at schema.Pointer, format string, args ...any) difference {
	return difference{at: at, format: format, args: args, transformed: slices.ContainsFunc(c.transforms, func(t schema.Pointer) bool { return covers(t, at) })}
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

// covers tells whether a pointer of the schema names the place in a model, or one above it.
func covers(p, at schema.Pointer) bool {
	if len(p) > len(at) {
		return false
	}
	for i, segment := range p {
		if segment != "*" && segment != at[i] {
			return false
		}
	}
	return true
}

// added returns the top-level properties that only got has.
func added(want, got map[string]any) (names []string) {
	for _, name := range sorted(got) {
		if _, ok := want[name]; !ok {
			names = append(names, path(schema.Pointer{name}))
		}
	}
	return names
}

// nulls returns where a decoded document is null.
func nulls(at schema.Pointer, v any) (all []string) {
	switch v := v.(type) {
	case nil:
		return []string{path(at)}
	case map[string]any:
		for _, name := range sorted(v) {
			all = append(all, nulls(append(slices.Clone(at), name), v[name])...)
		}
	case []any:
		for i, e := range v {
			all = append(all, nulls(append(slices.Clone(at), strconv.Itoa(i)), e)...)
		}
	}
	return all
}

// recast returns where coercion made something else of a scalar, elements of arrays as "*".
func recast(at schema.Pointer, was, is any) (all []string) {
	switch w := was.(type) {
	case map[string]any:
		o, _ := is.(map[string]any)
		for _, name := range sorted(w) {
			if v, ok := o[name]; ok {
				all = append(all, recast(append(slices.Clone(at), name), w[name], v)...)
			}
		}
	case []any:
		list, _ := is.([]any)
		w = slices.DeleteFunc(slices.Clone(w), func(e any) bool { return e == nil }) // coercion takes them out
		for i := range min(len(w), len(list)) {
			all = append(all, recast(append(slices.Clone(at), "*"), w[i], list[i])...)
		}
	case string:
		if _, still := is.(string); !still {
			return []string{path(at)}
		}
	}
	return distinct(all)
}

// get is the value at a pointer without wildcards.
func get(model map[string]any, p schema.Pointer) (any, bool) {
	var v any = model
	for _, segment := range p {
		o, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = o[segment]; !ok {
			return nil, false
		}
	}
	return v, v != nil
}

// put sets the value at a pointer without wildcards, in a copy of the objects on the way.
func put(model map[string]any, p schema.Pointer, v any) map[string]any {
	out := map[string]any{}
	for k, member := range model {
		out[k] = member
	}
	if len(p) == 1 {
		out[p[0]] = v
		return out
	}
	below, _ := out[p[0]].(map[string]any)
	out[p[0]] = put(below, p[1:], v)
	return out
}

// plain tells whether a pointer has no wildcards.
func plain(p schema.Pointer) bool { return !slices.Contains(p, "*") }

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
