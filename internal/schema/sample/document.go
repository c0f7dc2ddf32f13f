package sample

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// with returns a copy of the object with one member set.
func with(o map[string]any, name string, v any) map[string]any {
	o = maps.Clone(o)
	if o == nil {
		o = map[string]any{}
	}
	o[name] = v
	return o
}

// lacking returns a copy of the object without some members.
func lacking(o map[string]any, names ...string) map[string]any {
	o = maps.Clone(o)
	for _, name := range names {
		delete(o, name)
	}
	return o
}

// lookup returns what stands at a path; elements of arrays go by their index.
func lookup(doc any, path []string) (v any, ok bool) {
	for _, segment := range path {
		switch parent := doc.(type) {
		case map[string]any:
			if doc, ok = parent[segment]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, false
			}
			doc = parent[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// replaced returns the document with another value at a path that it has.
func replaced(doc any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	switch parent := doc.(type) {
	case map[string]any:
		return with(parent, path[0], replaced(parent[path[0]], path[1:], v))
	case []any:
		list := slices.Clone(parent)
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(list) {
			list[i] = replaced(list[i], path[1:], v)
		}
		return list
	}
	return doc
}

// without returns the document without the member of an object that a path leads to; ok is false where there is none.
func without(doc any, path []string) (less any, ok bool) {
	last := len(path) - 1
	v, _ := lookup(doc, path[:last])
	parent, _ := v.(map[string]any)
	if _, ok = parent[path[last]]; !ok {
		return nil, false
	}
	return replaced(doc, path[:last], lacking(parent, path[last])), true
}

// members are the paths of all members of objects below v, outer ones first.
func members(path []string, v any) (all [][]string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedNames(v) {
			below := append(slices.Clone(path), name)
			all = append(append(all, below), members(below, v[name])...)
		}
	case []any:
		for i, e := range v {
			all = append(all, members(append(slices.Clone(path), strconv.Itoa(i)), e)...)
		}
	}
	return all
}

func sortedNames(o map[string]any) []string { return slices.Sorted(maps.Keys(o)) }

// unordered sorts all arrays, for comparing.
func unordered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(map[string]any, len(v))
		for name, e := range v {
			o[name] = unordered(e)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = unordered(e)
		}
		slices.SortFunc(list, func(a, b any) int {
			return strings.Compare(string(schema.Encode(a)), string(schema.Encode(b)))
		})
		return list
	}
	return v
}
