package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/server"
	"example.org/groundcontrol/internal/wire"
)

// pipes is a listener whose connections are pipes, so that time limits can be tested in a
// bubble, where time is free.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(t *testing.T) net.Conn {
	t.Helper()
	mine, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return mine
	case <-p.closed:
		t.Fatal("the listener is closed")
		return nil
	}
}

// running serves in a bubble for the length of f, then stops and wants Serve to return want.
func running(t *testing.T, c server.Config, want string, f func(t *testing.T, p *pipes, s *server.Server, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		c.Log = quiet
		s, p := server.New(c), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Serve(ctx, p) }()
		f(t, p, s, stop)
		stop()
		if err := fmt.Sprint(<-ended); !strings.Contains(err, want) {
			t.Errorf("Serve returned %s, want %s", err, want)
		}
	})
}

const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"

// trickle writes one byte a second and returns how long the server put up with it.
func trickle(c net.Conn, text string) time.Duration {
	start := time.Now()
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			break
		}
		time.Sleep(time.Second)
	}
	return time.Since(start)
}

func TestAClientThatSendsOneByteASecondIsCut(t *testing.T) {
	for _, c := range []struct {
		name, quick, slow string
		after             time.Duration
	}{
		{"in its headers", "", "POST / HTTP/1.1\r\nHost: a-long-name\r\n", 10 * time.Second},
		{"in its body", head, strings.Repeat("x", 100), 60 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			running(t, server.Config{API: api(hello)}, "<nil>", func(t *testing.T, p *pipes, _ *server.Server, _ func()) {
				conn := p.dial(t)
				defer conn.Close()
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				if _, err := io.WriteString(conn, c.quick); err != nil {
					t.Fatal(err)
				}
				if d := trickle(conn, c.slow); d < c.after || d > c.after+2*time.Second {
					t.Errorf("cut after %v, want %v", d, c.after)
				}
			})
		})
	}
}

func TestAClientThatDoesNotReadItsAnswerIsCut(t *testing.T) {
	failed := make(chan time.Duration, 1)
	large := api(func(w http.ResponseWriter, _ *http.Request, call *wire.Call) {
		start := time.Now()
		call.Status = http.StatusOK
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			failed <- time.Since(start)
		}
	})
	running(t, server.Config{API: large}, "<nil>", func(t *testing.T, p *pipes, _ *server.Server, _ func()) {
		failed = make(chan time.Duration, 1) // of this bubble
		conn := p.dial(t)
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if d := <-failed; d != 90*time.Second {
			t.Errorf("cut after %v", d)
		}
	})
}

func TestAnIdleConnectionIsKeptFor120Seconds(t *testing.T) {
	running(t, server.Config{API: api(hello)}, "<nil>", func(t *testing.T, p *pipes, _ *server.Server, _ func()) {
		conn := p.dial(t)
		defer conn.Close()
		from := bufio.NewReader(conn)
		for range 2 {
			if got := ask(t, conn, from); got != "hello" {
				t.Fatalf("got %q", got)
			}
			time.Sleep(119 * time.Second)
		}
		start := time.Now()
		if _, err := from.ReadByte(); err != io.EOF || time.Since(start) != time.Second {
			t.Errorf("closed after another %v: %v", time.Since(start), err)
		}
	})
}

func ask(t *testing.T, to io.Writer, from *bufio.Reader) string {
	t.Helper()
	if _, err := io.WriteString(to, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestLongHeadersAreRefused(t *testing.T) {
	running(t, server.Config{API: api(hello)}, "<nil>", func(t *testing.T, p *pipes, _ *server.Server, _ func()) {
		conn := p.dial(t)
		defer conn.Close()
		go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 80<<10)+"\r\n\r\n") }()
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %d", r.StatusCode)
		}
	})
}

// slow answers after the given time, or not when the call is cut off before.
func slow(d time.Duration) api {
	return func(w http.ResponseWriter, r *http.Request, call *wire.Call) {
		select {
		case <-time.After(d):
			hello(w, r, call)
		case <-r.Context().Done():
		}
	}
}

func TestAShutdownLetsCallsFinish(t *testing.T) {
	c := server.Config{API: slow(10 * time.Second), Drain: 5 * time.Second}
	running(t, c, "<nil>", func(t *testing.T, p *pipes, s *server.Server, stop func()) {
		conn := p.dial(t)
		defer conn.Close()
		answer := make(chan string)
		go func() { answer <- ask(t, conn, bufio.NewReader(conn)) }()
		synctest.Wait()
		stop()
		time.Sleep(4 * time.Second)
		if w := get(s, "GET", "/readyz"); w.Code != 503 || w.Body.String() != "shutting down\n" {
			t.Errorf("while it drains /readyz answers %d %q", w.Code, w.Body)
		}
		if w := get(s, "GET", "/healthz"); w.Code != 200 {
			t.Errorf("while it drains /healthz answers %d", w.Code)
		}
		late := p.dial(t) // still answered while it drains
		defer late.Close()
		if got := ask(t, late, bufio.NewReader(late)); got != "hello" {
			t.Errorf("a call while it drains got %q", got)
		}
		if got := <-answer; got != "hello" {
			t.Errorf("the call before the shutdown got %q", got)
		}
	})
}

func TestAShutdownDoesNotWaitForEver(t *testing.T) {
	c := server.Config{API: slow(time.Hour), Grace: 20 * time.Second}
	running(t, c, "server: calls were still in flight after 20s", func(t *testing.T, p *pipes, _ *server.Server, stop func()) {
		start := time.Now()
		conn := p.dial(t)
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("got an answer")
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// broken is a listener that fails.
type broken struct{ *pipes }

func (broken) Accept() (net.Conn, error) { return nil, errors.New("out of order") }

func TestABrokenListenerEndsServe(t *testing.T) {
	s := server.New(server.Config{API: api(hello), Log: quiet})
	err := s.Serve(t.Context(), broken{newPipes()})
	if err == nil || !strings.Contains(err.Error(), "server: accept connections: out of order") {
		t.Errorf("got %v", err)
	}
	if w := get(s, "GET", "/readyz"); w.Code != 503 {
		t.Errorf("/readyz answers %d", w.Code)
	}
}
