package wire_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
	"example.org/groundcontrol/internal/wire"
)

var update = flag.Bool("update", false, "write what was asked and the response into testdata/exchanges")

// TestExchanges plays the files of testdata/exchanges, one exchange each, in sections:
//
//	request   as the client sends it
//	asked     the operation and input that control must get; absent if it must not be asked
//	answer    what control returns, as JSON of its Go type; or
//	refusal   the control.Error that it returns
//	response  status, headers and body
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e := sections(string(data))
	asked, response := play(t, e)
	if *update {
		writeExchange(t, file, e, asked, response)
		return
	}
	if d := cmp.Diff(e["asked"], asked); d != "" {
		t.Errorf("control was asked (-want +got):\n%s", d)
	}
	if d := cmp.Diff(e["response"], response); d != "" {
		t.Errorf("response (-want +got):\n%s", d)
	}
}

func sections(data string) map[string]string {
	e := map[string]string{}
	name := ""
	for line := range strings.Lines(data) {
		if title, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(title, " --\n") {
			name = strings.TrimSuffix(title, " --\n")
		} else {
			e[name] += line
		}
	}
	return e
}

func writeExchange(t *testing.T, file string, e map[string]string, asked, response string) {
	e["asked"], e["response"] = asked, response
	var b strings.Builder
	for _, name := range []string{"", "request", "asked", "answer", "refusal", "response"} {
		if e[name] == "" {
			continue
		}
		if name != "" {
			fmt.Fprintf(&b, "-- %s --\n", name)
		}
		b.WriteString(e[name])
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func play(t *testing.T, e map[string]string) (asked, response string) {
	c := fake(func(name string, _ control.Caller, in any) (any, error) {
		asked = name + " " + withoutNulls(t, in) + "\n"
		if e["refusal"] != "" {
			refusal := new(control.Error)
			return nil, unmarshal(t, e["refusal"], refusal)
		}
		out, err := answerOf(t, name, e["answer"])
		return out, err
	})
	w := httptest.NewRecorder()
	registry := cfn(func(name string, _ control.Caller, in any) (any, error) {
		asked = "cloudformation " + name + " " + withoutNulls(t, in) + "\n"
		if e["refusal"] != "" {
			return nil, unmarshal(t, e["refusal"], new(control.Error))
		}
		return e["answer"], nil
	})
	h := wire.New(wire.Config{Control: c, CloudFormation: registry, Authenticate: anyone, Log: quiet})
	h.Serve(w, parse(t, e["request"]), &wire.Call{RequestID: "8f7d1c0a-0000-4000-8000-000000000001"})
	return asked, printed(w)
}

func answerOf(t *testing.T, name, text string) (any, error) {
	switch name {
	case "GetResource":
		return *unmarshal(t, text, new(got)), nil
	case "ListResources":
		return *unmarshal(t, text, new(control.ResourceList)), nil
	case "ListResourceRequests":
		return *unmarshal(t, text, new(control.RequestList)), nil
	case "ListRequests":
		return *unmarshal(t, text, new(control.DetailList)), nil
	case "DescribeRequest", "ResumeRequest":
		return *unmarshal(t, text, new(control.Detail)), nil
	case "ImportTypes":
		return *unmarshal(t, text, new([]registry.Imported)), nil
	case "ListOrphans":
		return *unmarshal(t, text, new(control.OrphanList)), nil
	case "ListTypeCalls":
		return *unmarshal(t, text, new(control.TypeCalls)), nil
	case "ListTypes":
		return *unmarshal(t, text, new([]registry.Summary)), nil
	case "PutCode", "DeregisterType", "ConfigureType":
		return struct{}{}, nil
	case "RegisterType":
		return *unmarshal(t, text, new(registry.Imported)), nil
	case "DescribeType", "SimulateType", "SetDefaultTypeVersion":
		return *unmarshal(t, text, new(control.TypeDetail)), nil
	case "FailRequest":
		return *unmarshal(t, text, new(control.Aborted)), nil
	}
	return *unmarshal(t, text, new(operation.Request)), nil
}

func unmarshal[T any](t *testing.T, text string, into *T) *T {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return into
}

func withoutNulls(t *testing.T, in any) string {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		if string(value) == "null" {
			delete(members, name)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(members); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// parse reads a request whose body is the rest, without the last line's end. Its
// Content-Length is filled in, for files are edited by hand.
func parse(t *testing.T, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	raw := fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n"), len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func printed(w *httptest.ResponseRecorder) string {
	var headers []string
	for name, values := range w.Header() {
		headers = append(headers, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(headers)
	return fmt.Sprintf("%d\n%s\n\n%s\n", w.Code, strings.Join(headers, "\n"), strings.TrimSuffix(w.Body.String(), "\n"))
}
