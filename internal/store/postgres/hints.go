package postgres

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	mrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

// Nodes tell each other which requests they have written, with NOTIFY. Inside the
// transactions that write, it would make these commit one after the other; so one
// goroutine of a node collects the tokens and sends them a little later, on a connection
// that does not wait for the disk. Nobody sends while no other node listens.
const (
	channel = "groundcontrol"
	// hintEvery is how long tokens are collected.
	hintEvery = 25 * time.Millisecond
	// maxHints is how many tokens are told one by one; more of them mean "anything".
	maxHints = 1000
	// freeMark ends a payload where any node may take some of what was written. Versions before
	// it do not read so far.
	freeMark = "+"
	// tokensEach fit into one notification, of less than 8000 bytes, behind the node's name.
	tokensEach = 350
	// listenerLost is how long a node that gives no sign counts as a listener.
	listenerLost = "15 seconds"
)

var tokenText = base64.RawURLEncoding

// hints is what a node is about to tell the others.
type hints struct {
	node   string // our name among the nodes
	wanted atomic.Bool
	wake   chan struct{}
	// listening counts our calls of Watch.
	listening atomic.Int32

	mu     sync.Mutex
	tokens map[[16]byte]struct{}
	many   bool
	free   bool // any node may take some of what was written
}

func newHints() *hints {
	return &hints{node: rand.Text()[:11], wake: make(chan struct{}, 1), tokens: map[[16]byte]struct{}{}}
}

// wrote notes that a request was written, and whether any node may take it.
func (h *hints) wrote(token [16]byte, free bool) {
	if !h.wanted.Load() {
		return
	}
	h.mu.Lock()
	h.free = h.free || free
	if len(h.tokens) < maxHints {
		h.tokens[token] = struct{}{}
	} else {
		h.many = true
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// payloads takes what was noted, as the payloads of notifications.
func (h *hints) payloads() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() {
		clear(h.tokens)
		h.many, h.free = false, false
	}()
	if h.many {
		return []string{h.node}
	}
	var b strings.Builder
	n := 0
	for token := range h.tokens {
		if n%tokensEach == 0 {
			if n > 0 {
				all = append(all, b.String())
			}
			b.Reset()
			b.WriteString(h.node)
		}
		b.WriteString(tokenText.EncodeToString(token[:]))
		n++
	}
	if n > 0 {
		if h.free {
			b.WriteString(freeMark)
		}
		all = append(all, b.String())
	}
	return all
}

// heard reads a payload of another node; ok is false for one of our own.
func (h *hints) heard(payload string) (hint store.Hint, ok bool) {
	if len(payload) < len(h.node) || payload[:len(h.node)] == h.node {
		return hint, false
	}
	rest, free := strings.CutSuffix(payload[len(h.node):], freeMark)
	size := tokenText.EncodedLen(16)
	for ; len(rest) >= size; rest = rest[size:] {
		var u [16]byte
		if n, err := tokenText.Decode(u[:], []byte(rest[:size])); err != nil || n != 16 {
			return store.Hint{Free: true}, true // not ours to understand: something has changed
		}
		hint.Tokens = append(hint.Tokens, operation.FormatToken(u))
	}
	hint.Free = free || len(hint.Tokens) == 0
	return hint, true
}

// tell sends hints until the store is closed. Hints that cannot be sent are lost: who
// waits for them looks from time to time in any case.
func (s *Store) tell() {
	var c *pgx.Conn
	defer func() { s.hangUp(c) }()
	for {
		select {
		case <-s.hints.wake:
		case <-s.closing.Done():
			return
		}
		if pause(s.closing, hintEvery) != nil {
			return
		}
		payloads := s.hints.payloads()
		if len(payloads) == 0 {
			continue
		}
		err := s.bounded(s.closing, func(ctx context.Context) (err error) {
			if c == nil || c.IsClosed() {
				if c, err = pgx.ConnectConfig(ctx, s.config.ConnConfig); err != nil {
					return err
				}
				if _, err = c.Exec(ctx, `SET synchronous_commit = off`); err != nil {
					return err
				}
			}
			_, err = c.Exec(ctx, `SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`, channel, payloads)
			return err
		})
		if err != nil && s.closing.Err() == nil {
			s.Log.Info("the other nodes were not told of changes", "error", err)
		}
	}
}

func (s *Store) bounded(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f(ctx)
}

func (s *Store) hangUp(c *pgx.Conn) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		s.Log.Debug("a connection to the database did not close", "error", err)
	}
}

