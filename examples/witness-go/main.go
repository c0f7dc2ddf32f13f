// Command bootstrap is the provider of GroundControl::Witness::Go: a file is the resource.
// It keeps the handler contract, unless the property Fault tells it to break it. It speaks
// the Lambda Runtime API by itself, and answers with strings for scalars, as providers on
// the Go plug-in do.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// home is what is listed when nobody names a directory.
const home = "/tmp/groundcontrol-witness/go"

type model = map[string]any

// event is the part of a payload that is used here.
type event struct {
	Action   string `json:"action"`
	Token    string `json:"bearerToken"`
	Callback struct {
		Step int `json:"step"`
	} `json:"callbackContext"`
	Data struct {
		Desired model `json:"resourceProperties"`
	} `json:"requestData"`
}

// answer is a ProgressEvent.
type answer struct {
	Status    string  `json:"status"`
	ErrorCode string  `json:"errorCode,omitempty"`
	Message   string  `json:"message,omitempty"`
	Model     model   `json:"resourceModel,omitempty"`
	Models    []model `json:"resourceModels"`
	Callback  any     `json:"callbackContext,omitempty"`
	Delay     int     `json:"callbackDelaySeconds,omitempty"`
}

// failure is an answer of FAILED.
type failure struct{ code, message string }

func (f failure) Error() string { return f.message }

// kept is what is in a file.
type kept struct {
	Model model  `json:"model"`
	Token string `json:"token"`
}

func main() {
	if _, err := os.Stat(filepath.Join(os.Getenv("LAMBDA_TASK_ROOT"), "broken")); err == nil {
		log.Fatal("told to fail: there is a file called broken beside the code")
	}
	for {
		if err := serveOne(); err != nil {
			log.Fatal(err)
		}
	}
}

func api(path string) string {
	return "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/" + path
}

// runtimeAPI is a client that knows of no proxy.
var runtimeAPI = &http.Client{Transport: &http.Transport{}}

// serveOne asks for a call and answers it.
func serveOne() error {
	r, err := runtimeAPI.Get(api("next"))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	id := r.Header.Get("Lambda-Runtime-Aws-Request-Id")
	var e event
	if err := decode(r.Body, &e); err != nil {
		return err
	}
	end, body := "/response", []byte(nil)
	out, err := resource(e, id)
	if err == nil {
		body, err = json.Marshal(out)
	}
	if err != nil {
		end = "/error"
		body, _ = json.Marshal(map[string]string{"errorType": "WitnessError", "errorMessage": err.Error()})
	}
	return post(id+end, body)
}

