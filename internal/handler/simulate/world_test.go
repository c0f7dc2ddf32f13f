package simulate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

const account = "123456789012"

// book is a ledger in memory.
type book map[resource.Key]resource.Resource

func (b book) Resource(_ context.Context, key resource.Key) (resource.Resource, error) {
	if r, ok := b[key]; ok {
		return r, nil
	}
	return resource.Resource{}, store.ErrNotFound
}

func (b book) Resources(_ context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	var page store.ResourcePage
	for key, r := range b {
		if key.Account == q.Account && key.Region == q.Region && key.TypeName == q.TypeName && key.Identifier > q.After {
			page.Resources = append(page.Resources, r)
		}
	}
	slices.SortFunc(page.Resources, func(a, b resource.Resource) int { return strings.Compare(a.Identifier, b.Identifier) })
	if len(page.Resources) > q.Limit {
		page.Resources, page.More = page.Resources[:q.Limit], true
	}
	return page, nil
}

// broken is a ledger that answers every question with the error it returns.
type broken func() error

func (b broken) Resource(context.Context, resource.Key) (resource.Resource, error) {
	return resource.Resource{}, b()
}

func (b broken) Resources(context.Context, store.ResourceQuery) (store.ResourcePage, error) {
	return store.ResourcePage{}, b()
}

// world is a tiny engine around a runtime: it makes the calls of a request, checks
// every answer by the handler contract, and writes down what came of it.
type world struct {
	*testing.T
	runtime *simulate.Runtime
	ledger  book
	schema  *schema.Schema
	region  string
	now     time.Time
	tokens  int
	calls   int
	retries int // that run makes of a call that failed in a way worth another try
}

func newWorld(t *testing.T, s *schema.Schema, rules ...simulate.Rule) *world {
	w := &world{T: t, ledger: book{}, schema: s, region: "eu-west-1", now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}
	w.runtime = &simulate.Runtime{Ledger: w.ledger, Rules: rules}
	return w
}

// behave has the world's type go by p from now on.
func (w *world) behave(p simulate.Profile) *world {
	w.Helper()
	if err := p.Validate(); err != nil {
		w.Fatal(err)
	}
	w.runtime.Profiles = func(account, region, typeName string) simulate.Profile {
		if typeName != w.schema.TypeName || region != w.region {
			w.Errorf("asked for %s in %s", typeName, region)
		}
		return p
	}
	return w
}

func (w *world) call(action schema.Action, identifier string, desired any) handler.Call {
	w.tokens++
	c := handler.Call{
		Action: action, Token: fmt.Sprintf("0197a000-0000-7000-8000-%012d", w.tokens), Account: account, Region: w.region,
		TypeName: w.schema.TypeName, TypeVersion: "00000001", Schema: w.schema, Identifier: identifier, Now: w.now,
	}
	if desired != nil {
		c.Desired = schema.Encode(desired)
	}
	return c
}

// run makes the calls of one request to its end.
func (w *world) run(c handler.Call) handler.Answer {
	w.Helper()
	known := c.Identifier
	for range 1100 {
		w.calls++
		c.Now = w.now
		a, err := w.runtime.Invoke(w.Context(), c)
		if err != nil {
			w.Fatalf("%s: %v", c.Action, err)
		}
		w.checkAnswer(c, a)
		if id, ok := c.Schema.Identifier(a.Model); ok {
			if known != "" && known != id {
				w.Errorf("%s: the identifier was %q and is %q", c.Action, known, id)
			}
			known = id
		}
		if a.Status == handler.InProgress {
			w.now = w.now.Add(a.Delay)
			c.Callback, c.Desired, c.Retries = a.Callback, schema.Encode(a.Model), 0
			continue
		}
		if a.ErrorCode.Retriable() && c.Retries < w.retries {
			c.Retries++
			continue
		}
		if (a.Status == handler.Success || a.Ledger != nil) && c.Action != schema.Read && c.Action != schema.List && !w.write(c, known, a) {
			c.Moved = true // as the engine does: the same call again, and this time the runtime looks
			continue
		}
		return a
	}
	w.Fatalf("%s does not end", c.Action)
	return handler.Answer{}
}

