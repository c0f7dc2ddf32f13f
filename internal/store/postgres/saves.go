package postgres

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/row"
)

// set is tokens.
type set map[[16]byte]struct{}

func (s set) add(row [][]byte) error {
	s[[16]byte(row[0])] = struct{}{}
	return nil
}

func (s set) has(token [16]byte) bool {
	_, ok := s[token]
	return ok
}

// saves is the statements that write requests which are stored already, and changes
// of the ledger. Claim uses them too.
type saves struct {
	ends, updates, made, put, upsert, dropped, absent, begun, givenUp *table
	written, ledger, there                                            set
}

var (
	// The move from live to done is one statement. Its condition on the revision is looked at
	// again after a wait for another transaction on the row: it holds or nothing happens.
	end = prepared("end", `WITH gone AS (
			DELETE FROM live l USING unnest($1::text[], $2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[])
				AS u (scope, token, revision, kind, identifier, body)
			WHERE l.scope = u.scope AND l.token = u.token AND l.revision = u.revision
			RETURNING l.token, l.scope, u.kind, u.revision + 1 AS revision, l.type, u.identifier, l.client_token, u.body
		)
		INSERT INTO done (token, scope, kind, revision, type, identifier, client_token, body)
		SELECT token, scope, kind, revision, type, identifier, client_token, body FROM gone RETURNING token`)
	// Nothing of ours writes a request again that has ended, or makes it live. The contract lets it.
	revive = prepared("revive", `WITH gone AS (
			DELETE FROM done d
			USING unnest($1::text[], $2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[], $7::uuid[], $8::text[], $9::bigint[])
				AS u (scope, token, revision, kind, identifier, body, lock, node, claimable)
			WHERE d.scope = u.scope AND d.token = u.token AND d.revision = u.revision
			RETURNING d.token, d.scope, u.kind, u.revision + 1 AS revision, d.type, u.identifier, u.lock, d.client_token, u.node, u.claimable, u.body
		)
		INSERT INTO live (token, scope, kind, revision, type, identifier, lock, client_token, node, claimable, body)
		SELECT token, scope, kind, revision, type, identifier, lock, CASE WHEN EXISTS
			(SELECT FROM live l WHERE l.scope = gone.scope AND l.client_token = gone.client_token) THEN NULL ELSE client_token END,
			node, claimable, body FROM gone RETURNING token`)
	rewrite = prepared("rewrite", `UPDATE done d SET revision = u.revision + 1, kind = u.kind, identifier = u.identifier, body = u.body
		FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[])
			AS u (scope, token, revision, kind, identifier, body)
		WHERE d.scope = u.scope AND d.token = u.token AND d.revision = u.revision RETURNING d.token`)
	update = prepared("update", `UPDATE live l
		SET revision = u.revision + 1, kind = u.kind, identifier = u.identifier, lock = u.lock, body = u.body, node = u.node, claimable = u.claimable
		FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[], $7::uuid[], $8::text[], $9::bigint[])
			AS u (scope, token, revision, kind, identifier, body, lock, node, claimable)
		WHERE l.scope = u.scope AND l.token = u.token AND l.revision = u.revision RETURNING l.token`)
	makeNew = prepared("make", `INSERT INTO resource
			(scope, type, name, identifier, type_version, model, write_only, revision, created, updated, request)
		SELECT scope, type, name, identifier, type_version, model, write_only, 1, updated, updated, request
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[], $9::uuid[])
			AS u (scope, type, name, identifier, type_version, model, write_only, updated, request)
		ON CONFLICT DO NOTHING RETURNING request`)
	upsert = prepared("upsert", `INSERT INTO resource
			(scope, type, name, identifier, type_version, model, write_only, revision, created, updated, request)
		SELECT scope, type, name, identifier, type_version, model, write_only, 1, updated, updated, request
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[], $9::uuid[])
			AS u (scope, type, name, identifier, type_version, model, write_only, updated, request)
		ON CONFLICT (scope, type, name) DO UPDATE
		SET type_version = excluded.type_version, model = excluded.model, write_only = excluded.write_only,
			revision = resource.revision + 1, updated = excluded.updated, request = excluded.request, unfinished = false
		RETURNING request`)
	beginNew = prepared("begin_new", `INSERT INTO resource
			(scope, type, name, identifier, type_version, model, write_only, revision, created, updated, request, unfinished)
		SELECT scope, type, name, identifier, type_version, model, write_only, 1, updated, updated, request, true
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[], $9::uuid[])
			AS u (scope, type, name, identifier, type_version, model, write_only, updated, request)
		ON CONFLICT (scope, type, name) DO UPDATE
		SET type_version = excluded.type_version, model = excluded.model, write_only = excluded.write_only,
			revision = resource.revision + 1, updated = excluded.updated, request = excluded.request
		WHERE resource.unfinished
		RETURNING request`)
	giveUp = prepared("give_up", `DELETE FROM resource r
		USING unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) AS u (scope, type, name, request)
		WHERE r.scope = u.scope AND r.type = u.type AND r.name = u.name AND r.unfinished
		RETURNING u.request`)
	putOver = prepared("put", `UPDATE resource r
		SET type_version = u.type_version, model = u.model, write_only = u.write_only,
			revision = r.revision + 1, updated = u.updated, request = u.request, unfinished = false
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[], $9::uuid[], $10::bigint[])
			AS u (scope, type, name, identifier, type_version, model, write_only, updated, request, expect)
		WHERE r.scope = u.scope AND r.type = u.type AND r.name = u.name AND r.revision = u.expect
		RETURNING r.request`)
	dropOld = prepared("drop", `DELETE FROM resource r
		USING unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::bigint[]) AS u (scope, type, name, request, expect)
		WHERE r.scope = u.scope AND r.type = u.type AND r.name = u.name AND (u.expect < 0 OR r.revision = u.expect)
		RETURNING u.request`)
	findOld = prepared("find", `SELECT u.request
		FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) AS u (scope, type, name, request)
		JOIN resource r ON r.scope = u.scope AND r.type = u.type AND r.name = u.name`)
)

