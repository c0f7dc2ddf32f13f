package main

import (
	"bytes"
	"context"
	"errors"
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
	"time"
)

// node is one server of the system under test. Its processes come and go.
type node struct {
	name, binary, data, log string
	args                    []string
	env                     []string
	port                    string
	skew                    time.Duration // how wrong its wall clock is
	proxy                   *proxy        // to its database; nil on SQLite

	mu        sync.Mutex
	cmd       *exec.Cmd
	done      chan struct{} // closed when the process has ended
	processes int
	wanted    bool     // the process is not to end
	surprises []string // when it did all the same
}

func (n *node) endpoint() string { return "http://127.0.0.1:" + n.port }

// start starts a process and waits until it is ready. One that ends at once is started
// again, as a supervisor does, for a bounded time.
func (n *node) start(ctx context.Context) error {
	end := time.Now().Add(30 * time.Second)
	for {
		done, err := n.launch()
		if err != nil {
			return err
		}
		err = within(ctx, 30*time.Second, 10*time.Millisecond, n.name+" is ready", func() bool {
			select {
			case <-done:
				return true
			default:
				return n.ready()
			}
		})
		if err != nil {
			return err
		}
		select {
		case <-done:
			if time.Now().After(end) {
				return fmt.Errorf("%s does not start: see %s", n.name, n.log)
			}
			time.Sleep(100 * time.Millisecond)
		default:
			n.mu.Lock()
			n.wanted = true
			n.mu.Unlock()
			return nil
		}
	}
}

func (n *node) ready() bool {
	c := http.Client{Timeout: 2 * time.Second}
	defer c.CloseIdleConnections()
	answer, err := c.Get(n.endpoint() + "/readyz")
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

func (n *node) launch() (done chan struct{}, err error) {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.processes++
	c := exec.Command(n.binary, n.args...)
	c.Env = append(clean(), n.env...)
	c.Env = append(c.Env, fmt.Sprintf("GROUNDCONTROL_WITNESS_NODE=%s.%d", n.name, n.processes))
	if n.skew != 0 {
		c.Env = append(c.Env, fmt.Sprintf("%s=%d", skewVariable, int(n.skew.Seconds())))
	}
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = dieWithUs(syscall.SIGKILL)
	if err := errors.Join(c.Start(), log.Close()); err != nil {
		return nil, err
	}
	n.cmd, n.done, n.wanted = c, make(chan struct{}), false
	go func(done chan struct{}) {
		_ = c.Wait() // the state is looked at here
		n.mu.Lock()
		if n.wanted && n.cmd == c {
			n.surprises = append(n.surprises, fmt.Sprintf("%s ended by itself: %v", n.name, c.ProcessState))
		}
		n.mu.Unlock()
		close(done)
	}(n.done)
	return n.done, nil
}

// clean is our environment without what could change how a server behaves.
func clean() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GROUNDCONTROL_") || strings.HasPrefix(v, "AWS_")
	})
}

// end sends the signal and waits for the end, which for SIGTERM must come in good time.
func (n *node) end(signal syscall.Signal) error {
	n.mu.Lock()
	cmd, done := n.cmd, n.done
	n.wanted = false
	n.mu.Unlock()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Signal(signal) // fails where it has ended already
	select {
	case <-done:
		return nil
	case <-time.After(40 * time.Second): // of which calls in flight may take 10 and answers held some more
	}
	_ = cmd.Process.Kill()
	<-done
	return fmt.Errorf("%s did not end by %v", n.name, signal)
}

// signal tells the process to stop or go on.
func (n *node) signal(s syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cmd.Process.Signal(s)
}

// complaints returns what no log may have, whatever befalls the node.
func (n *node) complaints() []string {
	text, err := os.ReadFile(n.log)
	if err != nil {
		return []string{err.Error()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	bad := slices.Clone(n.surprises)
	for line := range bytes.Lines(text) {
		for _, word := range []string{"panic", "DATA RACE", "fatal error", "cannot be opened with this key"} {
			if bytes.Contains(line, []byte(word)) {
				bad = append(bad, n.name+": "+string(bytes.TrimSpace(line)))
			}
		}
	}
	return bad
}

// newNode describes a node; start runs it.
func newNode(name, binary, dir string, lease time.Duration, witness string, args ...string) (*node, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &node{name: name, binary: binary, data: filepath.Join(dir, name), log: filepath.Join(dir, name+".log"), port: port}
	n.args = append([]string{
		"serve", "--data", n.data, "--listen", "127.0.0.1:" + port, "--lease", lease.String(), "--status-hold", "500ms", "--no-access-log",
	}, args...)
	n.env = []string{"GROUNDCONTROL_WITNESS=" + witness}
	return n, os.Mkdir(n.data, 0o700)
}

// freePort is a port of this machine that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
