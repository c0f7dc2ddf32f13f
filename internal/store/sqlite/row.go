package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"sync"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store/row"
)

// requestColumns is what scanRequest reads, in its order.
const requestColumns = `token, scope, kind, revision, type, identifier, client_token, node, lease_until, body`

// insertRequest has a place for each value of insertValues.
const insertRequest = `INSERT INTO request (` + requestColumns + `, claimable)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

// buffer holds the body of a row until it is in the database: the writer is done with it
// when the verb returns.
type buffer struct{ b []byte }

func (b *buffer) of(r operation.Request) []byte {
	b.b = row.AppendBody(b.b[:0], r)
	return b.b
}

// buffers lends buffers. Its zero value is ready for use.
type buffers struct{ pool sync.Pool }

func (b *buffers) lend() *buffer {
	if one, ok := b.pool.Get().(*buffer); ok {
		return one
	}
	return new(buffer)
}

// giveBack takes a buffer, unless one large request has made it large.
func (b *buffers) giveBack(one *buffer) {
	if cap(one.b) <= 64<<10 {
		b.pool.Put(one)
	}
}

func insertValues(r operation.Request, body *buffer) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		token, row.Scope(r.Account, r.Region), int64(row.Kind(r.Status, r.Operation)), r.Revision, r.TypeName, r.Identifier,
		orNull(r.ClientToken), r.Node, row.Nanos(r.LeaseUntil), body.of(r), claimable(r),
	}, nil
}

// updateRequest writes what Apply can change, where the revision still stands.
const updateRequest = `UPDATE request SET kind = ?, revision = ?, identifier = ?, node = ?, lease_until = ?, body = ?, claimable = ?
	WHERE token = ? AND revision = ?`

// updateValues are the values of r after a write that finds it at r.Revision.
func updateValues(r operation.Request, body *buffer) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		int64(row.Kind(r.Status, r.Operation)), r.Revision + 1, r.Identifier, r.Node, row.Nanos(r.LeaseUntil), body.of(r), claimable(r),
		token, r.Revision,
	}, nil
}

type scanner interface{ Scan(...any) error }

func scanRequest(from scanner) (operation.Request, error) { return scanned(from, true) }

// scanListed leaves out the input, which lists do not give.
func scanListed(from scanner) (operation.Request, error) { return scanned(from, false) }

func scanned(from scanner, withInput bool) (operation.Request, error) {
	var (
		r           operation.Request
		token, body []byte
		scope       string
		kind        int
		client      *string
		leased      int64
	)
	err := from.Scan(&token, &scope, &kind, &r.Revision, &r.TypeName, &r.Identifier, &client, &r.Node, &leased, &body)
	if err != nil {
		return r, err
	}
	if len(token) != 16 {
		return r, fmt.Errorf("sqlite: a request token of %d bytes", len(token))
	}
	r.Token = operation.FormatToken([16]byte(token))
	r.Account, r.Region = row.SplitScope(scope)
	r.Status, r.Operation = row.FromKind(kind)
	if client != nil {
		r.ClientToken = *client
	}
	r.LeaseUntil = row.Instant(leased)
	return r, row.ReadBody(body, &r, withInput)
}

const resourceColumns = `scope, type, identifier, type_version, model, write_only, revision, created, updated, request, unfinished`

func scanResource(from scanner) (resource.Resource, error) {
	var (
		is               resource.Resource
		scope            string
		created, updated int64
		request          []byte
	)
	err := from.Scan(&scope, &is.TypeName, &is.Identifier, &is.TypeVersion, (*[]byte)(&is.Model), (*[]byte)(&is.WriteOnly),
		&is.Revision, &created, &updated, &request, &is.Unfinished)
	if err != nil {
		return is, err
	}
	if len(request) == 16 {
		is.Request = operation.FormatToken([16]byte(request))
	}
	is.Account, is.Region = row.SplitScope(scope)
	is.Created, is.Updated = row.Instant(created), row.Instant(updated)
	return is, nil
}

func claimable(r operation.Request) driver.Value {
	if r.Status.Ended() {
		return nil
	}
	return row.Nanos(r.Claimable())
}

func tokenBytes(token string) ([]byte, error) {
	u, err := row.Token(token)
	return u[:], err
}

// blob keeps nil and JSON apart: an absent document is NULL.
func blob(b json.RawMessage) driver.Value {
	if b == nil {
		return nil
	}
	return []byte(b)
}

func orNull(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}
