package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

const (
	maxFailures = 10 // told of one test
	maxWarnings = 10
	maxRetries  = 3   // of a call that failed in a way worth another try
	maxPages    = 100 // of a list
	cleanTime   = 2 * time.Minute
)

// run is one test under way.
type run struct {
	*Suite
	secrets secrets
	ctx     context.Context
	input   Input
	result  Result

	calls    int
	last     shownCall
	output   strings.Builder
	made     []resource // what clean has to delete
	cleaning bool       // what is wrong in these calls is no failure of the test
}

// shownCall is the call that a failure shows.
type shownCall struct {
	action         schema.Action
	sent, returned string
}

// resource is one that a test made.
type resource struct {
	id    string
	model map[string]any // as the last answer said, without write-only properties
	set   map[string]any // the desired state that it came from
}

func (r *run) fail(broken rule, expected string, args ...any) {
	f := Failure{
		Rule: broken.name, Says: broken.says, Expected: r.secrets.filled(expected, args...),
		Action: r.last.action, Call: r.calls, Sent: r.last.sent, Returned: r.last.returned,
	}
	// A rule that one call broke, others like it break as well.
	same := func(g Failure) bool {
		return g.Rule == f.Rule && (g.Expected == f.Expected || g.Action == f.Action && g.Call != f.Call)
	}
	if r.cleaning || len(r.result.Failures) == maxFailures || slices.ContainsFunc(r.result.Failures, same) {
		return
	}
	r.result.Failures = append(r.result.Failures, f)
}

func (r *run) warn(format string, args ...any) { r.warnAt(nil, format, args...) }

// warnAt warns of something that is odd in places of models.
func (r *run) warnAt(at []string, format string, args ...any) {
	text := r.secrets.filled(format, args...)
	i := slices.IndexFunc(r.result.Warnings, func(w Warning) bool { return w.Text == text })
	if i < 0 && (r.cleaning || len(r.result.Warnings) == maxWarnings) {
		return
	}
	if i < 0 {
		i = len(r.result.Warnings)
		r.result.Warnings = append(r.result.Warnings, Warning{Text: text})
	}
	w := &r.result.Warnings[i]
	w.At = distinct(append(w.At, at...))
}

// skip ends a test that cannot be made.
func (r *run) skip(reason string) { r.result.Status, r.result.Reason = Skipped, reason }

// newCall is the first call of a request of its own.
func (r *run) newCall(a schema.Action, id string, desired map[string]any) handler.Call {
	c := handler.Call{
		Action: a, Token: newToken(), Account: r.Account, Region: r.Region,
		TypeName: r.Schema.TypeName, TypeVersion: r.Version, Schema: r.Schema, Identifier: id,
	}
	if desired != nil {
		c.Desired = schema.Encode(desired)
	}
	return c
}

func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// call makes one call and holds the answer against the rules for every call; ok tells that it can be worked with.
func (r *run) call(c handler.Call) (e event, ok bool) {
	limit := r.Limits.Call
	if c.Action == schema.Read || c.Action == schema.List {
		limit /= 2
	}
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	r.calls++
	c.Now = time.Now()
	x, err := r.Call(ctx, c)
	r.output.WriteString(x.Output)
	r.last = shownCall{c.Action, r.secrets.message(x.Sent), r.secrets.message(x.Received)}
	switch {
	case r.ctx.Err() != nil:
		return e, false // nobody wants to know any more
	case errors.Is(err, context.DeadlineExceeded):
		r.fail(inTime, "an answer within %v", limit)
		return e, false
	case err != nil:
		r.fail(answers, "a ProgressEvent; what came is: %s", own(cut(r.secrets.text(err.Error()), 600)))
		return e, false
	}
	if e, err = readEvent(r.Schema, x.Received); err != nil {
		r.fail(wellFormed, "an answer that can be read: %v", err)
		return e, false
	}
	r.assert(c, e)
	return e, true
}

