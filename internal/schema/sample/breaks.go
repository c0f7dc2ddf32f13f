package sample

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"example.org/groundcontrol/internal/schema"
)

// Break is one way in which a valid state was broken.
type Break struct {
	Keyword string // of JSON Schema
	Path    string // of the place, as lines show it: "#/A/0"
	// Line is what the validator must print of it, "#/A: expected minLength: 3, actual: 2". It is the line of the cause:
	// those of combined schemas around it stand before it.
	Line     string
	Document map[string]any
}

// Breaks returns the ways to break a valid state: for each place in it and each keyword of the schema there, a document
// that breaks it. Where it can be done, the document breaks nothing else; but a text that is too short, say, may no longer
// fit its pattern, and has a line more then. What no value of any length within reason breaks, and what another
// alternative of the schema allows, is left out. The same numbers from rnd give the same breaks.
//
// Lines come from AWS's table of texts and not from the validator, which is to be held against them.
func Breaks(s *schema.Schema, valid map[string]any, rnd *rand.Rand) []Break {
	top, _ := s.Property(nil)
	b := breaker{maker: newMaker(s, rnd), valid: valid, seen: map[string]bool{}}
	b.visit(nil, valid, []rule{{Property: top}})
	return b.found
}

type breaker struct {
	*maker
	valid map[string]any
	found []Break
	seen  map[string]bool // lines that there is a break for
}

// rule is a schema that a value follows. A document that does not follow it is refused where all conditions still hold.
type rule struct {
	schema.Property
	conditions []condition
}

type condition func(document map[string]any) bool

// noneTakes is the condition for one of several alternatives.
func noneTakes(path []string, alternatives []schema.Property) condition {
	return func(document map[string]any) bool {
		v, _ := lookup(document, path)
		return !slices.ContainsFunc(alternatives, func(a schema.Property) bool { return a.Validate(v) == nil })
	}
}

// isThere is the condition for what follows from having a member.
func isThere(path []string, name string) condition {
	return func(document map[string]any) bool {
		_, ok := lookup(document, append(slices.Clone(path), name))
		return ok
	}
}

// under are rules that hold under the same conditions as r, and these.
func (r rule) under(properties []schema.Property, more ...condition) (all []rule) {
	for _, p := range properties {
		all = append(all, rule{p, slices.Concat(r.conditions, more)})
	}
	return all
}

// spot is one place of the state.
type spot struct {
	path  []string
	value any
	rules []rule
	parts []rule // the rules and those of their alternatives that hold
}

func (sp *spot) shape() *shape {
	sh := &shape{at: sp.path}
	for _, r := range sp.rules {
		sh.rules = append(sh.rules, r.Property)
	}
	for _, p := range sp.parts {
		sh.parts = append(sh.parts, p.Property)
	}
	return sh
}

// way is one way to break a value: the first attempt with the fewest side effects is taken.
type way struct {
	keyword  string
	attempts []attempt
}

// attempt is a value that breaks a keyword, with the text that it gives.
type attempt struct {
	value any
	text  string
}

// visit breaks a value, and then what is in it.
func (b *breaker) visit(path []string, v any, rules []rule) {
	sp := &spot{path, v, rules, following(path, v, rules)}
	for _, p := range sp.parts {
		for _, w := range b.ways(sp, p.Property) {
			b.offer(sp, p, w)
		}
	}
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			b.visit(append(slices.Clone(path), strconv.Itoa(i)), e, sp.each(func(p schema.Property) ([]schema.Property, bool) {
				return p.Element(i)
			}))
		}
	case map[string]any:
		for _, name := range sortedNames(v) {
			b.visit(append(slices.Clone(path), name), v[name], sp.each(func(p schema.Property) ([]schema.Property, bool) {
				return p.Member(name)
			}))
		}
	}
}

// following adds to the rules of a valid value what follows from them.
func following(path []string, v any, rules []rule) (all []rule) {
	for _, r := range rules {
		each, some, one := r.Combined()
		all = append(all, r)
		all = append(all, following(path, v, r.under(each))...)
		for _, alternatives := range [][]schema.Property{some, one} {
			taking := slices.DeleteFunc(slices.Clone(alternatives), func(a schema.Property) bool { return a.Validate(v) != nil })
			all = append(all, following(path, v, r.under(taking, noneTakes(path, alternatives)))...)
		}
		o, _ := v.(map[string]any)
		for _, d := range r.Dependencies() {
			if _, ok := o[d.On]; ok {
				all = append(all, following(path, v, r.under(d.Rules, isThere(path, d.On)))...)
			}
		}
	}
	return all
}

// each are the rules for something inside of the value.
func (sp *spot) each(inside func(schema.Property) (rules []schema.Property, allowed bool)) (all []rule) {
	for _, p := range sp.parts {
		rules, _ := inside(p.Property)
		all = append(all, p.under(rules)...)
	}
	return all
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

func (sp *spot) where() string {
	var b strings.Builder
	b.WriteByte('#')
	for _, segment := range sp.path {
		b.WriteByte('/')
		b.WriteString(escaper.Replace(segment))
	}
	return b.String()
}

// offer notes a break if one of the attempts is one.
func (b *breaker) offer(sp *spot, p rule, w way) {
	var best *Break
	where, fewest := sp.where(), 0
	for _, a := range w.attempts {
		line := where + ": " + a.text
		document, ok := replaced(b.valid, sp.path, a.value).(map[string]any)
		if !ok || b.seen[w.keyword+line] || !p.isBroken(document) {
			continue
		}
		if n := sp.complaints(a.value); best == nil || n < fewest {
			best, fewest = &Break{w.keyword, where, line, document}, n
		}
	}
	if best != nil {
		b.seen[w.keyword+best.Line] = true
		b.found = append(b.found, *best)
	}
}

// isBroken reports whether a document that does not follow the rule is refused for it.
func (r rule) isBroken(document map[string]any) bool {
	return !slices.ContainsFunc(r.conditions, func(holds condition) bool { return !holds(document) })
}

// complaints counts the lines that a value gives.
func (sp *spot) complaints(v any) (n int) {
	for _, r := range sp.rules {
		if err := r.Validate(v); err != nil {
			n += 1 + strings.Count(err.Error(), "\n")
		}
	}
	return n
}

// ways are the ways to break the value that a schema gives by itself.
func (b *breaker) ways(sp *spot, p schema.Property) []way {
	ways := []way{b.types(p)}
	if p.Enum != nil {
		ways = append(ways, besides("enum", p.Enum, sp.value))
	}
	if p.HasConst {
		ways = append(ways, besides("const", []any{p.Const}, sp.value))
	}
	switch v := sp.value.(type) {
	case string:
		ways = append(ways, b.textWays(p, v)...)
	case json.Number:
		ways = append(ways, numberWays(p, v)...)
	case []any:
		ways = append(ways, b.arrayWays(sp, p, v)...)
	case map[string]any:
		ways = append(ways, b.objectWays(sp, p, v)...)
	}
	return ways
}
