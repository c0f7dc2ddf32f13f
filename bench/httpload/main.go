// Command httpload measures the server over HTTP beside a plain net/http echo of the
// same sizes, in the same run, on the same machine:
//
//	go run ./httpload -server ../bin/groundcontrol
//	go run ./httpload -server ../bin/groundcontrol -types CloudformationSchema.zip
//
// Load comes from this process, over 128 connections, with requests signed in
// advance. The server and the echo are processes of their own and are loaded in short
// slices, in turn, so that what the machine's neighbours do hits both alike. CPU is that
// of the server's process.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/auth"
)

var (
	binary      = flag.String("server", "../bin/groundcontrol", "server binary")
	connections = flag.Int("connections", 128, "connections")
	creates     = flag.Int("creates", 30000, "creates in a slice")
	reads       = flag.Int("reads", 20000, "status reads in a slice")
	slices      = flag.Int("slices", 5, "slices of each kind; the first is not counted")
	schemas     = flag.String("types", "", "schemas to import before, such as AWS's CloudformationSchema.zip")
	echo        = flag.String("echo", "", "be the echo server on this address (for internal use)")
)

func main() {
	flag.Parse()
	if *echo != "" {
		log.Fatal(serveEcho(*echo))
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// answerSize is that of a ProgressEvent for a create, and near that of a status.
const answerSize = 230

// serveEcho reads each body and answers with as many bytes as the API does.
func serveEcho(addr string) error {
	answer := bytes.Repeat([]byte("x"), answerSize)
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write(answer)
	}))
}

// result is one kind of work: how many calls, how long they took, and what they cost
// the server.
type result struct {
	calls     int
	took, cpu time.Duration
}

func (r result) plus(o result) result {
	return result{r.calls + o.calls, r.took + o.took, r.cpu + o.cpu}
}

func (r result) perSecond() float64 { return float64(r.calls) / r.took.Seconds() }

func (r result) cost() float64 { return float64(r.cpu.Microseconds()) / float64(r.calls) }

func run() error {
	s, err := startServer()
	if err != nil {
		return err
	}
	all, err := s.measure()
	if err = errors.Join(err, s.stop()); err != nil {
		return err
	}
	fmt.Printf("%d connections, %d slices of %d creates and %d reads, each beside its echo\n", *connections, *slices, *creates, *reads)
	row := func(name string, of, beside result) {
		fmt.Printf("%-44s %8.0f /s  %6.1f µs CPU  %5.2f x echo\n", name, of.perSecond(), of.cost(), of.perSecond()/beside.perSecond())
	}
	row("echo, sizes of a create", all.echoCreate, all.echoCreate)
	row("create, accepted and completed, durable", all.create, all.echoCreate)
	row("echo, sizes of a status read", all.echoRead, all.echoRead)
	row("status read, ended a short while ago", all.recent, all.echoRead)
	row("status read, from the database", all.stored, all.echoRead)
	return nil
}

// process is a server that runs on its own.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func (p process) kill() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	return p.cmd.Wait()
}

// cpu is the processor time that the process has used so far, from /proc.
func (p process) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err // 100 ticks a second on Linux
}

type server struct {
	process
	dir  string
	keys *auth.Keys
}

