package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	sqlite3 "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/row"
)

// writeStatements are the writer's, all on its one connection.
type writeStatements struct {
	begin, commit, rollback, checkpoint, shrink *stmt

	insert, update, byClientToken, forgetClientToken, holder *stmt
	due, purge, mark, marked                                 *stmt
	revision, putResource, newResource, dropResource         *stmt
	beginResource, giveUpResource                            *stmt
	documentRevision, putDocument                            *stmt

	all []*stmt
}

func (t *writeStatements) close() error {
	var errs []error
	for _, s := range t.all {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (t *writeStatements) prepare(c driver.ConnPrepareContext) error {
	for s, text := range map[**stmt]string{
		&t.begin:             `BEGIN IMMEDIATE`,
		&t.commit:            `COMMIT`,
		&t.rollback:          `ROLLBACK`,
		&t.checkpoint:        `PRAGMA wal_checkpoint(PASSIVE)`,
		&t.shrink:            `PRAGMA incremental_vacuum(` + strconv.Itoa(shrinkStep) + `)`,
		&t.insert:            insertRequest,
		&t.update:            updateRequest,
		&t.byClientToken:     `SELECT ` + requestColumns + ` FROM request WHERE scope = ? AND client_token = ?`,
		&t.forgetClientToken: `UPDATE request SET client_token = NULL WHERE token = ?`,
		&t.holder: `SELECT ` + requestColumns + ` FROM request
			WHERE scope = ? AND type = ? AND identifier = ? AND identifier <> '' AND claimable IS NOT NULL`,
		&t.due: waiting,
		&t.purge: `DELETE FROM request WHERE id IN
			(SELECT id FROM request WHERE token < ? AND claimable IS NULL ORDER BY token LIMIT ?)`,
		&t.mark:     `INSERT INTO mark (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING`,
		&t.marked:   `SELECT value FROM mark WHERE name = ?`,
		&t.revision: `SELECT revision FROM resource WHERE scope = ? AND type = ? AND identifier = ?`,
		&t.newResource: `INSERT INTO resource (scope, type, identifier, type_version, model, write_only, revision, created, updated, request)
			VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING`,
		&t.putResource: `UPDATE resource SET type_version = ?, model = ?, write_only = ?, revision = revision + 1, updated = ?, request = ?, unfinished = 0
			WHERE scope = ? AND type = ? AND identifier = ?`,
		&t.dropResource: `DELETE FROM resource WHERE scope = ? AND type = ? AND identifier = ?`,
		&t.beginResource: `INSERT INTO resource (scope, type, identifier, type_version, model, write_only, revision, created, updated, request, unfinished)
			VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, 1)
			ON CONFLICT DO UPDATE SET type_version = excluded.type_version, model = excluded.model, write_only = excluded.write_only,
				revision = revision + 1, updated = excluded.updated, request = excluded.request WHERE unfinished`,
		&t.giveUpResource:   `DELETE FROM resource WHERE scope = ? AND type = ? AND identifier = ? AND unfinished`,
		&t.documentRevision: `SELECT revision FROM document WHERE kind = ? AND name = ? AND length(body) > 0`,
		&t.putDocument: `INSERT INTO document (kind, name, revision, body)
			VALUES (?, ?, (SELECT coalesce(max(revision), 0) + 1 FROM document WHERE kind = ?), ?)
			ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
	} {
		var err error
		if *s, err = prepareOn(c, text); err != nil {
			return err
		}
		t.all = append(t.all, *s)
	}
	return nil
}

// request returns the one request that a statement finds.
func (s *stmt) request(values ...driver.Value) (r operation.Request, found bool, err error) {
	err = s.each(func(from tuple) (err error) {
		found = true
		r, err = scanRequest(from)
		return err
	}, values...)
	return r, found, err
}

// undo is an answer of the contract that came after something was written: the
// transaction has to be undone.
type undo struct{ error }

func (u undo) Unwrap() error { return u.error }

// isContract reports whether err is an answer of the contract.
func isContract(err error) bool {
	return errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrMoved) || errors.Is(err, store.ErrStale) ||
		errors.Is(err, store.ErrTokenConflict) || errors.Is(err, store.ErrNotFound)
}

// Accept implements store.Store.
func (s *Store) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	r.Revision = 1
	body := s.bodies.lend()
	defer s.bodies.giveBack(body)
	values, err := insertValues(r, body)
	if err != nil {
		return r, fmt.Errorf("sqlite: accept: %w", err)
	}
	var old *operation.Request
	err = s.writer.do(ctx, func(t *writeStatements) (err error) {
		old, err = t.accept(&r, values)
		return err
	})
	if old != nil {
		return *old, wrap("accept", err)
	}
	return r, wrap("accept", err)
}

// accept inserts r, of which values are the row, or returns the request that stands in its way.
func (t *writeStatements) accept(r *operation.Request, values []driver.Value) (*operation.Request, error) {
	if r.Operation == operation.Update {
		revision, err := t.revisionOf(resource.Key{Account: r.Account, Region: r.Region, TypeName: r.TypeName, Identifier: r.Identifier})
		if err != nil {
			return nil, err
		}
		if revision != r.BaseRevision {
			if old, err := t.inTheWay(*r); err != nil || old.Token != "" {
				return &old, err
			}
			return nil, store.ErrMoved
		}
	}
	for range 2 {
		n, err := t.insert.run(values...)
		if err != nil || n == 1 {
			return nil, err
		}
		old, err := t.inTheWay(*r)
		if err != nil || old.Token != "" {
			return &old, err
		}
		// Only a client token that has outlived its time stood in the way.
		if err := t.forget(*r); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("nothing stands in the way of %s, yet it cannot be inserted", r.Token)
}

// inTheWay returns the request that stands in the way of r and why, or the zero
// request: the client token first, then the lock.
func (t *writeStatements) inTheWay(r operation.Request) (operation.Request, error) {
	if r.ClientToken != "" {
		old, found, err := t.byClientToken.request(row.Scope(r.Account, r.Region), r.ClientToken)
		switch {
		case err != nil:
			return old, err
		case !found:
		case r.Accepted.Sub(old.Accepted) >= operation.ClientTokenLife:
		case !bytes.Equal(old.InputHash, r.InputHash):
			return old, store.ErrTokenConflict
		default:
			return old, nil
		}
	}
	old, found, err := t.holder.request(row.Scope(r.Account, r.Region), r.TypeName, r.Identifier)
	if err != nil || !found {
		return old, err
	}
	return old, store.ErrBusy
}

// forget takes r's client token from the request that had it.
func (t *writeStatements) forget(r operation.Request) error {
	old, found, err := t.byClientToken.request(row.Scope(r.Account, r.Region), r.ClientToken)
	if err != nil || !found {
		return err
	}
	token, err := tokenBytes(old.Token)
	if err != nil {
		return err
	}
	_, err = t.forgetClientToken.run(token)
	return err
}

// Save implements store.Store.
func (s *Store) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	body := s.bodies.lend()
	defer s.bodies.giveBack(body)
	values, err := updateValues(r, body)
	if err != nil {
		return r, fmt.Errorf("sqlite: save: %w", err)
	}
	err = s.writer.do(ctx, func(t *writeStatements) error { return t.save(values, change) })
	if err != nil {
		return r, wrap("save", err)
	}
	r.Revision++
	return r, nil
}

// save writes the ledger first: for a new resource, the common case, that is one
// statement that tells by itself whether the ledger is where it is expected.
func (t *writeStatements) save(values []driver.Value, change *resource.Change) error {
	if change != nil {
		if err := t.change(change); err != nil {
			return err
		}
	}
	n, err := t.update.run(values...)
	switch {
	case isUnique(err): // the statement undid itself
		err = store.ErrBusy
	case err == nil && n == 0:
		err = store.ErrStale
	}
	if err != nil && change != nil {
		return undo{err}
	}
	return err
}

func (t *writeStatements) change(c *resource.Change) error {
	where := row.Scope(c.Account, c.Region)
	request, err := tokenBytes(c.Request)
	if err != nil {
		return err
	}
	if c.Unfinished && c.Gone {
		_, err := t.giveUpResource.run(where, c.TypeName, c.Identifier)
		return err
	}
	if c.Unfinished {
		_, err := t.beginResource.run(where, c.TypeName, c.Identifier, c.TypeVersion, blob(c.Model), blob(c.WriteOnly),
			row.Nanos(c.Updated), row.Nanos(c.Updated), request)
		return err
	}
	if c.Expect == 0 && !c.Gone {
		n, err := t.newResource.run(where, c.TypeName, c.Identifier, c.TypeVersion, blob(c.Model), blob(c.WriteOnly),
			row.Nanos(c.Updated), row.Nanos(c.Updated), request)
		if err == nil && n == 0 {
			return store.ErrMoved
		}
		return err
	}
	old, err := t.revisionOf(c.Key)
	switch {
	case err != nil:
		return err
	case c.Expect != resource.AnyRevision && c.Expect != old:
		return store.ErrMoved
	case c.Gone:
		_, err = t.dropResource.run(where, c.TypeName, c.Identifier)
	case old == 0:
		_, err = t.newResource.run(where, c.TypeName, c.Identifier, c.TypeVersion, blob(c.Model), blob(c.WriteOnly),
			row.Nanos(c.Updated), row.Nanos(c.Updated), request)
	default:
		_, err = t.putResource.run(c.TypeVersion, blob(c.Model), blob(c.WriteOnly), row.Nanos(c.Updated), request,
			where, c.TypeName, c.Identifier)
	}
	return err
}

// revisionOf is 0 for a resource that the ledger lacks.
func (t *writeStatements) revisionOf(k resource.Key) (revision int64, err error) {
	err = t.revision.each(func(r tuple) error { return r.Scan(&revision) }, row.Scope(k.Account, k.Region), k.TypeName, k.Identifier)
	return revision, err
}

// waiting finds the requests of a queue that are claimable before a time.
const waiting = `SELECT ` + requestColumns + ` FROM request
	WHERE scope = ? AND type = ? AND claimable < ? AND claimable IS NOT NULL ORDER BY claimable, id LIMIT ?`

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, c store.Claim) (claimed []operation.Request, err error) {
	err = s.writer.do(ctx, func(t *writeStatements) (err error) {
		claimed, err = t.claim(c)
		return err
	})
	if err != nil {
		return nil, wrap("claim", err)
	}
	return claimed, nil
}

func (t *writeStatements) claim(c store.Claim) (claimed []operation.Request, err error) {
	var due []operation.Request
	for _, share := range c.Shares {
		err := t.due.each(func(from tuple) error {
			r, err := scanRequest(from)
			due = append(due, r)
			return err
		}, row.Scope(share.Account, share.Region), share.TypeName, row.Nanos(c.Now)+1, int64(share.Max))
		if err != nil {
			return nil, err
		}
	}
	for _, r := range due {
		n, err := operation.Apply(r, operation.Event{Kind: operation.Claim, At: c.Now, Node: c.Node, Lease: c.Lease})
		if err != nil {
			return nil, err // the column says claimable, the request says no
		}
		values, err := updateValues(n, new(buffer))
		if err != nil {
			return nil, err
		}
		if _, err := t.update.run(values...); err != nil {
			return nil, err
		}
		n.Revision++
		claimed = append(claimed, n)
	}
	return claimed, nil
}

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, before time.Time, max int) (int, error) {
	first := operation.FirstToken(before)
	var n int64
	err := s.writer.do(ctx, func(t *writeStatements) (err error) {
		n, err = t.purge.run(first[:], int64(max))
		return err
	})
	return int(n), wrap("purge", err)
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string, value []byte) (stands []byte, err error) {
	err = s.writer.do(ctx, func(t *writeStatements) error {
		if _, err := t.mark.run(name, value); err != nil {
			return err
		}
		return t.marked.each(func(r tuple) error { return r.Scan(&stands) }, name)
	})
	return stands, wrap("mark", err)
}

// isUnique reports whether a unique index refused the statement.
func isUnique(err error) bool {
	var e *sqlite3.Error
	return errors.As(err, &e) && e.Code() == codes.SQLITE_CONSTRAINT_UNIQUE
}

// wrap says which verb failed. Answers of the contract pass as they are.
func wrap(verb string, err error) error {
	if err == nil || isContract(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("sqlite: %s: %w", verb, err)
}
