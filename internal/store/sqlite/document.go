package sqlite

import (
	"context"

	"example.org/groundcontrol/internal/store"
)

const documentColumns = `kind, name, revision, body`

// Write implements store.Documents.
func (s *Store) Write(ctx context.Context, docs []store.Document) error {
	return wrap("write documents", s.writer.do(ctx, func(t *writeStatements) error {
		for _, d := range docs {
			var is int64
			if err := t.documentRevision.each(func(r tuple) error { return r.Scan(&is) }, d.Kind, d.Name); err != nil {
				return err
			}
			if is != d.Revision {
				return store.ErrStale
			}
		}
		for _, d := range docs {
			if _, err := t.putDocument.run(d.Kind, d.Name, d.Kind, append([]byte{}, d.Body...)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, kind, name string) (store.Document, error) {
	d, err := scanDocument(s.read.document.QueryRowContext(ctx, kind, name))
	return d, found("document", err)
}

// Changes implements store.Documents.
func (s *Store) Changes(ctx context.Context, kind string, after int64, max int) ([]store.Document, error) {
	rows, err := s.read.changes.QueryContext(ctx, kind, after, max)
	if err != nil {
		return nil, wrap("changes", err)
	}
	all, err := scanAll(rows, scanDocument)
	return all, wrap("changes", err)
}

func scanDocument(from scanner) (d store.Document, err error) {
	err = from.Scan(&d.Kind, &d.Name, &d.Revision, &d.Body)
	return d, err
}
