package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/limit"
)

// Profile is the behaviour of a type's actions: "create", "read", "update", "delete",
// "list", and "*" for each of these that has no entry. An entry is the whole truth of its
// action: nothing is added to it from "*", nor from a [Rule].
type Profile map[string]Behaviour

const (
	// maxDuration is the longest that a handler may take by the schema language.
	maxDuration  = Duration(36 * time.Hour)
	maxCallbacks = 1000
	maxMessage   = 1024 // characters

	profileExample = `{"create": {"duration": "8s", "callbacks": 4}}`
)

// ParseProfile reads a profile such as {"create": {"duration": "8s", "callbacks": 4}} and
// validates it. Members that a Behaviour does not have are refused.
func ParseProfile(text []byte) (Profile, error) {
	var actions map[string]json.RawMessage
	if err := json.Unmarshal(text, &actions); err != nil || actions == nil {
		return nil, fmt.Errorf("a profile is a JSON object; write it like %s", profileExample)
	}
	p := Profile{}
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		b, err := parseBehaviour(action, actions[action])
		if err != nil {
			return nil, err
		}
		p[action] = b
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func parseBehaviour(action string, text []byte) (Behaviour, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil || given == nil {
		return Behaviour{}, fmt.Errorf("%s: a behaviour is a JSON object; write it like %s", action, profileExample)
	}
	var b Behaviour
	var known []string
	for _, m := range b.members() {
		known = append(known, m.name)
		v, ok := given[m.name]
		if !ok {
			continue
		}
		delete(given, m.name)
		if err := json.Unmarshal(v, m.field); err != nil || string(v) == "null" {
			return b, mistake{m.name, fmt.Sprintf("%.60s is no %s", v, m.kind)}.of(action)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		return b, fmt.Errorf("%s: there is no %q; a behaviour has %s", action, name, strings.Join(known, ", "))
	}
	return b, nil
}

// member is one member of a behaviour in JSON.
type member struct {
	name    string
	field   any    // what it is read into
	kind    string // of value
	example string
}

// members are those of b, in the order in which they are told.
func (b *Behaviour) members() []member {
	return []member{
		{"duration", &b.Duration, "length of time", `"8s"`},
		{"callbacks", &b.Callbacks, "whole number", "4"},
		{"failRate", &b.FailRate, "number", "0.1"},
		{"failWith", &b.FailWith, "text", `"NotStabilized"`},
		{"failAt", &b.FailAt, "text", `"start", "end" or "2"`},
		{"message", &b.Message, "text", `"The disk is full"`},
		{"remnant", &b.Remnant, "true or false", "true"},
		{"throttle", &b.Throttle, "text", `"5/s"`},
		{"seed", &b.Seed, "whole number from 0 to 18446744073709551615", "7"},
	}
}

// mistake is what is wrong with a member of a behaviour.
type mistake struct{ member, reason string }

// of returns the mistake as an error, with an example that is right.
func (m mistake) of(action string) error {
	all := new(Behaviour).members()
	i := slices.IndexFunc(all, func(known member) bool { return known.name == m.member })
	return fmt.Errorf("%s.%s: %s; write it like %s", action, m.member, m.reason, all[i].example)
}

// Validate returns the first mistake: its action and member, what is wrong, and how it
// would be right. A runtime is to be given profiles that have none.
func (p Profile) Validate() error {
	for _, action := range slices.Sorted(maps.Keys(p)) {
		switch action {
		case "create", "read", "update", "delete", "list", "*":
		default:
			return fmt.Errorf("%q is no action: create, read, update, delete, list or *; write it like %s", action, profileExample)
		}
		if m, bad := p[action].check(action); bad {
			return m.of(action)
		}
	}
	return nil
}

// check finds the first mistake of an action's behaviour.
func (b Behaviour) check(action string) (m mistake, bad bool) {
	_, rateErr := limit.ParseRate(b.Throttle)
	for _, c := range []struct {
		broken bool
		member string
		reason string
	}{
		{atOnce(action) && b.Duration != 0, "duration", action + " answers at once; only create, update and delete take time"},
		{b.Duration < 0 || b.Duration > maxDuration, "duration", fmt.Sprintf("%s is not between 0s and %s", b.Duration, maxDuration)},
		{atOnce(action) && b.Callbacks != 0, "callbacks", action + " answers at once; only create, update and delete take steps"},
		{b.Callbacks < 0 || b.Callbacks > maxCallbacks, "callbacks", fmt.Sprintf("%d is not between 0 and %d", b.Callbacks, maxCallbacks)},
		{!(b.FailRate >= 0 && b.FailRate <= 1), "failRate", fmt.Sprintf("%v is not between 0 and 1", b.FailRate)},
		{b.FailWith != "" && !known(b.FailWith), "failWith", fmt.Sprintf("%q is no handler error code: %s", b.FailWith, codes())},
		{b.FailAt != "" && b.neverFails(), "failAt", "nothing fails: give failRate or failWith too"},
		{!b.hasStep(b.FailAt, action), "failAt", fmt.Sprintf("there is no step %q: %s", b.FailAt, b.tellSteps(action))},
		{b.Message != "" && b.neverFails(), "message", "nothing fails: give failRate or failWith too"},
		{!isText(b.Message), "message", fmt.Sprintf("it is longer than %d characters, or no text", maxMessage)},
		{b.Remnant && action != "create", "remnant", "only a create leaves something behind"},
		{b.Remnant && b.neverFails(), "remnant", "nothing fails: give failRate or failWith too"},
		{b.Remnant && b.code().Retriable(), "remnant", fmt.Sprintf("after %s the create is tried again: nothing is left behind; give another failWith", b.code())},
		{b.Throttle != "" && rateErr != nil, "throttle", fmt.Sprint(rateErr)},
	} {
		if c.broken {
			return mistake{c.member, c.reason}, true
		}
	}
	return mistake{}, false
}

// atOnce reports whether the handler contract has the action answer at once.
func atOnce(action string) bool { return action == "read" || action == "list" }

// hasStep reports whether at is a time at which a request can fail.
func (b Behaviour) hasStep(at, action string) bool {
	if at == "" || at == atStart || at == atEnd {
		return true
	}
	n, err := strconv.Atoi(at)
	return err == nil && strconv.Itoa(n) == at && n >= 1 && n <= b.steps()
}

func (b Behaviour) tellSteps(action string) string {
	switch n := b.steps(); {
	case atOnce(action):
		return action + " answers at once"
	case n == 0:
		return "there are no steps without callbacks or a duration"
	case n == 1:
		return "there is only step 1"
	default:
		return fmt.Sprintf("steps go from 1 to %d", n)
	}
}

// isText reports whether s can be a message: some databases cannot keep a zero character.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= maxMessage
}

func known(c handler.Code) bool { return texts[c] != "" }

// codes lists what failWith can be.
func codes() string {
	var names []string
	for _, c := range slices.Sorted(maps.Keys(texts)) {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}
