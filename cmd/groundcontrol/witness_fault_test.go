package main_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"example.org/groundcontrol/internal/testcgroup"
)

// witness is a provider of ours in one language, ready to be registered.
type witness struct {
	typeName, project, code string // code: where its files are
}

// witnesses builds the providers in examples, in copies.
func witnesses(t *testing.T, languages ...string) (all []witness) {
	t.Helper()
	for _, language := range languages {
		w := witness{project: filepath.Join(t.TempDir(), language)}
		if err := os.CopyFS(w.project, os.DirFS("../../examples/witness-"+language)); err != nil {
			t.Fatal(err)
		}
		switch language {
		case "go":
			w.typeName, w.code = "GroundControl::Witness::Go", "bin"
			build := exec.Command("go", "build", "-ldflags=-s -w", "-o", "bin/bootstrap", ".") // a small one is registered sooner
			build.Dir = w.project
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		case "python":
			needPython(t)
			w.typeName, w.code = "GroundControl::Witness::Python", "src"
		case "node":
			needNode(t)
			w.typeName, w.code = "GroundControl::Witness::Node", "dist"
		}
		all = append(all, w)
	}
	return all
}

func needNode(t *testing.T) { t.Helper(); need(t, "node", "nodejs") }

// TestFaultsOfAHandlerEndTheirRequestOnly has a provider in each language do wrong what one
// can, against one server: each request ends and says why, and the next one succeeds.
func TestFaultsOfAHandlerEndTheirRequestOnly(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "from ", r.Host, r.URL.Path)
	}))
	t.Cleanup(web.Close)
	s := start(t, "--egress", "*.allowed.example="+web.URL, "--handler-memory", "512MiB", "--handler-children", "3", "--handler-idle", "10s")
	for _, language := range []string{"go", "python", "node"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := witnesses(t, language)[0]
			s.command(t, 0, "type", "register", w.project)
			for name, try := range faults {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					d := drill{client: s.client(t), witness: w, file: filepath.Join(t.TempDir(), "thing")}
					try(d)
					d.file = filepath.Join(t.TempDir(), "next")
					d.plain()
				})
			}
			t.Run("broken", func(t *testing.T) {
				t.Parallel()
				broken := witnesses(t, language)[0]
				writeFile(t, filepath.Join(broken.project, broken.code, "broken"), "")
				s.command(t, 0, "type", "register", broken.project, "--region", "eu-west-1") // a region of its own
				d := drill{client: s.clientOf(t, s.key, "eu-west-1"), witness: broken, file: filepath.Join(t.TempDir(), "thing")}
				d.fails("", "told to fail", "exit status 1")
			})
		})
	}
}

// drill is one thing of a witness.
type drill struct {
	client
	witness
	file string
}

// create makes the thing, without a fault one with everything in it.
func (d drill) create(fault string) *types.ProgressEvent {
	d.t.Helper()
	return d.ended(d.begin(fault))
}

func (d drill) begin(fault string) *types.ProgressEvent {
	d.t.Helper()
	in := &cloudcontrol.CreateResourceInput{TypeName: &d.typeName}
	in.DesiredState = str(`{"Path":` + quoted(d.file) + `,"Text":"ä","Count":7,"Enabled":true,"Secret":"hidden","Tags":[{"Key":"a","Value":"1"}],"Steps":1}`)
	if fault != "" {
		in.DesiredState = str(`{"Path":` + quoted(d.file) + `,"Text":"ä","Count":7,"Enabled":true,"Fault":` + quoted(fault) + `}`)
	}
	out, err := d.CreateResource(d.t.Context(), in)
	if err != nil {
		d.t.Fatal(err)
	}
	return out.ProgressEvent
}

// fails wants an InternalFailure whose text has one of the parts: languages differ in
// whether they report an error or exit.
func (d drill) fails(fault string, parts ...string) {
	d.t.Helper()
	e := d.create(fault)
	if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != types.HandlerErrorCodeInternalFailure {
		d.t.Fatalf("%s: %s", fault, describe(e))
	}
	for _, part := range parts {
		if strings.Contains(*e.StatusMessage, part) {
			return
		}
	}
	d.t.Errorf("%s: none of %q is in %q", fault, parts, *e.StatusMessage)
}

func (d drill) succeeds(fault string) {
	d.t.Helper()
	if e := d.create(fault); e.OperationStatus != types.OperationStatusSuccess {
		d.t.Errorf("%s: %s", fault, describe(e))
	}
}

// refused wants a read, or where listed a list, to fail with an exception.
func (d drill) refused(listed bool, exception string, part string) {
	d.t.Helper()
	var err error
	if listed {
		_, err = d.ListResources(d.t.Context(), &cloudcontrol.ListResourcesInput{
			TypeName: &d.typeName, ResourceModel: str(`{"Directory":` + quoted(filepath.Dir(d.file)) + `}`),
		})
	} else {
		_, err = d.GetResource(d.t.Context(), &cloudcontrol.GetResourceInput{TypeName: &d.typeName, Identifier: &d.file})
	}
	if !isError(err, exception) || !strings.Contains(err.Error(), part) {
		d.t.Errorf("got %v, want %s with %q", err, exception, part)
	}
}

