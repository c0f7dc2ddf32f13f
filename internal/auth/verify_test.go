package auth_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// cliRequest is signed as by the aws CLI; edit may change it before that.
func cliRequest(t testing.TB, edit func(*http.Request)) *http.Request {
	t.Helper()
	r := newRequest(t, "POST", "http://127.0.0.1:8080/", jsonBody,
		"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.CreateResource")
	if edit != nil {
		edit(r)
	}
	sdkSign(t, r, jsonBody, testKey, "cloudcontrolapi", noon, "Content-Length")
	return received(t, r)
}

// replace changes the Authorization header.
func replace(old, with string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
	}
}

func authorization(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}

func TestEachFaultHasItsError(t *testing.T) {
	const (
		missing, incompl = "MissingAuthenticationTokenException", "IncompleteSignatureException"
		unknown, invalid = "UnrecognizedClientException", "InvalidSignatureException"
		noCredential     = "Authorization header requires 'Credential' parameter."
		noSignature      = "Authorization header requires 'Signature' parameter."
		noSignedHeaders  = "Authorization header requires 'SignedHeaders' parameter."
		noDate           = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
		badDate          = "The date of the request must be one value such as '20060102T150405Z'."
		badAlgorithm     = "The Authorization header must start with 'AWS4-HMAC-SHA256'; other ways to sign are not supported."
		fiveParts        = "Credential must have five parts: 'key id/date/region/service/aws4_request'."
		badRegion        = "Credential should be scoped to a region: 1 to 32 lower-case letters, digits and dashes."
		badToken         = "The security token included in the request is invalid."
		unsupported      = "Unsigned and streaming payloads are not supported: 'x-amz-content-sha256' must be the SHA-256 of the body."
	)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(name) }
	}
	type edit = func(*http.Request)
	for _, c := range []struct {
		name          string
		before, after edit // signing
		code, text    string
	}{
		{"no Authorization", nil, without("Authorization"), missing, "Request is missing Authentication Token"},
		{"empty Authorization", nil, authorization(""), missing, "Request is missing Authentication Token"},
		{"two Authorizations", nil, func(r *http.Request) { r.Header.Add("Authorization", "x") }, incompl, "The Authorization header was sent more than once."},
		{"presigned", nil, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
		}, incompl, "Presigned requests are not supported: sign with an Authorization header."},
		{"other scheme", nil, authorization("Bearer token"), incompl, badAlgorithm},
		{"other algorithm", nil, replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), incompl, badAlgorithm},
		{"no parts", nil, authorization("AWS4-HMAC-SHA256"), incompl, noCredential + " " + noSignature + " " + noSignedHeaders},
		{"no Credential", nil, replace("Credential=", "Sky="), incompl, noCredential},
		{"no Signature", nil, replace("Signature=", "Sky="), incompl, noSignature},
		{"no SignedHeaders", nil, replace("SignedHeaders=", "Sky="), incompl, noSignedHeaders},
		{"no date", nil, without("X-Amz-Date"), incompl, noDate},
		{"nothing at all", nil, func(r *http.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 ")
		}, incompl, noCredential + " " + noSignature + " " + noSignedHeaders + " " + noDate},
		{"part without value", nil, replace("Signature=", "Signature"), incompl, "The Authorization header has a part that is not 'name=value'."},
		{"empty part", nil, replace(", ", ",, "), incompl, "The Authorization header has a part that is not 'name=value'."},
		{"part twice", nil, replace(", Signature", ", Signature=00, Signature"), incompl, "The Authorization header has more than one 'Signature'."},
		{"date of no known form", nil, header("X-Amz-Date", "2026-03-04T12:00:00Z"), incompl, badDate},
		{"date with a fraction", nil, header("X-Amz-Date", "20260304T120000.0Z"), incompl, badDate},
		{"two dates", nil, func(r *http.Request) { r.Header.Add("X-Amz-Date", "20260304T120000Z") }, incompl, badDate},
		{"four parts in scope", nil, replace("/aws4_request", ""), incompl, fiveParts},
		{"six parts in scope", nil, replace("/aws4_request", "/aws4_request/x"), incompl, fiveParts},
		{"other terminator", nil, replace("aws4_request", "aws3_request"), invalid, "Credential should be scoped with a valid terminator: 'aws4_request'."},
		{"scope of yesterday", nil, replace("/20260304/", "/20260303/"), invalid, "Credential should be scoped to the date of the request: '20260304'."},
		{"no region", nil, replace("/eu-west-1/", "//"), invalid, badRegion},
		{"region in upper case", nil, replace("/eu-west-1/", "/EU/"), invalid, badRegion},
		{"region too long", nil, replace("/eu-west-1/", "/"+strings.Repeat("a", 33)+"/"), invalid, badRegion},
		{"unknown key", nil, replace(testKey.AccessKeyID, "AKIAUNKNOWN"), unknown, badToken},
		{"key before service", nil, replace(testKey.AccessKeyID+"/20260304/eu-west-1/cloudcontrolapi", "AKIA/20260304/eu-west-1/s3"), unknown, badToken},
		{"session token", header("X-Amz-Security-Token", "session"), nil, unknown, badToken},
		{"other service", nil, replace("cloudcontrolapi", "s3"), invalid, "Credential should be scoped to correct service: 'cloudcontrolapi'. "},
		{"other region than signed", nil, replace("eu-west-1", "eu-west-2"), invalid, mismatch},
		{"other key than signed", nil, replace(testKey.AccessKeyID, otherKey.AccessKeyID), invalid, mismatch},
		{"upper-case signature", nil, func(r *http.Request) {
			head, sig, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature="+strings.ToUpper(sig))
		}, invalid, mismatch},
		{"short signature", nil, replace("Signature=", "Signature=0, Old="), invalid, mismatch},
		{"host unsigned", nil, replace("host;", ""), invalid, "The header 'host' must be one of the SignedHeaders."},
		{"target unsigned", nil, replace(";x-amz-target", ""), invalid, "The header 'x-amz-target' must be one of the SignedHeaders."},
		{"date unsigned", nil, replace("x-amz-date;", ""), invalid, "The header 'x-amz-date' must be one of the SignedHeaders."},
		{"header added later", nil, header("X-Amz-Later", "1"), invalid, "The header 'x-amz-later' must be one of the SignedHeaders."},
		{"signed header twice", nil, replace("host;", "host;host;"), invalid, "A header is named more than once in SignedHeaders."},
		{"signed header absent", nil, without("Content-Type"), invalid, mismatch},
		{"payload hash of other body", header("X-Amz-Content-Sha256", strings.Repeat("0", 64)), nil, invalid, "The 'x-amz-content-sha256' header does not match the SHA-256 of the body."},
		{"unsigned payload", header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), nil, invalid, unsupported},
		{"streaming payload", header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), nil, invalid, unsupported},
		{"bad query", nil, func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, invalid, "The query string of the request cannot be parsed."},
		{"query added later", nil, func(r *http.Request) { r.URL.RawQuery = "a=b" }, invalid, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := cliRequest(t, c.before)
			if c.after != nil {
				c.after(r)
			}
			id, err := newVerifier(t).Verify(r, []byte(jsonBody), noon, cloudControl...)
			wantError(t, err, c.code, c.text)
			if id != (auth.Identity{}) {
				t.Errorf("a refused request has identity %+v", id)
			}
		})
	}
}

