package simulate

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/groundcontrol/internal/schema"
)

// maxDepth is how deep made objects and arrays may go; schemas can be recursive.
const maxDepth = 6

// ready are the members of an enum that say that all is well, the best first.
var ready = []string{
	"ACTIVE", "AVAILABLE", "ENABLED", "CREATED", "SUCCEEDED", "READY", "RUNNING", "COMPLETED", "COMPLETE",
	"CREATE_COMPLETE", "PREPARED", "SUCCESS", "SUCCESSFUL", "DEPLOYED", "ASSOCIATED", "ATTACHED", "ISSUED", "HEALTHY",
}

// value makes a value by the property's rule; ok is false where none fits its schema,
// or none should be there.
func (m *maker) value(p *property, path string, depth int) (v any, ok bool) {
	s := m.draw(path)
	switch p.kind {
	case enumKind:
		return clone(p.member()), true
	case constKind:
		if p.HasConst {
			return clone(p.Const), true
		}
		if p.isDefault(p.Default) {
			return clone(p.Default), true
		}
		q := *p
		q.HasDefault = false
		q.kind = kindOf(&q)
		return m.value(&q, path, depth)
	case boolKind:
		return false, true
	case numberKind:
		return p.number(s)
	case arrayKind:
		return m.array(p, path, depth)
	case objectKind:
		return m.object(p, path, depth)
	case timeKind:
		return p.time(m.now)
	case versionKind:
		if p.json != "string" {
			return p.count(1)
		}
		return m.text(p, s, "1")
	case accountKind:
		return m.text(p, s, m.account)
	case regionKind:
		return m.text(p, s, m.region)
	case stateKind:
		return m.text(p, s, "ACTIVE", "Active", "active")
	case idKind:
		return m.text(p, s, m.ids(p, s)...)
	case arnKind:
		return m.arn(p, s)
	case hostKind, urlKind:
		return m.text(p, s, m.hosts(p)...)
	case addressKind:
		return m.text(p, s, fmt.Sprintf("10.%d.%d.%d", s.below(256), s.below(256), 1+s.below(254)))
	case digitsKind:
		if endsIn(p.leaf, "Port") {
			return m.text(p, s, "443")
		}
		return m.text(p, s, "0", "1")
	case nameKind:
		return m.fitted(p, s, m.resource, 12, m.exact.ending(m.model))
	case complaintKind:
		if depth == 0 {
			return nil, false
		}
	}
	return m.fitted(p, s, p.leaf, 8, "")
}

// text returns the first candidate that fits, else what the pattern allows.
func (m *maker) text(p *property, s *source, candidates ...string) (any, bool) {
	for _, c := range candidates {
		if p.accepts(c) {
			return c, true
		}
	}
	if p.Pattern != "" {
		if built, ok := m.fromPattern(p, s); ok {
			return built, true
		}
	}
	return m.fitted(p, s, p.leaf, 8, "")
}

// member picks one of an enum: what says that all is well, else the first, but of a
// status the first that says neither that something goes on nor that it went wrong.
func (p *property) member() any {
	for _, wanted := range ready {
		for _, e := range p.Enum {
			if text, ok := e.(string); ok && strings.EqualFold(text, wanted) {
				return text
			}
		}
	}
	if endsIn(p.leaf, "Status", "State") {
		for _, e := range p.Enum {
			text, _ := e.(string)
			text = strings.ToUpper(text)
			if !endsIn(text, "ING") && !strings.Contains(text, "FAIL") && !strings.Contains(text, "DELET") {
				return e
			}
		}
	}
	return p.Enum[0]
}

// isDefault reports whether a default is a value of the property's type: schemas have
// "true" as the default of a boolean, null, and numbers out of their own bounds.
func (p *property) isDefault(v any) bool {
	if len(p.Enum) > 0 && !slices.ContainsFunc(p.Enum, func(e any) bool { return schema.Equal(e, v) }) {
		return false
	}
	has := func(t string) bool { return len(p.Types) == 0 || slices.Contains(p.Types, t) }
	switch v := v.(type) {
	case string:
		return has("string") && p.accepts(v)
	case bool:
		return has("boolean")
	case json.Number:
		return (has("number") || has("integer") && !strings.ContainsAny(v.String(), ".eE")) && p.Validate(v) == nil
	case []any:
		return has("array") && len(v) > 0
	case map[string]any:
		for name := range v {
			if _, ok := p.Child(name); !ok {
				return false
			}
		}
		return has("object") && len(v) > 0
	}
	return false
}

