package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"regexp"
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
					if !strings.Contains(w.Text, "callbackDelaySeconds") {
						t.Errorf("%s warns: %s %v", r.Name, w.Text, w.At)
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
	// generated is for what the same name in each test would hide.
	generated bool
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
		{name: "another identifier in the middle", schema: served, spoil: func(f *fake, c call, a object) {
			m, _ := a["resourceModel"].(object)
			if id, _ := m["Id"].(string); c.Action == schema.Create && a["status"] == "SUCCESS" && !strings.HasPrefix(id, "x") {
				f.things["x"+id], f.tokens[c.BearerToken] = f.things[id], "x"+id
				f.things["x"+id]["Id"], m["Id"] = "x"+id, "x"+id
				delete(f.things, id)
			}
		}, rules: "identifier-stays"},
		{name: "a write-only value in a create", spoil: on(c, "SUCCESS", inModel("Secret", "hush-hush")), rules: "write-only-hidden"},
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
			if c.Action == u {
				return `{"status":"IN_PROGRESS","resourceModel":{"Name":"abcdefgh"}}`, nil
			}
			return "", nil
		}, rules: "request-ends"},
		{name: "a model after a delete", spoil: on(d, "SUCCESS", set("resourceModel", object{"Name": "abcdefgh"})), rules: "delete-without-model"},

		// What the verbs promise.
		{name: "create fails", spoil: func(_ *fake, c call, a object) {
			if c.Action == schema.Create {
				answer(a, failed("InvalidRequest"))
			}
		}, rules: "create-succeeds"},
		{name: "create does not keep a value", spoil: kept(c, "Size", json.Number("7")), rules: "create-echoes-input"},
		{name: "create sorts a list", spoil: kept(c, "Rules", []any{json.Number("1"), json.Number("2"), json.Number("3")}), rules: "create-echoes-input"},
		{name: "create drops an element", spoil: kept(c, "Zones", []any{"a", "a"}), rules: "create-echoes-input"},
		{name: "create adds an element", spoil: kept(c, "Zones", []any{"a", "b", "c"}), rules: "create-echoes-input"},
		{name: "create drops a property", spoil: kept(c, "Size", nil), rules: "create-echoes-input"},
		{name: "what exists cannot be read", spoil: on(rd, "SUCCESS", func(a object) { answer(a, failed("NotFound")) }), rules: "create-read update-readable"},
		{name: "another value is read", spoil: on(rd, "SUCCESS", inModel("Arn", "arn:thing/other")), rules: "create-read-equal"},
		{name: "less is read", spoil: on(rd, "SUCCESS", inModel("Arn", absent)), rules: "create-read-equal"},
		{name: "another resource is read", spoil: on(rd, "SUCCESS", inModel("Name", "stranger")), rules: "create-read-equal update-identifier"},
		{name: "nothing is listed", spoil: on(l, "SUCCESS", set("resourceModels", []any{})), rules: "create-list update-list"},
		{name: "all is listed twice", spoil: on(l, "SUCCESS", func(a object) {
			a["resourceModels"] = append(a["resourceModels"].([]any), a["resourceModels"].([]any)...)
		}), rules: "create-list create-same-token update-list"},
		{name: "list fails", spoil: on(l, "SUCCESS", func(a object) { answer(a, failed("InternalFailure")) }), rules: "list-succeeds"},
		{name: "a second create succeeds", spoil: func(f *fake, c call, a object) {
			if a["errorCode"] == "AlreadyExists" {
				answer(a, succeeded(maps.Clone(f.shown(f.things[f.id(c.desired())]))))
			}
		}, rules: "create-already-exists", tests: "create_create"},
		{name: "a token is not known again", schema: served, raw: func(f *fake, c call) (string, error) {
			delete(f.tokens, c.BearerToken)
			return "", nil
		}, rules: "create-same-token", tests: "create_same_token"},
		{name: "a token is refused", raw: func(f *fake, c call) (string, error) {
			if _, ok := f.tokens[c.BearerToken]; ok && c.Action == schema.Create {
				return `{"status":"FAILED","errorCode":"InternalFailure","message":"again?"}`, nil
			}
			return "", nil
		}, rules: "create-same-token", tests: "create_same_token"},
		{name: "a read-only value is taken", spoil: func(_ *fake, c call, a object) {
			if v := c.desired()["Arn"]; v != nil && c.Action == schema.Create && a["status"] == "IN_PROGRESS" {
				inModel("Arn", v)(a)
			}
		}, rules: "create-read-only", tests: "create_read_only"},
		{name: "a read-only value is refused for another reason", spoil: func(_ *fake, c call, a object) {
			if c.desired()["Arn"] != nil && c.Action == schema.Create && c.CallbackContext == nil {
				answer(a, failed("AccessDenied"))
			}
		}, rules: "create-read-only", tests: "create_read_only"},
		{name: "invalid input is taken", spoil: func(f *fake, c call, a object) {
			if c.Action == schema.Create && a["errorCode"] == "InvalidRequest" {
				answer(a, succeeded(f.shown(c.desired())))
			}
		}, rules: "create-invalid", tests: "create_invalid"},
		{name: "tags are lost on create", spoil: kept(c, "Tags", nil), rules: "create-echoes-input create-tags"},
		{name: "delete fails", spoil: on(d, "SUCCESS", func(a object) { answer(a, failed("InternalFailure")) }), rules: "delete-succeeds"},
		{name: "read of what is deleted is denied", spoil: on(rd, "FAILED", set("errorCode", "AccessDenied")), rules: "delete-read", tests: "delete_read"},
		{name: "update of what is not there fails otherwise", spoil: on(u, "FAILED", set("errorCode", "InvalidRequest")), rules: "delete-update update-not-found"},
		{name: "update of what is not there succeeds", spoil: func(f *fake, c call, a object) {
			if c.Action == schema.Update && a["status"] == "FAILED" {
				f.things[f.id(c.desired())] = c.desired()
				answer(a, succeeded(f.shown(c.desired())))
			}
		}, rules: "delete-update update-creates-nothing update-not-found"},
		{name: "update of what is not there creates it", spoil: func(f *fake, c call, a object) {
			if c.Action == schema.Update && a["status"] == "FAILED" && f.calls > 0 && c.RequestData.PreviousResourceProperties["Arn"] == nil {
				f.things[f.id(c.desired())] = c.desired()
			}
		}, rules: "update-creates-nothing", tests: "update_without_create"},
		{name: "delete of what is not there succeeds", spoil: on(d, "FAILED", func(a object) { answer(a, object{"status": "SUCCESS"}) }), rules: "delete-delete", tests: "delete_delete"},
		{name: "what is deleted is listed", raw: func(f *fake, c call) (string, error) {
			id := f.id(c.desired())
			if c.Action == schema.Delete && f.things[id] != nil {
				f.buried = append(f.buried, id)
			}
			if c.Action == schema.Create {
				f.buried = slices.DeleteFunc(f.buried, func(b string) bool { return b == id })
			}
			return "", nil
		}, spoil: func(f *fake, c call, a object) {
			for _, id := range f.buried {
				if c.Action == schema.List && c.NextToken == "" {
					a["resourceModels"] = append(a["resourceModels"].([]any), object{"Name": id})
				}
			}
		}, rules: "delete-list", tests: "delete_list"},
		{name: "what was deleted cannot be created again", generated: true, raw: func(f *fake, c call) (string, error) {
			id := f.id(c.desired())
			if c.Action == schema.Delete {
				f.buried = append(f.buried, id)
			}
			if c.Action == schema.Create && slices.Contains(f.buried, id) {
				return `{"status":"FAILED","errorCode":"AlreadyExists","message":"it was there"}`, nil
			}
			return "", nil
		}, rules: "delete-create", tests: "delete_create"},
		{name: "update fails", spoil: on(u, "SUCCESS", func(a object) { answer(a, failed("InternalFailure")) }), rules: "update-succeeds update-tags"},
		{name: "update answers an old value", spoil: on(u, "SUCCESS", inModel("Size", json.Number("1"))), rules: "update-read"},
		{name: "update does not keep a value", spoil: kept(u, "Size", json.Number("7")), rules: "update-read"},
		{name: "update changes what is create-only", spoil: kept(u, "Mode", "slow"), rules: "update-keeps"},
		{name: "update drops what is create-only", spoil: kept(u, "Mode", nil), rules: "update-keeps"},
		{name: "update adds to a list", spoil: func(f *fake, c call, a object) {
			if was := c.RequestData.PreviousResourceProperties; c.Action == schema.Update && a["status"] == "SUCCESS" {
				kept(u, "Rules", append(slices.Clone(c.desired()["Rules"].([]any)), was["Rules"].([]any)...))(f, c, a)
			}
		}, rules: "update-replaces-lists"},
		{name: "update changes the identifier", spoil: on(u, "SUCCESS", inModel("Name", "stranger")), rules: "update-identifier"},
		{name: "tags are lost on update", spoil: func(f *fake, c call, a object) {
			kept(u, "Tags", c.RequestData.PreviousResourceProperties["Tags"])(f, c, a)
		}, rules: "update-read update-tags"},
	}
}

