package lambda_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/lambda"
)

// scripted is a function of a runtime whose handler stands in a file; it skips the test
// where the runtime's program is missing.
func scripted(t *testing.T, runtime, program, handler string, files map[string]string) lambda.Function {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" && program != "java" { // large, for one test of its arguments
			t.Fatal(err)
		}
		t.Skipf("needs %s: apt-get install %s", program, map[string]string{"python3": "python3", "node": "nodejs", "java": "default-jre-headless"}[program])
	}
	f := lambda.Function{Key: runtime, Dir: t.TempDir(), Handler: handler}
	for name, text := range files {
		name = filepath.Join(f.Dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if f.Command, err = lambda.Command(runtime, f.Dir, handler); err != nil {
		t.Fatal(err)
	}
	return f
}

// checkScripted makes the calls that handlers of both languages answer alike.
func checkScripted(t *testing.T, f lambda.Function) {
	t.Helper()
	p := newPool(t, lambda.Config{})
	r := must(t, p, f, order{Do: "echo", Text: "ä"})
	var got struct {
		Event         order
		Name, ID, Arn string
		Left          float64
	}
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	if got.Event.Text != "ä" || got.Name != "function" || len(got.ID) != 36 || !strings.HasPrefix(got.Arn, "arn:") {
		t.Errorf("answer %s", r.Body)
	}
	if got.Left <= 0 || got.Left > 2*patience.Seconds()*1000 {
		t.Errorf("time left: %v ms", got.Left)
	}
	if !strings.Contains(r.Output, "hello from the handler") {
		t.Errorf("output %q", r.Output)
	}
	for range 3 {
		if r = must(t, p, f, order{Do: "nothing"}); string(r.Body) != "null" || r.Cold {
			t.Errorf("nothing gives %+v", r)
		}
	}
	r, fe := fails(t, p, f, order{Do: "fail", Text: "no ü"}, "TypeError")
	if fe.Message != "no ü" || !strings.Contains(r.Output, "no ü") || !strings.Contains(string(r.Body), `"stackTrace"`) || r.Cold {
		t.Errorf("%v, %+v", fe, r)
	}
	fails(t, p, f, order{Do: "unserializable"}, "TypeError")
	if _, fe := fails(t, p, f, order{Do: "exit"}, "Runtime.ExitError"); !strings.HasSuffix(fe.Message, "exit status 7") {
		t.Error(fe)
	}
}

func TestPythonHandler(t *testing.T) {
	const handler = `
import sys
from beside import hello

def entry(event, context):
    hello()
    if event["Do"] == "echo":
        return {"Event": event, "Name": context.function_name, "ID": context.aws_request_id,
                "Arn": context.invoked_function_arn, "Left": context.get_remaining_time_in_millis()}
    if event["Do"] == "fail":
        raise TypeError(event["Text"])
    if event["Do"] == "unserializable":
        return {"x": object()}
    if event["Do"] == "exit":
        sys.exit(7)
`
	files := map[string]string{"src/handlers.py": handler, "beside.py": "def hello():\n    print('hello from the handler')\n"}
	for _, name := range []string{"src/handlers.entry", "src.handlers.entry"} {
		t.Run(name, func(t *testing.T) { checkScripted(t, scripted(t, "python3.9", "python3", name, files)) })
	}
}

func TestPythonHandlerThatDoesNotLoad(t *testing.T) {
	p := newPool(t, lambda.Config{})
	files := map[string]string{"bad.py": "import no_such_module"}
	r, fe := fails(t, p, scripted(t, "python3.9", "python3", "bad.entry", files), order{}, "ModuleNotFoundError")
	if !strings.Contains(fe.Message, "no_such_module") || !strings.Contains(r.Output, "Traceback") {
		t.Errorf("%v, %+v", fe, r)
	}
	fails(t, p, scripted(t, "python3.9", "python3", "good.absent", map[string]string{"good.py": ""}), order{}, "AttributeError")
}

const nodeBody = `
  console.log('hello from the handler')
  if (event.Do === 'echo') {
    return answer({ Event: event, Name: context.functionName, ID: context.awsRequestId,
      Arn: context.invokedFunctionArn, Left: context.getRemainingTimeInMillis() })
  }
  if (event.Do === 'fail') return fail(new TypeError(event.Text))
  if (event.Do === 'unserializable') { const x = {}; x.x = x; return answer(x) }
  if (event.Do === 'exit') process.exit(7)
  answer()
`

func TestNodeHandler(t *testing.T) {
	async := `async (event, context) => {
  const answer = (x) => x, fail = (e) => { throw e }` + nodeBody + `}`
	callback := `(event, context, callback) => setTimeout(() => {
  const answer = (x) => callback(null, x), fail = callback` + nodeBody + `}, 1)`
	sync := `(event, context) => {
  const answer = (x) => x, fail = (e) => { throw e }` + nodeBody + `}`
	for name, c := range map[string]struct{ handler, file, text string }{
		"async":    {"dist/handlers.entry", "dist/handlers.js", "exports.entry = " + async},
		"callback": {"index.deep.entry", "index.cjs", "exports.deep = { entry: " + callback + "}"},
		"plain":    {"./index.entry", "index.js", "module.exports = { entry: " + sync + "}"},
		"module":   {"index.entry", "index.mjs", "export const entry = " + async},
	} {
		t.Run(name, func(t *testing.T) {
			checkScripted(t, scripted(t, "nodejs20.x", "node", c.handler, map[string]string{c.file: c.text}))
		})
	}
}

func TestNodeHandlerThatDoesNotLoad(t *testing.T) {
	p := newPool(t, lambda.Config{})
	for handler, want := range map[string]string{
		"bad.entry": "no such thing", "absent.entry": "no file", "good.absent": "exports no function absent", "good": "want file.function",
	} {
		files := map[string]string{"bad.js": "throw new Error('no such thing')", "good.js": "exports.entry = () => 1"}
		if r, fe := fails(t, p, scripted(t, "nodejs20.x", "node", handler, files), order{}, "Error"); !strings.Contains(fe.Message, want) {
			t.Errorf("%s: %v, %+v", handler, fe, r)
		}
	}
}

func TestJavaMainClass(t *testing.T) {
	// Java runs a class from source only where there is no class path, so what is looked
	// at is that Java starts, and with what.
	f := scripted(t, "java17", "java", "example.Main", nil)
	if got := strings.Join(f.Command, " "); !strings.HasSuffix(got, "/java -cp "+f.Dir+":"+f.Dir+"/*:"+f.Dir+"/lib/* example.Main") {
		t.Errorf("command %s", got)
	}
	r, _ := fails(t, newPool(t, lambda.Config{}), f, order{}, "Runtime.ExitError")
	if !strings.Contains(r.Output, "example.Main") {
		t.Errorf("%+v", r)
	}
}

// javaWrapper is what the Java plug-in makes, as far as it can be seen from outside.
const javaWrapper = `package org.acme;
public class ExecutableHandlerWrapper {
  public static void main(String[] args) {
    System.out.println("before");
    if (args[0].contains("quiet")) return;
    if (args[0].contains("crash")) System.exit(3);
    System.out.println("__CFN_RESOURCE_START_RESPONSE__");
    System.out.println(args[0].replace("echo", "echoed"));
    System.out.println("__CFN_RESOURCE_END_RESPONSE__");
    System.out.println("after");
  }
}`

func TestJavaProviderRunsAsACommand(t *testing.T) {
	javac, err := exec.LookPath("javac")
	if err != nil {
		t.Skip("needs a JDK, which is large and which `make setup` does not install: apt-get install default-jdk-headless")
	}
	f := scripted(t, "java17", "java", "org.acme.HandlerWrapper::handleRequest", map[string]string{"src/W.java": javaWrapper})
	if err := os.Rename(filepath.Join(f.Dir, "src", "W.java"), filepath.Join(f.Dir, "ExecutableHandlerWrapper.java")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(javac, "-d", f.Dir, filepath.Join(f.Dir, "ExecutableHandlerWrapper.java")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := newPool(t, lambda.Config{})
	r := must(t, p, f, order{Do: "echo"})
	if string(r.Body) != `{"Do":"echoed"}` || !strings.Contains(r.Output, "before") || !strings.Contains(r.Output, "after") {
		t.Errorf("%+v", r)
	}
	if _, fe := fails(t, p, f, order{Do: "crash"}, "Runtime.ExitError"); !strings.Contains(fe.Message, "exit status 3") {
		t.Error(fe)
	}
	if _, fe := fails(t, p, f, order{Do: "quiet"}, "Runtime.ExitError"); !strings.Contains(fe.Message, "printed no answer") {
		t.Error(fe)
	}
	if _, fe := fails(t, p, f, order{Do: strings.Repeat("x", 200<<10)}, "Runtime.ExitError"); !strings.Contains(fe.Message, "too long") {
		t.Error(fe)
	}
	if r := must(t, p, f, order{Do: "echo"}); r.Cold {
		t.Error("the host was not kept")
	}
}

func TestExecutableIsFoundAndMadeExecutable(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, name := range []string{"handler", "bootstrap"} { // the second goes first
		path := write(name, 0o600)
		got, err := lambda.Command("go1.x", dir, "handler")
		if err != nil || len(got) != 1 || got[0] != path {
			t.Fatalf("with %s: %v, %v", name, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
}

func TestCommandSaysWhatItLookedFor(t *testing.T) {
	linked, empty := t.TempDir(), t.TempDir()
	if err := os.Symlink("/bin/sh", filepath.Join(linked, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ runtime, dir, handler, want string }{
		{"provided.al2023", empty, "", "neither a file bootstrap nor a file handler"},
		{"go1.x", linked, "", "escapes"},
		{"go1.x", empty + "/absent", "", "no such file"},
		{"dotnet8", empty, "", "want go1.x"},
		{"java17", empty, "a/b.B::c", "main class"},
	} {
		if got, err := lambda.Command(c.runtime, c.dir, c.handler); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.runtime, got, err, c.want)
		}
	}
	t.Setenv("PATH", empty)
	if _, err := lambda.Command("python3.9", empty, "x.y"); err == nil || !strings.Contains(err.Error(), "program python3") {
		t.Error(err)
	}
}
