package egress

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// syncBuffer is a buffer for a log.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *syncBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func basic(t *testing.T, p *Proxy) string {
	t.Helper()
	u, release := proxyURL(t, p, "raw")
	t.Cleanup(release)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.String()))
}

// exchange sends a request, in which %s is the credentials, and returns the answer with
// its body read.
func exchange(t *testing.T, p *Proxy, request string) *http.Response {
	t.Helper()
	conn := dial(t, p)
	fmt.Fprintf(conn, request, basic(t, p))
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res
}

// tunnelTo is a connection after a CONNECT.
func tunnelTo(t *testing.T, p *Proxy, authority string) net.Conn {
	t.Helper()
	conn := dial(t, p)
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\nProxy-Authorization: %s\r\n\r\n", authority, basic(t, p))
	line, err := bufio.NewReaderSize(conn, 16).ReadString('\n') // and the empty line below
	if err != nil || !strings.Contains(line, " 200 ") {
		t.Fatalf("CONNECT: %q %v", line, err)
	}
	return conn
}

// Each side sends a piece only after the other has the one before, so nothing on the way
// may wait for the whole.
func TestBodiesStreamBothWays(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			got := make(chan string, 1)
			next := make(chan string, 1)
			server := target(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					w.Header().Set("Content-Length", "12") // a known length is no reason to wait
					for s := range next {
						_, _ = io.WriteString(w, s)
						_ = http.NewResponseController(w).Flush()
					}
					return
				}
				buf := make([]byte, 4)
				for {
					n, err := io.ReadFull(r.Body, buf)
					if err != nil {
						return
					}
					got <- string(buf[:n])
				}
			})
			p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}})
			c := ownerClient(t, p, "o")

			r, w := io.Pipe()
			done := make(chan error, 1)
			go func() {
				res, err := c.Post(scheme+"://api.test/", "text/plain", r)
				if err == nil {
					res.Body.Close()
				}
				done <- err
			}()
			for _, piece := range []string{"one.", "two.", "thr."} {
				if _, err := io.WriteString(w, piece); err != nil {
					t.Fatal(err)
				}
				if s := receive(t, got); s != piece {
					t.Fatalf("up: %q, want %q", s, piece)
				}
			}
			w.Close()
			if err := receive(t, done); err != nil {
				t.Fatal(err)
			}

			next <- "one."
			res, err := c.Get(scheme + "://api.test/")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			buf := make([]byte, 4)
			for _, piece := range []string{"one.", "two.", "thr."} {
				if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != piece {
					t.Fatalf("down: %q %v, want %q", buf, err, piece)
				}
				switch piece {
				case "one.":
					next <- "two."
				case "two.":
					next <- "thr."
				}
			}
			close(next)
			if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
				t.Errorf("the end: %q %v", rest, err)
			}
		})
	}
}

func TestSlowReaderHoldsTheTargetBack(t *testing.T) {
	const all, enough = 1 << 30, 64 << 20
	var sent atomic.Int64
	done := make(chan struct{})
	server := target(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		piece := make([]byte, 1<<20)
		for sent.Load() < all {
			n, err := w.Write(piece)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	res, err := ownerClient(t, p, "o").Get("https://big.test/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	res.Body.Close() // the rest is not wanted
	receive(t, done)
	if n := sent.Load(); n > enough {
		t.Errorf("the target could send %d MiB to a client that read one", n>>20)
	}
	if call := seen.wait(t, 1)[0]; call.Status != 200 {
		t.Errorf("observed %+v", call)
	}
}

func TestBrokenResponseIsNotMadeWhole(t *testing.T) {
	server := target(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	res, err := ownerClient(t, p, "o").Get("https://api.test/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("got %q and no error", body)
	}
	seen.wait(t, 1)
}

func TestWhatIsNotOfferedIsRefused(t *testing.T) {
	server := target(t, echo)
	const auth = "Proxy-Authorization: %s\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
		text    string
	}{
		"other port of CONNECT":  {"CONNECT api.test:22 HTTP/1.1\r\nHost: api.test:22\r\n" + auth + "\r\n", 403, "port 443"},
		"no valid host":          {"CONNECT a$b:443 HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", 403, "valid host"},
		"other port of http":     {"GET http://api.test:8080/ HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", 403, "port 80"},
		"other scheme":           {"GET ftp://api.test/ HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", 400, "this is a proxy"},
		"no absolute URL":        {"GET / HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", 400, "this is a proxy"},
		"header that is too big": {"GET http://api.test/ HTTP/1.1\r\nHost: x\r\n" + auth + "X: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", 431, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}})
			noDial(t, p)
			res := exchange(t, p, c.request)
			if body, _ := io.ReadAll(res.Body); res.StatusCode != c.status || !strings.Contains(string(body)+res.Status, c.text) {
				t.Errorf("got %s %s", res.Status, body)
			}
		})
	}
}

