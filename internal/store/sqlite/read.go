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
	"example.org/groundcontrol/internal/store/row"
)

type readStatements struct {
	request, replay, resource, resources, unfinished, live, head, waiting, place, document, changes *sql.Stmt

	mu    sync.Mutex
	lists map[int]*sql.Stmt // by the number of ranges: at most as many as there are kinds
}

func (r *readStatements) prepare(ctx context.Context, db, queues *sql.DB) error {
	for s, text := range map[**sql.Stmt]string{
		&r.request:  `SELECT ` + requestColumns + ` FROM request WHERE token = ? AND scope = ?`,
		&r.replay:   `SELECT ` + requestColumns + ` FROM request WHERE scope = ? AND client_token = ?`,
		&r.resource: `SELECT ` + resourceColumns + ` FROM resource WHERE scope = ? AND type = ? AND identifier = ?`,
		&r.resources: `SELECT ` + resourceColumns + ` FROM resource
			WHERE scope = ? AND type = ? AND identifier > ? AND NOT unfinished ORDER BY identifier LIMIT ?`,
		&r.unfinished: `SELECT ` + resourceColumns + ` FROM resource
			WHERE scope = ? AND (type, identifier) > (?, ?) AND unfinished ORDER BY type, identifier LIMIT ?`,
		&r.live:    `SELECT kind, count(*) FROM request WHERE claimable IS NOT NULL GROUP BY kind`,
		&r.waiting: waiting,
		&r.place: `SELECT count(*) FROM
			(SELECT 1 FROM request WHERE scope = ? AND type = ? AND claimable < ? AND claimable IS NOT NULL LIMIT ?)`,
		&r.document: `SELECT ` + documentColumns + ` FROM document WHERE kind = ? AND name = ? AND length(body) > 0`,
		&r.changes:  `SELECT ` + documentColumns + ` FROM document WHERE kind = ? AND revision > ? ORDER BY revision LIMIT ?`,
	} {
		var err error
		if *s, err = db.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
	}
	const head = `SELECT scope, type, claimable FROM request WHERE claimable IS NOT NULL AND (scope, type) > (?, ?)
		ORDER BY scope, type, claimable LIMIT 1`
	var err error
	r.head, err = queues.PrepareContext(ctx, head)
	return err
}

// Request implements store.Store.
func (s *Store) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	u, ok := operation.ParseToken(token)
	if !ok {
		return operation.Request{}, store.ErrNotFound
	}
	r, err := scanRequest(s.read.request.QueryRowContext(ctx, u[:], row.Scope(account, region)))
	return r, found("request", err)
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	r, err := scanRequest(s.read.replay.QueryRowContext(ctx, row.Scope(account, region), clientToken))
	if err == nil && now.Sub(r.Accepted) >= operation.ClientTokenLife {
		return operation.Request{}, store.ErrNotFound
	}
	return r, found("replay", err)
}

// Resource implements store.Store.
func (s *Store) Resource(ctx context.Context, k resource.Key) (resource.Resource, error) {
	is, err := scanResource(s.read.resource.QueryRowContext(ctx, row.Scope(k.Account, k.Region), k.TypeName, k.Identifier))
	return is, found("resource", err)
}

// Resources implements store.Store.
func (s *Store) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	rows, err := s.read.resources.QueryContext(ctx, row.Scope(q.Account, q.Region), q.TypeName, q.After, q.Limit+1)
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

// Unfinished implements store.Store.
func (s *Store) Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error) {
	rows, err := s.read.unfinished.QueryContext(ctx, row.Scope(account, region), after.TypeName, after.Identifier, max)
	if err != nil {
		return nil, wrap("unfinished", err)
	}
	all, err := scanAll(rows, scanResource)
	return all, wrap("unfinished", err)
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
	ranges := row.Kinds(q.Statuses, q.Operations)
	values := make([]any, 0, 4*len(ranges)+1)
	for _, kind := range ranges {
		first := since
		if status, _ := row.FromKind(kind); !status.Ended() {
			first = [16]byte{}
		}
		values = append(values, row.Scope(q.Account, q.Region), kind, first[:], last[:])
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
	all, err := scanAll(rows, func(from scanner) (c count, err error) {
		err = from.Scan(&c.kind, &c.n)
		return c, err
	})
	if err != nil {
		return nil, wrap("live", err)
	}
	live := map[operation.Status]int{}
	for _, c := range all {
		status, _ := row.FromKind(c.kind)
		live[status] += c.n
	}
	return live, nil
}

// Queues implements store.Work. It hops from queue to queue on the index, however
// long they are.
func (s *Store) Queues(ctx context.Context, after store.Queue, max int) ([]store.Head, error) {
	var heads []store.Head
	in, name := row.Scope(after.Account, after.Region), after.TypeName
	for len(heads) < max {
		var at int64
		err := s.read.head.QueryRowContext(ctx, in, name).Scan(&in, &name, &at)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, wrap("queues", err)
		}
		h := store.Head{Claimable: row.Instant(at)}
		h.TypeName = name
		h.Account, h.Region = row.SplitScope(in)
		heads = append(heads, h)
	}
	return heads, nil
}

// Waiting implements store.Work.
func (s *Store) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	rows, err := s.read.waiting.QueryContext(ctx, row.Scope(q.Account, q.Region), q.TypeName, row.Nanos(before), max)
	if err != nil {
		return nil, wrap("waiting", err)
	}
	all, err := scanAll(rows, scanRequest)
	return all, wrap("waiting", err)
}

// Place implements store.Work.
func (s *Store) Place(ctx context.Context, r operation.Request, max int) (n int, err error) {
	err = s.read.place.QueryRowContext(ctx, row.Scope(r.Account, r.Region), r.TypeName, row.Nanos(r.Claimable()), max).Scan(&n)
	return n, wrap("place", err)
}

// Watch implements store.Work: no other process has the file.
func (s *Store) Watch(ctx context.Context, _ func(store.Hint)) error {
	<-ctx.Done()
	return ctx.Err()
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
