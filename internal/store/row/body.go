package row

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"example.org/groundcontrol/internal/operation"
)

// A body holds what no query asks for, in one value: binding and copying
// twenty columns costs more than writing the rest of the row. It is a version, then
// fields in a fixed order: integers as varints, times as nanoseconds since 1970 (0 for
// none), texts and documents with their length before them.
//
// Version 1 had neither output nor outward calls in its timeline.
const bodyVersion = 2

var errBody = errors.New("store: a stored request cannot be read: its body is damaged")

// Body is what ReadBody reads: all of r that has no column of its own.
func Body(r operation.Request) []byte {
	return AppendBody(make([]byte, 0, 512+len(r.Input.Desired)+len(r.Input.Previous)+len(r.Input.Model)+len(r.Model)), r)
}

// AppendBody is Body in memory of the caller's.
func AppendBody(b []byte, r operation.Request) []byte {
	w := bodyWriter{append(b, bodyVersion)}
	w.text(r.TypeVersion)
	w.text(r.Caller)
	w.text(r.RoleArn)
	w.bytes(r.InputHash)
	w.int(r.BaseRevision)
	w.document(r.Input.Desired)
	w.document(r.Input.Previous)
	w.document(r.Input.Model)
	w.document(r.Input.Callback)
	w.text(r.ErrorCode)
	w.text(r.Message)
	w.document(r.Model)
	w.time(r.Accepted)
	w.time(r.EventTime)
	w.time(r.Deadline)
	w.time(r.DueAt)
	w.int(int64(r.Attempt))
	w.int(int64(r.Retries))
	w.int(int64(r.Lost))
	w.int(int64(r.Timeline.Dropped))
	w.int(int64(len(r.Timeline.Entries)))
	for _, e := range r.Timeline.Entries {
		w.time(e.At)
		w.text(e.What)
		w.text(e.Node)
		w.int(int64(e.Attempt))
		w.int(int64(e.Took))
		w.text(e.Outcome)
		w.text(e.Code)
		w.text(e.Message)
		w.int(int64(e.Delay))
		w.text(e.By)
		w.text(e.Output)
		w.int(int64(len(e.Outward)))
		for _, o := range e.Outward {
			w.text(o.Host)
			w.text(o.Method)
			w.int(int64(o.Status))
			w.int(int64(o.Took))
			w.text(o.Routed)
		}
	}
	return w.b
}

// ReadBody fills r from a body. withInput says whether the documents that only
// handlers may see are wanted.
func ReadBody(b []byte, r *operation.Request, withInput bool) error {
	if len(b) == 0 || b[0] < 1 || b[0] > bodyVersion {
		return errBody
	}
	d := bodyReader{b: b[1:]}
	r.TypeVersion, r.Caller, r.RoleArn = d.text(), d.text(), d.text()
	r.InputHash = d.bytes()
	r.BaseRevision = d.int()
	r.Input = operation.Input{Desired: d.document(), Previous: d.document(), Model: d.document(), Callback: d.document()}
	if !withInput {
		r.Input = operation.Input{}
	}
	r.ErrorCode, r.Message = d.text(), d.text()
	r.Model = d.document()
	r.Accepted, r.EventTime, r.Deadline, r.DueAt = d.time(), d.time(), d.time(), d.time()
	r.Attempt, r.Retries, r.Lost = int(d.int()), int(d.int()), int(d.int())
	r.Timeline.Dropped = int(d.int())
	n := d.int()
	if n < 0 || n > int64(len(d.b)) { // each entry takes more than a byte
		return errBody
	}
	r.Timeline.Entries = make([]operation.Entry, n)
	for i := range r.Timeline.Entries {
		r.Timeline.Entries[i] = operation.Entry{
			At: d.time(), What: d.text(), Node: d.text(), Attempt: int(d.int()), Took: time.Duration(d.int()), Outcome: d.text(),
			Code: d.text(), Message: d.text(), Delay: time.Duration(d.int()), By: d.text(),
		}
		if b[0] > 1 {
			r.Timeline.Entries[i].Output, r.Timeline.Entries[i].Outward = d.text(), d.outward()
		}
	}
	if d.bad || len(d.b) > 0 {
		return errBody
	}
	return nil
}

type bodyWriter struct{ b []byte }

func (w *bodyWriter) int(n int64) { w.b = binary.AppendVarint(w.b, n) }

func (w *bodyWriter) time(t time.Time) { w.int(Nanos(t)) }

func (w *bodyWriter) text(s string) {
	w.b = binary.AppendUvarint(w.b, uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *bodyWriter) bytes(p []byte) {
	w.b = binary.AppendUvarint(w.b, uint64(len(p)))
	w.b = append(w.b, p...)
}

// document tells an absent document from an empty one: its length is counted from 1.
func (w *bodyWriter) document(p json.RawMessage) {
	if p == nil {
		w.b = append(w.b, 0)
		return
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(p))+1)
	w.b = append(w.b, p...)
}

// bodyReader reads what bodyWriter wrote. After the first fault all it gives is zero.
type bodyReader struct {
	b   []byte
	bad bool
}

func (d *bodyReader) int() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *bodyReader) outward() []operation.Outward {
	n := d.int()
	if n < 0 || n > int64(len(d.b)) { // each takes more than a byte
		d.fail()
	}
	if d.bad || n == 0 {
		return nil
	}
	all := make([]operation.Outward, n)
	for i := range all {
		all[i] = operation.Outward{
			Host: d.text(), Method: d.text(), Status: int(d.int()), Took: time.Duration(d.int()), Routed: d.text(),
		}
	}
	return all
}

func (d *bodyReader) time() time.Time { return Instant(d.int()) }

func (d *bodyReader) length() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *bodyReader) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *bodyReader) text() string { return string(d.take(d.length())) }

func (d *bodyReader) bytes() []byte {
	if p := d.take(d.length()); len(p) > 0 {
		return p
	}
	return nil
}

func (d *bodyReader) document() json.RawMessage {
	n := d.length()
	if n == 0 {
		return nil
	}
	return d.take(n - 1)
}

func (d *bodyReader) fail() { d.bad, d.b = true, nil }
