package lambda

import (
	"os"
	"strings"
	"sync"
	"syscall"
)

// output reads what a child prints and keeps the end of it.
type output struct {
	reader, writer *os.File
	conn           syscall.RawConn
	keep           int

	mu   sync.Mutex
	kept []byte // up to 2*keep bytes, so that trimming is rare
}

// newOutput returns an output whose writer is for the child. Whatever else holds the
// writer open after the child does not keep us waiting.
func newOutput(keep int) (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	conn, err := r.SyscallConn()
	if err != nil {
		_, _ = r.Close(), w.Close()
		return nil, err
	}
	return &output{reader: r, writer: w, conn: conn, keep: keep}, nil
}

// started closes our copy of the writer: the child has its own.
func (o *output) started() { _ = o.writer.Close() }

// close reads what is left and stops follow.
func (o *output) close() {
	o.drain()
	_ = o.writer.Close()
	_ = o.reader.Close()
}

// follow reads until the end or close, so that the child never waits for a full pipe.
func (o *output) follow() {
	for {
		end := false
		err := o.conn.Read(func(fd uintptr) bool {
			var some bool
			some, end = o.read(int(fd))
			return some || end
		})
		if err != nil || end {
			return
		}
	}
}

// drain reads what has been written so far: follow may be behind. A child that prints
// without pause does not keep it here.
func (o *output) drain() {
	_ = o.conn.Control(func(fd uintptr) {
		for range 64 {
			if some, _ := o.read(int(fd)); !some {
				return
			}
		}
	})
}

// read reads once, without waiting.
func (o *output) read(fd int) (some, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var chunk [16 << 10]byte
	n, err := syscall.Read(fd, chunk[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(fd, chunk[:])
	}
	if n <= 0 {
		return false, err != syscall.EAGAIN
	}
	o.kept = append(o.kept, chunk[:n]...)
	if len(o.kept) > 2*o.keep {
		o.kept = append(o.kept[:0], o.kept[len(o.kept)-o.keep:]...)
	}
	return true, false
}

// text is the end of what was printed since the last reset.
func (o *output) text() string {
	o.drain()
	o.mu.Lock()
	defer o.mu.Unlock()
	end := o.kept[max(len(o.kept)-o.keep, 0):]
	return strings.ToValidUTF8(string(end), "\uFFFD")
}

// reset forgets what was printed so far.
func (o *output) reset() {
	o.drain()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = o.kept[:0]
}
