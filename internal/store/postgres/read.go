package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
	"example.org/groundcontrol/internal/store/row"
)

// What readRow reads, in its order, of each of the two tables.
const (
	liveColumns = `token, scope, kind, revision, type, identifier, client_token, node, claimable, body`
	doneColumns = `token, scope, kind, revision, type, identifier, client_token, '' AS node, 0::bigint AS claimable, body`
)

// A request is in one of two tables, and may move while we look: each query looks at
// both in one statement, and so in one snapshot.
const (
	byToken = `SELECT ` + liveColumns + ` FROM live WHERE scope = $1 AND token = $2
		UNION ALL SELECT ` + doneColumns + ` FROM done WHERE scope = $1 AND token = $2`
	// $3 is before all that may still stand for the client token: it leaves out old slices.
	byClientToken = `(SELECT ` + liveColumns + ` FROM live WHERE scope = $1 AND client_token = $2)
		UNION ALL (SELECT ` + doneColumns + ` FROM done WHERE scope = $1 AND client_token = $2 AND token > $3)
		ORDER BY token DESC LIMIT 1`
)

// readRow reads the columns of a request in their binary form.
func readRow(v [][]byte) (operation.Request, error) { return readRequest(v, true) }

func readRequest(v [][]byte, withInput bool) (operation.Request, error) {
	var r operation.Request
	if len(v) != 10 || len(v[0]) != 16 || len(v[2]) != 2 || len(v[3]) != 8 || len(v[8]) != 8 {
		return r, errors.New("a row that is no request")
	}
	r.Token = operation.FormatToken([16]byte(v[0]))
	r.Account, r.Region = row.SplitScope(string(v[1]))
	r.Status, r.Operation = row.FromKind(int(binary.BigEndian.Uint16(v[2])))
	r.Revision = int64(binary.BigEndian.Uint64(v[3]))
	r.TypeName, r.Identifier, r.ClientToken, r.Node = string(v[4]), string(v[5]), string(v[6]), string(v[7])
	if r.Node != "" {
		r.LeaseUntil = row.Instant(int64(binary.BigEndian.Uint64(v[8])))
	}
	// What the body's documents keep must not change when the next row is read.
	return r, row.ReadBody(append([]byte(nil), v[9]...), &r, withInput)
}

// one reads the request that sql finds, or returns pgx.ErrNoRows.
func (s *Store) one(ctx context.Context, sql string, args ...any) (operation.Request, error) {
	all, err := s.all(ctx, true, sql, args...)
	if err == nil && len(all) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return operation.Request{}, err
	}
	return all[0], nil
}

func (s *Store) all(ctx context.Context, withInput bool, sql string, args ...any) (all []operation.Request, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		all = nil
		rows, err := s.readers.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := readRequest(rows.RawValues(), withInput)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	return all, err
}

// Request implements store.Requests.
func (s *Store) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return operation.Request{}, store.ErrNotFound
	}
	r, err := s.one(ctx, byToken, row.Scope(account, region), u)
	return r, found("request", err)
}

// Replay implements store.Requests.
func (s *Store) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	r, err := s.one(ctx, byClientToken, row.Scope(account, region), clientToken, oldest(now.Add(-operation.ClientTokenLife)))
	if err == nil && !stands(r, now) {
		return operation.Request{}, store.ErrNotFound
	}
	return r, found("replay", err)
}