// plain takes a thing through its life, as the contract has it.
func (d drill) plain() {
	d.t.Helper()
	want := map[string]any{
		"Path": d.file, "Text": "ä", "Count": 7.0, "Enabled": true, "Tags": []any{map[string]any{"Key": "a", "Value": "1"}}, "Steps": 1.0,
		"Directory": filepath.Dir(d.file), "Size": 2.0,
	}
	e := d.create("")
	if e.OperationStatus != types.OperationStatusSuccess {
		d.t.Fatal(describe(e))
	}
	wantDiff(d.t, "create", decoded(d.t, e.ResourceModel), want)
	wantDiff(d.t, "read", d.get(d.typeName, d.file), want)
	if kept, err := os.ReadFile(d.file); err != nil || !strings.Contains(string(kept), "hidden") {
		d.t.Errorf("the file holds %s, %v", kept, err)
	}
	if e := d.create(""); e.ErrorCode != types.HandlerErrorCodeAlreadyExists {
		d.t.Error(describe(e))
	}
	want["Enabled"], want["Count"] = false, 8.0
	patch := `[{"op":"replace","path":"/Enabled","value":false},{"op":"replace","path":"/Count","value":8}]`
	d.waited(d.update(d.typeName, d.file, patch))
	wantDiff(d.t, "read after the update", d.get(d.typeName, d.file), want)
	out, err := d.ListResources(d.t.Context(), &cloudcontrol.ListResourcesInput{
		TypeName: &d.typeName, ResourceModel: str(`{"Directory":` + quoted(filepath.Dir(d.file)) + `}`),
	})
	if err != nil || len(out.ResourceDescriptions) != 1 || *out.ResourceDescriptions[0].Identifier != d.file {
		d.t.Errorf("list: %+v, %v", out, err)
	}
	d.waited(d.delete(d.typeName, d.file))
	if e := d.ended(d.delete(d.typeName, d.file)); e.ErrorCode != types.HandlerErrorCodeNotFound {
		d.t.Error(describe(e))
	}
}

// endsGrandchild makes a call that starts a grandchild and ends badly.
func (d drill) endsGrandchild(fault string) {
	d.t.Helper()
	d.fails(fault, "exit status 3")
	text, err := os.ReadFile(d.file + ".pid")
	if err != nil {
		d.t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, "the grandchild is gone", func() bool { return processGone(pid) })
}

// processGone says whether no process has that id. A zombie counts as gone: whoever
// adopts it reaps it.
func processGone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.HasPrefix(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " Z ")
}

// reaches has the handler fetch an address.
func (d drill) reaches(scheme string) {
	d.t.Helper()
	d.succeeds("fetch=" + scheme + "://www.allowed.example/x")
	if text, err := os.ReadFile(d.file + ".fetched"); err != nil || string(text) != "from www.allowed.example/x" {
		d.t.Errorf("fetched %q, %v", text, err)
	}
	d.file += "2"
	e := d.create("fetch=" + scheme + "://elsewhere.example/")
	if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != types.HandlerErrorCodeGeneralServiceException || !strings.Contains(*e.StatusMessage, "elsewhere.example") {
		d.t.Errorf("%s to elsewhere: %s", scheme, describe(e))
	}
}

// faults are what a witness can do wrong, by the name of the subtest.
var faults = map[string]func(drill){
	"crash":       func(d drill) { d.fails("crash", "Runtime.ExitError: Runtime exited with error: exit status 3") },
	"crash after": func(d drill) { d.fails("crash-after", "Runtime.ExitError: Runtime exited with error: exit status 4") },
	"error":       func(d drill) { d.fails("error", "told to fail") },
	"rubbish":     func(d drill) { d.fails("rubbish", "it is not JSON") },
	"large":       func(d drill) { d.fails("large", "Function.ResponseSizeTooLarge") },
	"rename":      func(d drill) { d.fails("rename", "it changes the primary identifier") },
	"memory":      func(d drill) { d.fails("memory=1000", "Runtime.ExitError", "MemoryError") },
	"twice":       func(d drill) { d.succeeds("twice") },
	"print":       func(d drill) { d.succeeds("print=100") },
	"strings": func(d drill) {
		d.succeeds("strings")
		if m := d.get(d.typeName, d.file); m["Count"] != 7.0 || m["Enabled"] != true || m["Size"] != 2.0 {
			d.t.Errorf("%v", m)
		}
	},
	"grandchild": func(d drill) { d.endsGrandchild("orphan,crash") },
	"session":    func(d drill) { d.endsGrandchild("daemon,crash") },
	"http": func(d drill) {
		if strings.HasSuffix(d.typeName, "Node") {
			return // before version 24 it knows of no proxy, and the preload is for https
		}
		d.reaches("http")
	},
	"https": func(d drill) { d.reaches("https") },
	"read": func(d drill) {
		d.succeeds("READ in-progress")
		d.refused(false, "PrivateTypeException", "READ and LIST handlers must return synchronously.")
	},
	"list": func(d drill) {
		d.succeeds("LIST in-progress")
		d.refused(true, "PrivateTypeException", "READ and LIST handlers must return synchronously.")
	},
	"update": func(d drill) {
		d.succeeds("UPDATE crash")
		e := d.ended(d.update(d.typeName, d.file, `[{"op":"replace","path":"/Count","value":8}]`))
		if e.ErrorCode != types.HandlerErrorCodeInternalFailure || !strings.Contains(*e.StatusMessage, "exit status 3") {
			d.t.Error(describe(e))
		}
	},
	"delete": func(d drill) {
		d.succeeds("DELETE error")
		e := d.ended(d.delete(d.typeName, d.file))
		if e.ErrorCode != types.HandlerErrorCodeInternalFailure || !strings.Contains(*e.StatusMessage, "told to fail") {
			d.t.Error(describe(e))
		}
	},
}