func startServer() (*server, error) {
	dir, err := os.MkdirTemp("", "httpload")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	s.cmd = exec.Command(*binary, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	if err := s.cmd.Start(); err != nil { // its log goes to /dev/null
		return nil, err
	}
	for range 500 {
		time.Sleep(10 * time.Millisecond)
		endpoint, err := os.ReadFile(filepath.Join(dir, "endpoint"))
		if err != nil {
			continue
		}
		s.addr = strings.TrimPrefix(strings.TrimSpace(string(endpoint)), "http://")
		s.keys, err = auth.LoadOrCreate(filepath.Join(dir, "credentials.json"))
		if err == nil && *schemas != "" {
			var out []byte
			out, err = exec.Command(*binary, "type", "import", "--data", dir, *schemas).CombinedOutput()
			fmt.Printf("%s", out)
		}
		return s, err
	}
	return nil, errors.Join(errors.New("the server did not start"), s.stop())
}

func (s *server) stop() error { return errors.Join(s.kill(), os.RemoveAll(s.dir)) }

type results struct{ echoCreate, create, echoRead, recent, stored result }

func (s *server) measure() (all results, err error) {
	e, err := startEcho()
	if err != nil {
		return all, err
	}
	defer e.kill() //nolint:errcheck // it dies of the signal
	var tokens []string
	for slice := range *slices {
		var got results
		bodies := make([][]byte, *creates)
		for i := range bodies {
			bodies[i] = s.sign("CreateResource", createBody(slice**creates+i))
		}
		made := make([]string, *creates)
		got.create, err = s.timed(len(bodies), func() error {
			err := load(s.addr, bodies, func(i int, answer []byte) (err error) {
				made[i], err = token(answer)
				return err
			})
			return errors.Join(err, s.drained())
		})
		if err != nil {
			return all, err
		}
		tokens = append(tokens, made...)
		if got.echoCreate, err = e.timed(len(bodies), func() error { return load(e.addr, bodies, ignore) }); err != nil {
			return all, err
		}
		// The newest requests are in memory, the oldest in the database only.
		if got.recent, err = s.statuses(tokens[len(tokens)-1000:]); err != nil {
			return all, err
		}
		bodies = s.statusBodies(tokens[:1000])
		if got.echoRead, err = e.timed(len(bodies), func() error { return load(e.addr, bodies, ignore) }); err != nil {
			return all, err
		}
		if got.stored, err = s.statuses(tokens[:len(tokens)/2]); err != nil {
			return all, err
		}
		if slice == 0 {
			continue // warming up
		}
		all = results{
			all.echoCreate.plus(got.echoCreate), all.create.plus(got.create), all.echoRead.plus(got.echoRead),
			all.recent.plus(got.recent), all.stored.plus(got.stored),
		}
	}
	return all, nil
}

func ignore(int, []byte) error { return nil }

func token(answer []byte) (string, error) {
	var a struct{ ProgressEvent struct{ RequestToken string } }
	if err := json.Unmarshal(answer, &a); err != nil || a.ProgressEvent.RequestToken == "" {
		return "", fmt.Errorf("create: %s", answer)
	}
	return a.ProgressEvent.RequestToken, nil
}

// statuses reads the statuses of tokens over and over.
func (s *server) statuses(tokens []string) (result, error) {
	bodies := s.statusBodies(tokens)
	return s.timed(len(bodies), func() error {
		return load(s.addr, bodies, func(_ int, answer []byte) error {
			if !bytes.Contains(answer, []byte(`"SUCCESS"`)) {
				return fmt.Errorf("status: %s", answer)
			}
			return nil
		})
	})
}

func (s *server) statusBodies(tokens []string) [][]byte {
	distinct := make([][]byte, min(len(tokens), *reads))
	for i := range distinct {
		distinct[i] = s.sign("GetResourceRequestStatus", fmt.Appendf(nil, `{"RequestToken":%q}`, tokens[i*len(tokens)/len(distinct)]))
	}
	bodies := make([][]byte, *reads)
	for i := range bodies {
		bodies[i] = distinct[i%len(distinct)]
	}
	return bodies
}

// startEcho starts the echo as a process of its own. Its answers are as long as those
// of the API, within a few bytes.
func startEcho() (p process, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return p, err
	}
	p.addr = l.Addr().String()
	if err := l.Close(); err != nil {
		return p, err
	}
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	p.cmd = exec.Command(self, "-echo", p.addr)
	if err := p.cmd.Start(); err != nil {
		return p, err
	}
	for range 200 {
		if c, err := net.Dial("tcp", p.addr); err == nil {
			return p, c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return p, errors.Join(errors.New("the echo did not start"), p.kill())
}

// timed measures work that makes n calls of the process.
func (p process) timed(n int, work func() error) (result, error) {
	before, err := p.cpu()
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	if err := work(); err != nil {
		return result{}, err
	}
	took := time.Since(began)
	after, err := p.cpu()
	return result{n, took, after - before}, err
}

// drained waits until no request is live.
func (s *server) drained() error {
	for range 2000 {
		answer, err := http.Get("http://" + s.addr + "/metrics")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if bytes.Contains(text, []byte("groundcontrol_live_requests{status=\"IN_PROGRESS\"} 0\n")) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("requests do not end")
}

func createBody(i int) []byte {
	desired := fmt.Sprintf(`{"LogGroupName":"/bench/service/%d","RetentionInDays":14,"Tags":[{"Key":"environment","Value":"benchmark"},{"Key":"team","Value":"platform"}]}`, i)
	return fmt.Appendf(nil, `{"ClientToken":"terraform-20261123160107261700%08d","DesiredState":%q,"TypeName":"AWS::Logs::LogGroup"}`, i, desired)
}

// sign returns the bytes of a signed request.
func (s *server) sign(operation string, body []byte) []byte {
	r, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "CloudApiService."+operation)
	r.Header.Set("Amz-Sdk-Invocation-Id", "ccb83053-7c9a-4d4f-9df0-2f1e3f5b1f10")
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	r.Header.Set("User-Agent", "aws-sdk-go-v2/1.41.0 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/cloudcontrol#1.32.3")
	auth.Sign(r, body, s.keys.All()[0], "us-east-1", "cloudcontrolapi", time.Now())
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}
