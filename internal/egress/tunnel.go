package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// tunnel is a connection on which we have ended TLS in the name of host.
type tunnel struct {
	*tls.Conn
	grant *Grant
	host  string
}

type tunnelKey struct{}

// withTunnel is how a server hands a connection's facts to its handler.
func withTunnel(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, tunnelKey{}, c)
}

// serveTunnel answers a request inside a tunnel.
func (p *Proxy) serveTunnel(w http.ResponseWriter, r *http.Request) {
	t := r.Context().Value(tunnelKey{}).(*tunnel)
	if t.grant.released.Load() {
		refuse(w, http.StatusProxyAuthRequired, "groundcontrol: the handler this connection belongs to has ended")
		return
	}
	p.forward(w, r, t.grant, "https", t.host)
}

// serveConnect refuses a CONNECT, or turns its connection into a tunnel.
func (p *Proxy) serveConnect(w http.ResponseWriter, r *http.Request, g *Grant) {
	g.begin()
	defer g.end()
	start := time.Now()
	host, ok := hostAt(r.URL.Host, "443")
	rule := p.table.find(host)
	status, text := 0, ""
	switch {
	case !ok:
		status, text = http.StatusForbidden, portText("CONNECT", "443")
	case rule.deny:
		status, text = http.StatusBadGateway, rule.denial(host)
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "groundcontrol: the egress proxy cannot take over the connection")
		return
	}
	if status != 0 {
		p.refuseConnect(conn, status, text)
		p.report(g, Call{Owner: g.owner, Host: host, Method: r.Method, Status: status, Took: time.Since(start), Routed: "denied"})
		return
	}
	status, err = p.openTunnel(r.Context(), conn, rw.Reader, g, host)
	if err != nil {
		p.log.Warn("egress tunnel failed", "owner", g.owner, "host", host, "error", err)
		p.report(g, Call{Owner: g.owner, Host: host, Method: r.Method, Status: status, Took: time.Since(start), Routed: rule.routed()})
	}
}

// refuseConnect puts the text also where clients look that show no body of a CONNECT:
// into the status line.
func (p *Proxy) refuseConnect(conn net.Conn, status int, text string) {
	_ = conn.SetDeadline(time.Now().Add(p.limits.handshake))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n", status, text, len(text)+1, text)
	_ = conn.Close()
}

const tlsRecord = 0x16 // the first byte of a TLS handshake

// openTunnel answers the CONNECT, makes TLS and hands the connection over, or closes it
// and returns why, with the status that the client was told last.
func (p *Proxy) openTunnel(ctx context.Context, conn net.Conn, r *bufio.Reader, g *Grant, host string) (status int, err error) {
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	cert, err := p.ca.leaf(host, time.Now())
	if err != nil {
		p.refuseConnect(conn, http.StatusInternalServerError, "groundcontrol: no certificate could be made for the host")
		return http.StatusInternalServerError, err
	}
	if err := conn.SetDeadline(time.Now().Add(p.limits.handshake)); err != nil {
		return 0, err
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		return 0, err
	}
	first, err := r.Peek(1)
	if err != nil {
		return 0, fmt.Errorf("nothing came after CONNECT: %w", err)
	}
	if first[0] != tlsRecord {
		p.refuseConnect(conn, http.StatusBadRequest, "groundcontrol: only TLS passes through CONNECT")
		return http.StatusBadRequest, errors.New("what came after CONNECT is not TLS")
	}
	secure := tls.Server(&readConn{conn, r}, &tls.Config{
		Certificates: []tls.Certificate{*cert},
		NextProtos:   []string{"http/1.1"},
		MinVersion:   tls.VersionTLS12,
	})
	if err := secure.Handshake(); err != nil {
		return 0, fmt.Errorf("TLS with the handler (does it trust the CA of the proxy?): %w", err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return 0, err
	}
	if !p.tunnels.offer(&tunnel{Conn: secure, grant: g, host: host}) {
		return 0, net.ErrClosed
	}
	return 0, nil
}

// readConn is a connection of which something was read ahead.
type readConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *readConn) Read(b []byte) (int, error) { return c.r.Read(b) }