// TestAHandlerThatTakesTooLongIsStopped has one in each language sleep in its first call, and
// then in a read.
func TestAHandlerThatTakesTooLongIsStopped(t *testing.T) {
	t.Parallel()
	s := start(t, "--handler-timeout", "*=15s/6s")
	for _, language := range []string{"go", "python", "node"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := witnesses(t, language)[0]
			s.command(t, 0, "type", "register", w.project)
			d := drill{client: s.client(t), witness: w, file: filepath.Join(t.TempDir(), "thing")}
			e := d.begin("sleep-once=60")
			eventually(t, "a call sleeps", func() bool { _, err := os.Stat(d.file + ".slept"); return err == nil })
			if e = d.ended(e); e.OperationStatus != types.OperationStatusSuccess { // in its next call
				t.Error(describe(e))
			}
			d.file += "2"
			d.succeeds("READ sleep=60")
			d.refused(false, "HandlerFailureException", "did not answer within 6s")
			d.file += "3"
			d.succeeds("twice")
		})
	}
}

// TestCPUTimeOfAHandlerIsLimited has a handler work for longer than it may.
func TestCPUTimeOfAHandlerIsLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "--handler-cpu", "1s")
	w := witnesses(t, "go")[0]
	s.command(t, 0, "type", "register", w.project)
	d := drill{client: s.client(t), witness: w, file: filepath.Join(t.TempDir(), "thing")}
	d.fails("cpu=50", "Runtime exited with error: signal: ", "exit status")
	d.plain()
}

// TestHandlersRunAsAnotherUser has one try to read what only the server may.
func TestHandlersRunAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		r := groundcontrol(t, "serve", "--data", t.TempDir(), "--handler-user", "65534:65534")
		wantParts(t, r.stderr, "--handler-user 65534:65534", "only root")
		t.Skip("the rest needs root: run this test as root")
	}
	// What t.TempDir makes is root's alone, which the server has to say.
	r := groundcontrol(t, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(privateDir(t), "data"), "--handler-user", "65534:65534")
	wantParts(t, r.stderr, "--handler-user", "cannot enter", "chmod o+x")
	dir, err := os.MkdirTemp("", "groundcontrol-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s := startIn(t, filepath.Join(dir, "data"), nil, "--handler-user", "65534:65534")
	w := witnesses(t, "go")[0]
	s.command(t, 0, "type", "register", w.project)
	d := drill{client: s.client(t), witness: w, file: filepath.Join(dir, "thing")}
	d.succeeds("DELETE crash")
	info, err := os.Stat(d.file)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 {
		t.Errorf("the file belongs to %d:%d", owner.Uid, owner.Gid)
	}
	d.file = filepath.Join(s.data, "mine")
	d.fails("", "permission denied")
}

// TestHandlersLiveInACgroup has one start what hides from all but its control group.
func TestHandlersLiveInACgroup(t *testing.T) {
	t.Parallel()
	none := t.TempDir()
	wantParts(t, groundcontrol(t, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--handler-cgroup", none).stderr,
		"--handler-cgroup: "+none+" is no cgroup of version 2")
	dir := testcgroup.New(t)
	s := start(t, "--handler-cgroup", dir)
	w := witnesses(t, "go")[0]
	s.command(t, 0, "type", "register", w.project)
	d := drill{client: s.client(t), witness: w, file: filepath.Join(t.TempDir(), "thing")}
	d.endsGrandchild("daemon,crash")
	d.plain()
	if groups, err := filepath.Glob(filepath.Join(dir, "function-*")); err != nil || len(groups) != 1 {
		t.Errorf("the warm process has the groups %v, %v", groups, err)
	}
	s.kill9()
	s.restart()
	if groups, err := filepath.Glob(filepath.Join(dir, "function-*")); err != nil || len(groups) != 0 {
		t.Errorf("a killed server's groups: %v, %v", groups, err)
	}
	d.file += "-2"
	d.client = s.client(t)
	d.plain()
	s.stop()
}

func privateDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
