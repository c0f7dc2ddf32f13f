package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

const (
	// maxDelay is the longest delay that counts: no operation may take longer.
	maxDelay = 2160 * time.Minute
	// maxTold bounds how much of a provider's message an error repeats.
	maxTold = 1024
	// maxWarnings bounds the warnings about one answer.
	maxWarnings = 20
	// synchronous is the rule in the plug-ins' own words.
	synchronous = "READ and LIST handlers must return synchronously."
)

// Answer reads body, the ProgressEvent that a provider answered c with. c.Schema must be set.
//
// Models come decoded, without nulls, their scalars of the kinds that the schema asks for (see schema.Schema.Coerce), final
// ones also without write-only properties; those of IN_PROGRESS keep them, since they are the next call's input. A model
// after a delete, and one with a failure that is worth another try, is left out. Codes that the contract does not know stay
// as they are: see handler.Code.Public.
//
// Warnings are for logs: what could not be coerced, and what was put right. An error wraps [handler.ErrInvalidAnswer] and
// says which rule the answer broke; neither holds values of models.
func Answer(c handler.Call, body []byte) (a handler.Answer, warnings []string, err error) {
	r := reader{call: c}
	if err := r.read(body); err != nil {
		return handler.Answer{}, nil, fmt.Errorf("%w: %w", handler.ErrInvalidAnswer, err)
	}
	if r.more > 0 {
		r.warnings = append(r.warnings, fmt.Sprintf("%d more warnings", r.more))
	}
	return r.answer, r.warnings, nil
}

// reader makes the answer out of the members of a ProgressEvent.
type reader struct {
	call     handler.Call
	members  map[string]any
	callback json.RawMessage
	answer   handler.Answer
	warnings []string
	more     int // warnings that there was no room for
}

func (r *reader) read(body []byte) error {
	if err := r.decode(body); err != nil {
		return err
	}
	if err := r.status(); err != nil {
		return err
	}
	switch r.answer.Status {
	case handler.Failed:
		r.failed()
		return nil
	case handler.InProgress:
		return r.inProgress()
	}
	switch r.call.Action {
	case schema.List:
		return r.listed()
	case schema.Delete:
		if r.members["resourceModel"] != nil {
			r.warn("a resourceModel after a delete was left out")
		}
		return nil
	}
	return r.result()
}

// decode takes body apart, by the rules of schema.Decode.
func (r *reader) decode(body []byte) error {
	if len(body) > MaxSize {
		return fmt.Errorf("it is longer than %d bytes", MaxSize)
	}
	v, err := schema.Decode(body)
	if err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	var ok bool
	if r.members, ok = v.(map[string]any); !ok {
		return errors.New("it is no JSON object")
	}
	if r.members["callbackContext"] == nil {
		return nil
	}
	// It goes back as it came, so its text is kept. A map, because names are taken in any case otherwise.
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(body, &texts); err != nil {
		return errors.New("it is not JSON")
	}
	r.callback = texts["callbackContext"]
	return nil
}

// status reads what every answer has.
func (r *reader) status() error {
	status, err := r.text("status")
	if err != nil {
		return err
	}
	switch handler.Status(status) {
	case handler.Success, handler.InProgress, handler.Failed:
		r.answer.Status = handler.Status(status)
	case "PENDING": // Python's
		r.answer.Status = handler.InProgress
	case "":
		return errors.New("it has no status")
	default:
		return fmt.Errorf("its status is %.40q", status)
	}
	if r.answer.Message, err = r.text("message"); err != nil {
		return err
	}
	code, err := r.text("errorCode")
	if err != nil {
		return err
	}
	r.answer.ErrorCode = handler.Code(code)
	failed := r.answer.Status == handler.Failed
	switch {
	case failed && code == "" && r.answer.Message == "":
		return errors.New("it failed without an error code")
	case failed && code == "":
		return fmt.Errorf("it failed without an error code: %s", cut(r.answer.Message))
	case !failed && code != "":
		return fmt.Errorf("it carries an error code with status %s", r.answer.Status)
	}
	return nil
}

