package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/groundcontrol/internal/lambda"
)

// patience bounds every wait of a test.
const patience = 2 * time.Minute

func newPool(t testing.TB, c lambda.Config) *lambda.Pool {
	t.Helper()
	c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if c.Temp == "" {
		c.Temp = t.TempDir()
	}
	p := lambda.NewPool(c)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(c.Temp)
		if err != nil || len(left) > 0 {
			t.Errorf("after Close the directories %v stay behind, %v", left, err)
		}
	})
	return p
}

// child is a function that runs this test program as a child.
func child(t testing.TB, mode string) lambda.Function {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return lambda.Function{Key: "child", Dir: t.TempDir(), Command: []string{program}, Handler: "handler", Env: map[string]string{childMode: mode}}
}

func invoke(t testing.TB, p *lambda.Pool, f lambda.Function, o order) (lambda.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return p.Invoke(ctx, f, encode(t, o))
}

func must(t testing.TB, p *lambda.Pool, f lambda.Function, o order) lambda.Result {
	t.Helper()
	r, err := invoke(t, p, f, o)
	if err != nil {
		t.Fatalf("%+v: %v, output %q", o, err, r.Output)
	}
	return r
}

// fails makes a call that must end in a FunctionError of that type.
func fails(t testing.TB, p *lambda.Pool, f lambda.Function, o order, kind string) (lambda.Result, *lambda.FunctionError) {
	t.Helper()
	r, err := invoke(t, p, f, o)
	var fe *lambda.FunctionError
	if !errors.As(err, &fe) || fe.Type != kind {
		t.Fatalf("%+v: error %v, want %s; answer %q, output %q", o, err, kind, r.Body, r.Output)
	}
	return r, fe
}

func encode(t testing.TB, o order) []byte {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// eventually waits for something that another process brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("still not: %s", what)
}

// gone says whether no process has that id. A zombie counts as gone where its parent is
// not us: whoever adopts an orphan reaps it.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return fields[0] == "Z" && fields[1] != fmt.Sprint(os.Getpid())
}

func TestWarmChildAnswersAgain(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	first := must(t, p, f, order{Do: "pid"})
	if !first.Cold || !first.Delivered || first.Output != "started\n" {
		t.Errorf("first call: %+v", first)
	}
	for range 20 {
		r := must(t, p, f, order{Do: "pid"})
		if r.Cold || !r.Delivered || r.Output != "" || string(r.Body) != string(first.Body) {
			t.Fatalf("warm call: %+v, first child was %s", r, first.Body)
		}
	}
	o := order{Do: "echo", Text: strings.Repeat("ä", 100_000)}
	if r := must(t, p, f, o); string(r.Body) != string(encode(t, o)) {
		t.Errorf("echo of %d bytes gives %d", len(encode(t, o)), len(r.Body))
	}
}

func TestParallelCallsStartUpToMostChildren(t *testing.T) {
	p, f := newPool(t, lambda.Config{Most: 3}), child(t, "serve")
	parallel := func(n int, o order) map[string]int {
		var mu sync.Mutex
		pids := map[string]int{}
		var calls sync.WaitGroup
		for range n {
			calls.Go(func() {
				r, err := invoke(t, p, f, o)
				if err != nil {
					t.Errorf("%v, output %q", err, r.Output)
				}
				mu.Lock()
				defer mu.Unlock()
				pids[string(r.Body)]++
			})
		}
		calls.Wait()
		return pids
	}
	if pids := parallel(3, order{Do: "meet", Text: t.TempDir(), N: 3}); len(pids) != 3 {
		t.Errorf("3 calls at once were made by %v", pids)
	}
	if pids := parallel(60, order{Do: "pid"}); len(pids) > 3 {
		t.Errorf("60 calls were made by %d children: %v", len(pids), pids)
	}
}

func TestCallsBeyondMostWaitNoLongerThanTheirLimit(t *testing.T) {
	p, f := newPool(t, lambda.Config{Most: 1}), child(t, "serve")
	release := hangCall(t, p, f)
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r, err := p.Invoke(ctx, f, encode(t, order{Do: "pid"}))
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lambda.ErrTimeout) || r.Delivered {
		t.Errorf("call in line: %+v, %v; want its deadline, undelivered", r, err)
	}
	other := f
	other.Key = "other"
	must(t, p, other, order{Do: "pid"}) // has a line of its own
}

