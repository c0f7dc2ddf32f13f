package contract_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/schema"
)

func TestAProviderThatKeepsToTheContractPasses(t *testing.T) {
	for name, c := range map[string]struct {
		schema  string
		input   func(*fake, testing.TB) contract.Case
		skipped string // tests, by what the type or the input has
	}{
		"given inputs":                 {thing, (*fake).given, ""},
		"generated inputs":             {thing, (*fake).generated, "create_invalid"},
		"identifiers of the service's": {served, (*fake).given, "create_create"},
		"the same, generated":          {served, (*fake).generated, "create_create create_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.schema)
			report := f.suite(t, c.input(f, t)).Run(t.Context(), nil, nil)
			var skipped []string
			for _, r := range report.Tests {
				for _, failure := range r.Failures {
					t.Errorf("%s: %s", r.Name, failure)
				}
				for _, w := range r.Warnings {
					if !strings.Contains(w, "callbackDelaySeconds") {
						t.Errorf("%s warns: %s", r.Name, w)
					}
				}
				if r.Status == contract.Skipped {
					skipped = append(skipped, r.Name)
				}
			}
			if got := strings.Join(skipped, " "); got != c.skipped {
				t.Errorf("skipped: %q, want %q", got, c.skipped)
			}
			if len(report.Tests) != len(contract.Names()) || len(report.Left) > 0 || len(f.things) > 0 {
				t.Errorf("%d tests, left %q, and there are %d things", len(report.Tests), report.Left, len(f.things))
			}
		})
	}
}

// broken is a provider that breaks rules.
type broken struct {
	name   string
	schema string // default thing
	spoil  func(f *fake, c call, a object)
	raw    func(f *fake, c call) (string, error)
	rules  string // that fail, sorted
	tests  string // that fail, "" for any
}

func on(action schema.Action, status string, do func(a object)) func(*fake, call, object) {
	return func(_ *fake, c call, a object) {
		if c.Action == action && a["status"] == status {
			do(a)
		}
	}
}

func set(name string, v any) func(object) { return func(a object) { a[name] = v } }

// inModel changes a model in the answer; what the fake keeps stays.
func inModel(name string, v any) func(object) {
	return func(a object) {
		m := maps.Clone(a["resourceModel"].(object))
		if m[name] = v; v == absent {
			delete(m, name)
		}
		a["resourceModel"] = m
	}
}

var absent any = new(int)

