package contract

import (
	"math/rand/v2"
	"slices"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// test is one test of the suite.
type test struct {
	name, about string
	needs       []schema.Action
	skip        func(*run) string // a reason not to make it, "" for none; may be nil
	run         func(*run)
}

// tests are all of them. Most are in the published contract by the same names.
func tests() []test {
	const c, rd, u, d, l = schema.Create, schema.Read, schema.Update, schema.Delete, schema.List
	on := func(a ...schema.Action) []schema.Action { return a }
	return []test{
		{"create", "a create answers what was asked for", on(c), nil, (*run).testCreate},
		{"create_read", "what was created can be read", on(c, rd), nil, (*run).testCreateRead},
		{"create_list", "what was created is listed", on(c, l), nil, (*run).testCreateList},
		{"create_create", "creating what exists fails with AlreadyExists", on(c), namedByService, (*run).testCreateCreate},
		{"create_same_token", "the same create with the same token makes one resource", on(c), nil, (*run).testSameToken},
		{"create_read_only", "values for read-only properties are not taken", on(c), nil, (*run).testReadOnly},
		{"create_invalid", "invalid input is refused", on(c), noInvalid, (*run).testInvalid},
		{"create_tags", "tags are kept on create", on(c, rd), untaggedOnCreate, (*run).testCreateTags},
		{"create_delete", "what was created can be deleted", on(c, d), nil, (*run).testCreateDelete},
		{"write_only", "write-only properties are never shown", on(c, rd), nothingWriteOnly, (*run).testWriteOnly},
		{"update_read", "an update shows its new values and keeps the rest", on(c, rd, u), noUpdate, (*run).testUpdateRead},
		{"update_create", "an update leaves the identifier as it is", on(c, u), noUpdate, (*run).testUpdateIdentifier},
		{"update_list", "what was updated is listed", on(c, u, l), noUpdate, (*run).testUpdateList},
		{"update_without_create", "updating what does not exist fails with NotFound and creates nothing", on(u, rd), noUpdate, (*run).testUpdateMissing},
		{"update_tags", "tags can be changed", on(c, rd, u), untaggedOnUpdate, (*run).testUpdateTags},
		{"delete_read", "what was deleted cannot be read", on(c, d, rd), nil, (*run).testDeleteRead},
		{"delete_update", "what was deleted cannot be updated", on(c, d, u), noUpdate, (*run).testDeleteUpdate},
		{"delete_delete", "what was deleted cannot be deleted again", on(c, d), nil, (*run).testDeleteDelete},
		{"delete_list", "what was deleted is not listed", on(c, d, l), nil, (*run).testDeleteList},
		{"delete_create", "what was deleted can be created again", on(c, d), nil, (*run).testDeleteCreate},
	}
}

func (r *run) testCreate() {
	if res, ok := r.create(r.input.Create); ok {
		r.compare(createEchoes, createEchoes, r.input.Create, res.model)
	}
}

func (r *run) testCreateRead() {
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	e, ok := r.read(res)
	if !ok {
		return
	}
	if e.status != handler.Success {
		r.fail(createReadable, "SUCCESS")
		return
	}
	if e.identifier != "" && e.identifier != res.id {
		r.fail(createReadEqual, "the model of %s", res.id)
		return
	}
	model := e.final(r.Schema)
	for _, d := range r.comparer().shows(res.model, model) {
		if d.empty {
			r.warnAt([]string{path(d.at)}, "what CREATE answers empty is not there in READ")
			continue
		}
		r.fail(createReadEqual, "the same model: %s", d)
	}
	if names := added(res.model, model); len(names) > 0 {
		r.warnAt(names, "READ answers properties that CREATE did not")
	}
}

func (r *run) testCreateList() {
	res, ok := r.create(r.input.Create)
	if !ok {
		return
	}
	if models, ok := r.list(res); ok && r.listed(models, res.id) != 1 {
		r.fail(createListed, "%s in the list, once", res.id)
	}
}

// namedByService tells why a second create cannot be held against the first.
func namedByService(r *run) string {
	for _, p := range r.Schema.PrimaryIdentifier {
		if names(r.Schema.ReadOnly, p) {
			return "the service makes the identifier: " + path(p) + " is read-only"
		}
		if !names(r.Schema.CreateOnly, p) {
			return path(p) + " of the identifier is not create-only"
		}
		if v, ok := get(r.input.Create, p); !ok || v == "" {
			return "the desired state leaves out " + path(p) + ", which identifies the resource"
		}
	}
	return ""
}

// names tells whether a list has the pointer or one above it.
func names(list []schema.Pointer, p schema.Pointer) bool {
	return slices.ContainsFunc(list, func(l schema.Pointer) bool { return covers(l, p) })
}

func (r *run) testCreateCreate() {
	if _, ok := r.create(r.input.Create); !ok {
		return
	}
	e, ok := r.request(r.newCall(schema.Create, "", r.input.Create))
	if ok && !e.failed(handler.AlreadyExists) {
		r.fail(createOnce, "FAILED with AlreadyExists")
	}
}

func (r *run) testSameToken() {
	c := r.newCall(schema.Create, "", r.input.Create)
	e, ok := r.request(c)
	if !ok {
		return
	}
	res, ok := r.created(e, r.input.Create)
	if !ok {
		return
	}
	again, ok := r.request(c)
	switch {
	case !ok:
		return
	case again.failed(handler.AlreadyExists):
		r.warn("the repeated create fails with AlreadyExists: a server that lost the first answer has to find out by itself that the resource is its own")
	case again.status == handler.Failed:
		r.fail(createToken, "the same answer again, or AlreadyExists")
	case again.identifier != "" && again.identifier != res.id:
		r.created(again, r.input.Create)
		r.fail(createToken, "the resource that the first one made, %s", res.id)
	}
	if !r.Schema.Supports(schema.List) || r.Schema.ValidateList(r.filter(res)) != nil {
		return
	}
	if models, ok := r.list(res); ok && r.listed(models, res.id) > 1 {
		r.fail(createToken, "%s once in the list", res.id)
	}
}

// readOnlyTries is how many read-only properties are tried.
const readOnlyTries = 20

// testReadOnly gives a value for a read-only property. It takes one that is a text of some length, so that the service does
// not come up with the same by chance.
func (r *run) testReadOnly() {
	rnd := rand.New(rand.NewPCG(1, 1))
	for i, p := range r.Schema.ReadOnly {
		if i == readOnlyTries {
			break
		}
		property, _ := r.Schema.Property(p)
		if len(p) != 1 || property.Enum != nil || property.HasConst || property.HasDefault ||
			names(r.Schema.PrimaryIdentifier, p) || names(r.Schema.WriteOnly, p) {
			continue
		}
		v, ok := sample.Change(r.Schema, r.input.Create, p[0], rnd)
		if text, _ := v.(string); ok && len(text) >= shortest {
			r.setReadOnly(p, text)
			return
		}
	}
	r.skip("the schema has no read-only property, beside the identifier, that a text could be made up for")
}

func (r *run) setReadOnly(p schema.Pointer, v string) {
	desired := put(r.input.Create, p, v)
	e, ok := r.request(r.newCall(schema.Create, "", desired))
	switch {
	case !ok:
	case e.status == handler.Failed:
		if !e.failed(handler.InvalidRequest) {
			r.fail(createReadOnly, "FAILED with InvalidRequest, or SUCCESS with a value of the service's own for %s", own(path(p)))
		}
	default:
		_, _ = r.created(e, r.input.Create)
		if have, ok := get(e.model, p); ok && schema.Equal(have, v) {
			r.fail(createReadOnly, "FAILED with InvalidRequest, or SUCCESS with a value of the service's own for %s", own(path(p)))
		}
	}
}

func noInvalid(r *run) string {
	if r.input.Invalid == nil {
		return "there is no invalid input: a project has it in inputs/inputs_1_invalid.json"
	}
	return ""
}

func (r *run) testInvalid() {
	e, ok := r.request(r.newCall(schema.Create, "", r.input.Invalid))
	switch {
	case !ok:
	case e.status == handler.Success:
		_, _ = r.created(e, r.input.Invalid)
		r.fail(createInvalid, "FAILED with InvalidRequest")
	case e.code != handler.InvalidRequest:
		r.warn("invalid input fails with %s, where InvalidRequest would be expected", e.code)
	}
}

func (r *run) testCreateDelete() {
	if res, ok := r.create(r.input.Create); ok {
		r.deleted(res)
	}
}

// deleted deletes what exists.
func (r *run) deleted(res resource) bool {
	e, ok := r.remove(res)
	if ok && e.status != handler.Success {
		r.fail(deleteWorks, "SUCCESS")
		return false
	}
	return ok
}

// gone makes a resource and deletes it.
func (r *run) gone() (resource, bool) {
	res, ok := r.create(r.input.Create)
	return res, ok && r.deleted(res)
}

func (r *run) wantNotFound(broken rule, e event, ok bool) {
	if ok && !e.failed(handler.NotFound) {
		r.fail(broken, "FAILED with NotFound")
	}
}

func (r *run) testDeleteRead() {
	if res, ok := r.gone(); ok {
		e, ok := r.read(res)
		r.wantNotFound(deletedRead, e, ok)
	}
}

func (r *run) testDeleteUpdate() {
	if res, ok := r.gone(); ok {
		e, _, ok := r.update(res, r.input.Updates[0])
		if ok && e.status == handler.Success {
			r.made = append(r.made, res)
		}
		r.wantNotFound(deletedUpdate, e, ok)
	}
}

func (r *run) testDeleteDelete() {
	if res, ok := r.gone(); ok {
		e, ok := r.remove(res)
		r.wantNotFound(deletedDelete, e, ok)
	}
}

func (r *run) testDeleteList() {
	res, ok := r.gone()
	if !ok {
		return
	}
	if models, ok := r.list(res); ok && r.listed(models, res.id) > 0 {
		r.fail(deletedListed, "%s not in the list", res.id)
	}
}

func (r *run) testDeleteCreate() {
	if _, ok := r.gone(); !ok {
		return
	}
	e, ok := r.request(r.newCall(schema.Create, "", r.input.Create))
	switch {
	case !ok:
	case e.status == handler.Failed:
		r.fail(deletedCreate, "SUCCESS")
	default:
		_, _ = r.created(e, r.input.Create)
	}
}
