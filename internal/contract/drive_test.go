package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/contract"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

// only makes one test and returns what came of it.
func only(t *testing.T, f *fake, c contract.Case, name string) (contract.Result, contract.Report) {
	t.Helper()
	report := f.suite(t, c).Run(t.Context(), []string{name}, nil)
	if len(report.Tests) != 1 {
		t.Fatalf("%d tests are called %s", len(report.Tests), name)
	}
	return report.Tests[0], report
}

// TestWhatIsOddIsToldAndHarmsNothing has providers that a server gets along with.
func TestWhatIsOddIsToldAndHarmsNothing(t *testing.T) {
	const c, u, d = schema.Create, schema.Update, schema.Delete
	for _, odd := range []struct {
		name, test, warning string
		spoil               func(*fake, call, object)
	}{
		{"scalars as texts", "create", "read as that kind: some plug-ins write all scalars as strings [/Rules/* /Size]", on(c, "SUCCESS", func(a object) {
			inModel("Size", "1")(a)
			inModel("Rules", []any{"3", "1", "2"})(a)
		})},
		{"another order of what has none", "create", "", on(c, "SUCCESS", inModel("Zones", []any{"b", "a"}))},
		{"what a transform explains", "create", "/Policy is \"p\", it should be \"P\"; the schema has a propertyTransform for it", on(c, "SUCCESS", inModel("Policy", "p"))},
		{"a long delay", "create", "callbackDelaySeconds of 1h0m0s was cut to 1µs", on(c, "IN_PROGRESS", set("callbackDelaySeconds", 3600))},
		{"a delete in progress without a model", "create_delete", "a DELETE is IN_PROGRESS without a model", on(d, "IN_PROGRESS", set("resourceModel", nil))},
		{"more properties to read", "create_read", "READ answers properties that CREATE did not [/Arn]", on(c, "SUCCESS", inModel("Arn", absent))},
		{"a token that is not known", "create_same_token", "fails with AlreadyExists", func(f *fake, _ call, _ object) { clear(f.tokens) }},
		{"another code for invalid input", "create_invalid", "invalid input fails with GeneralServiceException", on(c, "FAILED", set("errorCode", "GeneralServiceException"))},
		{"a read-only value goes", "update_read", "read-only /Arn was there before the update and is not any more", on(u, "SUCCESS", inModel("Arn", absent))},
		{"nulls in an update", "update_read", "", on(u, "SUCCESS", inModel("Login", nil))},
		{"identifiers only in a list", "create_list", "", on(schema.List, "SUCCESS", func(a object) {
			for i, m := range a["resourceModels"].([]any) {
				a["resourceModels"].([]any)[i] = object{"Name": m.(object)["Name"]}
			}
		})},
		{"nothing for an empty list", "create", "what was set empty is not there [/Tags]", kept(c, "Tags", nil)},
		{"null for a token", "create_list", "", on(schema.List, "SUCCESS", func(a object) {
			if a["nextToken"] == nil {
				a["nextToken"] = nil
			}
		})},
	} {
		t.Run(odd.name, func(t *testing.T) {
			f := newFake(t, thing)
			f.spoil = odd.spoil
			input := f.given(t)
			if strings.Contains(odd.warning, "/Tags") {
				input.Inputs[0].Create["Tags"] = []any{}
			}
			r, _ := only(t, f, input, odd.test)
			if r.Status != contract.Passed || len(r.Failures) > 0 {
				t.Errorf("%s: %v", r.Status, r.Failures)
			}
			var text string
			for _, w := range r.Warnings {
				if !strings.Contains(w.Text, "of 1s was cut") {
					text += fmt.Sprintln(w.Text, w.At)
				}
			}
			if odd.warning == "" && text != "" || !strings.Contains(text, odd.warning) {
				t.Errorf("warns %q, want %q", text, odd.warning)
			}
		})
	}
}