func TestBytesThatAreNotTLSAreRefused(t *testing.T) {
	seen := newCalls()
	p, _ := start(t, Config{Default: Direct, Observe: seen.add})
	noDial(t, p)
	conn := tunnelTo(t, p, "api.test:443")
	fmt.Fprint(conn, "GET / HTTP/1.1\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "400 groundcontrol: only TLS") {
		t.Errorf("got %q %v", answer, err)
	}
	if call := seen.wait(t, 1)[0]; call.Method != "CONNECT" || call.Status != 400 {
		t.Errorf("observed %+v", call)
	}
}

func TestSilenceAfterConnectEnds(t *testing.T) {
	seen := newCalls()
	p, _ := start(t, Config{Default: Direct, Observe: seen.add}, func(l *limits) { l.handshake = 50 * time.Millisecond })
	conn := tunnelTo(t, p, "api.test:443")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
	if call := seen.wait(t, 1)[0]; call.Status != 0 || call.Routed != Direct {
		t.Errorf("observed %+v", call)
	}
}

func TestClientThatDoesNotTrustTheCAIsObserved(t *testing.T) {
	seen := newCalls()
	var log syncBuffer
	p, _ := start(t, Config{Default: Direct, Observe: seen.add, Log: log.logger()})
	conn := tls.Client(tunnelTo(t, p, "api.test:443"), &tls.Config{ServerName: "api.test"})
	if err := conn.Handshake(); err == nil {
		t.Fatal("the certificate was trusted")
	}
	if call := seen.wait(t, 1)[0]; call.Status != 0 || call.Method != "CONNECT" {
		t.Errorf("observed %+v", call)
	}
	if !strings.Contains(log.String(), "does it trust the CA") {
		t.Errorf("log: %s", log.String())
	}
}

func TestHTTP2IsNotOffered(t *testing.T) {
	server := target(t, echo)
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}})
	conn := tls.Client(tunnelTo(t, p, "[2001:db8::1]:443"), &tls.Config{NextProtos: []string{"h2", "http/1.1"}, InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("protocol %q", state.NegotiatedProtocol)
	}
	if err := state.PeerCertificates[0].VerifyHostname("2001:db8::1"); err != nil {
		t.Error(err)
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	server := target(t, echo)
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}}, func(l *limits) { l.connections = 1 })
	first := tunnelTo(t, p, "api.test:443")
	answered := make(chan int, 1)
	c := ownerClient(t, p, "o")
	go func() {
		res, err := c.Get("http://api.test/")
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	select {
	case status := <-answered:
		t.Errorf("answered %d beside another connection", status)
	case <-time.After(100 * time.Millisecond):
	}
	first.Close()
	if status := receive(t, answered); status != 202 {
		t.Errorf("then answered %d", status)
	}
}

