package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
)

// maxSigningKeys bounds the cache. Callers use a few regions and one or two dates, so reaching it is
// unusual and dropping everything is cheap enough.
const maxSigningKeys = 1024

// signingKey is the key derived for one access key and scope.
type signingKey struct {
	region, service string    // copies: not tied to the memory of the first request
	macs            sync.Pool // of hash.Hash, ready to write to
}

func deriveSigningKey(secret string, s scope) *signingKey {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	k := &signingKey{region: strings.Clone(s.region), service: strings.Clone(s.service)}
	k.macs.New = func() any { return hmac.New(sha256.New, key) }
	return k
}

// sign writes the signature of s.text to s.hex.
func (k *signingKey) sign(s *scratch) {
	mac := k.macs.Get().(hash.Hash)
	mac.Write(s.text)
	s.mac = mac.Sum(s.mac[:0])
	mac.Reset()
	k.macs.Put(mac)
	hex.Encode(s.hex[:], s.mac)
}

// signingKeys keeps derived keys. Only those that have verified a request get in, so nobody without a
// secret can fill it. The zero value is ready.
type signingKeys struct {
	mu   sync.RWMutex
	keys map[signingKeyID]*signingKey
}

type signingKeyID struct {
	keyID string
	scope scope
}

func (c *signingKeys) get(keyID string, s scope) *signingKey {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.keys[signingKeyID{keyID, s}]
}

func (c *signingKeys) put(keyID string, s scope, k *signingKey) {
	id := signingKeyID{strings.Clone(keyID), scope{strings.Clone(s.date), k.region, k.service}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxSigningKeys {
		c.keys = make(map[signingKeyID]*signingKey)
	}
	c.keys[id] = k
}
