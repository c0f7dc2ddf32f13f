package lambda_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.org/groundcontrol/internal/lambda"
)

// childMode is the variable that makes the test program a child instead: one that does
// in each call what the payload tells it.
const childMode = "LAMBDA_TEST_CHILD"

var raceDetector bool // needs more memory than any limit; set by race_test.go

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == lambda.HostArgument {
		fmt.Fprintln(os.Stderr, lambda.Host(context.Background(), os.Args[2:]))
		os.Exit(1)
	}
	if mode := os.Getenv(childMode); mode != "" {
		if err := childMain(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// order is the payload of a child.
type order struct {
	Do   string
	Text string `json:",omitempty"`
	N    int    `json:",omitempty"`
}

// runtimeAPI is the base of the child's Runtime API.
var runtimeAPI = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"

func childMain(mode string) error {
	switch mode {
	case "exit":
		return errors.New("no configuration")
	case "hang":
		select {}
	case "parent": // a server that will be killed
		return parentMain()
	case "init-error":
		if err := post("init/error", `{"errorType":"ImportError","errorMessage":"no module x"}`); err != nil {
			return err
		}
		return errors.New("gone")
	case "init-error-hang":
		if err := post("init/error", `not JSON`); err != nil {
			return err
		}
		select {}
	}
	fmt.Println("started")
	for calls := 1; ; calls++ {
		id, payload, header, err := next()
		if err != nil {
			return err
		}
		var o order
		if err := json.Unmarshal(payload, &o); err != nil {
			return err
		}
		if err := obey(o, id, payload, header, calls); err != nil {
			return err
		}
	}
}

// parentMain is in a call that hangs.
func parentMain() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	payload, err := json.Marshal(order{Do: "hang apart", Text: os.Getenv("LAMBDA_TEST_FILE")})
	if err != nil {
		return err
	}
	p := lambda.NewPool(lambda.Config{Temp: os.Getenv("LAMBDA_TEST_TEMP")})
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = p.Invoke(ctx, lambda.Function{Dir: os.TempDir(), Command: []string{program}, Env: map[string]string{childMode: "serve"}}, payload)
	return err
}

func next() (id string, payload []byte, _ http.Header, _ error) {
	response, err := http.Get(runtimeAPI + "invocation/next")
	if err != nil {
		return "", nil, nil, err
	}
	defer response.Body.Close()
	payload, err = io.ReadAll(response.Body)
	return response.Header.Get("Lambda-Runtime-Aws-Request-Id"), payload, response.Header, err
}

func obey(o order, id string, payload []byte, header http.Header, calls int) error {
	respond := func(body string) error { return post("invocation/"+id+"/response", body) }
	switch o.Do {
	case "echo":
		return respond(string(payload))
	case "pid":
		return respond(fmt.Sprint(os.Getpid()))
	case "headers":
		b, _ := json.Marshal(header)
		return respond(string(b))
	case "environment":
		b, _ := json.Marshal(os.Environ())
		return respond(string(b))
	case "temp":
		if err := os.WriteFile(os.TempDir()+"/left", nil, 0o600); err != nil {
			return err
		}
		return respond(os.TempDir())
	case "limits":
		out, err := exec.Command("/bin/sh", "-c", "ulimit -n; ulimit -c; ulimit -t; ulimit -d; id -u; id -g").CombinedOutput()
		return errors.Join(err, respond(string(out)))
	case "answer": // whatever the bytes
		b, err := base64.StdEncoding.DecodeString(o.Text)
		return errors.Join(err, respond(string(b)))
	case "print":
		fmt.Print(strings.Repeat(o.Text, o.N))
		fmt.Fprint(os.Stderr, "END")
		return respond("{}")
	case "large":
		status, body, err := postStatus("invocation/"+id+"/response", strings.NewReader(strings.Repeat("x", o.N)), nil)
		fmt.Println(status, body)
		return err
	case "fail":
		return post("invocation/"+id+"/error", o.Text)
	case "trailer":
		report := base64.StdEncoding.EncodeToString([]byte(o.Text))
		_, _, err := postStatus("invocation/"+id+"/response", io.MultiReader(strings.NewReader("half an ans")), http.Header{
			"Lambda-Runtime-Function-Error-Type": {"Streamed"}, "Lambda-Runtime-Function-Error-Body": {report},
		})
		return err
	case "crash":
		fmt.Println("about to crash")
		os.Exit(3)
	case "silent": // asks for the next call without an answer
		return nil
	case "twice":
		first := respond("1")
		status, body, err := postStatus("invocation/"+id+"/response", strings.NewReader("2"), nil)
		wrong, _, err2 := postStatus("invocation/"+id+"x/error", strings.NewReader("2"), nil)
		// The next call's answer tells, since what is printed now belongs to no call.
		return errors.Join(first, err, err2, os.WriteFile(os.TempDir()+"/twice", fmt.Append(nil, status, body, wrong), 0o600))
	case "twice?":
		b, err := os.ReadFile(os.TempDir() + "/twice")
		return errors.Join(err, respond(string(b)))
	case "last": // answers and ends
		if err := respond("bye"); err != nil {
			return err
		}
		os.Exit(0)
	case "break": // reports in a call that it cannot go on, and stays
		return post("init/error", `{"errorType":"Broken","errorMessage":"late"}`)
	case "meet": // waits until N children are in a call together
		return meet(o, respond)
	case "hang":
		return hang(o, &syscall.SysProcAttr{})
	case "hang apart": // the grandchild has a session, and so a process group, of its own
		return hang(o, &syscall.SysProcAttr{Setsid: true})
	case "hog":
		return respond(fmt.Sprint(len(hog(o.N))))
	case "spin":
		for calls > 0 {
			calls++
		}
	}
	return fmt.Errorf("what is %q?", o.Do)
}

// hang starts a grandchild that sleeps, writes both process ids to a file and hangs.
func hang(o order, attributes *syscall.SysProcAttr) error {
	sleep := exec.Command("/bin/sleep", "300")
	sleep.SysProcAttr = attributes
	if err := sleep.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(o.Text+".new", fmt.Appendf(nil, "%d %d", os.Getpid(), sleep.Process.Pid), 0o600); err != nil {
		return err
	}
	if err := os.Rename(o.Text+".new", o.Text); err != nil {
		return err
	}
	select {}
}

func meet(o order, respond func(string) error) error {
	if err := os.WriteFile(fmt.Sprintf("%s/%d", o.Text, os.Getpid()), nil, 0o600); err != nil {
		return err
	}
	for range 1000 {
		here, err := os.ReadDir(o.Text)
		if err != nil {
			return err
		}
		if len(here) >= o.N {
			return respond(fmt.Sprint(os.Getpid()))
		}
		<-time.After(10 * time.Millisecond)
	}
	return errors.New("nobody else came")
}

func hog(bytes int) []byte {
	all := make([]byte, bytes)
	for i := range all {
		all[i] = 1
	}
	return all
}

func post(path, body string) error {
	status, text, err := postStatus(path, strings.NewReader(body), nil)
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("%s: %d %s", path, status, text)
	}
	return err
}

func postStatus(path string, body io.Reader, trailer http.Header) (int, string, error) {
	request, err := http.NewRequest(http.MethodPost, runtimeAPI+path, body)
	if err != nil {
		return 0, "", err
	}
	request.Trailer = trailer
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(bytes.TrimSpace(text)), err
}
