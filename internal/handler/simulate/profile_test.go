package simulate_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
)

// codes are all that a resource handler may fail with.
var codes = []handler.Code{
	handler.NotUpdatable, handler.InvalidRequest, handler.AccessDenied, handler.UnauthorizedTaggingOperation, handler.InvalidCredentials,
	handler.AlreadyExists, handler.NotFound, handler.ResourceConflict, handler.Throttling, handler.ServiceLimitExceeded, handler.NotStabilized,
	handler.GeneralServiceException, handler.ServiceInternalError, handler.NetworkFailure, handler.InternalFailure,
	handler.HandlerInternalFailure, handler.InvalidTypeConfiguration,
}

func seconds(n float64) simulate.Duration { return simulate.Duration(n * float64(time.Second)) }

// everything has a value in each member.
var everything = simulate.Behaviour{
	Duration: seconds(8), Callbacks: 4, FailRate: 0.1, FailWith: handler.NotStabilized, FailAt: "2", Message: "The disk is full",
	Remnant: true, Throttle: "5/s", Seed: math.MaxUint64,
}

func TestParseProfile(t *testing.T) {
	for text, want := range map[string]simulate.Profile{
		`{}`:                               {},
		`{"create":{}}`:                    {"create": {}},
		` { "*" : { "duration" : "1m" } }`: {"*": {Duration: seconds(60)}},
		`{"delete":{"duration":"0"},"read":{"failWith":"AccessDenied"}}`: {"delete": {}, "read": {FailWith: handler.AccessDenied}},
		`{"list":{"throttle":"300/m:20"},"update":{"failRate":1}}`:       {"list": {Throttle: "300/m:20"}, "update": {FailRate: 1}},
		`{"create":{"duration":"8s","callbacks":4,"failRate":1e-1,"failWith":"NotStabilized","failAt":"2","message":"The disk is full",
		   "remnant":true,"throttle":"5/s","seed":18446744073709551615}}`: {"create": everything},
	} {
		got, err := simulate.ParseProfile([]byte(text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for text, why := range map[string]string{
		``:                                       `a profile is a JSON object; write it like {"create": {"duration": "8s"`,
		`null`:                                   "a profile is a JSON object",
		`[]`:                                     "a profile is a JSON object",
		`{} {}`:                                  "a profile is a JSON object",
		`{"create":null}`:                        "create: a behaviour is a JSON object",
		`{"create":"8s"}`:                        "create: a behaviour is a JSON object",
		`{"create":{"duration":8}}`:              `create.duration: 8 is no length of time; write it like "8s"`,
		`{"create":{"duration":"8"}}`:            `create.duration: "8" is no length of time`,
		`{"create":{"duration":null}}`:           `create.duration: null is no length of time`,
		`{"create":{"callbacks":1.5}}`:           `create.callbacks: 1.5 is no whole number; write it like 4`,
		`{"create":{"failRate":"0.1"}}`:          `create.failRate: "0.1" is no number; write it like 0.1`,
		`{"create":{"seed":-1}}`:                 `create.seed: -1 is no whole number from 0`,
		`{"create":{"remnant":"yes"}}`:           `create.remnant: "yes" is no true or false; write it like true`,
		`{"create":{"Duration":"8s"}}`:           `create: there is no "Duration"; a behaviour has duration, callbacks, failRate`,
		`{"create":{"fail_rate":1,"x":2}}`:       `create: there is no "fail_rate"`,
		`{"create":{"duration":"-1s"}}`:          "create.duration: -1s is not between",
		`{"Create":{}}`:                          `"Create" is no action: create, read, update, delete, list or *; write it like {"create":`,
		`{"a":{"callbacks":` + longNumber + `}}`: "a.callbacks: 11111",
	} {
		_, err := simulate.ParseProfile([]byte(text))
		if err == nil || !strings.Contains(err.Error(), why) || len(err.Error()) > 400 {
			t.Errorf("%.200s: %v, want %s", text, err, why)
		}
	}
}

var longNumber = strings.Repeat("1", 10_000)

func TestEachMemberIsReadAsItIsWritten(t *testing.T) {
	for i := range reflect.TypeFor[simulate.Behaviour]().NumField() {
		if reflect.ValueOf(everything).Field(i).IsZero() {
			t.Errorf("field %d is not tried", i)
		}
	}
	for _, b := range []simulate.Behaviour{everything, {}} {
		want := simulate.Profile{"create": b}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := simulate.ParseProfile(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	type b = simulate.Behaviour
	for name, c := range map[string]struct {
		action string
		b      simulate.Behaviour
		want   string // in the error, "" for none
	}{
		"nothing":                       {"create", b{}, ""},
		"everything":                    {"create", everything, ""},
		"the longest":                   {"*", b{Duration: seconds(36 * 3600), Callbacks: 1000}, ""},
		"steps without delay":           {"update", b{Callbacks: 3, FailRate: 1, FailAt: "3"}, ""},
		"the one step of a duration":    {"delete", b{Duration: 1, FailRate: 1, FailAt: "1"}, ""},
		"a seed alone":                  {"create", b{Seed: 7}, ""},
		"read fails":                    {"read", b{FailRate: 0.5, FailAt: "start", Message: "no", Throttle: "1/h"}, ""},
		"remnant of the default code":   {"create", b{FailRate: 1, Remnant: true}, ""},
		"a message of 1024 characters":  {"create", b{FailRate: 1, Message: strings.Repeat("ü", 1024)}, ""},
		"no action":                     {"creat", b{}, `"creat" is no action: create, read`},
		"no action at all":              {"", b{}, `"" is no action`},
		"action in capitals":            {"CREATE", b{}, `"CREATE" is no action`},
		"negative duration":             {"create", b{Duration: -1}, `create.duration: -1ns is not between 0s and 36h0m0s; write it like "8s"`},
		"too long":                      {"*", b{Duration: seconds(36*3600) + 1}, "*.duration: 36h0m0.000000001s is not between"},
		"read takes time":               {"read", b{Duration: 1}, "read.duration: read answers at once; only create, update and delete take time"},
		"list takes steps":              {"list", b{Callbacks: 1}, "list.callbacks: list answers at once"},
		"negative callbacks":            {"create", b{Callbacks: -1}, "create.callbacks: -1 is not between 0 and 1000; write it like 4"},
		"too many callbacks":            {"create", b{Callbacks: 1001}, "create.callbacks: 1001 is not"},
		"negative rate":                 {"create", b{FailRate: -0.1}, "create.failRate: -0.1 is not between 0 and 1; write it like 0.1"},
		"percent":                       {"create", b{FailRate: 10}, "create.failRate: 10 is not"},
		"no number":                     {"create", b{FailRate: math.NaN()}, "create.failRate: NaN is not"},
		"infinite":                      {"create", b{FailRate: math.Inf(1)}, "create.failRate: +Inf is not"},
		"unknown code":                  {"create", b{FailWith: "Broken"}, `create.failWith: "Broken" is no handler error code: AccessDenied, AlreadyExists,`},
		"a code of ours, not handlers'": {"create", b{FailWith: "ServiceTimeout"}, "is no handler error code"},
		"step 0":                        {"create", b{Callbacks: 4, FailRate: 1, FailAt: "0"}, `create.failAt: there is no step "0": steps go from 1 to 4; write it like "start", "end" or "2"`},
		"beyond the steps":              {"create", b{Callbacks: 4, FailRate: 1, FailAt: "5"}, `there is no step "5": steps go from 1 to 4`},
		"beyond the one step":           {"create", b{Duration: 1, FailRate: 1, FailAt: "2"}, `there is no step "2": there is only step 1`},
		"no steps":                      {"create", b{FailRate: 1, FailAt: "1"}, "there are no steps without callbacks or a duration"},
		"odd number":                    {"create", b{Callbacks: 4, FailRate: 1, FailAt: "+2"}, `there is no step "+2"`},
		"a word":                        {"create", b{Callbacks: 4, FailRate: 1, FailAt: "middle"}, `there is no step "middle"`},
		"step of a read":                {"read", b{FailRate: 1, FailAt: "1"}, `there is no step "1": read answers at once`},
		"at, and nothing fails":         {"create", b{FailAt: "end"}, "create.failAt: nothing fails: give failRate or failWith too"},
		"message, and nothing fails":    {"create", b{Message: "x"}, `create.message: nothing fails: give failRate or failWith too; write it like "The disk is full"`},
		"long message":                  {"create", b{FailRate: 1, Message: strings.Repeat("a", 1025)}, "create.message: it is longer than 1024 characters"},
		"zero character":                {"create", b{FailRate: 1, Message: "a\x00"}, "create.message: it is"},
		"no text":                       {"create", b{FailRate: 1, Message: "\xff"}, "create.message: it is"},
		"remnant of an update":          {"update", b{FailRate: 1, Remnant: true}, "update.remnant: only a create leaves something behind; write it like true"},
		"remnant of a delete":           {"delete", b{FailRate: 1, Remnant: true}, "delete.remnant: only a create"},
		"remnant of whatever":           {"*", b{FailRate: 1, Remnant: true}, "*.remnant: only a create"},
		"remnant, and nothing fails":    {"create", b{Remnant: true}, "create.remnant: nothing fails"},
		"remnant of a retry":            {"create", b{FailWith: handler.Throttling, Remnant: true}, "create.remnant: after Throttling the create is tried again"},
		"throttle":                      {"list", b{Throttle: "5"}, `list.throttle: "5": want a rate such as 5/s, 300/m or 5/s:20 (with the burst); write it like "5/s"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := simulate.Profile{c.action: c.b}.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	for _, code := range codes {
		if err := (simulate.Profile{"*": {FailWith: code}}).Validate(); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	if err := simulate.Profile(nil).Validate(); err != nil {
		t.Errorf("no profile: %v", err)
	}
}

func FuzzParseProfile(f *testing.F) {
	text, err := json.Marshal(simulate.Profile{"create": everything, "*": {}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"read":{"failRate":1e-300,"seed":0,"failAt":"end"},"list":{"throttle":"2/h:7"}}`))
	f.Add([]byte(`{"update":{"duration":"1h2m3.5s","message":"\u0000\ud800"}}`))
	f.Add([]byte(`{"create":{"remnant":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := simulate.ParseProfile(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := simulate.ParseProfile(written)
		if diff := cmp.Diff(p, again); diff != "" || err != nil {
			t.Errorf("%s reads as another than %s: %v\n%s", text, written, err, diff)
		}
	})
}