func brokenProviders() []broken {
	const c, rd, u, d, l = schema.Create, schema.Read, schema.Update, schema.Delete, schema.List
	answer := func(a, with object) {
		clear(a)
		maps.Copy(a, with)
	}
	return []broken{
		// Each answer by itself.
		{name: "a function error", raw: func(_ *fake, c call) (string, error) {
			if c.Action == rd {
				return `{"errorMessage":"boom"}`, errors.New("Unhandled: boom")
			}
			return "", nil
		}, rules: "answers"},
		{name: "a time-out", raw: func(_ *fake, c call) (string, error) {
			if c.Action == l {
				return "", context.DeadlineExceeded
			}
			return "", nil
		}, rules: "in-time", tests: "create_list create_same_token delete_list update_list write_only"},
		{name: "no status", spoil: on(rd, "SUCCESS", func(a object) { delete(a, "status") }), rules: "well-formed"},
		{name: "a number for a message", spoil: on(rd, "SUCCESS", set("message", 1)), rules: "well-formed"},
		{name: "a text for a model", spoil: on(rd, "SUCCESS", set("resourceModel", "x")), rules: "well-formed"},
		{name: "a text for a delay", spoil: on(c, "IN_PROGRESS", set("callbackDelaySeconds", "1")), rules: "well-formed"},
		{name: "texts for models", spoil: on(l, "SUCCESS", set("resourceModels", []any{"x"})), rules: "well-formed"},
		{name: "rubbish", raw: func(_ *fake, c call) (string, error) {
			if c.Action == l {
				return "<html>", nil
			}
			return "", nil
		}, rules: "well-formed"},
		{name: "a read in progress", spoil: on(rd, "SUCCESS", set("status", "IN_PROGRESS")), rules: "synchronous"},
		{name: "a list in progress", spoil: on(l, "SUCCESS", set("status", "IN_PROGRESS")), rules: "synchronous"},
		{name: "an error code in progress", spoil: on(c, "IN_PROGRESS", set("errorCode", "NotFound")), rules: "progress-plain"},
		{name: "models in progress", spoil: on(d, "IN_PROGRESS", set("resourceModels", []any{})), rules: "progress-plain"},
		{name: "no identifier in progress", spoil: on(c, "IN_PROGRESS", inModel("Id", absent)), schema: served, rules: "progress-identifier success-identifier"},
		{name: "no model in progress", raw: func(f *fake, c call) (string, error) {
			if c.Action == u && c.CallbackContext == nil && f.things[f.id(c.desired())] != nil {
				return `{"status":"IN_PROGRESS","callbackContext":{"a":1}}`, nil
			}
			return "", nil
		}, rules: "progress-identifier"},
		{name: "an error code with success", spoil: on(c, "SUCCESS", set("errorCode", "NotFound")), rules: "success-plain"},
		{name: "a delay with success", spoil: on(d, "SUCCESS", set("callbackDelaySeconds", 3)), rules: "success-plain"},
		{name: "no identifier", spoil: on(rd, "SUCCESS", inModel("Name", absent)), rules: "create-read-equal success-identifier update-keeps"},
		{name: "no model of an update", spoil: on(u, "SUCCESS", set("resourceModel", nil)), rules: "success-identifier update-keeps update-read"},
		{name: "no error code", spoil: on(d, "FAILED", func(a object) { delete(a, "errorCode") }), rules: "delete-delete failure-code"},
		{name: "an error code of one's own", spoil: on(c, "FAILED", set("errorCode", "Oops")), rules: "create-already-exists failure-code"},
		{name: "an error code of hooks", spoil: on(rd, "FAILED", set("errorCode", "NonCompliant")), rules: "delete-read failure-code"},
		{name: "no message", spoil: on(rd, "FAILED", set("message", "")), rules: "failure-message"},
		{name: "models with a failure", spoil: on(rd, "FAILED", set("resourceModels", []any{})), rules: "failure-plain"},
		{name: "a delay with a failure", spoil: on(u, "FAILED", set("callbackDelaySeconds", 3)), rules: "failure-plain"},
		{name: "another identifier in the middle", schema: served, spoil: on(c, "SUCCESS", func(a object) {
			if m := a["resourceModel"].(object); !strings.HasPrefix(m["Id"].(string), "x") {
				inModel("Id", "x"+m["Id"].(string))(a)
			}
		}), rules: "create-list create-read delete-succeeds identifier-stays update-succeeds", tests: "*"},
		{name: "a write-only value in a create", spoil: on(c, "SUCCESS", inModel("Secret", "hush-hush")), rules: "create-read-equal write-only-hidden"},
		{name: "a write-only value in a read", spoil: on(rd, "SUCCESS", inModel("Login", object{"Password": "very-secret"})), rules: "write-only-hidden"},
		{name: "a write-only value in a list", spoil: on(l, "SUCCESS", func(a object) {
			for _, m := range a["resourceModels"].([]any) {
				m.(object)["Secret"] = "hush-hush"
			}
		}), rules: "write-only-hidden"},
		{name: "nulls in a read", spoil: on(rd, "SUCCESS", inModel("Login", nil)), rules: "read-no-nulls", tests: "create_read create_tags update_read update_tags write_only"},
		{name: "nulls deep in a read", spoil: on(rd, "SUCCESS", inModel("Login", object{"Password": nil})), rules: "read-no-nulls"},
		{name: "no models", spoil: on(l, "SUCCESS", func(a object) { delete(a, "resourceModels") }), rules: "create-list list-models update-list"},
		{name: "null for no models", spoil: func(f *fake, c call, a object) {
			if c.Action == l && len(f.things) == 0 {
				a["resourceModels"] = nil
			}
		}, rules: "list-models", tests: "delete_list"},
		{name: "no identifiers in a list", spoil: on(l, "SUCCESS", func(a object) {
			for _, m := range a["resourceModels"].([]any) {
				delete(m.(object), "Name")
			}
		}), rules: "create-list list-identifiers update-list"},
		{name: "the same page for ever", spoil: on(l, "SUCCESS", set("nextToken", "n")), rules: "list-ends"},
		{name: "ever more pages", spoil: func(f *fake, c call, a object) {
			if c.Action == l {
				a["nextToken"] = strings.Repeat("n", f.calls)
			}
		}, rules: "list-ends"},
		{name: "a property that is not declared", spoil: on(rd, "SUCCESS", inModel("Other", 1)), rules: "conforms"},
		{name: "a value out of bounds in progress", spoil: on(c, "IN_PROGRESS", inModel("Arn", "short")), rules: "conforms"},
		{name: "no end", raw: func(_ *fake, c call) (string, error) {
			if c.Action == u && c.desired()["Size"] != nil {
				return `{"status":"IN_PROGRESS","resourceModel":{"Name":"abcdefgh"}}`, nil
			}
			return "", nil
		}, rules: "update-read update-replaces-lists update-not-found delete-update", tests: "*"},
		{name: "a model after a delete", spoil: on(d, "SUCCESS", set("resourceModel", object{"Name": "abcdefgh"})), rules: "delete-without-model"},

		// What the verbs promise.
		{name: "create fails", spoil: func(_ *fake, c call, a object) {
			if c.Action == schema.Create {
				answer(a, failed("InternalFailure"))
			}
		}, rules: "create-read-only create-succeeds delete-create"},
	}
}

func TestEachRuleFailsForAProviderThatBreaksIt(t *testing.T) {
	for _, b := range brokenProviders() {
		t.Run(b.name, func(t *testing.T) {
			text := b.schema
			if text == "" {
				text = thing
			}
			f := newFake(t, text)
			f.spoil, f.raw = b.spoil, b.raw
			report := f.suite(t, f.given(t)).Run(t.Context(), nil, nil)
			rules, tests := map[string]bool{}, []string{}
			for _, r := range report.Tests {
				for _, failure := range r.Failures {
					rules[failure.Rule] = true
				}
				if r.Status == contract.Failed {
					tests = append(tests, r.Name)
				}
			}
			if diff := cmp.Diff(b.rules, strings.Join(slices.Sorted(maps.Keys(rules)), " ")); diff != "" {
				t.Errorf("rules (-want +got):\n%s\n%v", diff, tests)
			}
		})
	}
}