func TestPassingInvalidInputIsRefusedToo(t *testing.T) {
	f := newFake(t, thing)
	f.spoil = func(_ *fake, c call, a object) {
		if c.Action == schema.Create && c.CallbackContext == nil && c.desired()["Arn"] != nil {
			clear(a)
			maps.Copy(a, failed("InvalidRequest"))
		}
	}
	if r, _ := only(t, f, f.given(t), "create_read_only"); r.Status != contract.Passed {
		t.Errorf("a read-only value is refused: %v", r.Failures)
	}
}

// TestALaterCallHoldsWhatTheAnswerSaid looks at the payloads of a create that takes two calls.
func TestALaterCallHoldsWhatTheAnswerSaid(t *testing.T) {
	f := newFake(t, thing)
	var calls []call
	f.raw = func(_ *fake, c call) (string, error) {
		calls = append(calls, c)
		return "", nil
	}
	if r, _ := only(t, f, f.given(t), "create"); r.Status != contract.Passed {
		t.Fatal(r.Failures)
	}
	if len(calls) != 4 { // and those of the delete
		t.Fatalf("%d calls", len(calls))
	}
	first, second := calls[0], calls[1]
	if first.BearerToken == "" || first.BearerToken != second.BearerToken || first.CallbackContext != nil || second.CallbackContext["secret"] != "hush-hush" {
		t.Errorf("%+v\n%+v", first, second)
	}
	if second.desired()["Arn"] == nil || second.desired()["Secret"] != "hush-hush" {
		t.Errorf("the second call is about %v", second.desired())
	}
	if calls[2].BearerToken == first.BearerToken || len(calls[2].desired()) != 1 {
		t.Errorf("the delete: %+v", calls[2])
	}
}

// TestARetriableFailureIsTriedAgain has each request fail once.
func TestARetriableFailureIsTriedAgain(t *testing.T) {
	f := newFake(t, thing)
	failedOnce := map[string]bool{}
	f.raw = func(_ *fake, c call) (string, error) {
		if !failedOnce[c.BearerToken] {
			failedOnce[c.BearerToken] = true
			return `{"status":"FAILED","errorCode":"Throttling","message":"slow down"}`, nil
		}
		return "", nil
	}
	if r, _ := only(t, f, f.given(t), "create_delete"); r.Status != contract.Passed || r.Calls != 6 {
		t.Errorf("%s after %d calls: %v", r.Status, r.Calls, r.Failures)
	}
}

func TestWhatCannotBeDeletedIsTold(t *testing.T) {
	f := newFake(t, thing)
	f.raw = func(_ *fake, c call) (string, error) {
		if c.Action == schema.Delete {
			return `{"status":"FAILED","errorCode":"AccessDenied","message":"not you, hush-hush"}`, nil
		}
		return "", nil
	}
	r, report := only(t, f, f.given(t), "create_read")
	if want := []string{"abcdefgh (create_read: AccessDenied: not you, (redacted))"}; r.Status != contract.Passed || !slices.Equal(report.Left, want) {
		t.Errorf("%s, left %q", r.Status, report.Left)
	}
	noDelete := newFake(t, strings.Replace(thing, `
		"delete": {"permissions": []},`, "", 1))
	if r, report := only(t, noDelete, noDelete.given(t), "create_read"); r.Status != contract.Passed || len(report.Left) != 1 || !strings.Contains(report.Left[0], "no delete handler") {
		t.Errorf("%s, left %q", r.Status, report.Left)
	}
	if r, _ := only(t, noDelete, noDelete.given(t), "create_delete"); r.Status != contract.Skipped || r.Reason != "the schema has no delete handler" {
		t.Errorf("%s: %s", r.Status, r.Reason)
	}
}

// TestWhatIsHalfMadeIsDeleted has a create that makes its thing in its first call and does not end, or fails.
func TestWhatIsHalfMadeIsDeleted(t *testing.T) {
	for name, second := range map[string]string{
		"no answer": "rubbish",
		"a failure": `{"status":"FAILED","errorCode":"NotStabilized","message":"no"}`,
	} {
		f := newFake(t, thing)
		f.raw = func(f *fake, c call) (string, error) {
			if c.Action == schema.Create && c.CallbackContext != nil {
				f.things[f.id(c.desired())] = c.desired()
				return second, nil
			}
			return "", nil
		}
		if r, report := only(t, f, f.given(t), "create"); r.Status != contract.Failed || len(f.things) > 0 || len(report.Left) > 0 {
			t.Errorf("%s: %s, %v, left %q", name, r.Status, f.things, report.Left)
		}
	}
}

