package auth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"example.org/groundcontrol/internal/auth"
	"github.com/google/go-cmp/cmp"
)

func TestSignSignsWhatTheCLISigns(t *testing.T) {
	ours := newRequest(t, "POST", "http://127.0.0.1:8080/", jsonBody,
		"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.CreateResource", "User-Agent: groundcontrol")
	oracle := ours.Clone(t.Context())
	auth.Sign(ours, []byte(jsonBody), testKey, "eu-west-1", "cloudcontrolapi", noon)
	sdkSign(t, oracle, jsonBody, testKey, "cloudcontrolapi", noon, "Content-Length")
	if d := cmp.Diff(oracle.Header, ours.Header); d != "" {
		t.Errorf("headers (-SDK +ours):\n%s", d)
	}
	if got := signedHeaders(ours); got != "content-type;host;x-amz-date;x-amz-target" {
		t.Errorf("signed headers %s", got)
	}
}

func TestWhatSignSignedVerifies(t *testing.T) {
	for _, c := range []struct {
		name, url string
		headers   []string
	}{
		{"JSON call", "http://127.0.0.1:8080/", []string{"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.GetResource"}},
		{"form call", "http://host.test", []string{"Content-Type: application/x-www-form-urlencoded"}},
		{"query", "http://host.test/a%20b?Action=X&b=%2B", nil},
		{"signed before", "http://host.test/", []string{"X-Amz-Date: 20200101T000000Z", "Authorization: old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, "POST", c.url, jsonBody, c.headers...)
			auth.Sign(r, []byte(jsonBody), testKey, "eu-west-1", "sts", noon)
			if _, err := newVerifier(t).Verify(received(t, r), []byte(jsonBody), noon, "sts"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnUnparsableQueryIsSignedAndRefused(t *testing.T) {
	r := newRequest(t, "POST", "http://host.test/?a=%zz", jsonBody)
	auth.Sign(r, []byte(jsonBody), testKey, "eu-west-1", "sts", noon)
	_, err := newVerifier(t).Verify(received(t, r), []byte(jsonBody), noon, "sts")
	wantError(t, err, auth.CodeInvalidSignature, "The query string of the request cannot be parsed.")
}

func TestAnonymousTakesTheRegionFromTheScope(t *testing.T) {
	for _, c := range []struct{ name, header, region, service string }{
		{"no header", "", "us-east-1", ""},
		{"other scheme", "Bearer a/b/c/d/aws4_request", "us-east-1", ""},
		{"scope", "AWS4-HMAC-SHA256 Credential=any/20260304/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=00", "eu-west-1", "sts"},
		{"nothing but the scope", "AWS4-HMAC-SHA256 Credential=any/x/eu-west-1/sts/aws4_request", "eu-west-1", "sts"},
		{"impossible region", "AWS4-HMAC-SHA256 Credential=any/x/..%2F/sts/aws4_request", "us-east-1", ""},
		{"short scope", "AWS4-HMAC-SHA256 Credential=any/x/eu-west-1", "us-east-1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Authorization", c.header)
			want := auth.Identity{
				Account: "000000000000", Region: c.region, Service: c.service,
				Arn: "arn:aws:iam::000000000000:root", UserID: "000000000000",
			}
			if d := cmp.Diff(want, auth.Anonymous(r, "us-east-1")); d != "" {
				t.Errorf("identity (-want +got):\n%s", d)
			}
		})
	}
}