// request makes the calls of one request until it ends: the same token, what the last answer said as the desired state,
// and its callback context as it came.
func (r *run) request(c handler.Call) (e event, ok bool) {
	ends := time.Now().Add(r.Limits.Request)
	var known string // the identifier that the request has told
	begun := false   // it was IN_PROGRESS
	retries := 0
	for range r.Limits.Callbacks {
		if e, ok = r.call(c); !ok {
			r.abandoned(c, known)
			return e, false
		}
		if known != "" && e.identifier != "" && e.identifier != known {
			r.fail(identifierStays, "the identifier that an earlier answer of the request had, %s", known)
			r.abandoned(c, known)
		}
		if e.identifier != "" {
			known = e.identifier
		}
		delay := e.delay
		switch {
		case e.status == handler.Failed && e.code.Retriable() && retries < maxRetries:
			delay = 100 * time.Millisecond << retries
			retries++
		case e.status != handler.InProgress:
			if begun && e.status == handler.Failed && e.code != handler.AlreadyExists {
				r.abandoned(c, known)
			}
			return e, true
		case c.Action == schema.Read || c.Action == schema.List:
			return e, false
		default:
			begun, retries = true, 0
			c.Callback = e.callback
			if e.model != nil {
				c.Desired = schema.Encode(e.model)
			}
			if c.Identifier == "" {
				c.Identifier = known
			}
		}
		if time.Now().After(ends) || !r.wait(delay) {
			break
		}
	}
	if r.ctx.Err() == nil {
		r.fail(requestEnds, "SUCCESS or FAILED after at most %d calls and %v", r.Limits.Callbacks, r.Limits.Request)
	}
	r.abandoned(c, known)
	return e, false
}

// abandoned notes that a create whose outcome is not known, or that failed half way, may have made something. One that
// never was in progress is not taken to have: what has its identifier may be somebody else's.
func (r *run) abandoned(c handler.Call, known string) {
	if c.Action == schema.Create && known != "" && !slices.ContainsFunc(r.made, func(m resource) bool { return m.id == known }) {
		r.made = append(r.made, resource{id: known})
	}
}

