package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// proxy stands between a node and its database and does what networks do.
type proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	pairs   map[*pair]bool
	closed  bool
	refuses bool
	delay   time.Duration
	silence chan struct{} // closed when bytes pass again; nil while they do
}

// pair is one connection through the proxy.
type pair struct {
	client, server net.Conn
	gone           chan struct{}
	once           sync.Once
}

// reset ends both halves at once, without a word of good-bye.
func (p *pair) reset() {
	p.once.Do(func() {
		close(p.gone)
		for _, c := range []net.Conn{p.client, p.server} {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = c.Close() // nothing is left to lose
		}
	})
}

func startProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{target: target, listener: l, pairs: map[*pair]bool{}}
	p.running.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(c) })
	}
}

func (p *proxy) serve(client net.Conn) {
	both := &pair{client: client, gone: make(chan struct{})}
	server, err := net.DialTimeout("tcp", p.target, time.Second)
	both.server = server
	if err != nil || !p.add(both) {
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = client.Close()
		if server != nil {
			_ = server.Close()
		}
		return
	}
	var copying sync.WaitGroup
	copying.Go(func() { p.pump(both, server, client) })
	copying.Go(func() { p.pump(both, client, server) })
	copying.Wait()
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
}

func (p *proxy) add(both *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses || p.closed {
		return false
	}
	p.pairs[both] = true
	return true
}

// pump copies one direction, as fast as the proxy lets it.
func (p *proxy) pump(both *pair, to io.Writer, from io.Reader) {
	defer both.reset()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && p.pass(both) {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits for as long as the proxy holds bytes back, and reports whether the pair is
// still there.
func (p *proxy) pass(both *pair) bool {
	p.mu.Lock()
	delay, silence := p.delay, p.silence
	p.mu.Unlock()
	if silence != nil {
		select {
		case <-silence:
		case <-both.gone:
		}
	}
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-both.gone:
		}
	}
	select {
	case <-both.gone:
		return false
	default:
		return true
	}
}

// cut breaks every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for both := range p.pairs {
		both.reset()
	}
}

// refuse breaks every connection and takes no new one, until it is told otherwise.
func (p *proxy) refuse(yes bool) {
	p.mu.Lock()
	p.refuses = yes
	p.mu.Unlock()
	if yes {
		p.cut()
	}
}

// slow holds every piece back for a while.
func (p *proxy) slow(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = by
}

// mute swallows all bytes until it is told otherwise; then they are delivered after all.
func (p *proxy) mute(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case yes && p.silence == nil:
		p.silence = make(chan struct{})
	case !yes && p.silence != nil:
		close(p.silence)
		p.silence = nil
	}
}

func (p *proxy) close() {
	p.mute(false)
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.cut()
	p.running.Wait()
}
