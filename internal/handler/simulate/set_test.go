package simulate_test

import (
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/store/memory"
)

func TestBehavioursAreKeptAndTakenAway(t *testing.T) {
	const name = "Own::Test::Thing"
	docs := new(memory.Store)
	open := func() *simulate.Behaviours {
		b, err := simulate.OpenBehaviours(t.Context(), docs, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := open()
	if b.Profile("1", "r", name) != nil || b.Behaviour(name) != nil {
		t.Error("something is set at first")
	}
	for _, c := range []struct {
		text, want string
		problem    bool
	}{
		{`{ "create": {"duration": "8s"} }`, `{"create":{"duration":"8s"}}`, false},
		{`{"create": {"duration": "soon"}}`, `{"create":{"duration":"8s"}}`, true},
		{`{"delete":{"failWith":"NotStabilized"}}`, `{"delete":{"failWith":"NotStabilized"}}`, false},
		{``, ``, false},
		{``, ``, false},
		{`{"*":{"throttle":"5/s"}}`, `{"*":{"throttle":"5/s"}}`, false},
	} {
		problem, err := b.Set(t.Context(), name, c.text)
		if err != nil || (problem != "") != c.problem {
			t.Errorf("set %s: %q, %v", c.text, problem, err)
		}
		if got := string(b.Behaviour(name)); got != c.want {
			t.Errorf("after %s it is %s, want %s", c.text, got, c.want)
		}
		if got := string(open().Behaviour(name)); got != c.want {
			t.Errorf("after %s and a restart it is %s, want %s", c.text, got, c.want)
		}
	}
	if _, err := b.Set(t.Context(), name, `{"create":{"duration":"8s"}}`); err != nil {
		t.Fatal(err)
	}
	if p := b.Profile("1", "r", name); time.Duration(p["create"].Duration) != 8*time.Second {
		t.Errorf("the profile is %+v", p)
	}
}

func TestBehavioursOfAFileStandBehindThoseThatWereSet(t *testing.T) {
	const name = "Own::Test::Thing"
	base, err := simulate.ParseProfiles([]byte(`{"*":{"delete":{"duration":"1s"}},"Own::Test::Thing":{"delete":{"duration":"2s"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := simulate.OpenBehaviours(t.Context(), new(memory.Store), base)
	if err != nil {
		t.Fatal(err)
	}
	want := func(name string, seconds int) {
		t.Helper()
		if got := time.Duration(b.Profile("1", "r", name)["delete"].Duration); got != time.Duration(seconds)*time.Second {
			t.Errorf("%s takes %v, want %d s", name, got, seconds)
		}
	}
	want(name, 2)
	want("Own::Test::Other", 1)
	if _, err := b.Set(t.Context(), name, `{"delete":{"duration":"3s"}}`); err != nil {
		t.Fatal(err)
	}
	want(name, 3)
	if _, err := b.Set(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	want(name, 2)
}

func TestBadFilesOfBehavioursAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                          "JSON object by type name",
		`{"Bucket":{}}`:               `"Bucket" is no type name`,
		`{"*":{"create":{"size":1}}}`: `*: create: there is no "size"`,
		`{"Own::Test::Thing":{"create":{"failRate":2}}}`: "Own::Test::Thing: create.failRate",
	} {
		if _, err := simulate.ParseProfiles([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
