package lambda

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	base            = "/2018-06-01/runtime"
	errorTypeHeader = "Lambda-Runtime-Function-Error-Type"
	errorBodyHeader = "Lambda-Runtime-Function-Error-Body" // base64; in a trailer only
	longest         = 15 * time.Minute                     // the deadline that a call without one is told
)

// call is one invocation.
type call struct {
	id       string
	payload  []byte
	deadline time.Time
	answered chan answer // holds one

	over bool // answered or given up; under the mutex of the child that has it
}

// answer is what a function said: to an invocation, or about itself.
type answer struct {
	body []byte
	err  error
}

func newCall(ctx context.Context, payload []byte) *call {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(longest)
	}
	return &call{id: newID(), payload: payload, deadline: deadline, answered: make(chan answer, 1)}
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// routes serve the Runtime API to the one child.
func (c *child) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/invocation/next", c.serveNext)
	mux.HandleFunc("POST "+base+"/invocation/{id}/response", c.serveResponse)
	mux.HandleFunc("POST "+base+"/invocation/{id}/error", c.serveError)
	mux.HandleFunc("POST "+base+"/init/error", c.serveInitError)
	return mux
}

// serveNext answers with the next call once there is one.
func (c *child) serveNext(w http.ResponseWriter, r *http.Request) {
	c.giveUp()
	select {
	case call := <-c.calls:
		if c.begin(call) {
			c.send(w, call)
		}
	case <-r.Context().Done():
	case <-c.done:
	}
}

// giveUp ends a call that the child has not answered although it asks for the next one.
func (c *child) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.settle(answer{err: &FunctionError{"Runtime.NoAnswer", "the function asked for its next call without answering this one"}})
	}
}

// settle ends the current call. It needs c.mu.
func (c *child) settle(a answer) {
	c.current.over = true
	c.current.answered <- a
	c.current = nil
}

// begin makes the call the current one, unless it was given up on its way here.
func (c *child) begin(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.over {
		return false
	}
	if c.served > 0 {
		c.output.reset() // printed after the last answer: part of no call
	}
	c.served++
	c.current = call
	return true
}

func (c *child) send(w http.ResponseWriter, call *call) {
	env := c.function.Env
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(call.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", fmt.Sprintf("arn:aws:lambda:%s:000000000000:function:%s",
		cmp.Or(env["AWS_REGION"], "us-east-1"), cmp.Or(env["AWS_LAMBDA_FUNCTION_NAME"], "function")))
	h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%s;Sampled=0", time.Now().Unix(), call.id[24:]+call.id[:8]+call.id[9:13]))
	_, _ = w.Write(call.payload) // a child that has gone is noticed by its exit or the deadline
}

func (c *child) serveResponse(w http.ResponseWriter, r *http.Request) {
	c.serveAnswer(w, r, func(body []byte) answer {
		// Go's client finds an error of a streamed answer only at its end.
		if kind := r.Trailer.Get(errorTypeHeader); kind != "" {
			report, err := base64.StdEncoding.DecodeString(r.Trailer.Get(errorBodyHeader))
			if err != nil {
				report = nil
			}
			return reported(kind, report)
		}
		return answer{body: body}
	})
}

func (c *child) serveError(w http.ResponseWriter, r *http.Request) {
	c.serveAnswer(w, r, func(body []byte) answer { return reported(errorType(r), body) })
}

// serveAnswer ends the current call with what read makes of the body.
func (c *child) serveAnswer(w http.ResponseWriter, r *http.Request, read func([]byte) answer) {
	id := r.PathValue("id")
	if !c.has(id) {
		refuse(w, r, http.StatusBadRequest, "Invalid request ID", "InvalidRequestID")
		return
	}
	body, err := readBody(r)
	large := errors.Is(err, errTooLarge)
	if err != nil && !large {
		return // the child has gone, or will say it again
	}
	var a answer
	if large {
		a.err = &FunctionError{"Function.ResponseSizeTooLarge", fmt.Sprintf("the answer has more than %d bytes", MaxBody)}
	} else {
		a = read(body)
	}
	switch {
	case !c.answer(id, a):
		refuse(w, r, http.StatusBadRequest, "Invalid request ID", "InvalidRequestID")
	case large:
		refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxBody), "RequestEntityTooLarge")
	default:
		accept(w)
	}
}

// has says whether id is the current call.
func (c *child) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current != nil && c.current.id == id
}

// answer ends the current call if it is the one that id names.
func (c *child) answer(id string, a answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil || c.current.id != id {
		return false
	}
	c.settle(a)
	return true
}

// serveInitError takes the report of a child that it cannot start. A call that it has
// nevertheless ends with that report.
func (c *child) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil && !errors.Is(err, errTooLarge) {
		return
	}
	c.fail(reported(errorType(r), body))
	accept(w)
}

func (c *child) fail(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.broken {
		c.broken, c.cause, c.body = true, a.err, a.body
		close(c.failed)
	}
	if c.current != nil {
		c.settle(a)
	}
}

// errorType is the type of an error: Go's client may send it behind the body.
func errorType(r *http.Request) string {
	return cmp.Or(r.Header.Get(errorTypeHeader), r.Trailer.Get(errorTypeHeader))
}

// reported is the answer of a function that reports an error. What the report itself
// says counts; kind is the type where it says none.
func reported(kind string, report []byte) answer {
	var says struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(report, &says) != nil {
		says.ErrorType, says.ErrorMessage = "", string(report)
	}
	return answer{body: report, err: &FunctionError{cmp.Or(says.ErrorType, kind), says.ErrorMessage}}
}

var errTooLarge = errors.New("too large")

// readBody reads up to MaxBody bytes. It skips what is beyond, for a while, since a
// client that still writes would not see the answer.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) <= MaxBody {
		return body, nil
	}
	_, _ = io.CopyN(io.Discard, r.Body, 10*MaxBody)
	return nil, errTooLarge
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted) // anything else makes Go's client exit
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

func refuse(w http.ResponseWriter, r *http.Request, status int, message, kind string) {
	_, _ = io.CopyN(io.Discard, r.Body, MaxBody)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorMessage": message, "errorType": kind})
}