func post(path string, body []byte) error {
	r, err := runtimeAPI.Post(api(path), "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// resource makes one call. An error is one of the function, not an answer of FAILED.
func resource(e event, id string) (answer, error) {
	desired := e.Data.Desired
	path := text(desired, "Path")
	fmt.Println(e.Action, path)
	f := newFault(e.Action, path, faultOf(e.Action, path, desired), id)
	a, err := answer{}, f.before()
	if err == nil {
		a, err = act(e, path, desired)
	}
	var failed failure
	if errors.As(err, &failed) {
		a, err = answer{Status: "FAILED", ErrorCode: failed.code, Message: failed.message}, nil
	}
	if err != nil {
		return a, err
	}
	a.Model, _ = stringified(a.Model).(model)
	return f.after(a)
}

func act(e event, path string, desired model) (answer, error) {
	if _, ok := desired["Count"]; ok && (e.Action == "CREATE" || e.Action == "UPDATE") && !isInteger(desired["Count"]) {
		return answer{}, failure{"InvalidRequest", "Count is no integer"}
	}
	switch e.Action {
	case "CREATE":
		return create(e, path, desired)
	case "READ":
		began := time.Now()
		k, err := load(path)
		// How long it took is what a benchmark of the host subtracts.
		return answer{Status: "SUCCESS", Model: shown(path, k.Model), Message: time.Since(began).String()}, err
	case "UPDATE":
		k, err := load(path)
		if err != nil {
			return answer{}, err
		}
		k.Model = desired
		return answer{Status: "SUCCESS", Model: shown(path, desired)}, save(path, k)
	case "DELETE":
		if _, err := load(path); err != nil {
			return answer{}, err
		}
		return answer{Status: "SUCCESS"}, os.Remove(path)
	case "LIST":
		a := answer{Status: "SUCCESS", Models: []model{}}
		for path, m := range files(directory(desired)) {
			a.Models = append(a.Models, stringified(shown(path, m)).(model))
		}
		return a, nil
	}
	return answer{}, fmt.Errorf("no action %q", e.Action)
}

func create(e event, path string, desired model) (answer, error) {
	k, err := load(path)
	switch {
	case err == nil && k.Token != e.Token:
		return answer{}, failure{"AlreadyExists", "there is a " + path}
	case err != nil:
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return answer{}, err
		}
	}
	// The same token may come again, after a crash or for the next step: it is one resource.
	if err := save(path, kept{desired, e.Token}); err != nil {
		return answer{}, err
	}
	if step := e.Callback.Step + 1; step <= number(desired, "Steps") {
		return answer{
			Status: "IN_PROGRESS", Message: fmt.Sprint("step ", step), Model: maps.Clone(desired),
			Callback: map[string]int{"step": step}, Delay: number(desired, "StepSeconds"),
		}, nil
	}
	return answer{Status: "SUCCESS", Model: shown(path, desired)}, nil
}

// load returns what is kept at path.
func load(path string) (k kept, err error) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = decode(bytes.NewReader(b), &k)
	}
	if err != nil || k.Model == nil {
		return k, failure{"NotFound", "there is no " + path}
	}
	return k, nil
}

func save(path string, k kept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// shown is the model as others may see it: whole, without what is write-only.
func shown(path string, m model) model {
	m = maps.Clone(m)
	if m == nil {
		return nil
	}
	delete(m, "Secret")
	m["Path"], m["Directory"], m["Size"] = path, filepath.Dir(path), len(text(m, "Text"))
	return m
}

// files are the models of the resources in a directory by path; others are not ours.
func files(directory string) map[string]model {
	found := map[string]model{}
	entries, _ := os.ReadDir(directory) // none where there is no directory
	for _, e := range entries {
		path := filepath.Join(directory, e.Name())
		if k, err := load(path); err == nil {
			found[path] = k.Model
		}
	}
	return found
}

func directory(m model) string {
	if d := text(m, "Directory"); d != "" {
		return d
	}
	return home
}

// faultOf is what the call is to do wrong: only the file knows where the call does not say.
func faultOf(action, path string, desired model) string {
	switch action {
	case "CREATE", "UPDATE":
		return text(desired, "Fault")
	case "LIST":
		for _, m := range files(directory(desired)) {
			if f := text(m, "Fault"); strings.HasPrefix(f, "LIST ") {
				return f
			}
		}
		return ""
	}
	k, _ := load(path)
	return text(k.Model, "Fault")
}

func text(m model, name string) string {
	s, _ := m[name].(string)
	return s
}

// decode leaves numbers as they are written.
func decode(from io.Reader, to any) error {
	d := json.NewDecoder(from)
	d.UseNumber()
	return d.Decode(to)
}

// isInteger takes numbers, and the strings that we make of them.
func isInteger(v any) bool {
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	return err == nil && math.Mod(n, 1) == 0
}

// number is an integer, whether it came as one or came back as the string we made of it.
func number(m model, name string) int {
	n, _ := strconv.Atoi(fmt.Sprint(m[name]))
	return n
}

// stringified has every scalar as a string.
func stringified(v any) any {
	switch v := v.(type) {
	case model:
		if v == nil {
			return v
		}
		out := model{}
		for name, member := range v {
			out[name] = stringified(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = stringified(v[i])
		}
		return out
	}
	return fmt.Sprint(v)
}
