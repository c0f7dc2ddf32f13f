package handlertest

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

const pair = `{
	"typeName": "Test::Handler::Pair", "description": "d", "additionalProperties": false,
	"properties": {"Name": {"type": "string", "pattern": "^[a-z]{8}$"}, "Value": {"type": "integer"}},
	"required": ["Name"], "primaryIdentifier": ["/properties/Name"], "createOnlyProperties": ["/properties/Name"],
	"handlers": {"create": {"permissions": []}, "read": {"permissions": []}, "update": {"permissions": []},
		"delete": {"permissions": []}, "list": {"permissions": []}}
}`

// pairs is a runtime in memory, with a fault. Creates take two calls.
type pairs struct {
	fault string

	mu    sync.Mutex
	all   map[string]map[string]any
	by    map[string]string // tokens by name
	reads int
}

func (p *pairs) Invoke(ctx context.Context, c handler.Call) (handler.Answer, error) {
	if p.fault == "a done context ends a call" && ctx.Err() != nil {
		<-time.After(2 * prompt)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	failed := func(c handler.Code) (handler.Answer, error) {
		return handler.Answer{Status: handler.Failed, ErrorCode: c, Message: string(c)}, nil
	}
	succeeded := func(m map[string]any) (handler.Answer, error) {
		return handler.Answer{Status: handler.Success, Model: m}, nil
	}
	var desired map[string]any
	if v, err := schema.Decode(c.Desired); err == nil {
		desired, _ = v.(map[string]any)
	}
	name, _ := desired["Name"].(string)
	there := p.all[name]
	switch {
	case c.Action == schema.List:
		models := []any{}
		for _, m := range p.all {
			models = append(models, m)
		}
		return handler.Answer{Status: handler.Success, Models: models}, nil
	case c.Action == schema.Create && there != nil && p.by[name] == c.Token && p.fault != "each call is made twice":
		return succeeded(there)
	case c.Action == schema.Create && there != nil:
		return failed(handler.AlreadyExists)
	case c.Action == schema.Create && c.Callback == nil:
		return handler.Answer{Status: handler.InProgress, Model: desired, Callback: []byte("1")}, nil
	case c.Action == schema.Create:
		p.by[name] = c.Token
		fallthrough
	case c.Action == schema.Update && there != nil:
		p.all[name] = desired
		return succeeded(desired)
	case there == nil:
		return failed(handler.NotFound)
	case c.Action == schema.Delete:
		delete(p.all, name)
		return handler.Answer{Status: handler.Success}, nil
	case p.fault == "many calls at once":
		p.reads++
		return succeeded(map[string]any{"Name": name, "Value": strconv.Itoa(p.reads)})
	case p.fault == "contract/create_read":
		return succeeded(map[string]any{"Name": name[1:] + "a"})
	}
	return succeeded(there)
}

// TestARuntimeInMemory is the suite over a runtime with the fault that the environment names. Without one it passes.
func TestARuntimeInMemory(t *testing.T) {
	s, _, err := schema.Parse([]byte(pair))
	if err != nil {
		t.Fatal(err)
	}
	Run(t, Subject{Schema: s, New: func(*testing.T) handler.Runtime {
		return &pairs{fault: os.Getenv("HANDLERTEST_FAULT"), all: map[string]map[string]any{}, by: map[string]string{}}
	}})
}

// TestTheSuiteFailsForABrokenRuntime runs the test above in a process of its own for each fault.
func TestTheSuiteFailsForABrokenRuntime(t *testing.T) {
	for _, fault := range []string{"contract/create_read", "a done context ends a call", "many calls at once", "each call is made twice"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestARuntimeInMemory$", "-test.v")
			c.Env = append(os.Environ(), "HANDLERTEST_FAULT="+fault)
			output, err := c.CombinedOutput()
			want := "--- FAIL: TestARuntimeInMemory/" + strings.ReplaceAll(fault, " ", "_")
			if err == nil || !strings.Contains(string(output), want) {
				t.Errorf("%v: there is no %q in\n%s", err, want, output)
			}
		})
	}
}
