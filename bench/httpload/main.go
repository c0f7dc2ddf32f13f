// Command httpload measures the server over HTTP beside a plain net/http echo of the
// same sizes, in the same run, on the same machine:
//
//	go run ./httpload -server ../bin/groundcontrol
//
// Load comes from this process, over 128 connections, with requests signed in
// advance. The server and the echo run as processes of their own, in turn, so that
// what the machine's neighbours do hits both alike. CPU is that of the server's process.
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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/auth"
)

var (
	binary      = flag.String("server", "../bin/groundcontrol", "server binary")
	connections = flag.Int("connections", 128, "connections")
	creates     = flag.Int("creates", 40000, "creates in a round")
	reads       = flag.Int("reads", 60000, "status reads in a round")
	rounds      = flag.Int("rounds", 3, "rounds; medians are printed")
	echo        = flag.String("echo", "", "be the echo server on this address (for internal use)")
	echoSize    = flag.Int("echo-size", 0, "bytes of the echo's answers (for internal use)")
)

func main() {
	flag.Parse()
	if *echo != "" {
		log.Fatal(serveEcho(*echo, *echoSize))
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// serveEcho reads each body and answers with as many bytes as the API does.
func serveEcho(addr string, size int) error {
	answer := bytes.Repeat([]byte("x"), size)
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write(answer)
	}))
}

// result is one kind of work in one round.
type result struct{ perSecond, cpu float64 } // cpu: µs of the server for each call

func run() error {
	var echoCreate, create, echoRead, recent, stored []result
	for range *rounds {
		s, err := startServer()
		if err != nil {
			return err
		}
		r, err := s.round()
		if err = errors.Join(err, s.stop()); err != nil {
			return err
		}
		echoCreate, create = append(echoCreate, r.echoCreate), append(create, r.create)
		echoRead, recent, stored = append(echoRead, r.echoRead), append(recent, r.recent), append(stored, r.stored)
	}
	row := func(name string, of, beside []result) {
		fmt.Printf("%-44s %8.0f /s  %6.1f µs CPU  %5.2f x echo\n", name, median(of, speed), median(of, cost), median(of, speed)/median(beside, speed))
	}
	fmt.Printf("%d connections, %d rounds, medians\n", *connections, *rounds)
	row("echo, sizes of a create", echoCreate, echoCreate)
	row("create, accepted and completed, durable", create, echoCreate)
	row("echo, sizes of a status read", echoRead, echoRead)
	row("status read, ended a short while ago", recent, echoRead)
	row("status read, from the database", stored, echoRead)
	return nil
}

func speed(r result) float64 { return r.perSecond }
func cost(r result) float64  { return r.cpu }

func median(of []result, f func(result) float64) float64 {
	var all []float64
	for _, r := range of {
		all = append(all, f(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// process is a server that runs on its own.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func (p process) kill() error {
	_ = p.cmd.Process.Signal(syscall.SIGUSR1)
	time.Sleep(300 * time.Millisecond)
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
		return s, err
	}
	return nil, errors.Join(errors.New("the server did not start"), s.stop())
}

func (s *server) stop() error { return errors.Join(s.kill(), os.RemoveAll(s.dir)) }

type round struct{ echoCreate, create, echoRead, recent, stored result }

func (s *server) round() (r round, err error) {
	var bodies [][]byte
	for i := range *creates {
		bodies = append(bodies, s.sign("CreateResource", createBody(i)))
	}
	tokens := make([]string, *creates)
	began := time.Now()
	cpu, err := s.cpu()
	if err != nil {
		return r, err
	}
	size := 0
	err = load(s.addr, bodies, func(i int, answer []byte) error {
		var a struct{ ProgressEvent struct{ RequestToken string } }
		if i == 0 {
			size = len(answer)
		}
		if err := json.Unmarshal(answer, &a); err != nil || a.ProgressEvent.RequestToken == "" {
			return fmt.Errorf("create %d: %s", i, answer)
		}
		tokens[i] = a.ProgressEvent.RequestToken
		return nil
	})
	if err != nil {
		return r, err
	}
	if err := s.drained(); err != nil {
		return r, err
	}
	if r.create, err = s.since(began, cpu, *creates); err != nil {
		return r, err
	}
	if r.echoCreate, err = s.beside(bodies, size); err != nil {
		return r, err
	}
	// The newest requests are in memory, the oldest in the database only.
	newest, oldest := tokens[len(tokens)-1000:], tokens[:len(tokens)/2]
	if r.recent, size, err = s.statuses(newest, &bodies); err != nil {
		return r, err
	}
	if r.echoRead, err = s.beside(bodies, size); err != nil {
		return r, err
	}
	r.stored, _, err = s.statuses(oldest, &bodies)
	return r, err
}

// statuses reads the statuses of tokens over and over.
func (s *server) statuses(tokens []string, bodies *[][]byte) (r result, size int, err error) {
	*bodies = (*bodies)[:0]
	distinct := make([][]byte, len(tokens))
	for i, token := range tokens {
		distinct[i] = s.sign("GetResourceRequestStatus", fmt.Appendf(nil, `{"RequestToken":%q}`, token))
	}
	for i := range *reads {
		*bodies = append(*bodies, distinct[i%len(distinct)])
	}
	began := time.Now()
	cpu, err := s.cpu()
	if err != nil {
		return r, 0, err
	}
	err = load(s.addr, *bodies, func(i int, answer []byte) error {
		if i == 0 {
			size = len(answer)
		}
		if !bytes.Contains(answer, []byte(`"SUCCESS"`)) {
			return fmt.Errorf("status %d: %s", i, answer)
		}
		return nil
	})
	if err != nil {
		return r, 0, err
	}
	r, err = s.since(began, cpu, *reads)
	return r, size, err
}

// beside sends the same bytes to an echo server.
func (s *server) beside(bodies [][]byte, size int) (result, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return result{}, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return result{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	e := process{exec.Command(self, "-echo", addr, "-echo-size", strconv.Itoa(size)), addr}
	if err := e.cmd.Start(); err != nil {
		return result{}, err
	}
	defer e.kill() //nolint:errcheck // it dies of the signal
	for range 200 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	began := time.Now()
	cpu, err := e.cpu()
	if err != nil {
		return result{}, err
	}
	if err := load(addr, bodies, func(int, []byte) error { return nil }); err != nil {
		return result{}, err
	}
	return e.since(began, cpu, len(bodies))
}

func (p process) since(began time.Time, cpu time.Duration, n int) (result, error) {
	took := time.Since(began)
	now, err := p.cpu()
	return result{float64(n) / took.Seconds(), float64((now - cpu).Microseconds()) / float64(n)}, err
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
