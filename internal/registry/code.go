package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"example.org/groundcontrol/internal/store"
)

// codeKind is the kind of the documents that zips with code are kept in, in parts.
const codeKind = "code"

// The bounds of stored code: what one part may hold, and how many there may be.
const (
	MaxPart  = 2 << 20
	MaxParts = 128
)

// ErrCode means that the code of a version is not there whole.
var ErrCode = errors.New("registry: the code is not there, or is not what its digest says")

func partName(digest string, part int) string { return fmt.Sprintf("%s/%04d", digest, part) }

// PutCode stores one part of a zip with the given SHA-256, the first being 0; a part that
// is there already stays. Errors: ErrCode for a part that cannot be one, else the store's.
func (r *Registry) PutCode(ctx context.Context, digest string, part int, data []byte) error {
	if sum, err := hex.DecodeString(digest); err != nil || len(sum) != sha256.Size || part < 0 || part >= MaxParts || len(data) == 0 || len(data) > MaxPart {
		return ErrCode
	}
	err := r.docs.Write(ctx, []store.Document{{Kind: codeKind, Name: partName(digest, part), Body: data}})
	if errors.Is(err, store.ErrStale) {
		return nil // it is there
	}
	if err != nil {
		return fmt.Errorf("registry: store code: %w", err)
	}
	return nil
}

// Zip returns the zip with the code of a version, or ErrCode.
func (r *Registry) Zip(ctx context.Context, c Code) ([]byte, error) {
	var all bytes.Buffer
	if err := r.copyCode(ctx, &all, c); err != nil {
		return nil, err
	}
	return all.Bytes(), nil
}

// CheckCode tells whether the code of a version is there whole: nil, or ErrCode.
func (r *Registry) CheckCode(ctx context.Context, c Code) error {
	return r.copyCode(ctx, io.Discard, c)
}

// copyCode writes the zip, one part at a time. The error is ErrCode where it was not all.
func (r *Registry) copyCode(ctx context.Context, to io.Writer, c Code) error {
	sum := sha256.New()
	for part := range c.Parts {
		d, err := r.docs.Document(ctx, codeKind, partName(c.Digest, part))
		if errors.Is(err, store.ErrNotFound) {
			return ErrCode
		}
		if err != nil {
			return fmt.Errorf("registry: code: %w", err)
		}
		_, _ = sum.Write(d.Body) // a hash takes all
		if _, err := to.Write(d.Body); err != nil {
			return fmt.Errorf("registry: code: %w", err)
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != c.Digest {
		return ErrCode
	}
	return nil
}