func TestWhatWasThereBeforeIsLeftAlone(t *testing.T) {
	f := newFake(t, thing)
	f.things["abcdefgh"] = object{"Name": "abcdefgh", "Size": json.Number("77"), "Arn": "arn:thing/0"}
	report := f.suite(t, f.given(t)).Run(t.Context(), nil, nil)
	if there := f.things["abcdefgh"]; there["Size"] != json.Number("77") || len(report.Left) > 0 {
		t.Errorf("%v, left %q", there, report.Left)
	}
}

func TestAnInterruptedSuiteCleansUp(t *testing.T) {
	f := newFake(t, thing)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.raw = func(_ *fake, c call) (string, error) {
		if c.Action == schema.Read {
			cancel()
		}
		return "", nil
	}
	report := f.suite(t, f.given(t)).Run(ctx, nil, nil)
	if last := report.Tests[len(report.Tests)-1]; !report.Interrupted || len(report.Tests) != 2 || last.Reason != "interrupted" || len(last.Failures) > 0 {
		t.Errorf("%+v", report)
	}
	if len(f.things) > 0 || len(report.Left) > 0 {
		t.Errorf("%v, left %q", f.things, report.Left)
	}
}

// TestNothingSecretIsInAReport has a provider that tells all it knows wherever it can.
func TestNothingSecretIsInAReport(t *testing.T) {
	f := newFake(t, thing)
	f.raw = func(f *fake, c call) (string, error) {
		if c.Action == schema.Read {
			return `{"status":"SUCCESS","message":"it is hush-hush and open-sesame","nextToken":"open-sesame","callbackContext":{"k":["very-secret"],"n":123456},
				"resourceModel":{"Name":"abcdefgh","Secret":"new-secret","Login":{"Password":"very-secret"},"Policy":"hush-hush!"},"resourceModels":[{"Secret":"sss-sss"}]}`, nil
		}
		if c.Action == schema.Update {
			return "not JSON: other-secret", nil
		}
		return "", nil
	}
	s, err := contract.New(contract.Config{
		Schema: f.schema, Cases: []contract.Case{f.given(t)}, Secrets: []string{"open-sesame", "123456"}, Limits: contract.Limits{Delay: time.Microsecond},
		Call: contract.Over(printing{f}, provider.Extra{
			Credentials:   provider.Credentials{AccessKeyID: "AKIA0", SecretAccessKey: "key-of-the-caller", SessionToken: "token-of-the-caller"},
			Configuration: []byte(`{"Login":"open-sesame","Number":123456}`),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	report := s.Run(t.Context(), nil, nil)
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if report.Count(contract.Failed) < 5 || !strings.Contains(string(text), `\"Policy\":\"(redacted)!\"`) {
		t.Errorf("%s", text)
	}
	for _, secret := range []string{"hush-hush", "other-secret", "new-secret", "very-secret", "sss-sss", "open-sesame", "123456", "key-of-the-caller", "token-of-the-caller"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is in the report", secret)
		}
	}
}

// TestSecretsThatAreOrdinaryWordsLeaveTextsOfOursAlone has the words of rules and warnings as secrets.
func TestSecretsThatAreOrdinaryWordsLeaveTextsOfOursAlone(t *testing.T) {
	f := newFake(t, thing)
	f.spoil = func(_ *fake, c call, answer object) {
		if m, ok := answer["resourceModel"].(object); ok && c.Action == schema.Read {
			m["Size"], m["Policy"], m["Rules"] = "1", "other", []any{3, 1}
		}
	}
	s := f.suite(t, f.given(t), "other", "model", "kind", "elements", "Policy", "read")
	r := s.Run(t.Context(), []string{"create_read"}, nil).Tests[0]
	if len(r.Warnings) != 2 || !strings.HasPrefix(r.Warnings[1].Text, "strings where the schema wants another kind were read as that kind") {
		t.Errorf("%+v", r.Warnings)
	}
	var wants []string
	for _, failure := range r.Failures {
		wants = append(wants, failure.Expected)
	}
	if want := []string{`the same model: /Policy is "(redacted)", it should be "P"`, "the same model: /Rules has 2 elements, it should have 3"}; !slices.Equal(wants, want) {
		t.Errorf("%q, want %q", wants, want)
	}
	if len(r.Failures) > 0 && (r.Failures[0].Says != "READ answers the model that CREATE answered" || !strings.Contains(r.Failures[0].Returned, `"Policy":"(redacted)"`)) {
		t.Errorf("%+v", r.Failures[0])
	}
}

func TestWhatIsCutShowsNoHalfOfASecret(t *testing.T) {
	f := newFake(t, thing)
	secret := strings.Repeat("half-of-it", 20)
	f.spoil = func(_ *fake, c call, answer object) {
		if m, ok := answer["resourceModel"].(object); ok && c.Action == schema.Read {
			m["Policy"], m["Zones"], m["Mode"] = secret, []any{"a", "is " + secret}, strings.Repeat("x", 500)+secret
		}
	}
	s := f.suite(t, f.given(t), secret)
	report := s.Run(t.Context(), []string{"create_read"}, nil)
	text, err := json.Marshal(report)
	if err != nil || report.Count(contract.Failed) != 1 || strings.Contains(string(text), "half-of-it") || !strings.Contains(string(text), "is (redacted)") {
		t.Errorf("%v, %s", err, text)
	}
}

// printing is a fake whose handler prints secrets.
type printing struct{ *fake }

func (p printing) Invoke(ctx context.Context, payload []byte) ([]byte, string, error) {
	answer, _, err := p.fake.Invoke(ctx, payload)
	return answer, "Secret: hush-hush\x1b[2J " + strings.Repeat("x", 4000), err
}

func TestOutputIsBoundedAndHarmless(t *testing.T) {
	f := newFake(t, thing)
	s, err := contract.New(contract.Config{
		Schema: f.schema, Cases: []contract.Case{f.given(t)}, Limits: contract.Limits{Delay: time.Microsecond}, Call: contract.Over(printing{f}, provider.Extra{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	output := s.Run(t.Context(), []string{"update_read"}, nil).Tests[0].Output
	if len(output) > 9<<10 || strings.Contains(output, "\x1b") || !strings.Contains(output, "Secret: (redacted)") || !strings.Contains(output, "bytes before) …") {
		t.Errorf("%d bytes: %.200q", len(output), output)
	}
}

func TestLongPayloadsAreCut(t *testing.T) {
	f := newFake(t, thing)
	f.raw = func(*fake, call) (string, error) { return strings.Repeat("é", 5000), nil }
	r, _ := only(t, f, f.given(t), "create")
	if got := r.Failures[0].Returned; len(got) > 3000 || !strings.HasSuffix(got, " bytes more)") {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-40:])
	}
}

func TestASuiteWantsStatesThatTheTypeAccepts(t *testing.T) {
	f := newFake(t, thing)
	for want, files := range map[string]contract.Files{
		"x: there is no desired state to create":              {Name: "x"},
		"x, create: it is no JSON object":                     {Name: "x", Create: []byte(`[]`)},
		"x, update: it is no JSON object":                     {Name: "x", Create: []byte(`{}`), Update: []byte(`1`)},
		"x, invalid: ":                                        {Name: "x", Create: []byte(`{}`), Invalid: []byte(`{`)},
		"x, create: it holds placeholders":                    {Name: "x", Create: []byte(`{"Name":["{{ref}}"]}`)},
		"to create, of case x: Model validation failed (":     {Name: "x", Create: []byte(`{"Name":"abcdefgh"}`)},
		"of an update, of case x: Model validation failed (#": {Name: "x", Create: []byte(create), Update: []byte(`{"Size":"2"}`)},
	} {
		if _, err := contract.Read(f.schema, files, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := contract.New(contract.Config{Schema: f.schema}); err == nil {
		t.Error("a suite without cases")
	}
	if _, err := contract.New(contract.Config{Schema: f.schema, Cases: []contract.Case{{Name: "x"}}}); err == nil {
		t.Error("a case without inputs")
	}
}

func TestAMissingUpdateIsMadeUp(t *testing.T) {
	f := newFake(t, thing)
	c, err := contract.Read(f.schema, contract.Files{Name: "x", Create: []byte(create)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	updates := c.Inputs[0].Updates
	if len(updates) < 3 {
		t.Fatalf("%d updates", len(updates))
	}
	for _, u := range updates {
		if u["Name"] != "abcdefgh" || u["Mode"] != "fast" || u["Arn"] != nil {
			t.Errorf("%v", u)
		}
	}
}

func TestTheSameSeedMakesTheSameInputs(t *testing.T) {
	f := newFake(t, thing)
	texts := map[string]bool{}
	for _, seed := range []uint64{1, 1, 2} {
		c, err := contract.Generate(f.schema, seed)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		texts[string(text)] = true
	}
	if len(texts) != 2 {
		t.Errorf("%d different cases", len(texts))
	}
}

// TestSeveralCasesAreTestedEach names each after its case.
func TestSeveralCasesAreTestedEach(t *testing.T) {
	f := newFake(t, thing)
	one := f.given(t)
	two := one
	two.Name = "2"
	s, err := contract.New(contract.Config{Schema: f.schema, Cases: []contract.Case{one, two}, Call: contract.Over(f, provider.Extra{}), Limits: contract.Limits{Delay: time.Microsecond}})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	s.Run(t.Context(), []string{"create", "create_delete"}, func(r contract.Result) { told = append(told, r.Name) })
	if got := strings.Join(told, " "); got != "create/1 create/2 create_delete/1 create_delete/2" {
		t.Error(got)
	}
}

func TestAReportReadsWell(t *testing.T) {
	f := newFake(t, thing)
	f.spoil = on(schema.Read, "FAILED", set("errorCode", "AccessDenied"))
	report := f.suite(t, f.given(t)).Run(t.Context(), []string{"create_delete", "create_invalid", "delete_read"}, nil)
	var b strings.Builder
	for i := range report.Tests {
		report.Tests[i].Seconds = 1.234
		b.WriteString(report.Tests[i].Line() + "\n")
	}
	report.Tests = append(report.Tests, report.Tests[2])
	report.Tests[3].Name = "again"
	report.Tests[0].Warnings = []contract.Warning{{Text: "odd", At: []string{"/A", "/B"}}, {Text: "odder"}}
	report.Tests[2].Warnings = append(report.Tests[2].Warnings, contract.Warning{Text: "odd", At: []string{"/B", "/C"}})
	if err := report.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	report.Seconds = 0.0123
	b.WriteString(report.Summary())
	want := []string{
		"ok    create_invalid (1.2s)", "ok    create_delete (1.2s)", "FAIL  delete_read (1.2s)", "",
		"FAIL  delete_read: what was deleted cannot be read",
		"  delete-read: READ of a deleted resource fails with NotFound",
		"    expected  FAILED with NotFound",
		"    call      READ, the 5th call of the test",
		`    sent      {"action":"READ",`,
		`    returned  {"errorCode":"AccessDenied","message":"NotFound it is","status":"FAILED"}`,
		"  output of the handler:",
		"    called for CREATE", "    called for CREATE", "    called for DELETE", "    called for DELETE", "    called for READ", "",
		"FAIL  again: what was deleted cannot be read",
		"  delete-read, in READ: as in delete_read", "",
		"Warnings",
		"  odd: /A, /B, /C (in create_invalid, delete_read)",
		"  odder (in create_invalid)",
		"  callbackDelaySeconds of 1s was cut to 1µs (in create_delete, delete_read, again)",
		"Test::Contract::Thing: 4 tests, 2 ok, 2 failed, 0 skipped in 12ms",
	}
	got := strings.Split(b.String(), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines:\n%s", len(got), b.String())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) || want[i] == "" && got[i] != "" {
			t.Errorf("line %d: %s\nwant   %s", i, got[i], want[i])
		}
	}
}
