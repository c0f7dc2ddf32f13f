package auth

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestTheCacheOfSigningKeysIsBounded(t *testing.T) {
	var c signingKeys
	for i := range 3*maxSigningKeys + 1 {
		s := scope{"20260304", fmt.Sprintf("r-%d", i), "cloudcontrolapi"}
		c.put("AKIA", s, deriveSigningKey("secret", s))
		if len(c.keys) > maxSigningKeys {
			t.Fatalf("%d keys after %d puts", len(c.keys), i+1)
		}
		if c.get("AKIA", s) == nil {
			t.Fatalf("the key put last, %s, is not there", s.region)
		}
	}
}

func TestOnlyVerifiedRequestsFillTheCache(t *testing.T) {
	k := Key{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret", Account: RootAccount}
	keys, err := NewKeys(k)
	if err != nil {
		t.Fatal(err)
	}
	v := &Verifier{Keys: keys}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		secret string
		cached int
	}{{"wrong", 0}, {"secret", 1}} {
		r := httptest.NewRequest("POST", "/", nil)
		Sign(r, nil, Key{AccessKeyID: k.AccessKeyID, SecretAccessKey: c.secret}, "eu-west-1", "sts", now)
		_, err := v.Verify(r, nil, now, "sts")
		if len(v.derived.keys) != c.cached {
			t.Errorf("secret %q: %d keys cached, want %d (%v)", c.secret, len(v.derived.keys), c.cached, err)
		}
	}
}

func TestADateHeaderDoesInsteadOfXAmzDate(t *testing.T) {
	k := Key{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret", Account: RootAccount}
	keys, err := NewKeys(k)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, date := range []string{now.Format(http.TimeFormat), now.Format(isoBasic)} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Date", date)
		s := &scratch{names: []string{"date", "host"}}
		payload := sha256.Sum256(nil)
		if err := s.canonicalRequest(r, nil, &payload); err != nil {
			t.Fatal(err)
		}
		sc := scope{"20260304", "eu-west-1", "sts"}
		s.stringToSign("20260304T120000Z", sc)
		deriveSigningKey(k.SecretAccessKey, sc).sign(s)
		r.Header.Set("Authorization", algorithm+" Credential="+k.AccessKeyID+"/20260304/eu-west-1/sts/aws4_request"+
			", SignedHeaders=date;host, Signature="+string(s.hex[:]))
		v := &Verifier{Keys: keys}
		if _, err := v.Verify(r, nil, now, "sts"); err != nil {
			t.Errorf("%s: %v", date, err)
		}
		if _, err := v.Verify(r, nil, now.Add(time.Hour), "sts"); err == nil {
			t.Errorf("%s: accepted an hour later", date)
		}
	}
}
