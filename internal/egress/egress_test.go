package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 2 * time.Minute // for what should happen at once, on a slow machine

// calls collects what a proxy observes.
type calls struct {
	mu  sync.Mutex
	all []Call
	new chan struct{}
}

func newCalls() *calls { return &calls{new: make(chan struct{}, 10_000)} }

func (c *calls) add(call Call) {
	c.mu.Lock()
	c.all = append(c.all, call)
	c.mu.Unlock()
	c.new <- struct{}{}
}

// wait returns the calls once there are n; a client has its answer before the call is
// over.
func (c *calls) wait(t *testing.T, n int) []Call {
	t.Helper()
	for range n {
		receive(t, c.new)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing happened for too long")
		panic("unreachable")
	}
}

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	a, err := LoadOrCreateAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// start runs a proxy until the test ends; stop ends it sooner and waits.
func start(t *testing.T, c Config, change ...func(*limits)) (p *Proxy, stop func()) {
	t.Helper()
	if c.CA == nil {
		c.CA = newAuthority(t)
	}
	lim := defaultLimits()
	for _, f := range change {
		f(&lim)
	}
	p, err := listen(c, lim)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, done); err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	t.Cleanup(stop)
	return p, stop
}

func proxyURL(t *testing.T, p *Proxy, owner string) (*url.URL, func()) {
	t.Helper()
	g := p.Admit(owner)
	u, err := url.Parse(g.Variables()["HTTPS_PROXY"])
	if err != nil {
		t.Fatal(err)
	}
	return u, g.Release
}

// client goes through p and trusts its CA only.
func client(t *testing.T, p *Proxy, proxy *url.URL) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(p.ca.CertificatePEM()) {
		t.Fatal("no certificate in CertificatePEM")
	}
	tr := &http.Transport{
		Proxy:              http.ProxyURL(proxy),
		TLSClientConfig:    &tls.Config{RootCAs: pool},
		DisableCompression: true,
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func ownerClient(t *testing.T, p *Proxy, owner string) *http.Client {
	t.Helper()
	u, release := proxyURL(t, p, owner)
	t.Cleanup(release)
	return client(t, p, u)
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// target answers with h and is closed before the proxy stops.
func target(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func secureTarget(t *testing.T, ca *Authority, host string, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	cert, err := ca.leaf(host, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Target", "yes")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.Host, r.RequestURI, string(body)}, " "))
}

// leadTo makes each direct call end at addr, with the dialer's rules in force.
func leadTo(p *Proxy, addr string) {
	p.connect = func(ctx context.Context, d *net.Dialer, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, addr)
	}
}

// noDial fails the test on any direct call.
func noDial(t *testing.T, p *Proxy) {
	p.connect = func(_ context.Context, _ *net.Dialer, _, address string) (net.Conn, error) {
		t.Errorf("dialled %s", address)
		return nil, net.ErrClosed
	}
}

func TestRoutedCallsReachTheirTarget(t *testing.T) {
	ca := newAuthority(t)
	plain := target(t, echo)
	secure := secureTarget(t, ca, "127.0.0.1", echo)
	for name, to := range map[string]string{"http target": plain.URL, "https target": secure.URL} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(scheme+" to "+name, func(t *testing.T) {
				seen := newCalls()
				p, _ := start(t, Config{
					Routes: []Route{{"*.example.test", to}}, Observe: seen.add,
					ExtraRoots: []*x509.Certificate{ca.cert},
				})
				noDial(t, p)
				c := ownerClient(t, p, "AWS::X::Y/1")
				for range 2 { // the second on the same connection
					res, err := c.Post(scheme+"://Api.Example.test/a%2Fb//c?q=1;2&r=%zz", "text/plain", strings.NewReader("body"))
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(res.Body)
					res.Body.Close()
					if got, want := string(body), "POST Api.Example.test /a%2Fb//c?q=1;2&r=%zz body"; err != nil || got != want {
						t.Fatalf("got %q (%v), want %q", got, err, want)
					}
					if res.StatusCode != http.StatusAccepted || res.Header.Get("X-Target") != "yes" {
						t.Fatalf("got %d %v", res.StatusCode, res.Header)
					}
				}
				for _, call := range seen.wait(t, 2) {
					if call.Took <= 0 {
						t.Errorf("took %v", call.Took)
					}
					call.Took = 0
					u, _ := url.Parse(to)
					if want := (Call{Owner: "AWS::X::Y/1", Host: "api.example.test", Method: "POST", Status: 202, Routed: u.Host}); call != want {
						t.Errorf("observed %+v, want %+v", call, want)
					}
				}
			})
		}
	}
}

func TestHeadersArriveAsTheyWere(t *testing.T) {
	got := make(chan http.Header, 1)
	to := target(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Clone()
		w.Header()["Content-Type"] = nil
		w.Header()["Date"] = nil
		_, _ = io.WriteString(w, "<html>")
	})
	p, _ := start(t, Config{Routes: []Route{{"*", to.URL}}})
	req, _ := http.NewRequest("GET", "https://signed.test/", nil)
	req.Header = http.Header{
		"Authorization":     {"AWS4-HMAC-SHA256 Credential=x"},
		"X-Forwarded-For":   {"10.0.0.1"},
		"X-Forwarded-Proto": {"https"},
		"Accept-Encoding":   {"br"},
		"Upgrade":           {"websocket"},
		"Connection":        {"Upgrade"},
		"User-Agent":        nil, // none at all
	}
	res, err := ownerClient(t, p, "o").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	want := http.Header{
		"Authorization":     {"AWS4-HMAC-SHA256 Credential=x"},
		"X-Forwarded-For":   {"10.0.0.1"},
		"X-Forwarded-Proto": {"https"},
		"Accept-Encoding":   {"br"},
	}
	if h := receive(t, got); !equalHeaders(h, want) {
		t.Errorf("the target got %v, want %v", h, want)
	}
	if want := (http.Header{"Content-Length": {"6"}}); !equalHeaders(res.Header, want) {
		t.Errorf("the client got %v, want %v", res.Header, want)
	}
}