// hangCall starts a call that hangs and returns once it does; release ends it.
func hangCall(t *testing.T, p *lambda.Pool, f lambda.Function) (release func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancelCause(context.Background())
	var call sync.WaitGroup
	reason := errors.New("the test is over")
	call.Go(func() {
		r, err := p.Invoke(ctx, f, encode(t, order{Do: "hang", Text: file}))
		if !errors.Is(err, reason) && !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("hanging call: %+v, %v", r, err)
		}
	})
	eventually(t, "the call hangs", func() bool { _, err := os.Stat(file); return err == nil })
	return func() {
		cancel(reason)
		call.Wait()
		for _, pid := range pids(t, file) {
			eventually(t, "the processes of a hanging call are gone", func() bool { return gone(pid) })
		}
	}
}

func pids(t *testing.T, file string) []int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var child, grandchild int
	if _, err := fmt.Sscan(string(b), &child, &grandchild); err != nil {
		t.Fatal(err)
	}
	return []int{child, grandchild}
}

// timeOut makes a call that hangs, with a limit, and returns the processes of it. A machine that does not get as far
// within the limit is given a longer one.
func timeOut(t *testing.T, p *lambda.Pool, f lambda.Function, do string) []int {
	t.Helper()
	must(t, p, f, order{Do: "pid"}) // so that the limit is not spent on the start
	for limit := 200 * time.Millisecond; limit < 10*patience; limit *= 4 {
		file := filepath.Join(t.TempDir(), "pids")
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		r, err := p.Invoke(ctx, f, encode(t, order{Do: do, Text: file}))
		cancel()
		if _, missing := os.Stat(file); missing != nil {
			continue
		}
		var seconds float64
		if _, e := fmt.Sscanf(fmt.Sprint(err), "Task timed out after %f seconds", &seconds); !errors.Is(err, lambda.ErrTimeout) || e != nil ||
			seconds <= 0 || seconds > limit.Seconds() || !r.Delivered {
			t.Errorf("hanging call with a limit of %v: %+v, %v", limit, r, err)
		}
		return pids(t, file)
	}
	t.Fatal("no call comes to hang")
	return nil
}

func TestTimeoutKillsTheProcessGroup(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	processes := timeOut(t, p, f, "hang")
	if !gone(processes[0]) {
		t.Errorf("child %d is there after its call", processes[0])
	}
	eventually(t, "the grandchild is gone", func() bool { return gone(processes[1]) })
	if r := must(t, p, f, order{Do: "pid"}); !r.Cold {
		t.Errorf("the call after a timeout is warm")
	}
}

func TestAGrandchildWithASessionOfItsOwnIsKilledToo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows the environment of processes: run this test there")
	}
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	for _, pid := range timeOut(t, p, f, "hang apart") {
		eventually(t, "the processes of the call are gone", func() bool { return gone(pid) })
	}
	must(t, p, f, order{Do: "pid"})
}