// countListeners finds out whether other nodes want hints, and tells them whether we do.
func (s *Store) countListeners(ctx context.Context) {
	var others bool
	err := s.read(ctx, func(ctx context.Context) error {
		if s.hints.listening.Load() > 0 {
			const here = `INSERT INTO node (id, seen) VALUES ($1, clock_timestamp())
				ON CONFLICT (id) DO UPDATE SET seen = excluded.seen`
			const gone = `DELETE FROM node WHERE seen < clock_timestamp() - interval '1 hour'`
			for sql, args := range map[string][]any{here: {s.hints.node}, gone: nil} {
				if _, err := s.readers.Exec(ctx, sql, args...); err != nil {
					return err
				}
			}
		}
		return s.readers.QueryRow(ctx, `SELECT EXISTS (SELECT FROM node
			WHERE id <> $1 AND seen > clock_timestamp() - interval '`+listenerLost+`')`, s.hints.node).Scan(&others)
	})
	if err == nil {
		s.hints.wanted.Store(others)
	}
}

// Watch implements store.Work. Until other nodes have noticed that this one listens, a few
// seconds, they tell nothing. It returns early with an error when the store is closed.
func (s *Store) Watch(ctx context.Context, told func(store.Hint)) error {
	s.hints.listening.Add(1)
	defer s.leave()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	wait := 100 * time.Millisecond
	for {
		err := s.listen(inner, told, func() { wait = 100 * time.Millisecond })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.closing.Err() != nil:
			return errClosed
		}
		s.Log.Info("no word of other nodes' changes", "error", err, "again_in", wait)
		// Not all nodes at once.
		if err := pause(inner, wait/2+mrand.N(wait)); err != nil {
			continue
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// leave tells the other nodes that a Watch is over.
func (s *Store) leave() {
	if s.hints.listening.Add(-1) > 0 || s.closing.Err() != nil {
		return // in the second case they notice soon
	}
	err := s.read(s.closing, func(ctx context.Context) error {
		_, err := s.readers.Exec(ctx, `DELETE FROM node WHERE id = $1`, s.hints.node)
		return err
	})
	if err != nil {
		s.Log.Debug("the other nodes were not told that this one listens no more", "error", err)
	}
}

// listen tells what it hears until the connection breaks or ctx is done. connected is
// called once it hears.
func (s *Store) listen(ctx context.Context, told func(store.Hint), connected func()) error {
	var c *pgx.Conn
	err := s.bounded(ctx, func(ctx context.Context) (err error) {
		if c, err = pgx.ConnectConfig(ctx, s.config.ConnConfig); err != nil {
			return err
		}
		_, err = c.Exec(ctx, `LISTEN `+channel)
		return err
	})
	defer func() { s.hangUp(c) }()
	if err != nil {
		return err
	}
	s.countListeners(ctx)
	connected()
	told(store.Hint{Free: true}) // of what was written before
	for {
		heard, cancel := context.WithTimeout(ctx, patience)
		n, err := c.WaitForNotification(heard)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			if hint, ok := s.hints.heard(n.Payload); ok {
				told(hint)
			}
		case heard.Err() == nil:
			return err
		default: // silence: is anybody there?
			if err := s.bounded(ctx, c.Ping); err != nil {
				return err
			}
		}
	}
}
