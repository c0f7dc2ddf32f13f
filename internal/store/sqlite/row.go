package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
)

// scope is how account and region stand in a row: one text, so that indexes are short.
func scope(account, region string) string { return account + "/" + region }

// requestColumns is what scanRequest reads, in its order.
const requestColumns = `token, scope, kind, revision, type, identifier, client_token, node, lease_until, body`

// insertRequest has a place for each value of insertValues.
const insertRequest = `INSERT INTO request (` + requestColumns + `, claimable)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

func insertValues(r operation.Request) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		token, scope(r.Account, r.Region), int64(kindOf(r.Status, r.Operation)), r.Revision, r.TypeName, r.Identifier,
		orNull(r.ClientToken), r.Node, nanos(r.LeaseUntil), body(r), claimable(r),
	}, nil
}

// updateRequest writes what Apply can change, where the revision still stands.
const updateRequest = `UPDATE request SET kind = ?, revision = ?, identifier = ?, node = ?, lease_until = ?, body = ?, claimable = ?
	WHERE token = ? AND revision = ?`

// updateValues are the values of r after a write that finds it at r.Revision.
func updateValues(r operation.Request) ([]driver.Value, error) {
	token, err := tokenBytes(r.Token)
	if err != nil {
		return nil, err
	}
	return []driver.Value{
		int64(kindOf(r.Status, r.Operation)), r.Revision + 1, r.Identifier, r.Node, nanos(r.LeaseUntil), body(r), claimable(r),
		token, r.Revision,
	}, nil
}

func body(r operation.Request) []byte {
	return appendBody(make([]byte, 0, 512+len(r.Input.Desired)+len(r.Input.Previous)+len(r.Input.Model)+len(r.Model)), r)
}

type scanner interface{ Scan(...any) error }

func scanRequest(row scanner) (operation.Request, error) { return scanned(row, true) }

// scanListed leaves out the input, which lists do not give.
func scanListed(row scanner) (operation.Request, error) { return scanned(row, false) }

func scanned(row scanner, withInput bool) (operation.Request, error) {
	var (
		r           operation.Request
		token, body []byte
		scope       string
		kind        int
		client      *string
		leased      int64
	)
	err := row.Scan(&token, &scope, &kind, &r.Revision, &r.TypeName, &r.Identifier, &client, &r.Node, &leased, &body)
	if err != nil {
		return r, err
	}
	if len(token) != 16 {
		return r, fmt.Errorf("sqlite: a request token of %d bytes", len(token))
	}
	r.Token = operation.FormatToken([16]byte(token))
	r.Account, r.Region, _ = strings.Cut(scope, "/")
	r.Status, r.Operation = fromKind(kind)
	if client != nil {
		r.ClientToken = *client
	}
	r.LeaseUntil = instant(leased)
	return r, readBody(body, &r, withInput)
}

const resourceColumns = `scope, type, identifier, type_version, model, write_only, revision, created, updated, request`

func scanResource(row scanner) (resource.Resource, error) {
	var (
		is               resource.Resource
		scope            string
		created, updated int64
		request          []byte
	)
	err := row.Scan(&scope, &is.TypeName, &is.Identifier, &is.TypeVersion, (*[]byte)(&is.Model), (*[]byte)(&is.WriteOnly),
		&is.Revision, &created, &updated, &request)
	if err != nil {
		return is, err
	}
	if len(request) == 16 {
		is.Request = operation.FormatToken([16]byte(request))
	}
	is.Account, is.Region, _ = strings.Cut(scope, "/")
	is.Created, is.Updated = instant(created), instant(updated)
	return is, nil
}

func claimable(r operation.Request) driver.Value {
	if r.Status.Ended() {
		return nil
	}
	return nanos(r.Claimable())
}

func tokenBytes(token string) ([]byte, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return nil, fmt.Errorf("sqlite: %q is no request token", token)
	}
	return u[:], nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
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
