package simulate

import (
	"cmp"
	"encoding/binary"
	"strconv"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// Behaviour is how one action of a simulated type goes. The zero value: at once, never
// failing.
//
// A failure takes the place of a success, or of a step on the way to it. What could not
// be done anyway fails for its own reason: a create of a name that is taken still
// answers AlreadyExists, whatever FailWith says.
//
// A failure with a retriable code (handler.Code.Retriable) does not end a create, update
// or delete: it is tried again. Each try draws anew, so that at a FailRate of 0.1 retries
// are seen that then succeed; at a rate of 1 the tries go on until the request's deadline.
type Behaviour struct {
	// Duration is how long a create, update or delete takes. What takes longer than the
	// type allows its handler ends in ServiceTimeout.
	Duration Duration `json:"duration,omitzero"`
	// Callbacks is how many IN_PROGRESS answers come before the last one, each with an equal
	// part of Duration as its delay; 1 where only Duration is given.
	Callbacks int `json:"callbacks,omitzero"`
	// FailRate is the share that fails, 0 to 1. Where FailWith is given and this is 0, all do.
	FailRate float64 `json:"failRate,omitzero"`
	// FailWith is the error code, GeneralServiceException where it is not given.
	FailWith handler.Code `json:"failWith,omitzero"`
	// FailAt is when: "start" (in place of the first answer), "end" or nothing (in place of
	// the success), or the number of the step in whose place. Read and list have one answer.
	FailAt string `json:"failAt,omitzero"`
	// Message is that of the failure. Each code has one that is used where this is empty.
	Message string `json:"message,omitzero"`
	// Remnant has a create that fails leave its resource behind. It can be read, updated and
	// deleted, and the failed request names it.
	Remnant bool `json:"remnant,omitzero"`
	// Throttle is the rate of calls above which they are answered with Throttling, such as
	// "5/s"; see limit.ParseRate. Each account, region, type and action has a bucket of its
	// own on each node. The steps of a request count as calls, and so does the read that an
	// update begins with (as a read).
	Throttle string `json:"throttle,omitzero"`
	// Seed settles which requests fail, by type, action and the resource's identifier: the
	// same names have the same fate on each node and after each restart. Identifiers that
	// the service makes are new each time, and so is their fate. With 0 the request's token
	// settles it, so it is left to chance; so are all lists, and reads with a retriable
	// code, since their tries are calls like any other.
	Seed uint64 `json:"seed,omitzero"`
}

// Duration is a length of time that is written "8s" or "1m30s" in JSON.
type Duration time.Duration

// String returns d as it is written.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Where a request can fail, besides at a numbered step.
const (
	atStart = "start"
	atEnd   = "end"
)

var actionNames = map[schema.Action]string{
	schema.Create: "create", schema.Read: "read", schema.Update: "update", schema.Delete: "delete", schema.List: "list",
}

// behaviour is how the call's action goes: by its type's profile, else by the rules.
func (r *Runtime) behaviour(c handler.Call) Behaviour {
	action := actionNames[c.Action]
	if r.Profiles != nil {
		p := r.Profiles(c.Account, c.Region, c.TypeName)
		if b, ok := p[action]; ok {
			return b
		}
		if b, ok := p["*"]; ok {
			return b
		}
	}
	for i := len(r.Rules) - 1; i >= 0; i-- {
		if r.Rules[i].matches(c.TypeName, action) {
			return Behaviour{Duration: Duration(r.Rules[i].Duration)}
		}
	}
	return Behaviour{}
}

// early answers a call that is not to succeed now: with the failure that is due, or with
// a step. doing says what goes on; model is all that the next call is to get. What a
// create leaves behind is taken not to be there yet.
func (b Behaviour) early(c handler.Call, doing, identifier string, model any) (a handler.Answer, ok bool) {
	done := progress(c).Done
	if b.failsAfter(done) && b.unlucky(c, identifier) {
		a = b.failure(c, identifier)
		if b.Remnant && c.Action == schema.Create {
			a.Model, a.Ledger = c.Schema.WithoutWriteOnly(model), new(int64)
		}
		return a, true
	}
	if done < b.steps() {
		return b.pending(c, doing+" "+identifier, model), true
	}
	return handler.Answer{}, false
}

// spoil returns the failure that takes the place of a read's or list's success, or a.
func (b Behaviour) spoil(c handler.Call, a handler.Answer) handler.Answer {
	if a.Status != handler.Success {
		return a
	}
	identifier, _ := c.Schema.Identifier(a.Model)
	if b.unlucky(c, identifier) {
		return b.failure(c, identifier)
	}
	return a
}

// steps is how many IN_PROGRESS answers come before the last answer.
func (b Behaviour) steps() int {
	if b.Callbacks == 0 && b.Duration > 0 {
		return 1
	}
	return b.Callbacks
}

// failsAfter reports whether the answer after so many steps is the one that fails. The
// end is wherever no step is left: there may be fewer than when the request began.
func (b Behaviour) failsAfter(done int) bool {
	switch b.FailAt {
	case atStart:
		return done == 0
	case atEnd, "":
		return done >= b.steps()
	}
	return strconv.Itoa(done+1) == b.FailAt
}

func (b Behaviour) neverFails() bool { return b.FailRate == 0 && b.FailWith == "" }

// unlucky reports whether the call is one of those that fail.
func (b Behaviour) unlucky(c handler.Call, identifier string) bool {
	switch {
	case b.neverFails():
		return false
	case b.FailRate == 0, b.FailRate >= 1:
		return true
	}
	return b.fate(c, identifier) < b.FailRate
}

// fate is a number of at least 0 and below 1, the same in each call of a request but for
// tries. It depends on neither FailRate nor the code: what fails at a low rate fails at
// a higher one.
func (b Behaviour) fate(c handler.Call, identifier string) float64 {
	whose, try := identifier, ""
	if b.code().Retriable() {
		try = strconv.Itoa(c.Retries)
		if c.Action == schema.Read || c.Action == schema.List {
			whose = c.Token // the client tries again, and nothing tells that from a first try
		}
	}
	if b.Seed == 0 || whose == "" {
		whose = c.Token
	}
	s := newSeed("fate", strconv.FormatUint(b.Seed, 10), c.TypeName, actionNames[c.Action], whose, try)
	return float64(binary.BigEndian.Uint64(s[:])>>11) / (1 << 53)
}

func (b Behaviour) code() handler.Code { return cmp.Or(b.FailWith, handler.GeneralServiceException) }

func (b Behaviour) failure(c handler.Call, identifier string) handler.Answer {
	if b.Message != "" {
		return failed(b.code(), "%s", b.Message)
	}
	return failure(b.code(), c, identifier)
}