// TestWhatAKilledServerLeftIsCleared kills a server in a call, and starts another beside
// one that lives.
func TestWhatAKilledServerLeftIsCleared(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows the environment of processes: run this test there")
	}
	temp := t.TempDir()
	file := filepath.Join(t.TempDir(), "pids")
	parent := exec.Command(child(t, "").Command[0])
	parent.Env = append(os.Environ(), childMode+"=parent", "LAMBDA_TEST_FILE="+file, "LAMBDA_TEST_TEMP="+temp)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call hangs", func() bool { _, err := os.Stat(file); return err == nil })
	p, f := newPool(t, lambda.Config{Temp: temp}), child(t, "serve")
	must(t, p, f, order{Do: "pid"})
	places := func() int {
		list, err := os.ReadDir(temp)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if err := lambda.Clear(temp, nil); err != nil || places() != 2 {
		t.Errorf("with two servers alive %d directories are left, %v", places(), err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = parent.Wait()
	processes := pids(t, file)
	eventually(t, "the child is gone", func() bool { return gone(processes[0]) })
	if gone(processes[1]) {
		t.Error("the grandchild is gone by itself: this test shows nothing")
	}
	if err := lambda.Clear(temp, nil); err != nil || places() != 1 {
		t.Errorf("with one server alive %d directories are left, %v", places(), err)
	}
	eventually(t, "the grandchild is gone", func() bool { return gone(processes[1]) })
	if r := must(t, p, f, order{Do: "pid"}); r.Cold {
		t.Error("the living server lost its child")
	}
}

func TestCancelledCallReturnsTheCause(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	hangCall(t, p, f)() // checks the error
}

func TestCrashInACallIsAFunctionError(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	r, fe := fails(t, p, f, order{Do: "crash"}, "Runtime.ExitError")
	if fe.Message != "Runtime exited with error: exit status 3" || !strings.HasPrefix(r.Output, "started\nabout to crash\n") || !r.Delivered {
		t.Errorf("%v, %+v", fe, r)
	}
	if r := must(t, p, f, order{Do: "pid"}); !r.Cold {
		t.Errorf("the call after a crash is warm")
	}
}

func TestChildThatDoesNotStartIsAFunctionError(t *testing.T) {
	p := newPool(t, lambda.Config{})
	absent, nowhere := child(t, "serve"), child(t, "serve")
	absent.Command = []string{"/nonexistent/bootstrap"}
	nowhere.Dir = "/nonexistent"
	for name, c := range map[string]struct {
		f                     lambda.Function
		kind, message, output string
	}{
		"exit":     {child(t, "exit"), "Runtime.ExitError", "Runtime exited with error: exit status 1", "no configuration\n"},
		"report":   {child(t, "init-error"), "ImportError", "no module x", ""},
		"no file":  {absent, "Runtime.ExitError", "Runtime exited with error: exit status 127", "not found"},
		"no place": {nowhere, "Runtime.InvalidEntrypoint", "no such file or directory", ""},
		"hang":     {child(t, "init-error-hang"), "", "not JSON", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				r, fe := fails(t, p, c.f, order{Do: "pid"}, c.kind)
				if !strings.Contains(fe.Message, c.message) || !strings.Contains(r.Output, c.output) || !r.Cold || r.Delivered {
					t.Errorf("%v, %+v", fe, r)
				}
			}
		})
	}
}

func TestChildThatNeverAsksForACallIsAFunctionError(t *testing.T) {
	p := newPool(t, lambda.Config{Init: 50 * time.Millisecond})
	_, fe := fails(t, p, child(t, "hang"), order{Do: "pid"}, "Runtime.InitTimeout")
	if !strings.Contains(fe.Message, "50ms") {
		t.Error(fe)
	}
}

func TestReportedErrorKeepsTheChild(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	report := `{"errorType":"ValueError","errorMessage":"bad model","stackTrace":["x"]}`
	r, fe := fails(t, p, f, order{Do: "fail", Text: report}, "ValueError")
	if fe.Message != "bad model" || string(r.Body) != report {
		t.Errorf("%v, body %s", fe, r.Body)
	}
	if r, fe := fails(t, p, f, order{Do: "fail", Text: "boo"}, ""); fe.Message != "boo" || r.Cold {
		t.Errorf("%v, %+v", fe, r)
	}
	r, fe = fails(t, p, f, order{Do: "trailer", Text: `{"errorMessage":"late"}`}, "Streamed")
	if fe.Message != "late" || r.Cold || string(r.Body) != `{"errorMessage":"late"}` {
		t.Errorf("%v, %+v", fe, r)
	}
}

func TestSilentCallIsAFunctionError(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	fails(t, p, f, order{Do: "silent"}, "Runtime.NoAnswer")
	if r := must(t, p, f, order{Do: "pid"}); r.Cold {
		t.Error("the child was not kept")
	}
}

func TestChildThatCannotGoOnIsReplaced(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	fails(t, p, f, order{Do: "break"}, "Broken")
	if r := must(t, p, f, order{Do: "last"}); !r.Cold || string(r.Body) != "bye" {
		t.Errorf("%+v", r)
	}
	if r := must(t, p, f, order{Do: "pid"}); !r.Cold {
		t.Error("a child that ended after its answer took a call")
	}
}

