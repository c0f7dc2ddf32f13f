package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo is a server that says again what it hears, and a proxy before it.
func echo(t *testing.T) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	p, err := startProxy(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.close(); _ = l.Close() })
	return p
}

type line struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, p *proxy) line {
	t.Helper()
	c, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return line{c, t}
}

// says sends a line and returns what comes back within the limit.
func (l line) says(limit time.Duration) error {
	_ = l.SetDeadline(time.Now().Add(limit))
	if _, err := l.Write([]byte("hello\n")); err != nil {
		return err
	}
	return l.hears(limit)
}

func (l line) hears(limit time.Duration) error {
	_ = l.SetDeadline(time.Now().Add(limit))
	got, err := bufio.NewReader(l).ReadString('\n')
	if err == nil && got != "hello\n" {
		l.t.Errorf("heard %q", got)
	}
	return err
}

func TestProxyCuts(t *testing.T) {
	p := echo(t)
	l := dial(t, p)
	if err := l.says(time.Minute); err != nil {
		t.Fatal(err)
	}
	p.cut()
	if err := l.says(time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the cut: %v", err)
	}
	if err := dial(t, p).says(time.Minute); err != nil {
		t.Errorf("a new connection: %v", err)
	}
}

func TestProxyRefuses(t *testing.T) {
	p := echo(t)
	p.refuse(true)
	if c, err := net.Dial("tcp", p.address()); err == nil { // else it was reset at once
		defer c.Close() //nolint:errcheck // of no interest
		if err := (line{c, t}).says(time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("refused: %v", err)
		}
	}
	p.refuse(false)
	if err := dial(t, p).says(time.Minute); err != nil {
		t.Errorf("no longer refused: %v", err)
	}
}

func TestProxyMutesAndDelivers(t *testing.T) {
	p := echo(t)
	l := dial(t, p)
	p.mute(true)
	if err := l.says(100 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("muted: %v", err)
	}
	p.mute(false)
	if err := l.hears(time.Minute); err != nil {
		t.Errorf("no longer muted: %v", err)
	}
}

func TestProxySlowsDown(t *testing.T) {
	p := echo(t)
	p.slow(30 * time.Millisecond)
	began := time.Now()
	if err := dial(t, p).says(time.Minute); err != nil || time.Since(began) < 60*time.Millisecond {
		t.Errorf("there and back in %v, %v", time.Since(began), err)
	}
}
