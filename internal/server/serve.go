package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits protect the server from slow and greedy clients. A zero field has its default.
type Limits struct {
	ReadHeader time.Duration // from the start of a request to the end of its headers; default 10 s
	Read       time.Duration // the same to the end of its body; default 60 s
	Write      time.Duration // from the end of the headers to the end of the answer; default 90 s
	Idle       time.Duration // between requests; default 120 s, for SDKs re-use connections for 90 s
	Header     int           // bytes of all headers; default 64 KiB
}

func (l *Limits) complete() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&l.ReadHeader, 10*time.Second)
	set(&l.Read, 60*time.Second)
	set(&l.Write, 90*time.Second)
	set(&l.Idle, 120*time.Second)
	if l.Header == 0 {
		l.Header = 64 << 10
	}
}

// Serve answers what comes in on l until ctx is done. Then /readyz says no, for the time
// Drain all goes on as before, l is closed, and calls in flight get the time Grace to
// finish. It returns nil when every call got its answer. Calls that take longer make an
// error: their connections are closed and their contexts cancelled, but they may still run
// when Serve returns.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.Limits.ReadHeader,
		ReadTimeout:       s.Limits.Read,
		WriteTimeout:      s.Limits.Write,
		IdleTimeout:       s.Limits.Idle,
		MaxHeaderBytes:    s.Limits.Header,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed: // only a listener that broke ends Serve
		s.draining.Store(true)
		return errors.Join(fmt.Errorf("server: accept connections: %w", err), s.stop(h))
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if s.Drain > 0 {
		select {
		case <-time.After(s.Drain):
		case err := <-failed:
			failed <- err
		}
	}
	err := s.stop(h)
	<-failed // always http.ErrServerClosed by now
	return err
}

// stop ends h, kindly for the time Grace.
func (s *Server) stop(h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.Grace)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		_ = h.Close()
		return fmt.Errorf("server: calls were still in flight after %v: %w", s.Grace, err)
	}
	return nil
}