func TestAnswerIsPassedOnAsItIs(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	for _, body := range []string{"", "\x00\xff\xfe", "{not JSON", strings.Repeat("y", lambda.MaxBody)} {
		if len(body) > 1000 {
			if r := must(t, p, f, order{Do: "large", N: len(body)}); len(r.Body) != len(body) {
				t.Errorf("%d bytes of %d", len(r.Body), len(body))
			}
			continue
		}
		r := must(t, p, f, order{Do: "answer", Text: base64.StdEncoding.EncodeToString([]byte(body))})
		if string(r.Body) != body {
			t.Errorf("%q became %q", body, r.Body)
		}
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	fails(t, p, f, order{Do: "large", N: lambda.MaxBody + 1}, "Function.ResponseSizeTooLarge")
	fails(t, p, f, order{Do: "large", N: 3 * lambda.MaxBody}, "Function.ResponseSizeTooLarge")
	if r := must(t, p, f, order{Do: "pid"}); r.Cold {
		t.Error("the child was not kept")
	}
	if r, err := p.Invoke(t.Context(), f, make([]byte, lambda.MaxBody+1)); !errors.Is(err, lambda.ErrPayload) || r.Delivered {
		t.Errorf("large payload: %+v, %v", r, err)
	}
	if r := must(t, p, f, order{Do: "echo", Text: strings.Repeat("x", lambda.MaxBody-100)}); len(r.Body) < lambda.MaxBody-100 {
		t.Errorf("%d bytes came back", len(r.Body))
	}
}

func TestSecondAnswerIsRefused(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	if r := must(t, p, f, order{Do: "twice"}); string(r.Body) != "1" {
		t.Errorf("answer %q", r.Body)
	}
	r := must(t, p, f, order{Do: "twice?"})
	if want := `400{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}400`; strings.ReplaceAll(string(r.Body), " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("second answer and wrong id: %s", r.Body)
	}
}

func TestOutputIsThatOfTheCallAndBounded(t *testing.T) {
	p, f := newPool(t, lambda.Config{Output: 1000}), child(t, "serve")
	for i, n := range []int{0, 3, 1_000_000, 1} {
		r := must(t, p, f, order{Do: "print", Text: "ää\n", N: n})
		want := strings.Repeat("ää\n", n) + "END"
		if i == 0 {
			want = "started\n" + want
		}
		if len(want) > 1000 { // which cuts a letter in two
			want = strings.ToValidUTF8(want[len(want)-1000:], "\uFFFD")
		}
		if r.Output != want {
			t.Errorf("%d lines: %d bytes, %q", n, len(r.Output), r.Output)
		}
	}
}

func TestEnvironmentIsBuiltFromNothing(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "ours")
	t.Setenv("LAMBDA_TEST_SECRET", "ours")
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	f.Env["AWS_REGION"], f.Env["TZ"], f.Env["AWS_LAMBDA_RUNTIME_API"] = "eu-north-1", "Europe/Oslo", "elsewhere:80"
	var list []string
	if err := json.Unmarshal(must(t, p, f, order{Do: "environment"}).Body, &list); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	known := []string{
		"AWS_EC2_METADATA_DISABLED=true", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024", "AWS_LAMBDA_FUNCTION_NAME=function",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/function",
		"AWS_LAMBDA_LOG_STREAM_NAME=local", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:*", "AWS_REGION=eu-north-1", "AWS_SAM_LOCAL=true", "HOME=*",
		"LAMBDA_RUNTIME_DIR=" + f.Dir, "LAMBDA_TASK_ROOT=" + f.Dir, "LAMBDA_TEST_CHILD=serve", "LANG=C.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin", "PWD=" + f.Dir, "PYTHONPATH=" + f.Dir, "TMPDIR=*", "TZ=Europe/Oslo", "_HANDLER=handler",
		"OLDPWD=*", "SHLVL=*", "_=*", // of some shells
	}
	for _, entry := range list {
		if !slices.ContainsFunc(known, func(k string) bool {
			start, any := strings.CutSuffix(k, "*")
			return entry == k || any && strings.HasPrefix(entry, start)
		}) {
			t.Errorf("the child sees %s", entry)
		}
	}
	for _, entry := range known[:21] {
		if start, any := strings.CutSuffix(entry, "*"); !any && !slices.Contains(list, entry) {
			t.Errorf("the child does not see %s", start)
		}
	}
}

