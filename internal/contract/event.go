package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// event is a ProgressEvent as it came, read with as much patience as can be.
type event struct {
	status     handler.Status
	code       handler.Code
	message    string
	raw        map[string]any // resourceModel as it came, nil for none
	model      map[string]any // the same without nulls, its scalars of the kinds that the schema asks for
	hasModels  bool           // resourceModels is there and not null
	models     []any          // as they came
	next       string
	callback   json.RawMessage
	delay      time.Duration
	identifier string // the primary one, "" for none
}

func (e event) failed(c handler.Code) bool { return e.status == handler.Failed && e.code == c }

// final is the model without what only IN_PROGRESS may show.
func (e event) final(s *schema.Schema) map[string]any {
	m, _ := s.WithoutWriteOnly(e.model).(map[string]any)
	return m
}

// readEvent reads an answer; the error says which member is of the wrong kind.
func readEvent(s *schema.Schema, text []byte) (e event, err error) {
	v, err := schema.Decode(text)
	if err != nil {
		return e, fmt.Errorf("it is not JSON: %w", err)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return e, errors.New("it is no JSON object")
	}
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(text, &texts); err != nil {
		return e, errors.New("it is not JSON")
	}
	var words [4]string
	for i, name := range []string{"status", "errorCode", "message", "nextToken"} {
		if words[i], ok = o[name].(string); !ok && o[name] != nil {
			return e, fmt.Errorf("its %s is no string", name)
		}
	}
	e.status, e.code, e.message, e.next = handler.Status(words[0]), handler.Code(words[1]), words[2], words[3]
	switch e.status {
	case handler.Success, handler.InProgress, handler.Failed:
	case "PENDING": // Python's plug-in knows it
		e.status = handler.InProgress
	default:
		return e, fmt.Errorf("its status is %.40q", e.status)
	}
	if o["callbackContext"] != nil {
		e.callback = texts["callbackContext"]
	}
	return e, e.readModels(s, o)
}

// readModels reads the members that are neither texts nor opaque.
func (e *event) readModels(s *schema.Schema, o map[string]any) error {
	var ok bool
	if n := o["callbackDelaySeconds"]; n != nil {
		number, ok := n.(json.Number)
		if !ok {
			return errors.New("its callbackDelaySeconds is no number")
		}
		f, _ := number.Float64()
		e.delay = time.Duration(min(max(f, 0), 1e6) * float64(time.Second))
	}
	if v := o["resourceModels"]; v != nil {
		if e.models, ok = v.([]any); !ok {
			return errors.New("its resourceModels is no array")
		}
		e.hasModels = true
		for i, m := range e.models {
			if _, ok := m.(map[string]any); !ok {
				return fmt.Errorf("its resourceModels/%d is no object", i)
			}
		}
	}
	if v := o["resourceModel"]; v != nil {
		if e.raw, ok = v.(map[string]any); !ok {
			return errors.New("its resourceModel is no object")
		}
		e.model = coerced(s, e.raw)
		e.identifier, _ = s.Identifier(e.model)
	}
	return nil
}

// coerced is a model as the server would keep it, but for write-only properties.
func coerced(s *schema.Schema, model map[string]any) map[string]any {
	v, _ := s.Coerce(model)
	m, _ := v.(map[string]any)
	return m
}