func equalHeaders(a, b http.Header) bool {
	var x, y bytes.Buffer
	_ = a.Write(&x)
	_ = b.Write(&y)
	return x.String() == y.String()
}

func TestDeniedHostIsToldTheRouteToAdd(t *testing.T) {
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*.no.test", Deny}}, Observe: seen.add})
	noDial(t, p)
	c := ownerClient(t, p, "o")
	for host, want := range map[string]string{
		"api.test":    "no route for api.test; add the route api.test=direct",
		"api.no.test": "api.no.test are denied by the route *.no.test=deny; change it, or add the route api.no.test=direct",
	} {
		if status, body := get(t, c, "http://"+host+"/?secret"); status != http.StatusBadGateway || !strings.Contains(body, want) {
			t.Errorf("http: %d %s", status, body)
		}
		if _, err := c.Get("https://" + host + "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("https: %v", err)
		}
	}
	for _, call := range seen.wait(t, 4) {
		if call.Status != 502 || call.Routed != "denied" || !strings.HasSuffix(call.Host, ".test") {
			t.Errorf("observed %+v", call)
		}
	}
}

func TestDirectCallsVerifyTheServer(t *testing.T) {
	ca := newAuthority(t)
	server := secureTarget(t, ca, "api.test", echo)
	roots := []*x509.Certificate{ca.cert}
	cases := map[string]struct {
		config Config
		host   string
		status int
		body   string
		routed string
	}{
		"exact route":    {Config{Routes: []Route{{"api.test", Direct}}, ExtraRoots: roots}, "api.test", 202, "GET api.test /x", Direct},
		"wildcard":       {Config{Routes: []Route{{"*.test", Direct}}, ExtraRoots: roots}, "api.test", 502, "add the route api.test=direct", "denied"},
		"default":        {Config{Default: Direct, ExtraRoots: roots}, "api.test", 502, "127.0.0.1 is an address of this machine", "denied"},
		"unknown issuer": {Config{Routes: []Route{{"api.test", Direct}}}, "api.test", 502, "certificate", Direct},
		"wrong name":     {Config{Routes: []Route{{"api2.test", Direct}}, ExtraRoots: roots}, "api2.test", 502, "certificate", Direct},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			seen := newCalls()
			c.config.Observe = seen.add
			p, _ := start(t, c.config)
			leadTo(p, server.Listener.Addr().String())
			status, body := get(t, ownerClient(t, p, "o"), "https://"+c.host+"/x")
			if status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("got %d %s", status, body)
			}
			if call := seen.wait(t, 1)[0]; call.Status != c.status || call.Routed != c.routed || call.Method != "GET" {
				t.Errorf("observed %+v", call)
			}
		})
	}
}