// Lists merge a part from each table, of which both stop at the limit: $1 the scope, $2 the
// token to be below of, $3 the limit, $4 the kinds of live requests and $5 the first
// token of ended ones. live is small: there the kinds are a filter. In done each of the kinds $6 is
// a range of an index, newest first already; without $6 it takes all.
//
// Kinds are compared in rows with tokens and ordered by, although each part has one: then
// no other index gives that order. Else the planner, which sees a slice while it is empty,
// may take the primary key, and look for a few requests of a kind among all others.
const (
	list = `SELECT * FROM (
			(SELECT ` + liveColumns + ` FROM live
				WHERE scope = $1 AND token < $2 AND kind = ANY ($4::smallint[]) AND cardinality($4::smallint[]) > 0
				ORDER BY token DESC LIMIT $3)
			UNION ALL (%s)
		) AS merged ORDER BY token DESC LIMIT $3`
	ofKinds = `SELECT d.* FROM unnest($6::smallint[]) AS k (kind) CROSS JOIN LATERAL (
			SELECT ` + doneColumns + ` FROM done WHERE scope = $1 AND (kind, token) >= (k.kind, $5) AND (kind, token) < (k.kind, $2)
				AND token >= $5 AND token < $2
			ORDER BY kind DESC, token DESC LIMIT $3
		) AS d`
	ofAllKinds = `SELECT ` + doneColumns + ` FROM done WHERE scope = $1 AND token >= $5 AND token < $2 ORDER BY token DESC LIMIT $3`
)

var listKinds, listAll = fmt.Sprintf(list, ofKinds), fmt.Sprintf(list, ofAllKinds)

// allDone is the number of kinds of ended requests.
var allDone = len(row.Kinds([]operation.Status{operation.Success, operation.Failed, operation.CancelComplete}, nil))

// Requests implements store.Requests.
func (s *Store) Requests(ctx context.Context, q store.RequestQuery) (store.RequestPage, error) {
	last := [16]byte{0: 0xff} // beyond every token
	if q.After != "" {
		var ok bool
		if last, ok = operation.ParseToken(q.After); !ok {
			return store.RequestPage{}, store.ErrNotFound
		}
	}
	live, done := []int16{}, []int16{}
	for _, kind := range row.Kinds(q.Statuses, q.Operations) {
		if status, _ := row.FromKind(kind); status.Ended() {
			done = append(done, int16(kind))
		} else {
			live = append(live, int16(kind))
		}
	}
	sql, args := listAll, []any{row.Scope(q.Account, q.Region), last, q.Limit + 1, live, operation.FirstToken(q.EndedSince)}
	if len(done) < allDone {
		sql, args = listKinds, append(args, done)
	}
	all, err := s.all(ctx, false, sql, args...)
	if err != nil {
		return store.RequestPage{}, wrap("requests", err)
	}
	if len(all) > q.Limit {
		return store.RequestPage{Requests: all[:q.Limit], More: true}, nil
	}
	return store.RequestPage{Requests: all}, nil
}

const resourceColumns = `scope, type, coalesce(identifier, name), type_version, model, write_only, revision, created, updated, request, unfinished`

func (s *Store) resources(ctx context.Context, sql string, args ...any) (all []resource.Resource, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		rows, err := s.readers.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scanResource)
		return err
	})
	return all, err
}

func scanResource(from pgx.CollectableRow) (is resource.Resource, err error) {
	var (
		scope            string
		created, updated int64
		request          [16]byte
	)
	err = from.Scan(&scope, &is.TypeName, &is.Identifier, &is.TypeVersion, (*[]byte)(&is.Model), (*[]byte)(&is.WriteOnly),
		&is.Revision, &created, &updated, &request, &is.Unfinished)
	is.Request = operation.FormatToken(request)
	is.Account, is.Region = row.SplitScope(scope)
	is.Created, is.Updated = row.Instant(created), row.Instant(updated)
	return is, err
}

// Resource implements store.Ledger.
func (s *Store) Resource(ctx context.Context, k resource.Key) (resource.Resource, error) {
	all, err := s.resources(ctx, `SELECT `+resourceColumns+` FROM resource WHERE scope = $1 AND type = $2 AND name = $3`,
		row.Scope(k.Account, k.Region), k.TypeName, nameOf(k.Identifier))
	if err == nil && len(all) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return resource.Resource{}, wrap("resource", err)
	}
	return all[0], nil
}

// Resources implements store.Ledger.
func (s *Store) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	all, err := s.resources(ctx, `SELECT `+resourceColumns+` FROM resource
		WHERE scope = $1 AND type = $2 AND name > $3 AND NOT unfinished ORDER BY name LIMIT $4`,
		row.Scope(q.Account, q.Region), q.TypeName, nameOf(q.After), q.Limit+1)
	if err != nil {
		return store.ResourcePage{}, wrap("resources", err)
	}
	if len(all) > q.Limit {
		return store.ResourcePage{Resources: all[:q.Limit], More: true}, nil
	}
	return store.ResourcePage{Resources: all}, nil
}