// failed keeps the model of a failure for the identifier in it: something may be left of the resource.
func (r *reader) failed() {
	if r.call.Action == schema.Read || r.call.Action == schema.List || r.answer.ErrorCode.Retriable() {
		return
	}
	if m, ok := r.members["resourceModel"].(map[string]any); ok {
		r.answer.Model = r.final(r.coerce("resourceModel", m))
	}
}

func (r *reader) inProgress() error {
	if r.call.Action == schema.Read || r.call.Action == schema.List {
		//lint:ignore ST1005 these are others' words
		return errors.New(synchronous)
	}
	var err error
	if r.answer.Delay, err = r.delay(); err != nil {
		return err
	}
	if r.members["callbackContext"] != nil {
		r.answer.Callback = r.callback
	}
	if r.members["resourceModel"] == nil && r.call.Action == schema.Delete {
		return nil // the next call gets what this one got
	}
	r.answer.Model, err = r.model()
	return err
}

// result reads the model of a create, read or update that succeeded.
func (r *reader) result() error {
	model, err := r.model()
	if err != nil {
		return err
	}
	r.answer.Model = r.final(model)
	return nil
}

// model is the resourceModel, which holds the primary identifier.
func (r *reader) model() (any, error) {
	v := r.members["resourceModel"]
	if v == nil {
		return nil, errors.New("it has no resourceModel")
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, errors.New("its resourceModel is no JSON object")
	}
	model := r.coerce("resourceModel", v)
	if _, ok := r.call.Schema.Identifier(r.final(model)); !ok {
		return nil, errors.New("its model lacks the primary identifier")
	}
	return model, nil
}

// listed reads the page of a list. Whether each model names its resource is asked by who shows them.
func (r *reader) listed() error {
	v, ok := r.members["resourceModels"]
	if !ok {
		return errors.New("it has no resourceModels")
	}
	if v == nil { // Go's empty list, if nobody takes care
		r.warn("resourceModels is null: taken as an empty list")
		v = []any{}
	}
	list, ok := v.([]any)
	if !ok {
		return errors.New("its resourceModels is no array")
	}
	r.answer.Models = make([]any, 0, len(list))
	for i, v := range list {
		if v == nil {
			continue
		}
		if _, ok := v.(map[string]any); !ok {
			return fmt.Errorf("its resourceModels/%d is no JSON object", i)
		}
		r.answer.Models = append(r.answer.Models, r.final(r.coerce("resourceModels/"+strconv.Itoa(i), v)))
	}
	token, err := r.text("nextToken")
	if err != nil {
		return err
	}
	if token != "" && token == r.call.NextToken { // it would be asked for the same page for ever
		r.warn("nextToken is the one that was sent: taken as the end of the list")
		token = ""
	}
	r.answer.NextToken = token
	return nil
}

func (r *reader) coerce(name string, model any) any {
	out, warnings := r.call.Schema.Coerce(model)
	for _, w := range warnings {
		r.warn(name + ": " + w)
	}
	return out
}

// final takes the write-only properties out of a model; an object stays one.
func (r *reader) final(model any) any { return r.call.Schema.WithoutWriteOnly(model) }

// delay is how long to wait before the next call.
func (r *reader) delay() (time.Duration, error) {
	v := r.members["callbackDelaySeconds"]
	if v == nil {
		return 0, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("its callbackDelaySeconds is no number")
	}
	seconds, _ := n.Float64() // one out of range is an infinity
	return time.Duration(min(max(seconds, 0), maxDelay.Seconds()) * float64(time.Second)), nil
}

// text is a member that is a string, "" where it is absent or null.
func (r *reader) text(name string) (string, error) {
	v := r.members[name]
	if v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("its %s is no string", name)
	}
	return s, nil
}

func (r *reader) warn(text string) {
	if len(r.warnings) == maxWarnings {
		r.more++
		return
	}
	r.warnings = append(r.warnings, text)
}

// cut bounds a message of the provider that is told in an error.
func cut(message string) string { return fmt.Sprintf("%.*s", maxTold, message) }