// The proxy makes the connection itself here, so the dialer's rules are seen at work.
func TestHandlersDoNotReachThisMachineThroughTheProxy(t *testing.T) {
	p, _ := start(t, Config{Default: Direct})
	c := ownerClient(t, p, "o")
	for _, host := range []string{"127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[fd00:ec2::254]"} {
		for _, scheme := range []string{"http", "https"} {
			if status, body := get(t, c, scheme+"://"+host+"/latest/meta-data"); status != http.StatusBadGateway || !strings.Contains(body, "is not reached through the proxy") {
				t.Errorf("%s://%s: %d %s", scheme, host, status, body)
			}
		}
	}
}

func TestRouteThatNamesALoopbackHostLeadsThere(t *testing.T) {
	server := target(t, echo)
	p, _ := start(t, Config{Routes: []Route{{"127.0.0.1", Direct}}})
	leadTo(p, server.Listener.Addr().String())
	if status, body := get(t, ownerClient(t, p, "o"), "http://127.0.0.1/x"); status != 202 {
		t.Errorf("%d %s", status, body)
	}
}

func TestHostHeaderOfAnotherHostIsRefusedOnDirectCalls(t *testing.T) {
	ca := newAuthority(t)
	server := secureTarget(t, ca, "api.test", echo)
	p, _ := start(t, Config{Routes: []Route{{"api.test", Direct}, {"own.test", server.URL}}, ExtraRoots: []*x509.Certificate{ca.cert}})
	leadTo(p, server.Listener.Addr().String())
	req, _ := http.NewRequest("GET", "https://api.test/", nil)
	req.Host = "hidden.test"
	res, err := ownerClient(t, p, "o").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestStrangersAreAskedForCredentials(t *testing.T) {
	server := target(t, echo)
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	noDial(t, p)
	good, _ := proxyURL(t, p, "o")
	password, _ := good.User.Password()
	for name, user := range map[string]*url.Userinfo{
		"none":           nil,
		"wrong password": url.UserPassword("o", "guess"),
		"wrong user":     url.UserPassword("other", password),
		"empty":          url.UserPassword("", ""),
	} {
		c := client(t, p, &url.URL{Scheme: "http", Host: p.Addr().String(), User: user})
		if status, body := get(t, c, "http://api.test/"); status != http.StatusProxyAuthRequired {
			t.Errorf("%s: http: %d %s", name, status, body)
		}
		if _, err := c.Get("https://api.test/"); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
			t.Errorf("%s: https: %v", name, err)
		}
	}
	if len(seen.all) > 0 {
		t.Errorf("observed %+v", seen.all)
	}
}

func TestOwnersAreToldApartUntilReleased(t *testing.T) {
	server := target(t, echo)
	seen := newCalls()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}, Observe: seen.add})
	urls, clients, release := map[string]*url.URL{}, map[string]*http.Client{}, map[string]func(){}
	for _, owner := range []string{"a:b", "a-b"} { // the same user name
		urls[owner], release[owner] = proxyURL(t, p, owner)
		clients[owner] = client(t, p, urls[owner])
		get(t, clients[owner], "https://"+strings.ReplaceAll(owner, ":", "x")+".test/")
	}
	for _, call := range seen.wait(t, 2) {
		if call.Host != strings.ReplaceAll(call.Owner, ":", "x")+".test" {
			t.Errorf("observed %+v", call)
		}
	}
	release["a:b"]()
	release["a:b"]()
	if status, _ := get(t, clients["a:b"], "https://axb.test/"); status != http.StatusProxyAuthRequired {
		t.Errorf("open tunnel of a released owner: %d", status)
	}
	if status, _ := get(t, client(t, p, urls["a:b"]), "http://axb.test/"); status != http.StatusProxyAuthRequired {
		t.Errorf("released owner: %d", status)
	}
	if status, _ := get(t, clients["a-b"], "https://a-b.test/"); status != 202 {
		t.Errorf("the other owner: %d", status)
	}
}

