package auth_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

var sink [sha256.Size]byte

func BenchmarkVerify(b *testing.B) {
	body := []byte(`{"ClientToken": "0f4a8f1e-4c55-4c64-9d0e-1f1f6f3f9b52", "TypeName": "Test::Demo::Thing", "DesiredState": "` +
		strings.Repeat("x", 490) + `"}`)
	r := newRequest(b, "POST", "http://127.0.0.1:8080/", string(body),
		"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.CreateResource", "User-Agent: aws-sdk-go-v2/1",
		"Amz-Sdk-Invocation-Id: 0f4a8f1e-4c55-4c64-9d0e-1f1f6f3f9b52", "Amz-Sdk-Request: attempt=1; max=3", "Accept-Encoding: gzip")
	sdkSign(b, r, string(body), testKey, "cloudcontrolapi", noon, "Accept-Encoding", "User-Agent")
	r = received(b, r)
	v := newVerifier(b)
	verify := func(b *testing.B) {
		if _, err := v.Verify(r, body, noon, "cloudcontrolapi", "cloudapiservice"); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verify(b)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				verify(b)
			}
		})
	})
	// What any verification must pay for: the body's hash.
	b.Run("body hash", func(b *testing.B) {
		for b.Loop() {
			sink = sha256.Sum256(body)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	r := newRequest(b, "POST", "http://127.0.0.1:8080/", jsonBody, "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.GetResource")
	b.ReportAllocs()
	for b.Loop() {
		auth.Sign(r, []byte(jsonBody), testKey, "eu-west-1", "cloudcontrolapi", time.Unix(1772625600, 0))
	}
}
