package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"time"
)

// Event is what a client saw of a request.
type Event struct {
	Token, Operation, Status, Identifier string
	At                                   time.Duration // EventTime
	Code, Message, Model                 string        `json:",omitempty"`
}

func (e Event) ended() bool {
	return e.Status == "SUCCESS" || e.Status == "FAILED" || e.Status == "CANCEL_COMPLETE"
}

// Outcome is how a client's call ended.
type Outcome string

// What can come of a call.
const (
	Accepted Outcome = "accepted" // a mutation: Event is of the request that stands for it
	Busy     Outcome = "busy"     // a mutation: Token is the live request in its way
	Refused  Outcome = "refused"  // whatever else the server said no to: Code
	Seen     Outcome = "seen"     // status, cancel, list of requests: Events
	Found    Outcome = "found"    // get: Model
	Missing  Outcome = "missing"  // get
	Listed   Outcome = "listed"   // list of resources
	Unheard  Outcome = "unheard"  // no answer came, or one that says nothing of what was done
	Nobody   Outcome = "nobody"   // the node does not listen: nothing was asked
)

// Op is one call of a client.
type Op struct {
	Client       int
	Kind         string // create, update, delete, status, cancel, get, list, requests
	Node         string
	Identifier   string `json:",omitempty"`
	ClientToken  string `json:",omitempty"`
	Input        string `json:",omitempty"` // of a mutation: desired state or patch
	Replay       bool   `json:",omitempty"` // the client token was used before
	Call, Return time.Duration
	Outcome      Outcome
	Code         string  `json:",omitempty"` // of the exception
	Token        string  `json:",omitempty"` // asked for, or in the way
	Events       []Event `json:",omitempty"` // of a mutation and status: one
	Model        string  `json:",omitempty"`
	Error        string  `json:",omitempty"` // of an unheard call
}

// Call is one handler call as the witness saw it.
type Call struct {
	Node       string // name and number of the process, such as n1.2
	Token      string
	Action     string
	Identifier string
	Step       int
	Begin      time.Duration
	End        time.Duration // the answer was given, or the caller had left
	Said       string        // status or error code; "left" where nobody was there to hear it
}

// node is the node without the number of its process.
func (c Call) node() string { return nodeOf(c.Node) }

func nodeOf(process string) string {
	name, _, _ := strings.Cut(process, ".")
	return name
}

// Effect is one change of the witness's world.
type Effect struct {
	Token, Identifier, Action string
	At                        time.Duration
	Partial                   bool   `json:",omitempty"` // the beginning of a create
	Model                     string `json:",omitempty"` // as the thing is now
}

// Fault is something that the tormentor did.
type Fault struct {
	Kind       string
	Node       string // "" for all
	Begin, End time.Duration
	Detail     string `json:",omitempty"`
}

// hits reports whether the fault strikes the node between two moments.
func (f Fault) hits(node string, from, to time.Duration) bool {
	return (f.Node == "" || f.Node == node) && f.Begin <= to && f.End >= from
}

// Line is one entry of a timeline.
type Line struct {
	At                  time.Duration
	What, Node, Outcome string
	Attempt             int
}

// Detail is what an operator sees of a request that has ended.
type Detail struct {
	Event
	Accepted       time.Duration
	ClientToken    string
	Attempts, Lost int
	Lines          []Line
}

// completed is what a CANCEL_COMPLETE says whose call in flight had done it all.
const completed = "Cancelled. The handler call in flight had completed the operation"

// neverAnswered is what one says whose call in flight was given up.
const neverAnswered = "Cancelled. The handler call that was in flight never answered"

// done reports whether the request changed the ledger.
func (d Detail) done() bool {
	return d.Status == "SUCCESS" || d.Status == "CANCEL_COMPLETE" && d.Message == completed
}

// Final is what was found when all was calm.
type Final struct {
	Calm      time.Duration            // when the last fault was over
	Settled   time.Duration            // when no request was live any more
	Status    map[string]Event         // by GetResourceRequestStatus
	Details   map[string]Detail        // by DescribeRequest
	Pages     map[string][]Event       // ListResourceRequests over all pages, by node
	Things    map[string]string        // models by identifier, as GetResource gives them
	Resources map[string][]Description // ListResources over all pages, by node
	World     map[string]Thing         // what the witness has, by identifier
	Again     []string                 // errors of reads that succeeded when they were made again
}

// Description is one resource of a list.
type Description struct{ Identifier, Model string }

// History is all that is known of a run.
type History struct {
	Lease   time.Duration
	Nodes   int
	Ops     []Op
	Calls   []Call
	Effects []Effect
	Faults  []Fault
	Final   Final
}

// recorder takes a history down, and writes it to a file line by line.
type recorder struct {
	mu   sync.Mutex
	h    History
	file *os.File
	out  *bufio.Writer
	json *json.Encoder
	err  error
}

func newRecorder(path string) (*recorder, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriter(f)
	return &recorder{file: f, out: out, json: json.NewEncoder(out)}, nil
}

func (r *recorder) line(v any) {
	if err := r.json.Encode(v); err != nil && r.err == nil {
		r.err = err
	}
}

func (r *recorder) op(o Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Ops = append(r.h.Ops, o)
	r.line(struct{ Op Op }{o})
}

func (r *recorder) call(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Calls = append(r.h.Calls, c)
	r.line(struct{ Call Call }{c})
}

func (r *recorder) effect(e Effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Effects = append(r.h.Effects, e)
	r.line(struct{ Effect Effect }{e})
}

func (r *recorder) fault(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Faults = append(r.h.Faults, f)
	r.line(struct{ Fault Fault }{f})
}

// finish adds the end and returns the whole.
func (r *recorder) finish(f Final) (*History, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Final = f
	r.line(struct{ Final Final }{f})
	return &r.h, r.err
}

func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.out.Flush(), r.file.Close())
}
