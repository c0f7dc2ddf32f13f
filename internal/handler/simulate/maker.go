package simulate

import (
	"slices"
	"strings"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// maker makes the model of one resource out of what the client asked for.
type maker struct {
	*plan
	account, region   string
	partition, suffix string // of the region: aws, amazonaws.com
	now               time.Time
	seedTexts         [4]string
	model             map[string]any   // the desired state, and then what was made
	old               map[string]any   // what the ledger has, nil on create
	moved             map[*field][]any // values that elements brought along, see keepElements
}

// maker starts from the desired state, without what only the service may set; old is
// nil on create.
func (r *Runtime) maker(c handler.Call, desired, old map[string]any) *maker {
	m := &maker{
		plan: r.plans.of(c.Schema), account: c.Account, region: c.Region, now: started(c), old: old,
		seedTexts: [4]string{c.TypeName, c.Account, c.Region, c.Token},
	}
	m.partition, m.suffix = partitionOf(c.Region)
	m.model, _ = c.Schema.WithoutReadOnly(desired).(map[string]any)
	for name, v := range m.model {
		if v == nil {
			delete(m.model, name) // a null is nothing
		}
	}
	if old != nil {
		m.moved = map[*field][]any{}
		m.keepElements(desired)
	}
	return m
}

// draw starts the values of one property. Many models need none.
func (m *maker) draw(path ...string) *source {
	s := newSeed(m.seedTexts[:]...)
	return s.draw(path...)
}

// make completes the model. It returns the property of the identifier that no value
// could be made for, "" when all is well.
func (m *maker) make() (missing string) {
	for _, f := range m.names {
		if !m.name(f) && f.identifies {
			return f.pointer.String()
		}
	}
	for name, v := range m.defaults {
		if _, ok := m.model[name]; !ok {
			m.model[name] = clone(v)
		}
	}
	m.fill()
	for _, f := range m.made {
		if _, ok := get(m.model, f.pointer); f.identifies && !ok {
			return f.pointer.String()
		}
	}
	return ""
}

// name gives a property that names the resource a value, where the client gave none.
func (m *maker) name(f *field) bool {
	if v, ok := get(m.model, f.pointer); ok && v != nil && v != "" {
		return true
	}
	if v, ok := get(m.old, f.pointer); ok {
		return set(m.model, f.pointer, v)
	}
	v, ok := m.value(f.property, f.pointer.String(), 0)
	return ok && set(m.model, f.pointer, v)
}

// fill makes the read-only values.
func (m *maker) fill() {
	for _, f := range m.made {
		if f.feature != "" && m.model[f.feature] == nil {
			continue
		}
		places(m.model, f.pointer, func(p place) {
			if _, ok := p.value(); ok {
				return
			}
			if v, ok := m.kept(f, p); ok {
				p.parent[p.name] = v
			} else if v, ok := m.fresh(f, p.path); ok {
				p.parent[p.name] = v
			}
		})
	}
	for _, f := range slices.Backward(m.made) {
		if f.json == "object" {
			m.prune(f)
		}
	}
}

// prune takes out an object that was made for read-only members, if none was made.
func (m *maker) prune(f *field) {
	places(m.model, f.pointer, func(p place) {
		if o, ok := p.parent[p.name].(map[string]any); ok && len(o) == 0 {
			delete(p.parent, p.name)
		}
	})
}

// kept is the value that the resource had before an update: read-only values stay,
// but for times and numbers that count updates.
func (m *maker) kept(f *field, p place) (any, bool) {
	if m.old == nil {
		return nil, false
	}
	v, ok := get(m.old, p.path)
	if !ok || has(m.moved[f], v) {
		return nil, false
	}
	switch {
	case f.identifies:
	case m.isExact(f):
		return m.fresh(f, p.path)
	case f.kind == timeKind && isUpdateTime(f.leaf):
		if moved, ok := m.fresh(f, p.path); ok {
			return moved, true
		}
	case f.kind == versionKind:
		return f.next(v), true
	}
	return v, true
}

func (m *maker) fresh(f *field, path schema.Pointer) (any, bool) {
	if f.container {
		return map[string]any{}, true
	}
	if m.isExact(f) {
		text := m.exact.values[f.leaf](m)
		return text, text != ""
	}
	return m.value(f.property, path.String(), 0)
}

func (m *maker) isExact(f *field) bool { return len(f.pointer) == 1 && m.exact.values[f.leaf] != nil }

// keepElements puts back the read-only values inside of array elements and maps, where
// what the desired state says is what the ledger has somewhere: an update's desired
// state comes from what was read, so elements bring theirs along when they move.
func (m *maker) keepElements(desired map[string]any) {
	for _, f := range m.made {
		if !slices.Contains(f.pointer, "*") {
			continue
		}
		var known []any
		places(m.old, f.pointer, func(p place) {
			if v, ok := p.value(); ok {
				known = append(known, v)
			}
		})
		places(desired, f.pointer, func(p place) {
			if v, ok := p.value(); ok && has(known, v) {
				replace(m.model, p.path, v)
				m.moved[f] = append(m.moved[f], v)
			}
		})
	}
}

func has(list []any, v any) bool {
	return slices.ContainsFunc(list, func(e any) bool { return schema.Equal(e, v) })
}

// replace sets a value whose parent is there, arrays on the way included.
func replace(model map[string]any, path schema.Pointer, v any) {
	parent, _ := get(model, path[:len(path)-1])
	if o, ok := parent.(map[string]any); ok {
		o[path[len(path)-1]] = v
	}
}

// called are the names of the resource for its Arn, the best first: its identifier,
// parts of a compound one joined by slashes, else its name or id.
func (m *maker) called() []string {
	var parts, others []string
	for _, f := range m.plan.naming {
		v, _ := get(m.model, f.pointer)
		text, _ := v.(string)
		text = strings.Trim(text[strings.LastIndexByte(text, ':')+1:], "/")
		switch {
		case text == "":
		case f.identifies:
			parts = append(parts, text)
		default:
			others = append(others, text)
		}
	}
	var names []string
	if len(parts) > 0 {
		names = append(names, strings.Join(parts, "/"))
	}
	if len(parts) > 1 {
		names = append(names, parts[len(parts)-1])
	}
	names = append(names, others...)
	if len(names) == 0 {
		names = append(names, m.draw("called").text(12, letters))
	}
	return names
}

// partitionOf returns the partition of a region and the end of its host names.
func partitionOf(region string) (name, suffix string) {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov", "amazonaws.com"
	}
	return "aws", "amazonaws.com"
}
