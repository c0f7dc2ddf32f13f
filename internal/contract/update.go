package contract

import (
	"maps"
	"math/rand/v2"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

func noUpdate(r *run) string {
	if len(r.input.Updates) == 0 {
		return "there is no desired state for an update: a project has it in inputs/inputs_1_update.json, and none could be made up"
	}
	return ""
}

func nothingWriteOnly(r *run) string {
	if len(r.Schema.WriteOnly) == 0 {
		return "the schema has no write-only property"
	}
	if r.Schema.WriteOnlyOf(r.input.Create) == nil {
		return "the desired state sets no write-only property"
	}
	return ""
}

// testWriteOnly goes through all that answers models: each answer is held against the rule as it comes.
func (r *run) testWriteOnly() {
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	if _, ok := r.read(res); !ok {
		return
	}
	if r.Schema.Supports(schema.Update) && len(r.input.Updates) > 0 {
		if _, _, ok := r.update(res, r.input.Updates[0]); !ok {
			return
		}
	}
	if r.Schema.Supports(schema.List) && r.Schema.ValidateList(r.filter(res)) == nil {
		_, _ = r.list(res)
	}
}

// change makes an update and checks its answer; the resource comes back as it is then.
func (r *run) change(res resource, to map[string]any) (resource, bool) {
	e, desired, ok := r.update(res, to)
	if !ok {
		return res, false
	}
	if e.status != handler.Success {
		r.fail(updateWorks, "SUCCESS")
		return res, false
	}
	r.holds(res, desired, e)
	return resource{id: res.id, model: e.final(r.Schema), set: desired}, e.identifier == res.id
}

// holds checks that an answer shows a resource after an update to a desired state.
func (r *run) holds(was resource, desired map[string]any, e event) {
	if e.identifier != "" && e.identifier != was.id {
		r.fail(updateIdentity, "the identifier %s", was.id)
		return
	}
	model := e.final(r.Schema)
	for _, p := range r.Schema.CreateOnly {
		if v, ok := get(was.model, p); ok && plain(p) {
			if have, _ := get(model, p); !schema.Equal(have, v) {
				r.fail(updateKeeps, "%s still %s", own(path(p)), shown{v})
			}
		}
	}
	for _, p := range r.Schema.ReadOnly {
		_, had := get(was.model, p)
		if _, has := get(model, p); had && !has && plain(p) {
			r.warn("read-only %s was there before the update and is not any more", own(path(p)))
		}
	}
	changeable := maps.Clone(desired)
	for _, p := range r.Schema.CreateOnly { // looked at above
		if len(p) == 1 {
			delete(changeable, p[0])
		}
	}
	r.compare(updateShows, updateReplaces, changeable, model)
}

func (r *run) testUpdateRead() {
	res, ok := r.create(r.input.Create)
	for _, to := range r.input.Updates {
		if !ok {
			return
		}
		was := res
		if res, ok = r.change(res, to); !ok {
			return
		}
		e, readable := r.read(res)
		switch {
		case !readable:
			return
		case e.status != handler.Success:
			r.fail(updateReadable, "SUCCESS")
			return
		}
		r.holds(was, res.set, e)
	}
}

func (r *run) testUpdateIdentifier() {
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	e, _, ok := r.update(res, r.input.Updates[0])
	switch {
	case !ok:
	case e.status != handler.Success:
		r.fail(updateWorks, "SUCCESS")
	case e.identifier != "" && e.identifier != res.id:
		r.made = append(r.made, resource{id: e.identifier})
		r.fail(updateIdentity, "the identifier %s", res.id)
	}
}

func (r *run) testUpdateList() {
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	if res, ok = r.change(res, r.input.Updates[len(r.input.Updates)-1]); !ok {
		return
	}
	if models, ok := r.list(res); ok && r.listed(models, res.id) != 1 {
		r.fail(updateListed, "%s in the list, once", res.id)
	}
}

// testUpdateMissing updates what never was: parts of the identifier that the service makes are made up.
func (r *run) testUpdateMissing() {
	model := maps.Clone(r.input.Create)
	rnd := rand.New(rand.NewPCG(2, 2))
	for _, p := range r.Schema.PrimaryIdentifier {
		if _, ok := get(model, p); ok && !names(r.Schema.ReadOnly, p) {
			continue
		}
		v, ok := sample.Change(r.Schema, model, p[0], rnd)
		if !ok {
			r.skip("no value could be made up for " + path(p) + ", which identifies the resource")
			return
		}
		model[p[0]] = v
	}
	id, ok := r.Schema.Identifier(model)
	if !ok {
		r.skip("no identifier could be made up")
		return
	}
	res := resource{id: id, model: model, set: r.input.Create}
	if e, ok := r.read(res); !ok || e.status == handler.Success {
		r.skip("a resource with the identifier that would be tried is there already")
		return
	}
	e, _, ok := r.update(res, r.input.Updates[0])
	if ok && e.status == handler.Success {
		r.made = append(r.made, res)
	}
	r.wantNotFound(updateMissing, e, ok)
	if !ok {
		return
	}
	if e, ok := r.read(res); ok && e.status == handler.Success {
		r.made = append(r.made, res)
		r.fail(updateMakes, "FAILED with NotFound")
	}
}

func untaggedOnCreate(r *run) string {
	if !r.Schema.Tagging.TagOnCreate {
		return "the schema says that the type takes no tags on create"
	}
	return untagged(r)
}

func untaggedOnUpdate(r *run) string {
	if !r.Schema.Tagging.TagUpdatable {
		return "the schema says that tags cannot be changed"
	}
	return untagged(r)
}

func untagged(r *run) string {
	p := r.Schema.Tagging.TagProperty
	switch {
	case p == nil:
		return "the schema has no property for tags"
	case len(p) != 1, names(r.Schema.ReadOnly, p), names(r.Schema.WriteOnly, p):
		return path(p) + ", the property for tags, cannot be set and read"
	}
	return ""
}

// retagged is a model with other tags.
func (r *run) retagged(model map[string]any) (map[string]any, bool) {
	name := r.Schema.Tagging.TagProperty[0]
	v, ok := sample.Change(r.Schema, model, name, rand.New(rand.NewPCG(3, 3)))
	if !ok {
		r.skip("no tags could be made up")
		return nil, false
	}
	return put(model, schema.Pointer{name}, v), true
}

// tagged tells whether the resource, as it is read, shows the tags of a model.
func (r *run) tagged(broken rule, res resource, model map[string]any) {
	name := r.Schema.Tagging.TagProperty[0]
	e, ok := r.read(res)
	if !ok {
		return
	}
	if e.status != handler.Success {
		r.fail(createReadable, "SUCCESS")
		return
	}
	r.compare(broken, broken, map[string]any{name: model[name]}, e.model)
}

func (r *run) testCreateTags() {
	desired, ok := r.input.Create, true
	if desired[r.Schema.Tagging.TagProperty[0]] == nil {
		if desired, ok = r.retagged(desired); !ok {
			return
		}
	}
	if res, ok := r.create(desired); ok {
		r.tagged(createTags, res, desired)
	}
}

func (r *run) testUpdateTags() {
	desired, ok := r.retagged(r.input.Create)
	if !ok {
		return
	}
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	e, desired, ok := r.update(res, desired)
	switch {
	case !ok:
	case e.status != handler.Success:
		r.fail(updateTags, "SUCCESS")
	default:
		r.tagged(updateTags, res, desired)
	}
}