func TestCallCarriesTheHeadersOfTheRuntimeAPI(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	f.Env["AWS_REGION"] = "eu-north-1"
	before := time.Now()
	var h http.Header
	if err := json.Unmarshal(must(t, p, f, order{Do: "headers"}).Body, &h); err != nil {
		t.Fatal(err)
	}
	var deadline int64
	if _, err := fmt.Sscan(h.Get("Lambda-Runtime-Deadline-Ms"), &deadline); err != nil {
		t.Error(err)
	}
	if got := time.UnixMilli(deadline).Sub(before); got < patience-time.Second || got > patience+patience {
		t.Errorf("deadline in %v, want about %v", got, patience)
	}
	for name, size := range map[string]int{"Lambda-Runtime-Aws-Request-Id": 36, "Lambda-Runtime-Trace-Id": len("Root=1-") + 8 + 1 + 24 + len(";Sampled=0")} {
		if got := h.Get(name); len(got) != size {
			t.Errorf("%s is %q", name, got)
		}
	}
	if got := h.Get("Lambda-Runtime-Invoked-Function-Arn"); got != "arn:aws:lambda:eu-north-1:000000000000:function:function" {
		t.Errorf("ARN %s", got)
	}
}

func TestTemporaryDirectoryIsThereForTheChildOnly(t *testing.T) {
	temp := t.TempDir()
	p, f := newPool(t, lambda.Config{Temp: temp, Idle: time.Millisecond}), child(t, "serve")
	dir := string(must(t, p, f, order{Do: "temp"}).Body)
	if filepath.Dir(filepath.Dir(dir)) != temp {
		t.Errorf("the child's directory is %s", dir)
	}
	eventually(t, "the directory is removed", func() bool { _, err := os.Stat(dir); return errors.Is(err, os.ErrNotExist) })
}

func TestIdleChildIsStopped(t *testing.T) {
	p, f := newPool(t, lambda.Config{Idle: 100 * time.Millisecond}), child(t, "serve")
	var pid int
	if _, err := fmt.Sscan(string(must(t, p, f, order{Do: "pid"}).Body), &pid); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the idle child is gone", func() bool { return gone(pid) })
	if r := must(t, p, f, order{Do: "pid"}); !r.Cold {
		t.Error("a stopped child answered")
	}
}

func TestAnotherFunctionUnderTheKeyReplacesIdleChildren(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	first := must(t, p, f, order{Do: "pid"})
	f.Env["VERSION"] = "2" // the caller's map is not the pool's
	second := must(t, p, f, order{Do: "pid"})
	if !second.Cold || string(second.Body) == string(first.Body) {
		t.Errorf("%+v after %+v", second, first)
	}
	var pid int
	if _, err := fmt.Sscan(string(first.Body), &pid); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Error("the replaced child is still there")
	}
}

func TestLimitsHoldForTheChildOnly(t *testing.T) {
	var before, after syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &before); err != nil {
		t.Fatal(err)
	}
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	f.CPU = 90 * time.Second
	got := strings.Fields(string(must(t, p, f, order{Do: "limits"}).Body))
	if len(got) < 4 || got[1] != "0" || got[2] != "90" || got[3] != "unlimited" {
		t.Errorf("limits of the child: files, core, CPU, data, user, group = %v", got)
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &after); err != nil || before != after {
		t.Errorf("our limit became %v, %v", after, err)
	}
}

func TestMemoryLimitEndsAnyProgram(t *testing.T) {
	p := newPool(t, lambda.Config{})
	f := lambda.Function{Key: "shell", Dir: t.TempDir(), Command: []string{"/bin/sh", "-c", `x=$(head -c 50000000 /dev/zero | tr '\0' x); echo "${#x}"`}}
	if r, _ := fails(t, p, f, order{}, "Runtime.ExitError"); r.Output != "50000000\n" {
		t.Fatalf("without a limit: %+v", r)
	}
	f.Memory = 16 << 20
	if r, fe := fails(t, p, f, order{}, "Runtime.ExitError"); strings.Contains(r.Output, "50000000") || !strings.Contains(fe.Message, "with error") {
		t.Errorf("with a limit: %v, %+v", fe, r)
	}
}

func TestMemoryLimitEndsAGoChild(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector in the child needs more memory than any limit: run this test without -race")
	}
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	f.Memory = 256 << 20
	must(t, p, f, order{Do: "hog", N: 64 << 20})
	fails(t, p, f, order{Do: "hog", N: 512 << 20}, "Runtime.ExitError") // its last words differ
}

