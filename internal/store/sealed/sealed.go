// Package sealed wraps a store so that what only handlers may see lies encrypted in
// it: the input of live requests, the remembered write-only values, and documents of
// secret kinds. What the wrapped store returns is opened again; callers notice nothing.
package sealed

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/store"
)

// KeySize is the length of a key in bytes (AES-256).
const KeySize = 32

// ErrOpen means that a stored secret does not open: the key is another one than it
// was written with, or the database was tampered with.
var ErrOpen = errors.New("sealed: a stored secret cannot be opened with this key")

// ErrKey means that the store was first opened with another key.
var ErrKey = errors.New("sealed: the secrets in the store are sealed with another key")

// Store is a store.Store that seals secrets on their way into another one.
type Store struct {
	store.Store
	aead cipher.AEAD
}

// New wraps s. The key is KeySize random bytes, the same for the life of the database:
// the first one is remembered by something that only it opens. The error is ErrKey where
// this is another one.
func New(ctx context.Context, s store.Store, key []byte) (*Store, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("sealed: a key of %d bytes, want %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	label := []byte("the key of this store")
	lock, err := s.Mark(ctx, "sealed", aead.Seal(nil, nil, nil, label))
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	if _, err := aead.Open(nil, nil, lock, label); err != nil {
		return nil, ErrKey
	}
	return &Store{Store: s, aead: aead}, nil
}

// Accept implements store.Store.
func (s *Store) Accept(ctx context.Context, r operation.Request) (operation.Request, error) {
	shut := r
	shut.Input = s.shut(r)
	got, err := s.Store.Accept(ctx, shut)
	if got.Token == r.Token {
		got.Input = r.Input
		return got, err
	}
	return s.opened(got, err)
}

// Save implements store.Store.
func (s *Store) Save(ctx context.Context, r operation.Request, change *resource.Change) (operation.Request, error) {
	shut := r
	shut.Input = s.shut(r)
	if change != nil && change.WriteOnly != nil {
		c := *change
		c.WriteOnly = s.aead.Seal(nil, nil, c.WriteOnly, label(c.Key))
		change = &c
	}
	got, err := s.Store.Save(ctx, shut, change)
	got.Input = r.Input
	return got, err
}

// Claim implements store.Store. A request whose secrets do not open is left out, beside
// an error that names it: its lease runs out, and the log tells why.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]operation.Request, error) {
	claimed, err := s.Store.Claim(ctx, c)
	return s.allOpened(claimed, err)
}

// Waiting implements store.Store.
func (s *Store) Waiting(ctx context.Context, q store.Queue, before time.Time, max int) ([]operation.Request, error) {
	waiting, err := s.Store.Waiting(ctx, q, before, max)
	return s.allOpened(waiting, err)
}

// allOpened opens those that open.
func (s *Store) allOpened(all []operation.Request, err error) ([]operation.Request, error) {
	plain := make([]operation.Request, 0, len(all))
	for _, r := range all {
		r, oerr := s.opened(r, nil)
		if oerr != nil {
			err = errors.Join(err, oerr)
			continue
		}
		plain = append(plain, r)
	}
	return plain, err
}

// Request implements store.Store.
func (s *Store) Request(ctx context.Context, account, region, token string) (operation.Request, error) {
	return s.opened(s.Store.Request(ctx, account, region, token))
}

// Replay implements store.Store.
func (s *Store) Replay(ctx context.Context, account, region, clientToken string, now time.Time) (operation.Request, error) {
	return s.opened(s.Store.Replay(ctx, account, region, clientToken, now))
}

// Resource implements store.Store.
func (s *Store) Resource(ctx context.Context, key resource.Key) (resource.Resource, error) {
	is, err := s.Store.Resource(ctx, key)
	if err == nil {
		is.WriteOnly, err = s.open(is.WriteOnly, label(is.Key))
	}
	return is, err
}

// Resources implements store.Store.
func (s *Store) Resources(ctx context.Context, q store.ResourceQuery) (store.ResourcePage, error) {
	page, err := s.Store.Resources(ctx, q)
	for i := range page.Resources {
		if err != nil {
			break
		}
		is := &page.Resources[i]
		is.WriteOnly, err = s.open(is.WriteOnly, label(is.Key))
	}
	return page, err
}

// Unfinished implements store.Store.
func (s *Store) Unfinished(ctx context.Context, account, region string, after resource.Key, max int) ([]resource.Resource, error) {
	all, err := s.Store.Unfinished(ctx, account, region, after, max)
	for i := range all {
		if err == nil {
			all[i].WriteOnly, err = s.open(all[i].WriteOnly, label(all[i].Key))
		}
	}
	return all, err
}

// shut seals each part of the input. The token goes into the seal, so that one
// request's secrets do not open as another's.
func (s *Store) shut(r operation.Request) operation.Input {
	seal := func(b json.RawMessage, part byte) json.RawMessage {
		if b == nil {
			return nil
		}
		return s.aead.Seal(nil, nil, b, append([]byte(r.Token), part))
	}
	return operation.Input{
		Desired: seal(r.Input.Desired, 'd'), Previous: seal(r.Input.Previous, 'p'),
		Model: seal(r.Input.Model, 'm'), Callback: seal(r.Input.Callback, 'c'),
	}
}

// opened opens the input of a request that the wrapped store returned, beside a
// contract error too.
func (s *Store) opened(r operation.Request, err error) (operation.Request, error) {
	for _, part := range []struct {
		b    *json.RawMessage
		name byte
	}{{&r.Input.Desired, 'd'}, {&r.Input.Previous, 'p'}, {&r.Input.Model, 'm'}, {&r.Input.Callback, 'c'}} {
		plain, oerr := s.open(*part.b, append([]byte(r.Token), part.name))
		if oerr != nil {
			return r, errors.Join(err, fmt.Errorf("request %s: %w", r.Token, oerr))
		}
		*part.b = plain
	}
	return r, err
}

func (s *Store) open(b, label []byte) (json.RawMessage, error) {
	if b == nil {
		return nil, nil
	}
	plain, err := s.aead.Open(nil, nil, b, label)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func label(k resource.Key) []byte {
	return []byte(k.Account + "\x00" + k.Region + "\x00" + k.TypeName + "\x00" + k.Identifier)
}

// NewKey makes a fresh key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails
	return key
}