func TestStalledTargetIsGivenUp(t *testing.T) {
	hang := make(chan struct{})
	server := target(t, func(http.ResponseWriter, *http.Request) { <-hang })
	t.Cleanup(func() { close(hang) }) // before the server closes
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add}, func(l *limits) { l.stall = 50 * time.Millisecond })
	if status, body := get(t, ownerClient(t, p, "o"), "https://api.test/"); status != http.StatusGatewayTimeout {
		t.Errorf("got %d %s", status, body)
	}
	if call := seen.wait(t, 1)[0]; call.Status != http.StatusGatewayTimeout {
		t.Errorf("observed %+v", call)
	}
}

func TestStalledUploadIsGivenUp(t *testing.T) {
	server := target(t, echo)
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add}, func(l *limits) { l.stall = 50 * time.Millisecond })
	conn := dial(t, p)
	fmt.Fprintf(conn, "POST http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 10\r\nProxy-Authorization: %s\r\n\r\nhalf", basic(t, p))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
	seen.wait(t, 1)
}

func TestSlowTargetThatMovesIsNotStalled(t *testing.T) {
	t.Parallel() // it takes its time, and nothing else
	const stall, pieces = 2 * time.Second, 35
	server := target(t, func(w http.ResponseWriter, _ *http.Request) {
		tick := time.NewTicker(stall / 30)
		defer tick.Stop()
		for range pieces {
			<-tick.C
			_, _ = io.WriteString(w, ".")
			_ = http.NewResponseController(w).Flush()
		}
	})
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}}, func(l *limits) { l.stall = stall })
	if status, body := get(t, ownerClient(t, p, "o"), "https://api.test/"); status != 200 || len(body) != pieces {
		t.Errorf("got %d %s", status, body)
	}
}

func TestClientThatLeavesEndsTheCall(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	server := target(t, func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(ended)
	})
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	ctx, cancel := context.WithCancel(t.Context())
	c := ownerClient(t, p, "o")
	go func() {
		<-started
		cancel()
	}()
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://api.test/", nil)
	if _, err := c.Do(req); err == nil {
		t.Error("answered")
	}
	receive(t, ended)
	if call := seen.wait(t, 1)[0]; call.Status != 0 {
		t.Errorf("observed %+v", call)
	}
}

func TestStopLetsCallsFinish(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	server := target(t, func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	p, stop := start(t, Config{Routes: []Route{{"*", server.URL}}}, func(l *limits) { l.grace = patience })
	c := ownerClient(t, p, "o")
	answer := make(chan string, 1)
	go func() {
		res, err := c.Get("https://api.test/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	receive(t, started)
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	for { // until the port is closed
		conn, err := net.Dial("tcp", p.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(finish)
	if s := receive(t, answer); s != "done" {
		t.Errorf("got %q", s)
	}
	receive(t, stopped)
}

func TestStopCutsOffWhatDoesNotEnd(t *testing.T) {
	started := make(chan struct{})
	server := target(t, func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	})
	p, stop := start(t, Config{Routes: []Route{{"*", server.URL}}}, func(l *limits) { l.grace = 10 * time.Millisecond })
	tunnelTo(t, p, "api.test:443") // one that never speaks
	c := ownerClient(t, p, "o")
	failed := make(chan error, 1)
	go func() {
		res, err := c.Get("https://api.test/")
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	receive(t, started)
	stop()
	receive(t, failed) // it ends; whether with an error or a 502 is up to who is faster
}

func TestManyCallsAtOnce(t *testing.T) {
	server := target(t, echo)
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	const owners, each = 8, 10
	var wg sync.WaitGroup
	for i := range owners {
		c := ownerClient(t, p, fmt.Sprint(i))
		wg.Go(func() {
			for j := range each {
				url := fmt.Sprintf("%s://o%d.h%d.test/", []string{"http", "https"}[j%2], i, j)
				res, err := c.Get(url)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	for _, call := range seen.wait(t, owners*each) {
		if !strings.HasPrefix(call.Host, "o"+call.Owner+".") || call.Status != 202 {
			t.Errorf("observed %+v", call)
		}
	}
}