// The kernel's limit does not count what is mapped over a reservation: Go grows its heap so.
func TestMemoryThatEscapesTheKernelsLimitEndsAChild(t *testing.T) {
	const handler = `
import ctypes, time
mmap = ctypes.CDLL(None, use_errno=True).mmap
mmap.restype, mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
NONE, WRITABLE, PRIVATE, FIXED, FAILED = 0, 3, 0x22, 0x32, ctypes.c_void_p(-1).value

def take(size):
    room = mmap(None, size, NONE, PRIVATE, -1, 0)
    if mmap(room, size, WRITABLE, FIXED, -1, 0) == FAILED:
        raise MemoryError(ctypes.get_errno())
    ctypes.memset(room, 1, size)

def entry(event, context):
    if event["Do"] == "hog":
        take(event["N"])
        time.sleep(60)
`
	p, f := newPool(t, lambda.Config{}), scripted(t, "python3.9", "python3", "greedy.entry", map[string]string{"greedy.py": handler})
	f.Memory = 256 << 20
	must(t, p, f, order{})
	if _, fe := fails(t, p, f, order{Do: "hog", N: 512 << 20}, "Runtime.ExitError"); !strings.Contains(fe.Message, "may use 256 MiB") {
		t.Error(fe)
	}
}

func TestCPULimitEndsAChild(t *testing.T) {
	p, f := newPool(t, lambda.Config{}), child(t, "serve")
	f.CPU = time.Second
	if _, fe := fails(t, p, f, order{Do: "spin"}, "Runtime.ExitError"); !strings.Contains(fe.Message, "signal: ") {
		t.Error(fe)
	}
}

func TestChildRunsAsTheUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: run this test as root")
	}
	// Not below t.TempDir(), which is root's alone.
	dir, err := os.MkdirTemp("", "lambda-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(child(t, "").Command[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o711); err != nil {
		t.Fatal(err)
	}
	p, f := newPool(t, lambda.Config{Temp: temp}), child(t, "serve")
	if f.Command, err = lambda.Command("go1.x", dir, "handler"); err != nil {
		t.Fatal(err)
	}
	f.Dir, f.User = dir, &lambda.Credential{UID: 65534, GID: 65533}
	if got := strings.Fields(string(must(t, p, f, order{Do: "limits"}).Body)); !slices.Equal(got[4:], []string{"65534", "65533"}) {
		t.Errorf("user and group %v", got)
	}
	must(t, p, f, order{Do: "temp"}) // it may write there
}

func TestCloseEndsEverything(t *testing.T) {
	p, f := newPool(t, lambda.Config{Most: 1}), child(t, "serve")
	release := hangCall(t, p, f)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if r, err := invoke(t, p, f, order{Do: "pid"}); !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("call in line: %+v, %v", r, err)
		}
	})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	waiting.Wait()
	release() // checks the error and the processes
	if r, err := invoke(t, p, f, order{Do: "pid"}); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("call after Close: %+v, %v", r, err)
	}
}

func TestChildDoesNotOutliveUs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a parent-death signal: run this test on Linux")
	}
	file := filepath.Join(t.TempDir(), "pids")
	parent := exec.Command(child(t, "").Command[0])
	parent.Env = append(os.Environ(), childMode+"=parent", "LAMBDA_TEST_FILE="+file, "LAMBDA_TEST_TEMP="+t.TempDir())
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call hangs", func() bool { _, err := os.Stat(file); return err == nil })
	processes := pids(t, file)
	defer syscall.Kill(processes[1], syscall.SIGKILL) // nobody else does
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = parent.Wait()
	eventually(t, "the child is gone", func() bool { return gone(processes[0]) })
}

// TestDisturbedPoolStaysWhole makes calls of all kinds at once while children time out,
// crash and expire, and then asks for what must still hold.
func TestDisturbedPoolStaysWhole(t *testing.T) {
	p, f := newPool(t, lambda.Config{Most: 3, Idle: 20 * time.Millisecond}), child(t, "serve")
	kinds := []string{"pid", "crash", "silent", "last", "hang", "pid", "break", "echo"}
	dir := t.TempDir()
	var calls sync.WaitGroup
	for i := range 6 {
		calls.Go(func() {
			for j := range 8 {
				o := order{Do: kinds[(i+j)%len(kinds)], Text: filepath.Join(dir, fmt.Sprint(i, j))}
				ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
				r, err := p.Invoke(ctx, f, encode(t, o))
				cancel()
				var fe *lambda.FunctionError
				if err != nil && !errors.As(err, &fe) && !errors.Is(err, lambda.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %+v, %v", o.Do, r, err)
				}
			}
		})
	}
	calls.Wait()
	must(t, p, f, order{Do: "pid"})
}