// longest is how many bytes of an identifier the index of the ledger takes, beside the
// rest of the key. Identifiers have up to 1024 characters, of up to 4 bytes each.
const longest = 2000

// nameOf is what stands for an identifier in the key of the ledger. Names of very long
// identifiers are longer than any that is its own name, and sort as these do by their
// first 2000 bytes.
func nameOf(identifier string) string {
	if len(identifier) <= longest {
		return identifier
	}
	digest := sha256.Sum256([]byte(identifier))
	return strings.ToValidUTF8(identifier[:longest], "") + base64.RawURLEncoding.EncodeToString(digest[:])
}

// lock writes what no two live requests of a scope have: a digest of type and
// identifier, or NULL while the identifier is unknown.
func (t *table) lock(r operation.Request) {
	if r.Identifier == "" {
		t.null()
		return
	}
	t.uuid(lockOf(r))
}

func lockOf(r operation.Request) [16]byte {
	digest := sha256.Sum256([]byte(r.TypeName + "\x00" + r.Identifier))
	return [16]byte(digest[:16])
}

func newSaves() saves {
	return saves{
		ends:    newTable(typeText, typeUUID, typeInt8, typeInt2, typeText, typeBytea),
		updates: newTable(typeText, typeUUID, typeInt8, typeInt2, typeText, typeBytea, typeUUID, typeText, typeInt8),
		made:    newTable(typeText, typeText, typeText, typeText, typeText, typeBytea, typeBytea, typeInt8, typeUUID),
		upsert:  newTable(typeText, typeText, typeText, typeText, typeText, typeBytea, typeBytea, typeInt8, typeUUID),
		put:     newTable(typeText, typeText, typeText, typeText, typeText, typeBytea, typeBytea, typeInt8, typeUUID, typeInt8),
		dropped: newTable(typeText, typeText, typeText, typeUUID, typeInt8),
		absent:  newTable(typeText, typeText, typeText, typeUUID),
		begun:   newTable(typeText, typeText, typeText, typeText, typeText, typeBytea, typeBytea, typeInt8, typeUUID),
		givenUp: newTable(typeText, typeText, typeText, typeUUID),
		written: set{}, ledger: set{}, there: set{},
	}
}

