package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

type readStatements struct {
	request, replay, resource, resources, live *sql.Stmt

	mu    sync.Mutex
	lists map[int]*sql.Stmt // by the number of ranges: at most as many as there are kinds
}

func (r *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	for s, text := range map[**sql.Stmt]string{
		&r.request:  `SELECT ` + requestColumns + ` FROM request WHERE token = ? AND scope = ?`,
		&r.replay:   `SELECT ` + requestColumns + ` FROM request WHERE scope = ? AND client_token = ?`,
		&r.resource: `SELECT ` + resourceColumns + ` FROM resource WHERE scope = ? AND type = ? AND identifier = ?`,
		&r.resources: `SELECT ` + resourceColumns + ` FROM resource
			WHERE scope = ? AND type = ? AND identifier > ? ORDER BY identifier LIMIT ?`,
		&r.live: `SELECT kind, count(*) FROM request WHERE claimable IS NOT NULL GROUP BY kind`,
	} {
		var err error
		if *s, err = db.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
	}
	return nil
}

// Request implements store.Store.
func (s *Store) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return operation.Request{}, store.ErrNotFound
	}
	r, err := scanRequest(s.read.request.QueryRowContext(ctx, u[:], scope(account, region)))
	return r, found("request", err)
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	r, err := scanRequest(s.read.replay.QueryRowContext(ctx, scope(account, region), clientToken))
	if err == nil && now.Sub(r.Accepted) >= operation.ClientTokenLife {
		return operation.Request{}, store.ErrNotFound
	}
	return r, found("replay", err)
}

// Resource implements store.Store.
func (s *Store) Resource(ctx context.Context, k resource.Key) (resource.Resource, error) {
	is, err := scanResource(s.read.resource.QueryRowContext(ctx, scope(k.Account, k.Region), k.TypeName, k.Identifier))
	return is, found("resource", err)
}

// Resources implements store.Store.
func (s *Store) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	rows, err := s.read.resources.QueryContext(ctx, scope(q.Account, q.Region), q.TypeName, q.After, q.Limit+1)
	if err != nil {
		return store.ResourcePage{}, wrap("resources", err)
	}
	all, err := scanAll(rows, scanResource)
	if err != nil {
		return store.ResourcePage{}, wrap("resources", err)
	}
	if len(all) > q.Limit {
		return store.ResourcePage{Resources: all[:q.Limit], More: true}, nil
	}
	return store.ResourcePage{Resources: all}, nil
}

// Requests implements store.Store. Each kind that the filter lets through is one
// range of the index, already newest first; SQLite merges them and stops at the limit.
func (s *Store) Requests(ctx context.Context, q store.RequestQuery) (store.RequestPage, error) {
	last := [16]byte{0: 0xff} // beyond every token
	if q.After != "" {
		var ok bool
		if last, ok = operation.ParseToken(q.After); !ok {
			return store.RequestPage{}, store.ErrNotFound
		}
	}
	since := operation.FirstToken(q.EndedSince)
	ranges := kinds(q.Statuses, q.Operations)
	values := make([]any, 0, 4*len(ranges)+1)
	for _, kind := range ranges {
		first := since
		if status, _ := fromKind(kind); !status.Ended() {
			first = [16]byte{}
		}
		values = append(values, scope(q.Account, q.Region), kind, first[:], last[:])
	}
	values = append(values, q.Limit+1)
	list, err := s.read.list(ctx, s.readers, len(ranges))
	if err != nil {
		return store.RequestPage{}, wrap("requests", err)
	}
	rows, err := list.QueryContext(ctx, values...)
	if err != nil {
		return store.RequestPage{}, wrap("requests", err)
	}
	all, err := scanAll(rows, scanListed)
	if err != nil {
		return store.RequestPage{}, wrap("requests", err)
	}
	if len(all) > q.Limit {
		return store.RequestPage{Requests: all[:q.Limit], More: true}, nil
	}
	return store.RequestPage{Requests: all}, nil
}

// list is the statement that merges n ranges. Its text is long, so it is prepared
// once for each n.
func (r *readStatements) list(ctx context.Context, db *sql.DB, n int) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stmt, ok := r.lists[n]; ok {
		return stmt, nil
	}
	const one = `SELECT ` + requestColumns + ` FROM request WHERE scope = ? AND kind = ? AND token >= ? AND token < ?`
	stmt, err := db.PrepareContext(ctx, strings.Repeat(one+` UNION ALL `, n-1)+one+` ORDER BY token DESC LIMIT ?`)
	if err != nil {
		return nil, err
	}
	if r.lists == nil {
		r.lists = map[int]*sql.Stmt{}
	}
	r.lists[n] = stmt
	return stmt, nil
}

// Live implements store.Store.
func (s *Store) Live(ctx context.Context) (map[operation.Status]int, error) {
	rows, err := s.read.live.QueryContext(ctx)
	if err != nil {
		return nil, wrap("live", err)
	}
	type count struct{ kind, n int }
	all, err := scanAll(rows, func(row scanner) (c count, err error) {
		err = row.Scan(&c.kind, &c.n)
		return c, err
	})
	if err != nil {
		return nil, wrap("live", err)
	}
	live := map[operation.Status]int{}
	for _, c := range all {
		status, _ := fromKind(c.kind)
		live[status] += c.n
	}
	return live, nil
}

func scanAll[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close() //nolint:errcheck // Err below says what went wrong
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// found tells "no such row" from a failure.
func found(verb string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return wrap(verb, err)
}
