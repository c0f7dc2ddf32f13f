package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"example.org/groundcontrol/internal/handler/witness"
)

// server is the witness: it is asked by every node for every call that a handler gets.
type server struct {
	world *world
	clock clock
	call  func(Call)

	http     *http.Server
	listener net.Listener
	running  sync.WaitGroup
	working  atomic.Int32 // calls that are worked on, heard or unheard

	mu   sync.Mutex
	open map[*Call]bool // calls that have not ended
}

func startWitness(w *world, c clock, call func(Call)) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{world: w, clock: c, call: call, listener: l, open: map[*Call]bool{}}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.running.Go(func() { _ = s.http.Serve(l) }) // ends with close
	return s, nil
}

func (s *server) url() string { return "http://" + s.listener.Addr().String() }

// idle waits until nothing is worked on any more, not even for callers that have left.
func (s *server) idle() error {
	return within(context.Background(), 20*time.Second, 10*time.Millisecond, "the witness has no work", func() bool { return s.working.Load() == 0 })
}

// close ends it; who still waits for an answer gets none.
func (s *server) close() error {
	_ = s.http.Close()
	s.running.Wait()
	return s.idle()
}

// ServeHTTP is one handler call.
func (s *server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.working.Add(1)
	defer s.working.Add(-1)
	begin := s.clock.now()
	var c witness.Call
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return // the node was killed while it told us
	}
	var at callback
	if c.Callback != nil {
		_ = json.Unmarshal(c.Callback, &at) // it is ours
	}
	record := &Call{Node: c.Node, Token: c.Token, Action: c.Action, Identifier: c.Identifier, Step: at.Step, Begin: begin}
	s.mu.Lock()
	s.open[record] = true
	s.mu.Unlock()
	answer := s.answer(r.Context(), c, at.Step, record)
	s.end(record, saidBy(answer))
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(answer) // who has left does not hear it
}

func saidBy(a witness.Answer) string {
	if a.ErrorCode != "" {
		return a.ErrorCode
	}
	return a.Status
}

// answer goes through one turn. Where the caller leaves, the call ends then, whatever is
// done after.
func (s *server) answer(ctx context.Context, c witness.Call, step int, record *Call) witness.Answer {
	t, last, throttled := s.world.turn(c, step)
	if throttled {
		s.pause(ctx, t, record)
		return failed("Throttling")
	}
	if t.early {
		a := s.world.work(c, step, t, last)
		s.pause(ctx, t, record)
		return a
	}
	if !s.pause(ctx, t, record) && !t.stubborn {
		return witness.Answer{}
	}
	return s.world.work(c, step, t, last)
}

// pause lets the time of the turn pass and reports whether the caller is still there.
func (s *server) pause(ctx context.Context, t turn, record *Call) bool {
	timer := time.NewTimer(t.takes)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	}
	s.end(record, "left")
	if t.stubborn {
		<-timer.C
	}
	return false
}

// end takes a call down, once.
func (s *server) end(record *Call, said string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open[record] {
		return
	}
	delete(s.open, record)
	record.End, record.Said = s.clock.now(), said
	s.call(*record)
}
