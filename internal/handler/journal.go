package handler

import (
	"context"
	"slices"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/schema"
)

// Record is one call of a handler as a journal tells of it: nothing of models.
type Record struct {
	Sequence    int64 // of the journal: each later record has a higher one
	At          time.Time
	Took        time.Duration
	Account     string
	Region      string
	TypeName    string
	TypeVersion string
	Action      schema.Action
	Token       string
	Identifier  string // "" while unknown
	Status      Status // "" where no answer came
	ErrorCode   Code
	Message     string // of the answer, or why none came
	Output      string
	Outward     []operation.Outward
}

// size is about what a record takes in memory.
func (r Record) size() int {
	return 512 + len(r.Message) + len(r.Output) + 128*len(r.Outward)
}

// maxJournal bounds what a journal keeps, in bytes.
const maxJournal = 8 << 20

// Journal keeps the last calls of handlers in memory, a few megabytes of them, for authors
// of handlers to read. The zero value is empty. It is safe for concurrent use; use it by
// pointer.
type Journal struct {
	mu      sync.Mutex
	records []Record // oldest first
	bytes   int
	last    int64
}

// Add takes a record in and numbers it; the oldest make room.
func (j *Journal) Add(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	r.Sequence = j.last
	j.records = append(j.records, r)
	j.bytes += r.size()
	for j.bytes > maxJournal && len(j.records) > 1 {
		j.bytes -= j.records[0].size()
		j.records[0] = Record{} // its texts may go although the array stays
		j.records = j.records[1:]
	}
}

// Read returns the last records of a type in an account and region behind the one numbered
// after, oldest first and at most max, and the number to ask with next.
func (j *Journal) Read(account, region, typeName string, after int64, max int) (records []Record, next int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.records) - 1; i >= 0 && len(records) < max && j.records[i].Sequence > after; i-- {
		if r := j.records[i]; r.TypeName == typeName && r.Account == account && r.Region == region {
			records = append(records, r)
		}
	}
	slices.Reverse(records)
	return records, j.last
}

// Recorder is a Runtime that writes each call of another one down.
type Recorder struct {
	Runtime interface {
		Runtime
		RawInvoker
	}
	Journal *Journal
}

var _ RawInvoker = Recorder{}

// Invoke implements Runtime.
func (r Recorder) Invoke(ctx context.Context, c Call) (Answer, error) {
	began := time.Now()
	a, err := r.Runtime.Invoke(ctx, c)
	record := Record{
		At: began, Took: time.Since(began), Account: c.Account, Region: c.Region, TypeName: c.TypeName, TypeVersion: c.TypeVersion,
		Action: c.Action, Token: c.Token, Identifier: c.Identifier,
		Status: a.Status, ErrorCode: a.ErrorCode, Message: a.Message, Output: a.Output, Outward: a.Outward,
	}
	if err != nil {
		record.Status, record.ErrorCode, record.Message = "", "", err.Error()
	} else if id := identifier(c.Schema, a.Model); id != "" {
		record.Identifier = id
	}
	r.Journal.Add(record)
	return a, err
}

// InvokeRaw implements RawInvoker. What the call was about is not known, and so not what in its
// output is secret: that is its caller's alone, and not written down.
func (r Recorder) InvokeRaw(ctx context.Context, t Target, payload []byte) (Raw, error) {
	began := time.Now()
	raw, err := r.Runtime.InvokeRaw(ctx, t, payload)
	record := Record{
		At: began, Took: time.Since(began), Account: t.Account, Region: t.Region, TypeName: t.TypeName, TypeVersion: t.TypeVersion,
		Message: "raw call",
	}
	switch {
	case err != nil:
		record.Message += ": " + err.Error()
	case raw.Failed:
		record.Message += ": the function failed"
	}
	r.Journal.Add(record)
	return raw, err
}
