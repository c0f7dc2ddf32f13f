package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store/memory"
)

// raw is a runtime that only passes payloads on.
type raw func(t handler.Target, payload []byte) (handler.Raw, error)

func (r raw) Invoke(context.Context, handler.Call) (handler.Answer, error) {
	return handler.Answer{}, errors.New("not asked for")
}

func (r raw) InvokeRaw(_ context.Context, t handler.Target, payload []byte) (handler.Raw, error) {
	return r(t, payload)
}

// functions is a control of simulated AWS::Some::Thing, and of Own::Test types of account 1 in region r
// whose handlers are raw.
func functions(t *testing.T, here raw, registered ...string) *Control {
	t.Helper()
	text := func(name, what string) []byte {
		return fmt.Appendf(nil, `{"typeName":%q,"description":%q,"additionalProperties":false,"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`, name, what)
	}
	s, _, err := schema.Parse(text("AWS::Some::Thing", "x"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(t.Context(), new(memory.Store), registry.Type{Name: "AWS::Some::Thing", Version: registry.FirstVersion, Schema: s, Runtime: registry.Simulate})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range registered {
		for _, version := range []string{"one", "two"} {
			if _, err := r.Register(t.Context(), "1", "r", registry.Registration{Schema: text("Own::Test::"+name, version), Code: registry.Code{Endpoint: "http://h:1", Function: "f"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &Control{Types: r, Runtimes: map[string]handler.Runtime{registry.Invoke: here}}
}

var somebody = Caller{Account: "1", Region: "r"}

func TestFunctionsAreFoundByEveryNameTheyHave(t *testing.T) {
	var got handler.Target
	c := functions(t, func(t handler.Target, payload []byte) (handler.Raw, error) {
		got = t
		return handler.Raw{Body: payload, Output: "o"}, nil
	}, "Thing")
	for _, in := range []struct{ function, qualifier, version string }{
		{"Own::Test::Thing", "", "00000002"},
		{"Own-Test-Thing", "$LATEST", "00000002"},
		{"Own-Test-Thing", "00000001", "00000001"},
		{"Own-Test-Thing:00000001", "", "00000001"},
		{"Own::Test::Thing:00000001", "00000001", "00000001"},
		{"TypeFunction", "", "00000002"},
		{"TypeFunction", "00000001", "00000001"},
		{"arn:aws:lambda:r:1:function:TypeFunction", "", "00000002"},
		{"arn:aws:lambda:r:1:function:Own-Test-Thing:00000001", "", "00000001"},
		{"1:function:Own-Test-Thing", "", "00000002"},
		{"function:Own-Test-Thing:$LATEST", "", "00000002"},
	} {
		out, err := c.Invoke(t.Context(), somebody, InvokeInput{Function: in.function, Qualifier: in.qualifier, Payload: []byte("p")})
		if want := (handler.Target{Account: "1", Region: "r", TypeName: "Own::Test::Thing", TypeVersion: in.version}); err != nil || got != want || string(out.Answer) != "p" || out.Output != "o" {
			t.Errorf("%s %s: %+v, %+v, %v", in.function, in.qualifier, got, out, err)
		}
	}
}

func TestFunctionsThatAreNotThereAreRefused(t *testing.T) {
	unasked := func(t handler.Target, _ []byte) (handler.Raw, error) {
		return handler.Raw{}, fmt.Errorf("%+v was called", t)
	}
	none, one, two := functions(t, unasked), functions(t, unasked, "Thing"), functions(t, unasked, "Other", "Thing")
	for _, in := range []struct {
		c                   *Control
		function, qualifier string
		want                string
	}{
		{none, "TypeFunction", "", "Function not found: arn:aws:lambda:r:1:function:TypeFunction (TypeFunction stands for the only registered type, and no type is registered in account 1, region r: groundcontrol type register does that)"},
		{two, "TypeFunction", "", "there is Own::Test::Other, Own::Test::Thing"},
		{one, "Own::Test::Nothing", "", "function:Own-Test-Nothing (there is Own::Test::Thing)"},
		{one, "Own::Test::Thing", "00000009", "function:Own-Test-Thing:00000009 ("},
		{one, "TypeFunction", "00000009", "no such version"},
		{one, "Own-Test-Thing:00000001", "00000002", "another version"},
		{one, "arn:aws:lambda:r:2:function:TypeFunction", "", "Function not found: arn:aws:lambda:r:2:function:TypeFunction (it is another account's"},
		{one, "arn:aws:lambda:s:1:function:TypeFunction", "", "it is another account's"},
		{one, "AWS::Some::Thing", "", "type AWS::Some::Thing is served by runtime simulate and has no function"},
	} {
		_, err := in.c.Invoke(t.Context(), somebody, InvokeInput{Function: in.function, Qualifier: in.qualifier})
		if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Name != "ResourceNotFoundException" || !strings.Contains(refusal.Text, in.want) {
			t.Errorf("%s %s: %v", in.function, in.qualifier, err)
		}
	}
}

func TestWhatBecomesOfARawCall(t *testing.T) {
	for name, in := range map[string]struct {
		got    handler.Raw
		err    error
		answer string
		failed bool
		want   string
	}{
		"failed":      {handler.Raw{Body: []byte("report"), Failed: true}, nil, "report", true, ""},
		"timed out":   {handler.Raw{}, fmt.Errorf("x: %w", context.DeadlineExceeded), `{"errorMessage":"Task timed out after 60.00 seconds","errorType":"Sandbox.Timedout"}`, true, ""},
		"throttled":   {handler.Raw{}, fmt.Errorf("x: %w", handler.ErrThrottled), "", false, "TooManyRequestsException"},
		"no function": {handler.Raw{}, fmt.Errorf("x: %w", handler.ErrNoFunction), "", false, "ResourceNotFoundException"},
		"unreachable": {handler.Raw{}, fmt.Errorf("x: %w", handler.ErrUnreachable), "", false, "ServiceException"},
	} {
		t.Run(name, func(t *testing.T) {
			c := functions(t, func(handler.Target, []byte) (handler.Raw, error) { return in.got, in.err }, "Thing")
			out, err := c.Invoke(t.Context(), somebody, InvokeInput{Function: "TypeFunction"})
			if string(out.Answer) != in.answer || out.Failed != in.failed {
				t.Errorf("%s, failed %v", out.Answer, out.Failed)
			}
			refusal, _ := errors.AsType[*Error](err)
			if (err == nil) != (in.want == "") || refusal != nil && refusal.Name != in.want {
				t.Errorf("%v, want %q", err, in.want)
			}
		})
	}
}

func TestACallIsPassedOnOnce(t *testing.T) {
	c := functions(t, func(handler.Target, []byte) (handler.Raw, error) {
		return handler.Raw{}, errors.New("it was passed on")
	}, "Thing")
	_, err := c.Invoke(t.Context(), somebody, InvokeInput{Function: "TypeFunction", Forwarded: true})
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Name != "InvalidParameterValueException" || !strings.Contains(refusal.Text, "http://h:1") {
		t.Error(err)
	}
	if out, err := c.Invoke(t.Context(), somebody, InvokeInput{Function: "TypeFunction", DryRun: true}); err != nil || out.Answer != nil {
		t.Errorf("a dry run: %+v, %v", out, err)
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	c := functions(t, nil)
	schema := `{"typeName":"Own::Test::Thing","description":"x","additionalProperties":false,"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`
	function := "TypeFunction"
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:3001/": "", "https://lambda.eu-west-1.amazonaws.com": "", "http://[::1]:1/base": "",
		"": "no http or https URL", "ftp://h": "no http or https URL", "http://": "no http or https URL", "127.0.0.1:3001": "is no URL",
		"http://me:secret@h": "names a user", "http://h/?a=b": "has a query", "http://h/#a": "has a query or a fragment", "http://h:port": "is no URL",
		"http://h/" + strings.Repeat("x", 2048): "is no URL",
	} {
		_, err := c.RegisterType(t.Context(), somebody, RegisterTypeInput{Schema: &schema, Endpoint: &endpoint, Function: &function})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v, want %q", endpoint, err, want)
		}
	}
	good, parts := "http://127.0.0.1:3001/", 1
	for _, name := range []string{"", "a b", "a/b", strings.Repeat("x", 257)} {
		if _, err := c.RegisterType(t.Context(), somebody, RegisterTypeInput{Schema: &schema, Endpoint: &good, Function: &name}); err == nil || !strings.Contains(err.Error(), "'function'") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, in := range []RegisterTypeInput{{Schema: &schema, Endpoint: &good}, {Endpoint: &good, Function: &function}, {Schema: &schema, Endpoint: &good, Function: &function, Parts: &parts}} {
		if _, err := c.RegisterType(t.Context(), somebody, in); err == nil {
			t.Errorf("%+v is taken", in)
		}
	}
	typ, err := c.Types.Lookup(t.Context(), "1", "r", "Own::Test::Thing", "")
	if err != nil || typ.Code == nil || strings.HasSuffix(typ.Code.Endpoint, "/") {
		t.Errorf("%+v, %v", typ, err)
	}
}
