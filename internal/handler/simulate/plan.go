package simulate

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"example.org/groundcontrol/internal/schema"
)

// plan is what the runtime knows of a type once it has looked through its schema. It
// does not change after it was built.
type plan struct {
	schema   *schema.Schema
	service  string // second part of the type name, such as S3
	resource string // third part, such as Bucket
	exact    overlay

	names    []*field       // that a client may leave out: parts of the identifier, and the name it is made of
	made     []*field       // read-only, in the order in which they are made
	naming   []*field       // what names the resource in an Arn, the best first
	defaults map[string]any // of top-level properties
}

// field is one property of the model.
type field struct {
	*property
	pointer    schema.Pointer
	identifies bool   // is part of the primary identifier
	container  bool   // an object that holds nothing but read-only properties
	feature    string // top-level property without which the field is not there, "" for none
}

const maxPlans = 4096

// plans keeps the plan of each schema in use. The zero value is empty.
type plans struct {
	mu    sync.RWMutex
	known map[*schema.Schema]*plan
}

func (p *plans) of(s *schema.Schema) *plan {
	p.mu.RLock()
	known := p.known[s]
	p.mu.RUnlock()
	if known != nil {
		return known
	}
	built := newPlan(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxPlans {
		p.known = map[*schema.Schema]*plan{}
	}
	p.known[s] = built
	return built
}

func newPlan(s *schema.Schema) *plan {
	parts := strings.Split(s.TypeName, "::")
	p := &plan{schema: s, service: parts[len(parts)/2], resource: parts[len(parts)-1], exact: overlays[s.TypeName]}
	p.addMade()
	p.addNames()
	p.addDefaults()
	return p
}

// addDefaults gathers what the service adds where the client says nothing. Write-only
// properties get none: nobody would see it.
func (p *plan) addDefaults() {
	p.defaults = map[string]any{}
	for _, name := range p.schema.PropertyNames() {
		f := p.field(schema.Pointer{name})
		if f == nil || covered(p.schema.ReadOnly, f.pointer) || covered(p.schema.WriteOnly, f.pointer) {
			continue
		}
		if v, ok := p.exact.defaults[name]; ok {
			p.defaults[name] = v
		} else if f.HasDefault && f.isDefault(f.Default) {
			p.defaults[name] = f.Default
		}
	}
}

// field looks a property up; nil where the schema does not know it.
func (p *plan) field(at schema.Pointer) *field {
	if len(at) == 0 || at[len(at)-1] == "*" {
		return nil
	}
	known, ok := p.schema.Property(at)
	if !ok {
		return nil
	}
	f := &field{property: newProperty(known, at[len(at)-1]), pointer: at}
	f.identifies = slices.ContainsFunc(p.schema.PrimaryIdentifier, func(i schema.Pointer) bool { return slices.Equal(i, at) })
	return f
}

// covered reports whether a list has the pointer or one above it.
func covered(list []schema.Pointer, p schema.Pointer) bool {
	return slices.ContainsFunc(list, func(l schema.Pointer) bool {
		if len(l) > len(p) {
			return false
		}
		for i, name := range l {
			if name != "*" && name != p[i] {
				return false
			}
		}
		return true
	})
}

func (p *plan) addMade() {
	containers := map[string]bool{}
	for _, at := range p.schema.ReadOnly {
		f := p.field(at)
		if f == nil {
			continue
		}
		f.feature = p.featureOf(f)
		p.made = append(p.made, f)
		for n := 1; n < len(at); n++ {
			above := at[:n]
			if containers[above.String()] || covered(p.schema.ReadOnly, above) || !p.onlyReadOnly(above, 0) {
				continue
			}
			if c := p.field(above); c != nil && c.json == "object" {
				c.container = true
				containers[above.String()] = true
				p.made = append(p.made, c)
			}
		}
	}
	slices.SortStableFunc(p.made, func(a, b *field) int {
		return cmp.Or(cmp.Compare(len(a.pointer), len(b.pointer)), cmp.Compare(a.kind, b.kind))
	})
}

// onlyReadOnly reports whether an object has nothing that a client could set.
func (p *plan) onlyReadOnly(at schema.Pointer, depth int) bool {
	if at[len(at)-1] == "*" || depth > maxDepth {
		return false
	}
	o, ok := p.schema.Property(at)
	if !ok || len(o.Children()) == 0 {
		return false
	}
	for _, name := range o.Children() {
		child := append(slices.Clone(at), name)
		if !covered(p.schema.ReadOnly, child) && !p.onlyReadOnly(child, depth+1) {
			return false
		}
	}
	return true
}

// featureOf finds the property that switches a read-only one on: a StreamArn is there
// only with a StreamSpecification.
func (p *plan) featureOf(f *field) string {
	if len(f.pointer) != 1 || f.identifies {
		return ""
	}
	for _, ending := range []string{"Arn", "ARN", "Id", "Url", "Endpoint"} {
		feature, ok := strings.CutSuffix(f.leaf, ending)
		if !ok || feature == "" || feature == p.resource {
			continue
		}
		for _, kind := range []string{"Specification", "Configuration", "Config", "Settings", "Options"} {
			at := schema.Pointer{feature + kind}
			if _, ok := p.schema.Property(at); ok && !covered(p.schema.ReadOnly, at) {
				return at[0]
			}
		}
	}
	return ""
}

// addNames finds what has to be made up when the client leaves it out, and what names
// the resource.
func (p *plan) addNames() {
	var given, own []*field // parts of the identifier: the client's and the service's
	for _, at := range p.schema.PrimaryIdentifier {
		f := p.field(at)
		switch {
		case f == nil:
		case covered(p.schema.ReadOnly, at):
			own = append(own, f)
		default:
			if f.kind == idKind || f.kind == textKind || f.kind == hostKind || f.kind == complaintKind {
				f.kind = nameKind
			}
			p.names = append(p.names, f)
			given = append(given, f)
		}
	}
	for _, f := range given {
		if f.kind == nameKind {
			p.naming = append(p.naming, f)
		}
	}
	for _, f := range own {
		if f.kind == idKind || f.kind == textKind {
			p.naming = append(p.naming, f)
		}
	}
	if label := p.label(); label != nil && len(own) > 0 && !label.identifies {
		p.names = append(p.names, label)
		p.naming = append(p.naming, label)
	}
	for _, name := range []string{p.resource + "Id", "Id"} {
		if f := p.field(schema.Pointer{name}); f != nil && f.kind == idKind && !f.identifies {
			p.naming = append(p.naming, f)
		}
	}
}

// label is the name that a client gives once and for all to a resource whose
// identifier the service makes, such as QueueName.
func (p *plan) label() *field {
	for _, name := range []string{p.resource + "Name", "Name"} {
		at := schema.Pointer{name}
		if f := p.field(at); f != nil && f.json == "string" && covered(p.schema.CreateOnly, at) &&
			!covered(p.schema.ReadOnly, at) && !covered(p.schema.WriteOnly, at) {
			f.kind = nameKind
			return f
		}
	}
	return nil
}
