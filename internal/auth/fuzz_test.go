package auth_test

import (
	"strings"
	"testing"

	"example.org/groundcontrol/internal/auth"
)

// FuzzAuthorizationHeader: whatever stands in the header, nobody without the secret gets in.
func FuzzAuthorizationHeader(f *testing.F) {
	r := cliRequest(f, nil)
	good := r.Header.Get("Authorization")
	head, sig, _ := strings.Cut(good, "Signature=")
	forged := head + "Signature=" + strings.Repeat("0", len(sig))
	for _, seed := range []string{
		"", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;, Signature=,",
		"Bearer x", forged, strings.ToUpper(forged), strings.Replace(forged, "host;", "host;host;", 1), head, good[:len(good)-1],
	} {
		f.Add(seed, "20260304T120000Z")
	}
	f.Add(forged, "Wed, 04 Mar 2026 12:00:00 GMT")
	f.Add(forged, "2026")
	v := newVerifier(f)
	f.Fuzz(func(t *testing.T, header, date string) {
		r := cliRequest(t, nil)
		if header == r.Header.Get("Authorization") {
			t.Skip("the fuzzer was given the genuine header")
		}
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", date)
		id, err := v.Verify(r, []byte("other body"), noon, cloudControl...)
		if e, ok := err.(*auth.Error); !ok || e.Code == "" || e.Text == "" {
			t.Fatalf("answered %v, %v", id, err)
		}
		if id := auth.Anonymous(r, "us-east-1"); len(id.Region) < 1 || len(id.Region) > 32 {
			t.Fatalf("anonymous region %q", id.Region)
		}
	})
}