// checkAnswer holds an answer against the invariants that each one must satisfy.
func (w *world) checkAnswer(c handler.Call, a handler.Answer) {
	w.Helper()
	bad := func(format string, args ...any) {
		w.Helper()
		w.Errorf("%s: %s\n%+v", c.Action, fmt.Sprintf(format, args...), a)
	}
	_, identified := c.Schema.Identifier(a.Model)
	switch a.Status {
	case handler.InProgress:
		if a.ErrorCode != "" || a.Models != nil || !identified || !json.Valid(a.Callback) {
			bad("an answer in progress has no error and no models, but an identifier and a callback")
		}
		if c.Action == schema.Read || c.Action == schema.List {
			bad("read and list answer at once")
		}
	case handler.Success:
		if a.ErrorCode != "" || a.Delay != 0 || a.Callback != nil {
			bad("success has neither error nor delay")
		}
		switch c.Action {
		case schema.Delete:
			if a.Model != nil {
				bad("success of a delete has no model")
			}
		case schema.List:
			if a.Models == nil {
				bad("a list has models, if none")
			}
		default:
			if !identified {
				bad("the model has no identifier")
			}
			w.checkModel(a.Model)
		}
		for _, m := range a.Models {
			w.checkModel(m)
		}
	case handler.Failed:
		if a.ErrorCode == "" || a.Message == "" || a.Delay != 0 || a.Models != nil || a.Callback != nil {
			bad("a failure has a code and a message, and nothing else")
		}
		if a.Model != nil || a.Ledger != nil {
			if c.Action != schema.Create || a.Ledger == nil || !identified || a.ErrorCode.Retriable() {
				bad("only a create that fails for good leaves something behind, which is identified")
			}
			w.checkModel(a.Model)
		}
	default:
		bad("there is no such status")
	}
}

func (w *world) checkModel(model any) {
	w.Helper()
	if shown := w.schema.WithoutWriteOnly(model); !schema.Equal(shown, model) {
		w.Errorf("a write-only value is shown: %s", schema.Encode(model))
	}
	for name, v := range model.(map[string]any) {
		if v == nil {
			w.Errorf("%s is null", name)
		}
	}
}

// write does to the ledger what the engine does at the end of a request. It reports
// whether the ledger was where the answer took it to be; once told, an answer must be right.
func (w *world) write(c handler.Call, identifier string, a handler.Answer) bool {
	w.Helper()
	key := resource.Key{Account: c.Account, Region: c.Region, TypeName: c.TypeName, Identifier: identifier}
	if c.Action == schema.Delete {
		key.Identifier = c.Identifier
	}
	there := w.ledger[key]
	if a.Ledger == nil || *a.Ledger != there.Revision {
		if a.Ledger == nil || c.Moved || c.Action != schema.Create {
			w.Fatalf("%s: the answer comes from another revision than %d: %+v", c.Action, there.Revision, a)
		}
		return false
	}
	if c.Action == schema.Delete {
		delete(w.ledger, key)
		return true
	}
	w.ledger[key] = resource.Resource{Key: key, Model: schema.Encode(a.Model), Revision: there.Revision + 1, Request: c.Token}
	return true
}

func (w *world) create(desired any) (identifier string, model map[string]any) {
	w.Helper()
	a := w.run(w.call(schema.Create, "", desired))
	if a.Status != handler.Success {
		w.Fatalf("create: %+v", a)
	}
	identifier, _ = w.schema.Identifier(a.Model)
	return identifier, a.Model.(map[string]any)
}

func (w *world) read(identifier string) map[string]any {
	w.Helper()
	a := w.run(w.call(schema.Read, identifier, nil))
	if a.Status != handler.Success {
		w.Fatalf("read: %+v", a)
	}
	return a.Model.(map[string]any)
}

// list reads all pages.
func (w *world) list(filter any, max int) (models []any, pages int) {
	w.Helper()
	c := w.call(schema.List, "", filter)
	c.MaxResults = max
	for range 200 {
		a := w.run(c)
		if a.Status != handler.Success {
			w.Fatalf("list: %+v", a)
		}
		models, pages = append(models, a.Models...), pages+1
		if a.NextToken == "" {
			return models, pages
		}
		c.NextToken = a.NextToken
	}
	w.Fatal("the list does not end")
	return nil, 0
}

func (w *world) wantCode(c handler.Call, want handler.Code, message string) {
	w.Helper()
	a := w.run(c)
	if a.Status != handler.Failed || a.ErrorCode != want || !strings.Contains(a.Message, message) {
		w.Errorf("%s: got %s %s %q, want %s with %q", c.Action, a.Status, a.ErrorCode, a.Message, want, message)
	}
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	v, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v.(map[string]any)
}

func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, warnings, err := schema.Parse([]byte(text))
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v in %s", err, warnings, text)
	}
	return s
}

// builtin returns a built-in type's schema.
func builtin(t testing.TB, name string) *schema.Schema {
	t.Helper()
	types, err := registry.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		if typ.Name == name {
			return typ.Schema
		}
	}
	t.Fatalf("there is no built-in %s", name)
	return nil
}
