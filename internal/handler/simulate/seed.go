package simulate

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// letters are those of base32 in lower case.
const letters = "abcdefghijklmnopqrstuvwxyz234567"

const (
	lower  = "abcdefghijklmnopqrstuvwxyz0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	hex    = "0123456789abcdef"
	digits = "0123456789"
)

// seed is what made values are drawn from: the same texts give the same values.
type seed [sha256.Size]byte

func newSeed(texts ...string) seed {
	var buffer [256]byte
	b := buffer[:0]
	for _, t := range texts {
		b = append(append(b, t...), 0)
	}
	return sha256.Sum256(b)
}

// draw starts the values of one property.
func (s *seed) draw(path ...string) *source {
	var buffer [256]byte
	b := append(buffer[:0], s[:]...)
	for _, p := range path {
		b = append(append(b, '/'), p...)
	}
	sum := sha256.Sum256(b)
	return &source{rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:]))}
}

// source gives values that look random.
type source struct{ bits *rand.PCG }

// below returns a number from 0 to n-1.
func (s *source) below(n int) int { return int(s.bits.Uint64() % uint64(n)) }

// text returns n characters of the alphabet, the first of them a letter where it has any.
func (s *source) text(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.below(len(alphabet))]
	}
	if n > 0 && b[0] <= '9' {
		switch alphabet {
		case letters, lower:
			b[0] = letters[s.below(26)]
		case upper:
			b[0] = upper[s.below(26)]
		}
	}
	return string(b)
}

// uuid returns a random UUID (version 4).
func (s *source) uuid() string {
	b := []byte(s.text(36, hex))
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	b[14] = '4'
	b[19] = "89ab"[s.below(4)]
	return string(b)
}
