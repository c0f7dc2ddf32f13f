package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// forward passes a request for host on as the routes say, and reports the call.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, g *Grant, scheme, host string) {
	g.begin()
	defer g.end()
	start := time.Now()
	rule := p.table.find(host)
	call := Call{Owner: g.owner, Host: host, Method: r.Method, Routed: rule.routed()}
	defer func() { // also where the response is broken off, which is a panic
		call.Took = time.Since(start)
		p.report(g, call)
	}()
	switch named, ok := hostAt(r.Host, portOf(scheme)); {
	case rule.deny:
		call.Status = http.StatusBadGateway
		refuse(w, call.Status, rule.denial(host))
	case rule.to == nil && (!ok || named != host):
		// A Host of another name could lead past the routes where hosts share servers.
		call.Status = http.StatusMisdirectedRequest
		refuse(w, call.Status, "groundcontrol: the request's Host is not the host that was connected to: "+host)
	default:
		p.pass(w, r, &call, scheme, rule)
	}
}

func portOf(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// pass streams the request and the response, and fills in what call tells of it.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, call *Call, scheme string, to rule) {
	target, via := to.to, p.routed
	if target == nil {
		target, via = &url.URL{Scheme: scheme, Host: bracketed(call.Host)}, p.direct
	}
	ctx, watch := watchStall(r.Context(), w, p.limits.stall)
	defer watch.stop()
	in := r.WithContext(ctx) // a copy: the server looks at r.Body when it answers
	if r.Body != http.NoBody {
		in.Body = &watchedBody{r.Body, watch}
	}
	proxy := httputil.ReverseProxy{
		Rewrite:       func(pr *httputil.ProxyRequest) { rewrite(pr, target) },
		Transport:     via,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode == http.StatusSwitchingProtocols {
				return errors.New("the target wants to switch protocols")
			}
			call.Status = res.StatusCode
			addNothing(w.Header(), res.Header)
			res.Body = &watchedBody{res.Body, watch}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			call.Status = p.fail(ctx, w, call, err)
		},
	}
	proxy.ServeHTTP(w, in)
}

// rewrite turns the request to target and undoes what else ReverseProxy does to it: what a
// handler has signed must arrive as it was.
func rewrite(pr *httputil.ProxyRequest, target *url.URL) {
	pr.Out.URL.Scheme, pr.Out.URL.Host, pr.Out.URL.User = target.Scheme, target.Host, nil
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := pr.In.Header[name]; ok {
			pr.Out.Header[name] = v
		}
	}
	pr.Out.Header.Del("Connection") // only there where the handler asks for another protocol,
	pr.Out.Header.Del("Upgrade")    // which is not passed
}

// addNothing keeps the server from adding headers that the target has not sent.
func addNothing(out, from http.Header) {
	for _, name := range []string{"Content-Type", "Date"} {
		if _, ok := from[name]; !ok {
			out[name] = nil
		}
	}
}

// fail answers for a target that has not, and returns the status for the call.
func (p *Proxy) fail(ctx context.Context, w http.ResponseWriter, call *Call, err error) int {
	p.log.Warn("egress target failed", "owner", call.Owner, "host", call.Host, "routed", call.Routed, "error", err)
	var local *localError
	switch {
	case errors.As(err, &local):
		call.Routed = "denied"
		refuse(w, http.StatusBadGateway, fmt.Sprintf("groundcontrol: %s is not reached through the proxy: %v; if it is meant, add the route %s=direct", call.Host, local, call.Host))
		return http.StatusBadGateway
	case errors.Is(context.Cause(ctx), errStalled):
		refuse(w, http.StatusGatewayTimeout, "groundcontrol: "+call.Host+": "+errStalled.Error())
		return http.StatusGatewayTimeout
	case ctx.Err() != nil: // the handler went away
		return 0
	}
	refuse(w, http.StatusBadGateway, fmt.Sprintf("groundcontrol: %s, routed to %s, does not answer: %v", call.Host, call.Routed, err))
	return http.StatusBadGateway
}

var errStalled = errors.New("nothing was sent or received for too long")

// stallWatch ends a request of which no byte moves.
type stallWatch struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
	over   atomic.Bool // the connection may be at its next request by now
}

func watchStall(ctx context.Context, w http.ResponseWriter, limit time.Duration) (context.Context, *stallWatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	client := http.NewResponseController(w)
	s := &stallWatch{limit: limit, cancel: cancel}
	s.timer = time.AfterFunc(limit, func() {
		if s.over.Load() {
			return
		}
		cancel(errStalled)
		// The target's side ends with the context. The child's does not: a body that it does
		// not send is read no longer, and it has a second to take the answer.
		_ = client.SetReadDeadline(time.Now())
		_ = client.SetWriteDeadline(time.Now().Add(time.Second))
	})
	return ctx, s
}

func (s *stallWatch) stop() {
	s.over.Store(true)
	s.timer.Stop()
	s.cancel(nil)
}

// watchedBody tells the watch of each byte.
type watchedBody struct {
	io.ReadCloser
	watch *stallWatch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.watch.timer.Reset(b.watch.limit)
	}
	return n, err
}
