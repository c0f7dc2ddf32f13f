package operation

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewToken makes a RequestToken: a UUIDv7 (RFC 9562) in lower case, of the time at
// and eight random bytes. The twelve bits after the milliseconds hold the fraction
// of the millisecond, so that tokens sort by acceptance down to 0.25 µs.
func NewToken(at time.Time, random [8]byte) string {
	var u [16]byte
	ms := at.UnixMilli()
	binary.BigEndian.PutUint64(u[:8], uint64(ms)<<16)
	fraction := uint16(at.Sub(time.UnixMilli(ms)).Nanoseconds() * 4096 / int64(time.Millisecond))
	binary.BigEndian.PutUint16(u[6:8], 0x7000|fraction&0x0fff)
	copy(u[8:], random[:])
	u[8] = u[8]&0x3f | 0x80
	return FormatToken(u)
}

// FormatToken writes a token's 16 bytes in the canonical form: lower case, with dashes.
func FormatToken(u [16]byte) string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], u[10:16])
	return string(b[:])
}

// ParseToken returns the 16 bytes of a token in canonical form. Any other text, a
// UUID in capitals too, is no token of ours and gives false.
func ParseToken(s string) (u [16]byte, ok bool) {
	if len(s) != 36 {
		return u, false
	}
	var b [32]byte
	n := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return u, false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			b[n] = c
			n++
		default:
			return u, false
		}
	}
	_, err := hex.Decode(u[:], b[:])
	return u, err == nil
}

// FirstToken returns the smallest token that a request accepted at or after t can
// have, to bound ranges of tokens by time.
func FirstToken(t time.Time) [16]byte {
	var u [16]byte
	if ms := t.UnixMilli(); ms > 0 {
		binary.BigEndian.PutUint64(u[:8], uint64(ms)<<16)
	}
	return u
}
