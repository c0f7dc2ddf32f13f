package auth_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

var (
	noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

	testKey = auth.Key{
		AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret/of+the/test+key/0123456789abcdefg",
		Account: "123456789012", Arn: "arn:aws:iam::123456789012:user/test", UserID: "AIDATEST",
	}
	otherKey = auth.Key{
		AccessKeyID: "AKIAOTHEROTHEROTHER2", SecretAccessKey: "another/secret", Account: "210987654321",
	}
	cloudControl = []string{"cloudcontrolapi", "cloudapiservice"}
)

const jsonBody = `{"TypeName": "Test::Demo::Thing", "DesiredState": "{\"Name\":\"one\"}"}`

func newVerifier(t testing.TB) *auth.Verifier {
	t.Helper()
	keys, err := auth.NewKeys(testKey, otherKey)
	if err != nil {
		t.Fatal(err)
	}
	return &auth.Verifier{Keys: keys}
}

// newRequest is an outgoing request with the given header lines.
func newRequest(t testing.TB, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Add(name, value)
	}
	return r
}

// sdkSign signs as the Go SDK does. Other clients sign fewer headers; those to leave out are named.
func sdkSign(t testing.TB, r *http.Request, body string, k auth.Key, service string, at time.Time, leaveOut ...string) {
	t.Helper()
	length := r.ContentLength
	kept := r.Header.Clone()
	for _, name := range leaveOut {
		if name == "Content-Length" {
			r.ContentLength = 0 // the signer takes it from here
		}
		r.Header.Del(name)
	}
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey}
	err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hex.EncodeToString(sum[:]), service, "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = length
	for _, name := range leaveOut {
		if v := kept[name]; v != nil {
			r.Header[name] = v
		}
	}
}

// received is r as a server reads it from the wire.
func received(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	r.Body, _ = r.GetBody()
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func signedHeaders(r *http.Request) string {
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	return list
}

// The lists are those seen on the wire from each client.
func TestRequestsOfEachClientVerify(t *testing.T) {
	sum := sha256.Sum256([]byte(jsonBody))
	target := "X-Amz-Target: CloudApiService.CreateResource"
	contentType := "Content-Type: application/x-amz-json-1.0"
	invocation := "Amz-Sdk-Invocation-Id: 0f4a8f1e-4c55-4c64-9d0e-1f1f6f3f9b52"
	attempt := "Amz-Sdk-Request: attempt=1; max=25"
	for _, c := range []struct {
		client, service, body string
		headers, leaveOut     []string
		signed                string
	}{
		{
			"aws CLI", "cloudcontrolapi", jsonBody,
			[]string{target, contentType, "Amz-Sdk-Request: attempt=1", "Accept-Encoding: identity"},
			[]string{"Content-Length", "Amz-Sdk-Request", "Accept-Encoding"},
			"content-type;host;x-amz-date;x-amz-target",
		},
		{
			"Go SDK v2", "cloudcontrolapi", jsonBody,
			[]string{target, contentType, invocation, attempt, "User-Agent: aws-sdk-go-v2/1"},
			nil,
			"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target",
		},
		{
			"Pulumi with endpoints", "cloudapiservice", jsonBody,
			[]string{target, contentType, invocation, attempt},
			nil,
			"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target",
		},
		{
			"JavaScript SDK v3", "cloudcontrolapi", jsonBody,
			[]string{
				"x-amz-target: CloudApiService.CreateResource", contentType, invocation, attempt,
				"x-amz-user-agent: aws-sdk-js/3.1141.0", "x-amz-content-sha256: " + hex.EncodeToString(sum[:]),
			},
			nil,
			"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target;x-amz-user-agent",
		},
		{
			"Go SDK v1", "cloudcontrolapi", jsonBody,
			[]string{target, contentType},
			nil,
			"content-length;content-type;host;x-amz-date;x-amz-target",
		},
		{
			"STS call of awscc", "sts", "Action=GetCallerIdentity&Version=2011-06-15",
			[]string{"Content-Type: application/x-www-form-urlencoded", invocation, attempt},
			nil,
			"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date",
		},
		{
			"odd spacing", "cloudcontrolapi", jsonBody,
			[]string{target, "Content-Type:   application/x-amz-json-1.0;   charset=utf-8  ", "X-Note:  a   b ", "X-Note: c"},
			nil,
			"content-length;content-type;host;x-amz-date;x-amz-target;x-note",
		},
	} {
		t.Run(c.client, func(t *testing.T) {
			v := newVerifier(t)
			r := newRequest(t, "POST", "http://127.0.0.1:8080/", c.body, c.headers...)
			sdkSign(t, r, c.body, testKey, c.service, noon, c.leaveOut...)
			if got := signedHeaders(r); got != c.signed {
				t.Fatalf("the oracle signed %s, the client signs %s", got, c.signed)
			}
			want := auth.Identity{
				Account: "123456789012", Region: "eu-west-1", Arn: "arn:aws:iam::123456789012:user/test",
				UserID: "AIDATEST", AccessKeyID: "AKIATESTTESTTESTTEST", Service: c.service,
			}
			for range 2 { // the second time with a cached signing key
				got, err := v.Verify(received(t, r), []byte(c.body), noon, "cloudcontrolapi", "cloudapiservice", "sts")
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("identity (-want +got):\n%s", d)
				}
			}
		})
	}
}

