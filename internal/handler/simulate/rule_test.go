package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/schema"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]simulate.Rule{
		"AWS::S3::Bucket=create:2s": {Type: "AWS::S3::Bucket", Action: "create", Duration: 2 * time.Second},
		"*=*:500ms":                 {Type: "*", Action: "*", Duration: 500 * time.Millisecond},
		"*=delete:0":                {Type: "*", Action: "delete"},
		"My::Own::Thing=update:1h":  {Type: "My::Own::Thing", Action: "update", Duration: time.Hour},
	} {
		if got, err := simulate.ParseRule(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, why := range map[string]string{
		"":                          "no = after the type",
		"AWS::S3::Bucket":           "no = after the type",
		"AWS::S3::Bucket=create":    "no : after the operation",
		"AWS::S3=create:1s":         `"AWS::S3" is no type name`,
		"=create:1s":                `"" is no type name`,
		"AWS::S3::Bu*=create:1s":    "is no type name",
		"*=read:1s":                 "read cannot take time",
		"*=CREATE:1s":               `"CREATE" is no operation`,
		"*=create:2":                `"2" is no length of time`,
		"*=create:-1s":              "is not between",
		"*=create:9999h":            "is not between",
		"*=create: 1s":              "is no length of time",
		"AWS::S3::Bucket=create=1s": "no : after the operation",
	} {
		_, err := simulate.ParseRule(text)
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "AWS::S3::Bucket=create:2s") {
			t.Errorf("%q: %v, want %s and an example", text, err, why)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("AWS::S3::Bucket=create:2s")
	f.Add("*=*:1h2m3s")
	f.Add("*=delete:0")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := simulate.ParseRule(text)
		if err != nil {
			return
		}
		if again, err := simulate.ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q reads as %v, that as %v (%v)", text, r, again, err)
		}
	})
}

func TestTheLastMatchingRuleWins(t *testing.T) {
	rule := func(text string) simulate.Rule {
		r, err := simulate.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		rules []simulate.Rule
		want  time.Duration
	}{
		"none":           {nil, 0},
		"any type":       {[]simulate.Rule{rule("*=create:3s")}, 3 * time.Second},
		"other type":     {[]simulate.Rule{rule("AWS::S3::Bucket=create:3s")}, 0},
		"other action":   {[]simulate.Rule{rule("*=delete:3s")}, 0},
		"the last":       {[]simulate.Rule{rule("*=*:3s"), rule("AWS::SQS::Queue=create:1s")}, time.Second},
		"the last, wide": {[]simulate.Rule{rule("AWS::SQS::Queue=create:1s"), rule("*=*:3s")}, 3 * time.Second},
		"back to none":   {[]simulate.Rule{rule("*=*:3s"), rule("AWS::SQS::Queue=*:0")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, builtin(t, "AWS::SQS::Queue"), c.rules...)
			a := invoke(t, w, w.call(schema.Create, "", decode(t, `{}`)))
			if a.Delay != c.want || (a.Status == handler.InProgress) != (c.want > 0) {
				t.Errorf("%s after %s, want %s", a.Status, a.Delay, c.want)
			}
		})
	}
}

func TestSlowRequestsEndLikeQuickOnes(t *testing.T) {
	slow := simulate.Rule{Type: "*", Action: "*", Duration: 90 * time.Second}
	eachBuiltin(t, func(t *testing.T, s *schema.Schema) {
		w := newWorld(t, s, slow)
		start := w.now
		checkLife(w, decode(t, samples[s.TypeName].full), decode(t, samples[s.TypeName].change))
		if took := w.now.Sub(start); took < 4*slow.Duration {
			t.Errorf("two creates, an update and a delete took %s", took)
		}
	})
}

func TestSlowCreateKeepsTheIdentifierAndTimeOfItsFirstCall(t *testing.T) {
	slow := newWorld(t, builtin(t, "GroundControl::Demo::Countdown"), simulate.Rule{Type: "*", Action: "create", Duration: time.Minute})
	quick := newWorld(t, slow.schema)
	_, want := quick.create(decode(t, `{"Name":"n"}`))
	_, got := slow.create(decode(t, `{"Name":"n"}`))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-quick +slow):\n%s", diff)
	}
}

func TestWhatCannotSucceedFailsOnTheFirstCall(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SQS::Queue"), simulate.Rule{Type: "*", Action: "*", Duration: time.Hour})
	w.create(decode(t, `{"QueueName":"a"}`))
	w.calls = 0
	w.wantCode(w.call(schema.Create, "", decode(t, `{"QueueName":"a"}`)), handler.AlreadyExists, "already exists.")
	w.wantCode(w.call(schema.Update, "nothing", decode(t, `{}`)), handler.NotFound, "was not found.")
	w.wantCode(w.call(schema.Delete, "nothing", nil), handler.NotFound, "was not found.")
	if w.calls != 3 {
		t.Errorf("it took %d calls", w.calls)
	}
}

func TestWriteOnlyValuesGoThroughASlowCreateUnseen(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SecretsManager::Secret"), simulate.Rule{Type: "*", Action: "create", Duration: time.Hour})
	a := invoke(t, w, w.call(schema.Create, "", decode(t, `{"SecretString":"s3cret"}`)))
	if a.Model.(map[string]any)["SecretString"] != "s3cret" {
		t.Errorf("the next call would lose the secret: %v", a.Model)
	}
	if strings.Contains(a.Message+string(a.Callback), "s3cret") {
		t.Errorf("the secret shows: %q %s", a.Message, a.Callback)
	}
}