func TestWithoutAServiceEveryCallIsRefused(t *testing.T) {
	_, err := newVerifier(t).Verify(cliRequest(t, nil), []byte(jsonBody), noon)
	wantError(t, err, auth.CodeInvalidSignature, "Credential should be scoped to correct service: ''. ")
}

func TestSkewIsAllowedToItsLastSecond(t *testing.T) {
	for _, c := range []struct {
		name string
		skew time.Duration
		now  time.Time
		text string // empty: accepted
	}{
		{"same second", 0, noon, ""},
		{"15 min late", 0, noon.Add(15 * time.Minute), ""},
		{"15 min late and a fraction", 0, noon.Add(15*time.Minute + 999*time.Millisecond), ""},
		{"15 min 1 s late", 0, noon.Add(15*time.Minute + time.Second), "Signature expired: 20260304T120000Z is now earlier than 20260304T120001Z (20260304T121501Z - 15 min.)"},
		{"15 min early", 0, noon.Add(-15 * time.Minute), ""},
		{"15 min 1 s early", 0, noon.Add(-15*time.Minute - time.Second), "Signature not yet current: 20260304T120000Z is still later than 20260304T115959Z (20260304T114459Z + 15 min.)"},
		{"other zone", 0, noon.Add(15 * time.Minute).In(time.FixedZone("east", 7*3600)), ""},
		{"5 min allowed", 5 * time.Minute, noon.Add(301 * time.Second), "Signature expired: 20260304T120000Z is now earlier than 20260304T120001Z (20260304T120501Z - 5 min.)"},
		{"90 s allowed", 90 * time.Second, noon.Add(-91 * time.Second), "Signature not yet current: 20260304T120000Z is still later than 20260304T115959Z (20260304T115829Z + 1m30s)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerifier(t)
			v.Skew = c.skew
			_, err := v.Verify(cliRequest(t, nil), []byte(jsonBody), c.now, cloudControl...)
			if c.text != "" {
				wantError(t, err, auth.CodeInvalidSignature, c.text)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAuthorizationIsReadInAnyLayout(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*http.Request)
	}{
		{"no spaces after commas", func(r *http.Request) {
			r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), ", ", ","))
		}},
		{"signed headers in another order", replace("content-type;host;x-amz-date;x-amz-target", "x-amz-target;host;x-amz-date;content-type")},
		{"signed headers in upper case", replace("content-type;host", "Content-Type;Host")},
		{"unknown part", replace(", Signature", ", Sky=blue, Signature")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := cliRequest(t, nil)
			c.edit(r)
			if _, err := newVerifier(t).Verify(r, []byte(jsonBody), noon, cloudControl...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOneVerifierServesManyAtOnce(t *testing.T) {
	v := newVerifier(t)
	good := cliRequest(t, nil)
	bad := cliRequest(t, nil)
	replace("eu-west-1", "eu-west-2")(bad)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if _, err := v.Verify(good, []byte(jsonBody), noon, cloudControl...); err != nil {
					t.Error(err)
				}
				if _, err := v.Verify(bad, []byte(jsonBody), noon, cloudControl...); err == nil {
					t.Error("a wrong signature was accepted")
				}
			}
		})
	}
	wg.Wait()
}
