package egress

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"example.org/groundcontrol/internal/durable"
)

// Proxy is the proxy on its port. It is safe for concurrent use.
type Proxy struct {
	table    *table
	ca       *Authority
	log      *slog.Logger
	observe  func(Call)
	limits   limits
	grants   grants
	listener *bounded
	tunnels  *handover
	gate     gate
	direct   *http.Transport
	routed   *http.Transport
	// connect is how a direct call's connection is made; tests lead it elsewhere.
	connect func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)
}

// Listen opens a free port of 127.0.0.1 and writes the preload for Node beside the CA.
// Calls are answered from [Proxy.Serve] on, which also closes the port. The error is that
// of a route, or says that there is no CA or no port.
func Listen(c Config) (*Proxy, error) { return listen(c, defaultLimits()) }

func listen(c Config, lim limits) (*Proxy, error) {
	t, err := newTable(c.Routes, c.Default)
	if err != nil {
		return nil, err
	}
	if c.CA == nil {
		return nil, errors.New("egress: no CA: give Config one from LoadOrCreateAuthority")
	}
	if err := durable.WriteFile(filepath.Join(c.CA.dir, preloadFile), preload, 0o644); err != nil {
		return nil, fmt.Errorf("egress: preload for Node: %w", err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("egress: %w", err)
	}
	p := &Proxy{
		table: t, ca: c.CA, log: c.Log, observe: c.Observe, limits: lim,
		grants:   grants{live: map[[sha256.Size]byte]*Grant{}},
		listener: newBounded(l, lim.connections),
		tunnels:  newHandover(l.Addr()),
		connect: func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
			return d.DialContext(ctx, network, address)
		},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	roots := rootsWith(c.ExtraRoots)
	p.direct = newTransport(lim, roots, p.dialDirect)
	p.routed = newTransport(lim, roots, (&net.Dialer{Timeout: lim.handshake}).DialContext)
	return p, nil
}

// rootsWith returns nil, which is the system's roots, where there is nothing to add.
func rootsWith(extra []*x509.Certificate) *x509.CertPool {
	if len(extra) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a machine without roots trusts the extra ones only
		pool = x509.NewCertPool()
	}
	for _, c := range extra {
		pool.AddCert(c)
	}
	return pool
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// newTransport speaks HTTP/1.1 only, as children do to us.
func newTransport(lim limits, roots *x509.CertPool, dial dialFunc) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    lim.handshake,
		DisableCompression:     true, // the handler's Accept-Encoding is what counts
		MaxIdleConnsPerHost:    16,
		MaxIdleConns:           256,
		IdleConnTimeout:        targetIdle,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: int64(lim.headerBytes),
	}
}

// dialDirect connects to a host that a handler named. Only a route that names the host
// exactly leads to addresses of this machine.
func (p *Proxy) dialDirect(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := &net.Dialer{Timeout: p.limits.handshake}
	if !p.table.find(host).exact {
		d.Control = refuseLocal
	}
	return p.connect(ctx, d, network, address)
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() net.Addr { return p.listener.Addr() }

// Serve answers calls until ctx ends, then waits a few seconds for those under way, cuts
// off the rest, and returns nil once nothing of the proxy runs any more. It is called
// once, also to close a proxy that is not needed after all, then with a ctx that has
// ended. An error means that the port was lost.
func (p *Proxy) Serve(ctx context.Context) error {
	// Calls under way outlive ctx by the grace period.
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	outer := p.server(calls, http.HandlerFunc(p.serveProxy))
	inner := p.server(calls, http.HandlerFunc(p.serveTunnel))
	inner.ConnContext = withTunnel

	failed := make(chan error, 2)
	var wg sync.WaitGroup
	wg.Go(func() { failed <- outer.Serve(p.listener) })
	wg.Go(func() { failed <- inner.Serve(p.tunnels) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	p.stop(calls, outer, inner)
	cut()
	p.gate.closeAndWait()
	wg.Wait()
	// A connection that was accepted while the servers were being closed is closed now.
	_, _ = outer.Close(), inner.Close()
	p.direct.CloseIdleConnections()
	p.routed.CloseIdleConnections()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("egress: %w", err)
	}
	return nil
}

// stop ends both servers, gracefully as long as the grace period lasts.
func (p *Proxy) stop(calls context.Context, outer, inner *http.Server) {
	grace, cancel := context.WithTimeout(calls, p.limits.grace)
	defer cancel()
	_ = outer.Shutdown(grace)
	_ = inner.Shutdown(grace)
	_ = outer.Close()
	_ = inner.Close()
}

func (p *Proxy) server(calls context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           p.counted(h),
		ReadHeaderTimeout: p.limits.header,
		IdleTimeout:       p.limits.idle,
		MaxHeaderBytes:    p.limits.headerBytes,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return calls },
	}
}

func (p *Proxy) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.gate.enter() {
			refuse(w, http.StatusServiceUnavailable, "groundcontrol: the egress proxy is stopping")
			return
		}
		defer p.gate.leave()
		h.ServeHTTP(w, r)
	})
}

// serveProxy answers what comes to the port itself: CONNECT, and requests for an absolute
// URL. The latter may also be https: some clients (axios) ask so, and it is we who make
// the TLS then.
func (p *Proxy) serveProxy(w http.ResponseWriter, r *http.Request) {
	g := p.grants.of(r.Header)
	if g == nil {
		p.log.Warn("egress call without credentials", "method", r.Method)
		w.Header().Set("Proxy-Authenticate", `Basic realm="groundcontrol"`)
		refuse(w, http.StatusProxyAuthRequired, "groundcontrol: the egress proxy serves handlers it knows; use the proxy variables of a handler that is running")
		return
	}
	if r.Method == http.MethodConnect {
		p.serveConnect(w, r, g)
		return
	}
	port, known := map[string]string{"http": "80", "https": "443"}[r.URL.Scheme]
	if !known || r.URL.Host == "" {
		refuse(w, http.StatusBadRequest, "groundcontrol: this is a proxy; ask it for an absolute http URL, or with CONNECT")
		return
	}
	host, ok := hostAt(r.URL.Host, port)
	if !ok {
		p.refuseCall(w, r, g, host, portText(r.URL.Scheme, port))
		return
	}
	p.forward(w, r, g, r.URL.Scheme, host)
}

func portText(scheme, port string) string {
	return fmt.Sprintf("groundcontrol: the egress proxy passes %s to port %s of a valid host only", scheme, port)
}

// hostAt splits authority and reports whether it is a valid host at port, which may be
// left out. The host is canonical, or "" if it is not valid.
func hostAt(authority, port string) (host string, ok bool) {
	host, given, err := net.SplitHostPort(authority)
	if err != nil {
		host, given = authority, port
	}
	host, _, valid := canonicalHost(host)
	if !valid {
		return "", false
	}
	return host, given == port || given == ""
}

// refuseCall answers 403 for what no route could allow.
func (p *Proxy) refuseCall(w http.ResponseWriter, r *http.Request, g *Grant, host, text string) {
	g.begin()
	defer g.end()
	refuse(w, http.StatusForbidden, text)
	p.report(g, Call{Owner: g.owner, Host: host, Method: r.Method, Status: http.StatusForbidden, Routed: "denied"})
}

// refuse answers with a text and ends the connection: the request's body is not read.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}

// report tells of a call that is over.
func (p *Proxy) report(g *Grant, c Call) {
	p.log.Info("egress call", "owner", c.Owner, "host", c.Host, "method", c.Method, "status", c.Status, "took", c.Took, "routed", c.Routed)
	g.note(c)
	if p.observe != nil {
		p.observe(c)
	}
}