func TestAbsoluteHTTPSURLIsFetchedWithTLS(t *testing.T) {
	ca := newAuthority(t)
	server := secureTarget(t, ca, "api.test", echo)
	p, _ := start(t, Config{Routes: []Route{{"api.test", Direct}}, ExtraRoots: []*x509.Certificate{ca.cert}})
	leadTo(p, server.Listener.Addr().String())
	res := exchange(t, p, "GET https://api.test/x HTTP/1.1\r\nHost: api.test\r\nProxy-Authorization: %s\r\n\r\n")
	if res.StatusCode != 202 {
		t.Errorf("got %v", res.Status)
	}
}

func TestLogTellsNeitherQueriesNorCredentials(t *testing.T) {
	server := target(t, echo)
	seen := newCalls()
	var log syncBuffer
	p, _ := start(t, Config{Routes: []Route{{"api.test", server.URL}}, Observe: seen.add, Log: log.logger()})
	u, release := proxyURL(t, p, "o")
	defer release()
	c := client(t, p, u)
	req, _ := http.NewRequest("GET", "https://api.test/path1?query1", strings.NewReader("body1"))
	req.Header.Set("Authorization", "header1")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	get(t, c, "http://nowhere.test/path1?query1")
	seen.wait(t, 2)
	release()
	get(t, c, "http://user1:pass1@api.test/path1?query1")
	text := log.String()
	for _, want := range []string{"host=api.test method=GET status=202", "host=nowhere.test method=GET status=502"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	password, _ := u.User.Password()
	for _, secret := range []string{password, "path1", "query1", "body1", "header1", "user1", "pass1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log tells %q:\n%s", secret, text)
		}
	}
}

func TestListenNamesWhatIsWrong(t *testing.T) {
	ca := newAuthority(t)
	for want, c := range map[string]Config{
		"LoadOrCreateAuthority": {},
		`default "open"`:        {CA: ca, Default: "open"},
		`"a.test=ftp://x"`:      {CA: ca, Routes: []Route{{"a.test", "ftp://x"}}},
		"a.test has a route":    {CA: ca, Routes: []Route{{"a.test", Deny}, {"A.test.", Direct}}},
	} {
		if _, err := Listen(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Listen = %v, want %q", err, want)
		}
	}
}

func TestProxyThatIsNotNeededIsClosed(t *testing.T) {
	p, err := Listen(Config{CA: newAuthority(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Serve(ctx); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", p.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

// A client that asks first is told no without having sent the body.
func TestExpectContinueReachesTheTarget(t *testing.T) {
	server := target(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		echo(w, r)
	})
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}})
	c := ownerClient(t, p, "o")
	c.Transport.(*http.Transport).ExpectContinueTimeout = patience
	for path, want := range map[string]struct {
		status int
		read   bool
	}{"/no": {403, false}, "/yes": {202, true}} {
		body := &noticed{Reader: strings.NewReader("body")}
		req, _ := http.NewRequest("PUT", "https://api.test"+path, body)
		req.ContentLength = 4
		req.Header.Set("Expect", "100-continue")
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != want.status || body.read.Load() != want.read {
			t.Errorf("%s: %d, body sent: %v", path, res.StatusCode, body.read.Load())
		}
	}
}

// noticed remembers that it was read.
type noticed struct {
	io.Reader
	read atomic.Bool
}

func (n *noticed) Read(p []byte) (int, error) {
	n.read.Store(true)
	return n.Reader.Read(p)
}
