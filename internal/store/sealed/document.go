package sealed

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/store"
)

// Write implements store.Store.
func (s *Store) Write(ctx context.Context, docs []store.Document) error {
	if !slices.ContainsFunc(docs, isSecret) {
		return s.Store.Write(ctx, docs)
	}
	shut := slices.Clone(docs)
	for i, d := range shut {
		if isSecret(d) {
			shut[i].Body = s.aead.Seal(nil, nil, d.Body, documentLabel(d))
		}
	}
	return s.Store.Write(ctx, shut)
}

// Document implements store.Store.
func (s *Store) Document(ctx context.Context, kind, name string) (store.Document, error) {
	d, err := s.Store.Document(ctx, kind, name)
	if err != nil {
		return d, err
	}
	return s.openedDocument(d)
}

// Changes implements store.Store. A document that does not open fails the whole page: who
// follows a kind must not take it for one that is gone.
func (s *Store) Changes(ctx context.Context, kind string, after int64, max int) ([]store.Document, error) {
	docs, err := s.Store.Changes(ctx, kind, after, max)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		if docs[i], err = s.openedDocument(d); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func (s *Store) openedDocument(d store.Document) (store.Document, error) {
	if !isSecret(d) {
		return d, nil
	}
	plain, err := s.open(d.Body, documentLabel(d))
	if err != nil {
		return store.Document{}, fmt.Errorf("document %s of kind %s: %w", d.Name, d.Kind, err)
	}
	d.Body = plain
	return d, nil
}

// isSecret also tells apart what is removed: that has no body, and stays without one.
func isSecret(d store.Document) bool {
	return len(d.Body) > 0 && strings.HasPrefix(d.Kind, store.SecretKind)
}

// documentLabel goes into the seal, so that a body opens under its own name only.
func documentLabel(d store.Document) []byte {
	return []byte("document\x00" + d.Kind + "\x00" + d.Name)
}
