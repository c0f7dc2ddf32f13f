package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPropertyTellsWhatItsOwnSchemaSays(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/O"],"properties":{
		"O":{"type":"object","minProperties":1,"maxProperties":4,"properties":{"A":{"const":1},"B":{}},"patternProperties":{"^B":{"const":2},"a*{1,2}":{}},
			"additionalProperties":false,"dependencies":{"A":["B"],"B":{"required":["C"]}},
			"allOf":[{"properties":{"C":{}}}],"anyOf":[{"type":"object"},{"const":3}],"oneOf":[{"const":4}]},
		"M":{"additionalProperties":{"const":5}},"Open":{},
		"L":{"type":["array","null"],"items":{"const":6}},"T":{"items":[{"const":7}],"additionalItems":false},"U":{"items":[{"const":8}],"additionalItems":{"const":9}},
		"R":{"$ref":"#/definitions/Loop"}},"definitions":{"Loop":{"$ref":"#/definitions/Loop"}}`)
	get := func(name string) Property {
		p, _ := s.Property(Pointer{name})
		return p
	}
	consts := func(list []Property, ok ...bool) []any {
		all := []any{}
		for _, p := range list {
			all = append(all, p.Const)
		}
		for _, ok := range ok {
			all = append(all, ok)
		}
		return all
	}
	member := func(p Property, name string) []any {
		rules, allowed := p.Member(name)
		return consts(rules, allowed)
	}
	element := func(p Property, i int) []any {
		rules, allowed := p.Element(i)
		return consts(rules, allowed)
	}
	o, loop := get("O"), get("R")
	each, some, one := o.Combined()
	depends := o.Dependencies()
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"sizes", []int{*o.MinProperties, *o.MaxProperties}, []int{1, 4}},
		{"declared members", o.Declared(), []string{"A", "B"}},
		{"name patterns", o.NamePatterns(), []string{"^B", ""}},
		{"types", [][]string{o.DeclaredTypes(), get("M").DeclaredTypes(), get("L").DeclaredTypes()}, [][]string{{"object"}, nil, {"array", "null"}}},
		{"alternatives", [][]any{consts(each), consts(some), consts(one)}, [][]any{{nil}, {nil, number("3")}, {number("4")}}},
		{"dependencies", []any{depends[0].On, depends[0].Names, depends[1].On, depends[1].Rules[0].Required}, []any{"A", []string{"B"}, "B", []string{"C"}}},
		// The dropped pattern takes every name, so that none is extraneous.
		{"a declared member", member(o, "A"), []any{number("1"), nil, true}},
		{"a member of alternatives", member(o, "C"), []any{nil, true}},
		{"a declared member that fits a pattern", member(o, "B"), []any{nil, number("2"), nil, true}},
		{"a member of a map", member(get("M"), "A"), []any{number("5"), true}},
		{"a member of anything", member(get("Open"), "A"), []any{true}},
		{"an element", element(get("L"), 3), []any{number("6"), true}},
		{"an element of a tuple", element(get("T"), 0), []any{number("7"), true}},
		{"one behind it", element(get("T"), 1), []any{false}},
		{"one behind an open tuple", element(get("U"), 1), []any{number("9"), true}},
		{"an element of anything", element(get("Open"), 1), []any{true}},
		{"an endless reference", []any{loop.DeclaredTypes(), loop.Declared(), loop.NamePatterns(), member(loop, "A"), element(loop, 0)}, []any{[]string(nil), []string{}, []string(nil), []any{true}, []any{true}}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestAClosedObjectAllowsOnlyWhatItNames(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{}},"patternProperties":{"^B":{}},"allOf":[{"properties":{"C":{}}}]`)
	top, _ := s.Property(nil)
	for name, want := range map[string]bool{"A": true, "Bx": true, "C": false, "D": false} {
		if _, allowed := top.Member(name); allowed != want {
			t.Errorf("%s: %v", name, allowed)
		}
	}
}

func TestAPropertyValidatesByItself(t *testing.T) {
	s := parse(t, `"primaryIdentifier":["/properties/A"],"properties":{"A":{"type":"array","items":{"$ref":"#/definitions/D"}},"R":{"$ref":"#/definitions/Loop"}},
		"definitions":{"D":{"type":"string","minLength":2},"Loop":{"$ref":"#/definitions/Loop"}}`)
	a, _ := s.Property(Pointer{"A"})
	if err := a.Validate([]any{"xx"}); err != nil {
		t.Error(err)
	}
	if got, want := errorText(a.Validate([]any{"xx", "x"})), "Model validation failed (#/1: expected minLength: 2, actual: 1)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	loop, _ := s.Property(Pointer{"R"})
	if err := loop.Validate(7); err != nil {
		t.Error(err)
	}
}
