// Package server puts the API, health and metrics on one port and stands between them and
// the network: limits on size and time, the access log, recovery from panics, and a
// shutdown that lets calls in flight finish.
//
// It knows no operation and no protocol. What a call was is told by package wire.
package server

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/wire"
)

// API answers every request that is not for health or metrics, and tells in call how it
// went. [wire.Handler] is one.
type API interface {
	Serve(w http.ResponseWriter, r *http.Request, call *wire.Call)
}

// Observer is told of each API call, for metrics. Its methods must not block.
type Observer interface {
	// Answered is told the operation ("" when there was none of ours), the name of the
	// exception ("" on success) and how long the answer took.
	Answered(operation, exception string, took time.Duration)
}

// Config is what a Server works with. API and Log are required.
type Config struct {
	API API
	Log *slog.Logger // panics, and what the network layer complains of

	// Ready says why the node should get no traffic, or nil. While the server drains it is
	// not asked: the node is not ready. Default: always ready.
	Ready    func() error
	Metrics  http.Handler // answers /metrics; nil for none
	Observer Observer     // nil for nobody
	Access   *slog.Logger // one line for each API call, at level Info; nil for none

	// Drain is how long Serve goes on answering as usual after it was told to stop, while
	// /readyz already says no, so that load balancers can look away. Default 0.
	Drain time.Duration
	// Grace is how long calls in flight may then take; default 15 s.
	Grace  time.Duration
	Limits Limits
}

// Server is the handler of one port. Its methods are safe for concurrent use.
type Server struct {
	Config
	draining atomic.Bool
}

// New returns a server; Serve makes it listen, or an [http.Server] of the caller's.
func New(c Config) *Server {
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.Grace == 0 {
		c.Grace = 15 * time.Second
	}
	c.Limits.complete()
	return &Server{Config: c}
}

// errDraining is why a node that stops is not ready.
var errDraining = errors.New("shutting down")

// ServeHTTP answers GET /healthz (200 while the process can answer at all), GET /readyz
// (200, or 503 and the reason) and GET /metrics itself and leaves all else to the API, any
// other path too: the API's refusal is a 400, where a 404 would tell Pulumi that a resource
// is gone.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch r.URL.Path {
		case "/healthz":
			say(w, nil)
			return
		case "/readyz":
			say(w, s.ready())
			return
		case "/metrics":
			if s.Metrics != nil {
				s.Metrics.ServeHTTP(w, r)
				return
			}
		}
	}
	s.serveAPI(w, r)
}

func (s *Server) ready() error {
	if s.draining.Load() {
		return errDraining
	}
	return s.Ready()
}

func say(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, err.Error()+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	call := new(wire.Call)
	defer func() {
		whole := true
		if cause := recover(); cause != nil {
			whole = s.recovered(w, r, call, cause)
		}
		s.done(r, call, time.Since(start))
		if !whole {
			panic(http.ErrAbortHandler) // net/http cuts the connection and says nothing
		}
	}()
	s.API.Serve(w, r, call)
}

// recovered answers for a call that panicked and reports whether the client has a whole answer.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request, call *wire.Call, cause any) bool {
	if cause == http.ErrAbortHandler {
		return false
	}
	whole := wire.Fault(w, call)
	s.Log.LogAttrs(r.Context(), slog.LevelError, "request panicked",
		slog.String("request_id", call.RequestID), slog.String("operation", call.Operation),
		slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
	return whole
}

// done tells the observer and the access log.
func (s *Server) done(r *http.Request, call *wire.Call, took time.Duration) {
	if s.Observer != nil {
		s.Observer.Answered(call.Operation, call.Error, took)
	}
	ctx := r.Context()
	if s.Access == nil || !s.Access.Enabled(ctx, slog.LevelInfo) {
		return
	}
	// Only what Call holds, and never more of r than this: paths, queries and headers can
	// hold credentials.
	var attrs [9]slog.Attr
	n := 0
	add := func(a slog.Attr) { attrs[n] = a; n++ }
	add(slog.String("request_id", call.RequestID))
	if call.Operation != "" {
		add(slog.String("operation", call.Operation))
	}
	if call.Error != "" {
		add(slog.String("error", call.Error))
	}
	add(slog.Int("status", call.Status))
	add(slog.Duration("took", took))
	if call.Account != "" {
		add(slog.String("account", call.Account))
		add(slog.String("region", call.Region))
	}
	add(slog.Int("in", call.In))
	add(slog.Int("out", call.Out))
	s.Access.LogAttrs(ctx, slog.LevelInfo, "request", attrs[:n]...)
}
