package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The worked examples that AWS publishes for Signature Version 4.
func TestPublishedExamplesVerify(t *testing.T) {
	key := auth.Key{
		AccessKeyID: "AKIDEXAMPLEAKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Account: "123456789012",
	}
	keys, err := auth.NewKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	form := "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, url, body, service string
		headers                          []string
		signed, signature                string
	}{
		{
			"get-vanilla", "GET", "https://example.amazonaws.com/", "", "service", nil,
			"host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		},
		{
			"get-vanilla-query-order-key-case", "GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "", "service", nil,
			"host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
		{
			"get-vanilla-query-unreserved", "GET",
			"https://example.amazonaws.com/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
			"", "service", nil,
			"host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
		},
		{
			"get-header-key-duplicate", "GET", "https://example.amazonaws.com/", "", "service",
			[]string{"My-Header1: value2", "My-Header1: value2", "My-Header1: value1"},
			"host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
		},
		{
			"get-header-value-trim", "GET", "https://example.amazonaws.com/", "", "service",
			[]string{"My-Header1:  value1", `My-Header2:  "a   b   c"`},
			"host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
		},
		{
			"post-vanilla", "POST", "https://example.amazonaws.com/", "", "service", nil,
			"host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
		},
		{
			"post-header-key-sort", "POST", "https://example.amazonaws.com/", "", "service",
			[]string{"My-Header1: value1"},
			"host;my-header1;x-amz-date", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
		},
		{
			"post-x-www-form-urlencoded", "POST", "https://example.amazonaws.com/", "Param1=value1", "service",
			[]string{form},
			"content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
		},
		{
			"IAM ListUsers", "GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "", "iam",
			[]string{form + "; charset=utf-8"},
			"content-type;host;x-amz-date", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			oracle := newRequest(t, c.method, c.url, c.body, c.headers...)
			oracle.ContentLength = 0
			sum := sha256.Sum256([]byte(c.body))
			creds := aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}
			err := v4.NewSigner().SignHTTP(context.Background(), creds, oracle, hex.EncodeToString(sum[:]), c.service, "us-east-1", at)
			if err != nil {
				t.Fatal(err)
			}
			if got := oracle.Header.Get("Authorization"); !strings.HasSuffix(got, c.signature) {
				t.Fatalf("the SDK signs otherwise: %s", got)
			}
			r := newRequest(t, c.method, c.url, c.body, c.headers...)
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key.AccessKeyID+"/20150830/us-east-1/"+c.service+
				"/aws4_request, SignedHeaders="+c.signed+", Signature="+c.signature)
			v := &auth.Verifier{Keys: keys}
			if _, err := v.Verify(received(t, r), []byte(c.body), at, c.service); err != nil {
				t.Error(err)
			}
		})
	}
}
