package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/row"
)

// errRefused comes to accepts that some row stands in the way of.
var errRefused = errors.New("postgres: refused")

// accepts is the statements that store new requests.
type accepts struct {
	forgotten, new, tokens, bases, undone *table
	inserted, replays                     set
	revisions                             map[[16]byte]int64
	after                                 [16]byte // the first of all limits in tokens
}

var (
	insert = prepared("insert", `INSERT INTO live (token, scope, kind, revision, type, identifier, lock, client_token, node, claimable, body)
		SELECT token, scope, kind, 1, type, identifier, lock, client_token, node, claimable, body
		FROM unnest($1::text[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::bigint[], $10::bytea[])
			AS u (scope, token, kind, type, identifier, lock, client_token, node, claimable, body)
		ON CONFLICT DO NOTHING RETURNING token`)
	// A client token stands for a request that is in live or in done. The unique index of live
	// looks after the first; this statement, after the insert and in its transaction,
	// after the second. Nothing gets through between the two: while our row is in live,
	// inserted though not committed, no other request with the client token gets in
	// there, and none can reach done but from live. If one was in live before, our insert
	// has waited until its move to done was committed (or it was refused); and in READ
	// COMMITTED this statement sees all that was committed before it began. $5 is before all
	// of the rows' limits: it leaves out old slices once for the statement.
	replayed = prepared("replayed", `SELECT u.token FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[]) AS u (scope, token, client_token, after)
		WHERE EXISTS (SELECT FROM done d WHERE d.scope = u.scope AND d.client_token = u.client_token AND d.token > u.after AND d.token > $5)`)
	revisions = prepared("revisions", `SELECT u.token, r.revision FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS u (scope, token, type, name)
		JOIN resource r ON r.scope = u.scope AND r.type = u.type AND r.name = u.name`)
	forget = prepared("forget", `UPDATE live l SET client_token = NULL FROM unnest($1::text[], $2::uuid[]) AS u (scope, token)
		WHERE l.scope = u.scope AND l.token = u.token`)
	undo = prepared("undo", `DELETE FROM live l USING unnest($1::text[], $2::uuid[]) AS u (scope, token)
		WHERE l.scope = u.scope AND l.token = u.token`)
)

func newAccepts() accepts {
	return accepts{
		forgotten: newTable(typeText, typeUUID),
		new:       newTable(typeText, typeUUID, typeInt2, typeText, typeText, typeUUID, typeText, typeText, typeInt8, typeBytea),
		tokens:    newTable(typeText, typeUUID, typeText, typeUUID),
		bases:     newTable(typeText, typeUUID, typeText, typeText),
		undone:    newTable(typeText, typeUUID),
		inserted:  set{}, replays: set{}, revisions: map[[16]byte]int64{},
	}
}

func (a *accepts) reset() {
	for _, t := range []*table{a.forgotten, a.new, a.tokens, a.bases, a.undone} {
		t.reset()
	}
}

func (a *accepts) add(j *job) {
	r := j.request
	after := oldest(r.Accepted.Add(-operation.ClientTokenLife))
	if j.forget != [16]byte{} {
		a.forgotten.text(j.scope)
		a.forgotten.uuid(j.forget)
		after = j.forget
	}
	t := a.new
	t.text(j.scope)
	t.uuid(j.token)
	t.int2(row.Kind(r.Status, r.Operation))
	t.text(r.TypeName)
	t.text(r.Identifier)
	t.lock(r)
	t.optional(r.ClientToken)
	t.text(r.Node)
	t.int8(row.Nanos(r.Claimable()))
	t.bytes(j.body)
	if r.ClientToken != "" {
		if a.tokens.n == 0 || bytes.Compare(after[:], a.after[:]) < 0 {
			a.after = after
		}
		t := a.tokens
		t.text(j.scope)
		t.uuid(j.token)
		t.text(r.ClientToken)
		t.uuid(after)
	}
	if r.Operation == operation.Update {
		t := a.bases
		t.text(j.scope)
		t.uuid(j.token)
		t.text(r.TypeName)
		t.text(nameOf(r.Identifier))
	}
}

func (a *accepts) send(p *pipeline) {
	clear(a.inserted)
	clear(a.replays)
	clear(a.revisions)
	p.rows(forget, a.forgotten, nil)
	p.rows(insert, a.new, a.inserted.add)
	p.rows(replayed, a.tokens, a.replays.add, a.after[:])
	p.rows(revisions, a.bases, func(row [][]byte) error {
		a.revisions[[16]byte(row[0])] = int64(binary.BigEndian.Uint64(row[1]))
		return nil
	})
}

// verdict is what came of an accept: errRefused where a row stood in its way.
func (a *accepts) verdict(j *job) error {
	switch {
	case !a.inserted.has(j.token), a.replays.has(j.token):
		return errRefused
	case j.request.Operation == operation.Update && a.revisions[j.token] != j.request.BaseRevision:
		return store.ErrMoved
	}
	return nil
}

// takeOut adds an accept that was let in and must not be to those that undo removes.
func (a *accepts) takeOut(j *job) {
	if a.inserted.has(j.token) {
		a.undone.text(j.scope)
		a.undone.uuid(j.token)
	}
}

// oldest is a token before all whose requests were accepted at or after t. Tokens have
// steps of 0.25 µs: one or the other request from before t may be after it, too.
func oldest(t time.Time) [16]byte {
	u, _ := operation.ParseToken(operation.NewToken(t, [8]byte{}))
	u[8] = 0
	return u
}