func (s *saves) reset() {
	for _, t := range []*table{s.ends, s.updates, s.made, s.put, s.upsert, s.dropped, s.absent, s.begun, s.givenUp} {
		t.reset()
	}
}

func (s *saves) add(j *job) {
	r := j.request
	t := s.updates
	if r.Status.Ended() {
		t = s.ends
	}
	t.text(j.scope)
	t.uuid(j.token)
	t.int8(r.Revision)
	t.int2(row.Kind(r.Status, r.Operation))
	t.text(r.Identifier)
	t.bytes(j.body)
	if !r.Status.Ended() {
		t.lock(r)
		t.text(r.Node)
		t.int8(row.Nanos(r.Claimable()))
	}
	if j.change != nil {
		s.change(j.change, j.ledger)
	}
}

func (s *saves) change(c *resource.Change, request [16]byte) {
	t := s.put
	switch {
	case c.Unfinished && c.Gone:
		t = s.givenUp
	case c.Unfinished:
		t = s.begun
	case c.Gone && c.Expect == 0:
		t = s.absent
	case c.Gone:
		t = s.dropped
	case c.Expect == 0:
		t = s.made
	case c.Expect == resource.AnyRevision:
		t = s.upsert
	}
	t.text(row.Scope(c.Account, c.Region))
	t.text(c.TypeName)
	t.text(nameOf(c.Identifier))
	if !c.Gone {
		if len(c.Identifier) > longest {
			t.text(c.Identifier)
		} else {
			t.null()
		}
		t.text(c.TypeVersion)
		t.bytes(c.Model)
		t.bytes(c.WriteOnly)
		t.int8(row.Nanos(c.Updated))
	}
	t.uuid(request)
	if t == s.put || t == s.dropped {
		t.int8(c.Expect)
	}
}

func (s *saves) send(p *pipeline) {
	clear(s.written)
	clear(s.ledger)
	clear(s.there)
	p.rows(end, s.ends, s.written.add)
	p.rows(update, s.updates, s.written.add)
	p.rows(makeNew, s.made, s.ledger.add)
	p.rows(upsert, s.upsert, s.ledger.add)
	p.rows(putOver, s.put, s.ledger.add)
	p.rows(dropOld, s.dropped, s.ledger.add)
	p.rows(findOld, s.absent, s.there.add)
	p.rows(beginNew, s.begun, s.ledger.add)
	p.rows(giveUp, s.givenUp, s.ledger.add)
}

// sendAgain sends what found no live request at its revision, for the case that it had
// ended before. It reports whether there is any.
func (s *saves) sendAgain(p *pipeline) bool {
	if s.ends.n+s.updates.n == len(s.written) {
		return false
	}
	p.rows(rewrite, s.ends, s.written.add)
	p.rows(revive, s.updates, s.written.add)
	return true
}

// verdict is what came of a save. Where it is an error, and j has a change, the
// transaction has to be undone: the other half may have been written.
func (s *saves) verdict(j *job) error {
	c := j.change
	switch {
	case !s.written.has(j.token):
		return store.ErrStale
	case c == nil, c.Unfinished, c.Gone && c.Expect == resource.AnyRevision:
		return nil
	case c.Gone && c.Expect == 0 && s.there.has(j.ledger), (!c.Gone || c.Expect > 0) && !s.ledger.has(j.ledger):
		return store.ErrMoved
	}
	return nil
}
