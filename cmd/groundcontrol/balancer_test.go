package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// haproxy is the path of the real HAProxy. Debian has it where only root looks.
func haproxy(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("haproxy")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/haproxy")
	}
	needThat(t, err, "HAProxy", "apt-get install haproxy")
	return path
}

// balanced runs HAProxy on docs/haproxy.cfg before two nodes until the test ends. Only
// the ports are others. What it returns has the address and the key to call them by, and
// HAProxy's log.
func balanced(t *testing.T, program string, n []*server) *server {
	t.Helper()
	config, err := os.ReadFile("../../docs/haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	text, address := string(config), free(t)
	for _, port := range [][2]string{
		{"bind 127.0.0.1:4320\n", "bind " + address + "\n"},
		{"server node1 127.0.0.1:4321\n", "server node1 " + n[0].address() + "\n"},
		{"server node2 127.0.0.1:4322\n", "server node2 " + n[1].address() + "\n"},
	} {
		if strings.Count(text, port[0]) != 1 {
			t.Fatalf("docs/haproxy.cfg has not one line %q", port[0])
		}
		text = strings.Replace(text, port[0], port[1], 1)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "haproxy.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-f", file)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := &server{t: t, endpoint: "http://" + address, key: n[0].key, log: log.Name()}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails where it has ended already
		_ = cmd.Wait()         // as it was killed
		_ = log.Close()
		if !t.Failed() {
			return
		}
		for line := range strings.Lines(all.logged()) {
			if !strings.Contains(line, " 200 ") {
				t.Logf("HAProxy: %s", line)
			}
		}
	})
	eventually(t, "HAProxy answers", func() bool {
		answer, err := httpClient.Get(all.endpoint + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close() //nolint:errcheck // read only
		return answer.StatusCode == http.StatusOK
	})
	return all
}

// free is a loopback address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing came in
	return l.Addr().String()
}

// address is where the server listens.
func (s *server) address() string { return strings.TrimPrefix(s.endpoint, "http://") }

// traffic is clients' calls through a balancer. Each is tried once and must succeed.
type traffic struct {
	client
	mu     sync.Mutex
	tokens []string // of the creates
}

// run creates log groups and asks what became of each, until ctx is done. It makes three
// calls for each: with two, the round robin might give all creates to the same node.
func (c *traffic) run(ctx context.Context, name string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		if err := c.one(fmt.Sprintf("%s-%d", name, i)); err != nil {
			c.t.Errorf("call for %s-%d: %v", name, i, err)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *traffic) one(name string) error {
	ctx := c.t.Context()
	created, err := c.CreateResource(ctx, &cloudcontrol.CreateResourceInput{TypeName: str(logGroup), DesiredState: str(`{"LogGroupName":"` + name + `"}`)})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.tokens = append(c.tokens, *created.ProgressEvent.RequestToken)
	c.mu.Unlock()
	if _, err := c.GetResourceRequestStatus(ctx, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: created.ProgressEvent.RequestToken}); err != nil {
		return err
	}
	// A short list: an answer of more than 4 KiB that comes fast can fail in the SDK. net/http
	// asks for more of the body that it has sent, smithy-go 1.28 has closed that by then and
	// gives an error for it, and the connection is cut while the answer is read.
	return discard(c.ListResourceRequests(ctx, &cloudcontrol.ListResourceRequestsInput{MaxResults: aws.Int32(1)}))
}

// watch asks for a request that does not move, so that its calls are held, until ctx
// is done.
func (c *traffic) watch(ctx context.Context, token *string) {
	tick := time.NewTicker(100 * time.Millisecond) // a node that stops holds nothing
	defer tick.Stop()
	for {
		_, err := c.GetResourceRequestStatus(ctx, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: token})
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.t.Errorf("held status: %v", err)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// accepted are the tokens of all creates so far.
func (c *traffic) accepted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tokens)
}

func TestANodeBehindHAProxyIsRestartedAndNoClientSeesIt(t *testing.T) {
	t.Parallel()
	program := haproxy(t)
	n := nodes(t, 2, "--drain", "5s", "--status-hold", "20s", "--simulate", topic+"=create:1h")
	all := balanced(t, program, n)
	// The node comes back on its port, where HAProxy looks for it.
	n[0].args = append(n[0].args, "--listen", n[0].address())

	c := &traffic{client: all.client(t)}
	still := c.create(topic, `{"TopicName":"still"}`)
	ctx, stop := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	defer calls.Wait()
	defer stop()
	for i := range 4 {
		calls.Go(func() { c.run(ctx, fmt.Sprintf("group-%d", i)) })
		calls.Go(func() { c.watch(ctx, still.RequestToken) })
	}
	takes := func(s *server) func() bool { // more creates than before
		const creates = `groundcontrol_api_requests_total{operation="CreateResource",outcome="success"}`
		had := s.metrics(t)[creates]
		return func() bool { return s.metrics(t)[creates] >= had+10 }
	}
	eventually(t, "the first node takes calls", takes(n[0]))
	eventually(t, "the second node takes calls", takes(n[1]))

	if err := n[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := n[0].wait(patience); code != 0 {
		t.Errorf("exit %d", code)
	}
	// Not because it was gone: --drain has to be long enough for that.
	if !strings.Contains(all.logged(), "Server nodes/node1 is DOWN, reason: Layer7 wrong status, code: 503") {
		t.Error("HAProxy did not look away before the node stopped")
	}
	eventually(t, "the second node takes the calls of both", takes(n[1]))
	for _, token := range c.accepted() { // the first node has accepted some of them
		if e := c.ended(&types.ProgressEvent{RequestToken: &token}); e.OperationStatus != types.OperationStatusSuccess {
			t.Errorf("while the first node is away: %s", describe(e))
		}
	}

	n[0].restart()
	eventually(t, "the first node takes calls again", takes(n[0]))

	stop()
	calls.Wait()
	// No call was sent twice: SDKs would not notice, thanks to their client tokens.
	want := len(c.accepted()) + 1
	eventually(t, fmt.Sprintf("the nodes have logged the %d creates that there were", want), func() bool {
		return strings.Count(n[0].logged()+n[1].logged(), "operation=CreateResource ") == want
	})
	if status, _ := all.page(t, "/metrics"); status != http.StatusForbidden {
		t.Errorf("/metrics through HAProxy: %d", status)
	}
}