// wait waits as long as an answer asks for, within what the suite heeds; false when the test is over.
func (r *run) wait(d time.Duration) bool {
	if d > r.Limits.Delay {
		r.warn("callbackDelaySeconds of %v was cut to %v", d, r.Limits.Delay)
		d = r.Limits.Delay
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// create makes a resource, which clean deletes.
func (r *run) create(desired map[string]any) (resource, bool) {
	e, ok := r.request(r.newCall(schema.Create, "", desired))
	if !ok {
		return resource{}, false
	}
	return r.created(e, desired)
}

// created takes in the end of a create.
func (r *run) created(e event, desired map[string]any) (resource, bool) {
	if e.status == handler.Failed {
		r.fail(createWorks, "SUCCESS")
		return resource{}, false
	}
	if e.identifier == "" {
		return resource{}, false // told already
	}
	res := resource{id: e.identifier, model: e.final(r.Schema), set: desired}
	if !slices.ContainsFunc(r.made, func(m resource) bool { return m.id == res.id }) {
		r.made = append(r.made, res)
	}
	return res, true
}

// read makes a READ of a resource.
func (r *run) read(res resource) (event, bool) {
	return r.request(r.newCall(schema.Read, res.id, r.identity(res.id)))
}

// identity is the identifier's properties.
func (r *run) identity(id string) map[string]any {
	parsed, err := r.Schema.ParseIdentifier(id)
	if err != nil {
		return nil
	}
	return parsed.Model
}

// update makes an UPDATE of a resource to a whole desired state, which takes over what an update may not change.
func (r *run) update(res resource, change map[string]any) (e event, desired map[string]any, ok bool) {
	desired = r.updated(res, change)
	c := r.newCall(schema.Update, res.id, desired)
	previous := r.Schema.RestoreWriteOnly(res.model, r.Schema.WriteOnlyOf(res.set))
	c.Previous = schema.Encode(previous)
	e, ok = r.request(c)
	return e, desired, ok
}

// updated is the desired state of an update: what the caller wants, and what the resource has of the properties that an
// update must leave alone.
func (r *run) updated(res resource, change map[string]any) map[string]any {
	out := maps.Clone(change)
	for _, p := range fixed(r.Schema) {
		if !plain(p) {
			continue
		}
		v, ok := get(res.model, p)
		if !ok {
			if v, ok = get(res.set, p); !ok {
				continue
			}
		}
		was, given := get(out, p)
		if given && schema.Equal(was, v) {
			continue
		}
		if given {
			r.warn("the update's input changes %s, which an update may not: the value stays as it is", own(path(p)))
		}
		out = put(out, p, v)
	}
	return out
}

// remove makes a DELETE of a resource.
func (r *run) remove(res resource) (event, bool) {
	e, ok := r.request(r.newCall(schema.Delete, res.id, r.identity(res.id)))
	if ok && (e.status == handler.Success || e.failed(handler.NotFound)) {
		r.made = slices.DeleteFunc(r.made, func(m resource) bool { return m.id == res.id })
	}
	return e, ok
}

// list reads all pages of a LIST. ok is false where one could not be had.
func (r *run) list(res resource) (models []map[string]any, ok bool) {
	filter := r.filter(res)
	if err := r.Schema.ValidateList(filter); err != nil {
		r.skip("no list model could be made that the schema accepts: " + cut(r.secrets.text(err.Error()), 200))
		return nil, false
	}
	c := r.newCall(schema.List, "", filter)
	seen := map[string]bool{}
	for range maxPages {
		e, ok := r.request(c)
		if !ok {
			return nil, false
		}
		if e.status != handler.Success {
			r.fail(listWorks, "SUCCESS")
			return nil, false
		}
		for _, m := range e.models {
			o, _ := m.(map[string]any)
			models = append(models, coerced(r.Schema, o))
		}
		if e.next == "" {
			return models, true
		}
		if seen[e.next] {
			r.fail(listEnds, "a nextToken that was not there before, or none")
			return nil, false
		}
		seen[e.next] = true
		c = r.newCall(schema.List, "", filter)
		c.NextToken = e.next
	}
	r.fail(listEnds, "an end after at most %d pages", maxPages)
	return nil, false
}

// filter is what a list of the type asks for, of alternatives the first, as the resource has it.
func (r *run) filter(res resource) map[string]any {
	model, ok := r.Schema.ListModel()
	if !ok {
		return nil
	}
	names := slices.Clone(model.Required)
	_, some, one := model.Combined()
	for _, ways := range [][]schema.Property{some, one} {
		if len(ways) > 0 {
			names = append(names, ways[0].Required...)
		}
	}
	filter := map[string]any{}
	for _, name := range names {
		if v, ok := res.model[name]; ok {
			filter[name] = v
		} else if v, ok := res.set[name]; ok {
			filter[name] = v
		}
	}
	if len(filter) == 0 {
		return nil
	}
	return filter
}

// listed counts the models that name the resource.
func (r *run) listed(models []map[string]any, id string) (n int) {
	for _, m := range models {
		if have, ok := r.Schema.Identifier(m); ok && have == id {
			n++
		}
	}
	return n
}

// compare reports where got does not show what was set.
func (r *run) compare(broken, grown rule, set, got map[string]any) {
	want, _ := r.Schema.WithoutReadOnly(r.Schema.WithoutWriteOnly(set)).(map[string]any)
	for _, d := range r.comparer().shows(coerced(r.Schema, want), got) {
		asked, _ := get(want, d.at)
		switch {
		case asked == "" && names(r.Schema.PrimaryIdentifier, d.at): // no name: one is made
		case r.emptied(d.at, got):
		case d.transformed:
			r.warn("%s; the schema has a propertyTransform for it, which is not computed", d)
		case d.empty:
			r.warnAt([]string{path(d.at)}, "what was set empty is not there")
		case d.grown:
			r.fail(grown, "that %s", d)
		default:
			r.fail(broken, "another model: %s", d)
		}
	}
}

func (r *run) comparer() comparer { return comparer{r.Schema, r.transforms} }

// emptied tells whether an object is missing that could hold nothing but write-only properties: whether it is there is
// said by none of its members.
func (r *run) emptied(at schema.Pointer, got map[string]any) bool {
	if _, there := get(got, at); there {
		return false
	}
	return slices.ContainsFunc(r.Schema.WriteOnly, func(p schema.Pointer) bool { return len(p) > len(at) && covers(p[:len(at)], at) })
}

// clean deletes what the test made, and returns what it could not.
func (r *run) clean() (left []string) {
	r.cleaning = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), cleanTime)
	defer cancel()
	r.ctx = ctx
	for _, res := range slices.Backward(slices.Clone(r.made)) {
		why := own("the schema has no delete handler")
		if r.Schema.Supports(schema.Delete) {
			e, ok := r.remove(res)
			switch {
			case !ok:
				why = "the delete came to no end"
			case e.status == handler.Success, e.failed(handler.NotFound):
				continue
			default:
				why = own(r.secrets.filled("%s: %s", e.code, own(cut(r.secrets.text(e.message), 200))))
			}
		}
		left = append(left, r.secrets.filled("%s (%s: %s)", res.id, own(r.result.Name), why))
	}
	return left
}

// printed is the end of what the handler printed in the test.
func (r *run) printed() string {
	return ending(strings.TrimRight(r.secrets.text(r.output.String()), "\n"), maxOutput)
}
