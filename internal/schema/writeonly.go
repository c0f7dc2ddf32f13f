package schema

import (
	"maps"
	"slices"
	"strconv"
)

// WithoutReadOnly returns the model without its read-only properties. The input is not changed; parts that stay as they
// are are shared with it.
func (s *Schema) WithoutReadOnly(model any) any {
	out, _ := drop(model, s.ReadOnly, false)
	return out
}

// WithoutWriteOnly returns the model without its write-only properties, and without the objects that become empty by
// it. The input is not changed; parts that stay as they are are shared with it.
func (s *Schema) WithoutWriteOnly(model any) any {
	out, _ := drop(model, s.WriteOnly, true)
	return out
}

// HasWriteOnly tells whether the type has write-only properties.
func (s *Schema) HasWriteOnly() bool { return len(s.WriteOnly) > 0 }

// WriteOnlyOf returns what must be remembered of a model for [Schema.RestoreWriteOnly], nil when there is nothing: a
// document with only the write-only values in their places. Arrays on the way of a `*` are kept whole, readable members
// included, because an element can be found again only by those. It is secret as a whole and shares parts with model.
func (s *Schema) WriteOnlyOf(model any) any {
	out, ok := pick(model, s.WriteOnly)
	if !ok {
		return nil
	}
	return out
}

func pick(v any, pointers []Pointer) (any, bool) {
	if len(pointers) == 0 {
		return nil, false
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, member := range v {
			rest, whole := tails(pointers, k)
			if whole {
				out[k] = member
			} else if part, ok := pick(member, rest); ok {
				out[k] = part
			}
		}
		return out, len(out) > 0
	case []any:
		for i, element := range v {
			rest, whole := tails(pointers, strconv.Itoa(i))
			if _, ok := pick(element, rest); ok || whole {
				return v, true
			}
		}
	}
	return nil, false
}

// RestoreWriteOnly returns model with the remembered write-only values, as [Schema.WriteOnlyOf] gave them, wherever it
// has none of its own. Elements of arrays match by position while the array is otherwise unchanged, else by the
// equality of their readable rest; without a match, or with several that remember different values, nothing is restored.
func (s *Schema) RestoreWriteOnly(model, remembered any) any {
	return restore(model, remembered, s.WriteOnly, nil, nil)
}

// restore does the work of RestoreWriteOnly at path. Objects that the model lacks are made for the values' sake. gone, where
// it is not nil, says that what the model lacks at a path, a value or such an object, is to stay away.
func restore(v, memory any, pointers []Pointer, path []string, gone func(path []string, object bool) bool) any {
	switch memory := memory.(type) {
	case map[string]any:
		model, ok := v.(map[string]any)
		if !ok {
			return v
		}
		out := model
		set := func(k string, v any) {
			if len(out) == len(model) {
				out = maps.Clone(model)
			}
			out[k] = v
		}
		replaced := map[string]any{}
		for k, remembered := range memory {
			rest, whole := tails(pointers, k)
			here := append(slices.Clone(path), k)
			member, present := model[k]
			switch {
			case whole && !present && (gone == nil || !gone(here, false)):
				set(k, remembered)
			case whole || len(rest) == 0:
			case present:
				replaced[k] = restore(member, remembered, rest, here, gone)
			case gone == nil || !gone(here, true):
				if part := restore(map[string]any{}, remembered, rest, here, gone); !isEmpty(part) {
					set(k, part)
				}
			}
		}
		if len(replaced) > 0 {
			out = maps.Clone(out)
			maps.Copy(out, replaced)
		}
		return out
	case []any:
		if model, ok := v.([]any); ok {
			return restoreElements(model, memory, pointers)
		}
	}
	return v
}

// restoreElements asks nobody what was taken out: indexes mean another element once a patch removed one.
func restoreElements(model, memory []any, pointers []Pointer) any {
	readable := func(list []any) []any {
		rests := make([]any, len(list))
		for i, e := range list {
			rest, _ := tails(pointers, strconv.Itoa(i))
			rests[i], _ = drop(e, rest, true)
		}
		return rests
	}
	now, then := readable(model), readable(memory)
	unchanged := Equal(now, then)
	used := make([]bool, len(memory))
	out := slices.Clone(model)
	for i := range model {
		from := i
		if !unchanged {
			from = soleTwin(now[i], then, memory, used)
		}
		if from < 0 {
			continue
		}
		used[from] = true
		rest, _ := tails(pointers, strconv.Itoa(i))
		out[i] = restore(model[i], memory[from], rest, nil, nil)
	}
	return out
}

// soleTwin is the index of the remembered element whose readable rest is the given one, -1 when there is none or when
// several remember different values.
func soleTwin(rest any, then, memory []any, used []bool) int {
	found := -1
	for i, r := range then {
		if used[i] || !Equal(rest, r) {
			continue
		}
		if found >= 0 && !Equal(memory[found], memory[i]) {
			return -1
		}
		if found < 0 {
			found = i
		}
	}
	return found
}