// number makes the least number allowed, or what the name tells.
func (p *property) number(s *source) (any, bool) {
	switch {
	case endsIn(p.leaf, "Port"):
		return p.count(443)
	case endsIn(p.leaf, "Id", "ID", "Identifier"):
		return p.count(int64(1 + s.below(1<<31-1)))
	}
	return p.count(0)
}

// count returns n, moved to where the bounds allow it.
func (p *property) count(n int64) (any, bool) {
	v := new(big.Rat).SetInt64(n)
	// bound moves v to the limit, or shift beyond it, where v is on the wrong side of it.
	bound := func(limit *json.Number, wrong func(order int) bool, shift int64) {
		if limit == nil {
			return
		}
		if l, ok := new(big.Rat).SetString(limit.String()); ok && wrong(v.Cmp(l)) {
			v = l.Add(l, new(big.Rat).SetInt64(shift))
		}
	}
	bound(p.Maximum, func(order int) bool { return order > 0 }, 0)
	bound(p.ExclusiveMaximum, func(order int) bool { return order >= 0 }, -1)
	bound(p.Minimum, func(order int) bool { return order < 0 }, 0)
	bound(p.ExclusiveMinimum, func(order int) bool { return order <= 0 }, 1)
	if v.IsInt() {
		return json.Number(v.Num().String()), true
	}
	if p.json == "integer" { // the next whole number above
		floor := new(big.Int).Div(v.Num(), v.Denom())
		return json.Number(floor.Add(floor, big.NewInt(1)).String()), true
	}
	f, _ := v.Float64()
	return json.Number(strconv.FormatFloat(f, 'f', -1, 64)), true
}

// next is the value of a version after an update, v where it does not count.
func (p *property) next(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 62); err == nil {
			if moved, _ := p.count(n + 1); moved != nil {
				return moved
			}
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 62); err == nil {
			if moved := strconv.FormatInt(n+1, 10); p.accepts(moved) {
				return moved
			}
		}
	}
	return v
}

// time gives t in the form that the property takes.
func (p *property) time(t time.Time) (any, bool) {
	if p.json != "string" {
		return p.count(t.Unix())
	}
	for _, form := range []string{
		time.RFC3339, "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05.000000Z", "2006-01-02T15:04:05",
		"2006-01-02T15:04:05-07:00", "2006-01-02 15:04:05", time.DateOnly,
	} {
		if text := t.Format(form); p.accepts(text) {
			return text, true
		}
	}
	for _, text := range []string{
		strconv.FormatInt(t.Unix(), 10), strconv.FormatInt(t.UnixMilli(), 10), t.Format("20060102T150405Z"), t.Format("20060102"),
	} {
		if p.accepts(text) {
			return text, true
		}
	}
	return nil, false
}

// array makes the least number of elements.
func (m *maker) array(p *property, path string, depth int) (any, bool) {
	list := []any{}
	if p.MinItems == nil || *p.MinItems == 0 {
		return list, true
	}
	item, ok := p.Item()
	if !ok || depth >= maxDepth || *p.MinItems > 100 {
		return nil, false
	}
	element := newProperty(item, p.leaf)
	for i := range *p.MinItems {
		v, ok := m.value(element, path+"/"+strconv.Itoa(i), depth+1)
		if element.kind == enumKind && i < len(element.Enum) {
			v, ok = element.Enum[i], true
		}
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

// object makes the required members, and of one that requires none those at its top that
// are single values. Inside of another value an object that would be empty although it
// could hold something is not made: its schema likely wants one of several members.
func (m *maker) object(p *property, path string, depth int) (any, bool) {
	o := map[string]any{}
	if depth >= maxDepth {
		return nil, false
	}
	for _, name := range p.Required {
		child, ok := p.Child(name)
		if !ok {
			return nil, false
		}
		v, ok := m.value(newProperty(child, name), path+"/"+name, depth+1)
		if !ok {
			return nil, false
		}
		o[name] = v
	}
	if len(o) == 0 && depth == 0 {
		return m.optional(p, path), true
	}
	if len(o) == 0 && len(p.Children()) > 0 {
		return nil, false
	}
	return o, true
}

// optional makes the members of an object that are single values, or none where its
// schema does not take them together.
func (m *maker) optional(p *property, path string) map[string]any {
	o := map[string]any{}
	for _, name := range p.Children() {
		child, _ := p.Child(name)
		c := newProperty(child, name)
		if c.json == "object" || c.json == "array" || c.kind == complaintKind {
			continue
		}
		if v, ok := m.value(c, path+"/"+name, 1); ok {
			o[name] = v
		}
	}
	if p.Validate(o) != nil {
		return map[string]any{}
	}
	return o
}