// kept has a successful answer, and what the fake keeps, with another value of a property.
func kept(action schema.Action, name string, v any) func(*fake, call, object) {
	return func(f *fake, c call, a object) {
		if c.Action != action || a["status"] != "SUCCESS" {
			return
		}
		for _, m := range []object{f.things[f.id(c.desired())], a["resourceModel"].(object)} {
			if m[name] = v; v == nil {
				delete(m, name)
			}
		}
	}
}

func TestEachRuleFailsForAProviderThatBreaksIt(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range brokenProviders() {
		t.Run(b.name, func(t *testing.T) {
			rules, tests := b.run(t)
			for _, rule := range rules {
				seen[rule] = true
			}
			if diff := cmp.Diff(strings.Fields(b.rules), rules); diff != "" {
				t.Errorf("rules (-want +got):\n%s\n%v", diff, tests)
			}
			if b.tests != "" && strings.Join(tests, " ") != b.tests {
				t.Errorf("tests %q fail, want %q", tests, b.tests)
			}
		})
	}
	source, err := os.ReadFile("rule.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`rule\{"([a-z-]+)"`).FindAllSubmatch(source, -1)
	if len(names) < 40 {
		t.Errorf("%d rules were found", len(names))
	}
	for _, name := range names {
		if !seen[string(name[1])] {
			t.Errorf("no provider here breaks the rule %s", name[1])
		}
	}
}

func (b broken) text() string {
	if b.schema != "" {
		return b.schema
	}
	return thing
}

// run tests the provider and returns the rules and the tests that failed.
func (b broken) run(t *testing.T) (rules, tests []string) {
	f := newFake(t, b.text())
	f.spoil, f.raw = b.spoil, b.raw
	input := f.given(t)
	if b.generated {
		input = f.generated(t)
	}
	all := map[string]bool{}
	for _, r := range f.suite(t, input).Run(t.Context(), nil, nil).Tests {
		for _, failure := range r.Failures {
			all[failure.Rule] = true
		}
		if r.Status == contract.Failed {
			tests = append(tests, r.Name)
		}
	}
	slices.Sort(tests)
	return slices.Sorted(maps.Keys(all)), tests
}