func TestPathsAndQueriesVerify(t *testing.T) {
	for _, url := range []string{
		"http://host.test", "http://host.test/a/b%20c", "http://host.test/a%2Fb/~x", "http://host.test/é",
		"http://host.test//a/../b", "http://host.test/?Action=CreateResource", "http://host.test/?b=2&a=2&a=1&c",
		"http://host.test/?q=a%20b%2Bc%26d&é=*", "http://host.test:80/", "https://host.test:443/", "http://[::1]:99/",
	} {
		r := newRequest(t, "POST", url, jsonBody)
		sdkSign(t, r, jsonBody, testKey, "cloudcontrolapi", noon)
		if _, err := newVerifier(t).Verify(received(t, r), []byte(jsonBody), noon, cloudControl...); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestManyAndLongHeadersVerify(t *testing.T) {
	r := newRequest(t, "POST", "http://host.test/", jsonBody, "X-"+strings.Repeat("Long-", 20)+"Name: 1")
	for _, letter := range "ABCDEFGHIJKLMNOPQRST" {
		r.Header.Set("X-Amz-Meta-"+string(letter), "value")
	}
	sdkSign(t, r, jsonBody, testKey, "cloudcontrolapi", noon)
	r = received(t, r)
	v := newVerifier(t)
	if _, err := v.Verify(r, []byte(jsonBody), noon, cloudControl...); err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Meta-Z", "value")
	_, err := v.Verify(r, []byte(jsonBody), noon, cloudControl...)
	wantError(t, err, auth.CodeInvalidSignature, "The header 'x-amz-meta-z' must be one of the SignedHeaders.")
}

func TestASignedContentLengthVerifiesAfterAProxyChangedTheFraming(t *testing.T) {
	r := newRequest(t, "POST", "http://host.test/", jsonBody)
	sdkSign(t, r, jsonBody, testKey, "cloudcontrolapi", noon)
	r.ContentLength = -1
	r = received(t, r)
	if len(r.TransferEncoding) == 0 || r.Header.Get("Content-Length") != "" {
		t.Fatal("the request is not chunked")
	}
	if _, err := newVerifier(t).Verify(r, []byte(jsonBody), noon, cloudControl...); err != nil {
		t.Error(err)
	}
}

// A whole SDK client against a whole HTTP server.
func TestTheGoSDKIsVerifiedOverTheNetwork(t *testing.T) {
	v := newVerifier(t)
	var caller auth.Identity
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			caller, err = v.Verify(r, body, time.Now(), "cloudcontrolapi", "sts")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if caller.Service == "sts" {
			_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	creds := credentials.NewStaticCredentialsProvider(testKey.AccessKeyID, testKey.SecretAccessKey, "")
	config := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: creds, RetryMaxAttempts: 1}

	_, err := cloudcontrol.NewFromConfig(config).GetResource(t.Context(),
		&cloudcontrol.GetResourceInput{TypeName: aws.String("Test::Demo::Thing"), Identifier: aws.String("one")})
	if err != nil || caller.Region != "eu-central-1" || caller.Service != "cloudcontrolapi" {
		t.Errorf("cloudcontrol: %v, caller %+v", err, caller)
	}
	_, err = sts.NewFromConfig(config).GetCallerIdentity(t.Context(), nil)
	if err != nil || caller.Service != "sts" {
		t.Errorf("sts: %v, caller %+v", err, caller)
	}
}

// wantError fails the test unless err is the given refusal.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if d := cmp.Diff(auth.Error{Code: code, Text: text}, *e); d != "" {
		t.Errorf("error (-want +got):\n%s", d)
	}
	if got := err.Error(); got != code+": "+text {
		t.Errorf("printed as %q", got)
	}
}
