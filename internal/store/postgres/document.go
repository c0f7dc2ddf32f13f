package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/groundcontrol/internal/store"
)

const documentColumns = `kind, name, revision, body`

// Write implements store.Documents.
func (s *Store) Write(ctx context.Context, docs []store.Document) error {
	if s.closing.Err() != nil {
		return errClosed
	}
	var err error
	for range 3 {
		err = s.bounded(ctx, func(ctx context.Context) error {
			return pgx.BeginFunc(ctx, s.readers, func(tx pgx.Tx) error { return writeDocuments(ctx, tx, docs) })
		})
		if c := code(err); c != "40001" && c != "40P01" {
			break
		}
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return wrap("write documents", late(err))
}

// writeDocuments writes all or fails. Writers come one after the other, by the row that
// holds the last revision.
func writeDocuments(ctx context.Context, tx pgx.Tx, docs []store.Document) error {
	var last int64
	err := tx.QueryRow(ctx, `UPDATE document_revision_given SET revision = revision + $1 RETURNING revision`, len(docs)).Scan(&last)
	if err != nil {
		return err
	}
	var b pgx.Batch
	stale := false
	for i, d := range docs {
		b.Queue(`INSERT INTO document (kind, name, revision, body) SELECT $1, $2, $3, $4 WHERE $5 = 0
				OR EXISTS (SELECT FROM document WHERE kind = $1 AND name = $2)
			ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision, body = excluded.body
			WHERE CASE WHEN length(document.body) = 0 THEN 0 ELSE document.revision END = $5`,
			d.Kind, d.Name, last-int64(len(docs)-1-i), append([]byte{}, d.Body...), d.Revision).
			Exec(func(tag pgconn.CommandTag) error {
				stale = stale || tag.RowsAffected() == 0
				return nil
			})
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if stale {
		return store.ErrStale
	}
	return nil
}

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, kind, name string) (store.Document, error) {
	all, err := s.documents(ctx, `SELECT `+documentColumns+` FROM document WHERE kind = $1 AND name = $2 AND length(body) > 0`, kind, name)
	switch {
	case err != nil:
		return store.Document{}, wrap("document", err)
	case len(all) == 0:
		return store.Document{}, store.ErrNotFound
	}
	return all[0], nil
}

// Changes implements store.Documents.
func (s *Store) Changes(ctx context.Context, kind string, after int64, max int) ([]store.Document, error) {
	all, err := s.documents(ctx, `SELECT `+documentColumns+` FROM document WHERE kind = $1 AND revision > $2 ORDER BY revision LIMIT $3`, kind, after, max)
	return all, wrap("changes", err)
}

func (s *Store) documents(ctx context.Context, sql string, args ...any) (all []store.Document, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		rows, err := s.readers.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(from pgx.CollectableRow) (d store.Document, err error) {
			err = from.Scan(&d.Kind, &d.Name, &d.Revision, &d.Body)
			return d, err
		})
		return err
	})
	return all, err
}
