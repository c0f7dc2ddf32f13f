package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"example.org/groundcontrol/internal/handler/witness"
)

// Thing is a resource of the witness's world.
type Thing struct {
	Model   string
	Token   string // of the request that changed it last
	Partial bool   // a create has begun it and not ended
}

// world is what really exists. It is idempotent by request token, as a provider is to be.
type world struct {
	seed   uint64
	clock  clock
	effect func(Effect)

	mu     sync.Mutex
	things map[string]Thing
	jobs   map[string]*job // by request token
	begun  map[string]int  // requests by identifier
}

// job is what the world knows of a request.
type job struct {
	plan     plan
	throttle []int // failures that are left, by turn
	done     bool  // its effect is there, whole
}

func newWorld(seed uint64, c clock, effect func(Effect)) *world {
	return &world{seed: seed, clock: c, effect: effect, things: map[string]Thing{}, jobs: map[string]*job{}, begun: map[string]int{}}
}

// turn returns how this call goes, and whether it is to be throttled.
func (w *world) turn(c witness.Call, step int) (t turn, last, throttled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.jobs[c.Token]
	if j == nil {
		j = &job{plan: newPlan(w.seed, c.Identifier, w.begun[c.Identifier])}
		w.begun[c.Identifier]++
		for _, t := range j.plan {
			j.throttle = append(j.throttle, t.throttles)
		}
		w.jobs[c.Token] = j
	}
	step = min(step, len(j.plan)-1)
	if j.throttle[step] > 0 {
		j.throttle[step]--
		return turn{takes: 5 * time.Millisecond}, false, true
	}
	return j.plan[step], step == len(j.plan)-1, false
}

// work does what one call is there for and says what to answer.
func (w *world) work(c witness.Call, step int, t turn, last bool) witness.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.jobs[c.Token]
	is, there := w.things[c.Identifier]
	switch {
	case j.done: // asked again
	case c.Action == "CREATE" && there && is.Token != c.Token:
		return failed("AlreadyExists")
	case c.Action != "CREATE" && !there:
		return failed("NotFound")
	case t.fails != "":
		return failed(t.fails)
	case last:
		w.finish(j, c)
	case c.Action == "CREATE":
		w.put(c, Thing{Model: model(c), Token: c.Token, Partial: true})
	}
	if !last {
		callback, _ := json.Marshal(callback{step + 1}) // always can
		return witness.Answer{Status: "IN_PROGRESS", Message: fmt.Sprintf("step %d", step+1), Callback: callback, Delay: t.delay}
	}
	if c.Action == "DELETE" {
		return witness.Answer{Status: "SUCCESS"}
	}
	return witness.Answer{Status: "SUCCESS", Model: json.RawMessage(model(c))}
}

func (w *world) finish(j *job, c witness.Call) {
	j.done = true
	if c.Action == "DELETE" {
		delete(w.things, c.Identifier)
		w.effect(Effect{Token: c.Token, Identifier: c.Identifier, Action: c.Action, At: w.clock.now()})
		return
	}
	w.put(c, Thing{Model: model(c), Token: c.Token})
}

func (w *world) put(c witness.Call, t Thing) {
	if w.things[c.Identifier] == t { // the same call made again
		return
	}
	w.things[c.Identifier] = t
	w.effect(Effect{Token: c.Token, Identifier: c.Identifier, Action: c.Action, At: w.clock.now(), Partial: t.Partial, Model: t.Model})
}

// all is a copy of what there is.
func (w *world) all() map[string]Thing {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.things)
}

type callback struct {
	Step int `json:"step"`
}

// properties are those of the type; encoding/json writes them in this order, the server
// by name.
type properties struct {
	Made  string
	Name  string
	Value string
}

// model is the thing as the call leaves it. The server shows models with their names
// sorted, so equal models are equal texts.
func model(c witness.Call) string {
	var p properties
	_ = json.Unmarshal(c.Desired, &p) // the server has checked it
	p.Made = c.Token
	text, _ := json.Marshal(p) // always can
	return string(text)
}

func failed(code string) witness.Answer {
	return witness.Answer{Status: "FAILED", ErrorCode: code, Message: "the witness says " + code}
}