// Unfinished implements store.Ledger.
func (s *Store) Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error) {
	all, err := s.resources(ctx, `SELECT `+resourceColumns+` FROM resource
		WHERE scope = $1 AND (type, name) > ($2, $3) AND unfinished ORDER BY type, name LIMIT $4`,
		row.Scope(account, region), after.TypeName, nameOf(after.Identifier), max)
	return all, wrap("unfinished", err)
}

// Live implements store.Store.
func (s *Store) Live(ctx context.Context) (map[operation.Status]int, error) {
	live := map[operation.Status]int{}
	err := s.read(ctx, func(ctx context.Context) error {
		clear(live)
		rows, err := s.readers.Query(ctx, `SELECT kind, count(*) FROM live GROUP BY kind`)
		if err != nil {
			return err
		}
		var kind, n int
		_, err = pgx.ForEachRow(rows, []any{&kind, &n}, func() error {
			status, _ := row.FromKind(kind)
			live[status] += n
			return nil
		})
		return err
	})
	if err != nil {
		return nil, wrap("live", err)
	}
	return live, nil
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string, value []byte) (stands []byte, err error) {
	err = s.read(ctx, func(ctx context.Context) error { // a second time does no harm
		if _, err := s.readers.Exec(ctx, `INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
			return err
		}
		return s.readers.QueryRow(ctx, `SELECT value FROM mark WHERE name = $1`, name).Scan(&stands)
	})
	return stands, wrap("mark", err)
}

// Queues implements store.Work. It hops from queue to queue on the index, however
// long they are.
func (s *Store) Queues(ctx context.Context, after store.Queue, max int) ([]store.Head, error) {
	const hop = `SELECT scope, type, claimable FROM live WHERE (scope, type) > (%s) ORDER BY scope, type, claimable LIMIT 1`
	sql := `WITH RECURSIVE head AS ((` + fmt.Sprintf(hop, `$1, $2`) + `)
		UNION ALL SELECT next.* FROM head CROSS JOIN LATERAL (` + fmt.Sprintf(hop, `head.scope, head.type`) + `) AS next)
		SELECT scope, type, claimable FROM head LIMIT $3`
	var heads []store.Head
	err := s.read(ctx, func(ctx context.Context) error {
		rows, err := s.readers.Query(ctx, sql, row.Scope(after.Account, after.Region), after.TypeName, max)
		if err != nil {
			return err
		}
		heads, err = pgx.CollectRows(rows, func(from pgx.CollectableRow) (h store.Head, err error) {
			var scope string
			var at int64
			err = from.Scan(&scope, &h.TypeName, &at)
			h.Account, h.Region = row.SplitScope(scope)
			h.Claimable = row.Instant(at)
			return h, err
		})
		return err
	})
	return heads, wrap("queues", err)
}

// Waiting implements store.Work.
func (s *Store) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	all, err := s.all(ctx, true, `SELECT `+liveColumns+` FROM live WHERE scope = $1 AND type = $2 AND claimable < $3
		ORDER BY claimable LIMIT $4`, row.Scope(q.Account, q.Region), q.TypeName, row.Nanos(before), max)
	return all, wrap("waiting", err)
}

// Place implements store.Work.
func (s *Store) Place(ctx context.Context, r operation.Request, max int) (n int, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		return s.readers.QueryRow(ctx, `SELECT count(*) FROM
			(SELECT 1 FROM live WHERE scope = $1 AND type = $2 AND claimable < $3 LIMIT $4) AS ahead`,
			row.Scope(r.Account, r.Region), r.TypeName, row.Nanos(r.Claimable()), max).Scan(&n)
	})
	return n, wrap("place", err)
}

// found tells "no such row" from a failure.
func found(verb string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	return wrap(verb, err)
}
