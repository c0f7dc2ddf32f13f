package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The types of the columns that statements take arrays of.
const (
	typeBytea = 17
	typeInt8  = 20
	typeInt2  = 21
	typeText  = 25
	typeUUID  = 2950
)

// session is a connection that writes, with our statements prepared on it. It is for
// one goroutine at a time. It connects when it is used, and again after the connection
// broke. Writers send some ten thousand rows a second through it, so it speaks the
// binary protocol by itself: the conversions of pgx would cost as much as all the rest.
type session struct {
	config *pgx.ConnConfig
	conn   *pgconn.PgConn
}

// ready connects where that is needed.
func (s *session) ready(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	c, err := pgconn.ConnectConfig(ctx, &s.config.Config)
	if err != nil {
		return err
	}
	p := c.StartPipeline(ctx)
	for _, st := range statements {
		p.SendPrepare(st.name, st.sql, nil)
	}
	if err = p.Sync(); err == nil {
		for _, st := range statements {
			if _, err = p.GetResults(); err != nil {
				err = fmt.Errorf("%w in %s", err, st.sql)
				break
			}
		}
	}
	if err := errors.Join(err, p.Close()); err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	s.conn = c
	return nil
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.conn.Close(ctx)
}

// transact runs f in a transaction, on the pipeline that f is given. Where f fails the
// transaction is undone. committing is true when the order to commit was on its way:
// only then an error that is not the server's leaves open what happened.
func (s *session) transact(ctx context.Context, f func(*pipeline) error) (committing bool, err error) {
	if err := s.ready(ctx); err != nil {
		return false, err
	}
	p := &pipeline{Pipeline: s.conn.StartPipeline(ctx)}
	p.send(begin)
	if err = f(p); err == nil {
		committing = true
		p.send(commit)
		err = p.sync()
	}
	if cerr := p.Close(); err == nil {
		err = cerr
	}
	if code(err) != "" && broken(err) {
		_ = s.conn.Close(ctx) // or a standby would keep us
		return committing, err
	}
	if err != nil && s.conn.TxStatus() != 'I' {
		if _, rerr := s.conn.Exec(ctx, `ROLLBACK`).ReadAll(); rerr != nil {
			// Whatever was not committed goes with the connection. It may be broken already.
			_ = s.conn.Close(ctx)
		}
	}
	return committing, err
}

// statement is one that sessions prepare.
type statement struct{ name, sql string }

var statements []*statement

// prepared adds a statement to those that every session prepares.
func prepared(name, sql string) *statement {
	st := &statement{name, sql}
	statements = append(statements, st)
	return st
}

var (
	begin  = prepared("begin", `BEGIN`)
	commit = prepared("commit", `COMMIT`)
)

// pipeline sends statements together and reads their results together.
type pipeline struct {
	*pgconn.Pipeline
	sent []func(row [][]byte) error
}

var binaryFormat = []int16{1}

// send adds a statement without parameters.
func (p *pipeline) send(st *statement) {
	p.SendQueryPrepared(st.name, nil, nil, nil)
	p.sent = append(p.sent, nil)
}

// rows adds a statement that takes rows, where there are any; each is told of every row
// that it returns, and must not keep it. more are parameters behind those of the rows.
func (p *pipeline) rows(st *statement, t *table, each func(row [][]byte) error, more ...[]byte) {
	if t.n == 0 {
		return
	}
	p.SendQueryPrepared(st.name, append(t.params(), more...), binaryFormat, binaryFormat)
	p.sent = append(p.sent, each)
}

// sync sends what was added and reads all results. It returns the first error.
func (p *pipeline) sync() error {
	sent := p.sent
	p.sent = nil
	if err := p.Sync(); err != nil {
		return err
	}
	for _, each := range sent {
		result, err := p.GetResults()
		if err != nil {
			return err
		}
		reader, ok := result.(*pgconn.ResultReader)
		if !ok {
			return fmt.Errorf("a %T in place of rows", result)
		}
		for reader.NextRow() {
			if each != nil && err == nil {
				err = each(reader.Values())
			}
		}
		if _, cerr := reader.Close(); err != nil || cerr != nil {
			return errors.Join(err, cerr)
		}
	}
	// What follows is the answer to Sync itself.
	_, err := p.GetResults()
	return err
}

// table is rows on their way to a statement that unnests one array for each column.
// Rows are written value by value, from left to right.
type table struct {
	columns []column
	at, n   int
}

type column struct {
	of uint32
	b  []byte // in the binary form of an array
}

// arrayHeader is the dimensions, whether there are NULLs, the type, the length and the
// lower bound, four bytes each.
const arrayHeader = 20

func newTable(types ...uint32) *table {
	t := &table{columns: make([]column, len(types))}
	for i, of := range types {
		t.columns[i] = column{of, make([]byte, arrayHeader)}
	}
	return t
}

func (t *table) reset() {
	for i := range t.columns {
		t.columns[i].b = t.columns[i].b[:arrayHeader]
	}
	t.at, t.n = 0, 0
}

func (t *table) params() [][]byte {
	params := make([][]byte, len(t.columns))
	for i := range t.columns {
		b := t.columns[i].b
		binary.BigEndian.PutUint32(b[0:], 1)
		binary.BigEndian.PutUint32(b[4:], 1) // there may be
		binary.BigEndian.PutUint32(b[8:], t.columns[i].of)
		binary.BigEndian.PutUint32(b[12:], uint32(t.n))
		binary.BigEndian.PutUint32(b[16:], 1)
		params[i] = b
	}
	return params
}

// next is the column of the next value, of size bytes.
func (t *table) next(size int) *[]byte {
	c := &t.columns[t.at]
	if t.at++; t.at == len(t.columns) {
		t.at = 0
		t.n++
	}
	c.b = binary.BigEndian.AppendUint32(c.b, uint32(int32(size)))
	return &c.b
}

func (t *table) null() { t.next(-1) }

func (t *table) text(s string) {
	b := t.next(len(s))
	*b = append(*b, s...)
}

// optional writes "" as NULL.
func (t *table) optional(s string) {
	if s == "" {
		t.null()
		return
	}
	t.text(s)
}

// bytes writes nil as NULL.
func (t *table) bytes(p []byte) {
	if p == nil {
		t.null()
		return
	}
	b := t.next(len(p))
	*b = append(*b, p...)
}

func (t *table) uuid(u [16]byte) {
	b := t.next(16)
	*b = append(*b, u[:]...)
}

func (t *table) int8(n int64) {
	b := t.next(8)
	*b = binary.BigEndian.AppendUint64(*b, uint64(n))
}

func (t *table) int2(n int) {
	b := t.next(2)
	*b = binary.BigEndian.AppendUint16(*b, uint16(n))
}
