package auth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/auth"
)

// flips calls try with s changed in one bit, for each bit of s.
func flips(s string, try func(changed string)) {
	for i := range len(s) {
		for bit := range 8 {
			b := []byte(s)
			b[i] ^= 1 << bit
			try(string(b))
		}
	}
}

// TestARequestChangedInOneBitIsRefused stands for all changes on the way: none of what is signed may differ.
func TestARequestChangedInOneBitIsRefused(t *testing.T) {
	v := newVerifier(t)
	signed := newRequest(t, "POST", "http://127.0.0.1:8080/", jsonBody,
		"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: CloudApiService.CreateResource",
		"Amz-Sdk-Request: attempt=1; max=3")
	sdkSign(t, signed, jsonBody, testKey, "cloudcontrolapi", noon)
	good := received(t, signed)
	if _, err := v.Verify(good, []byte(jsonBody), noon, cloudControl...); err != nil {
		t.Fatal(err)
	}
	tried := 0
	refused := func(what string, body string, edit func(r *http.Request)) {
		tried++
		r := good.Clone(t.Context())
		edit(r)
		if id, err := v.Verify(r, []byte(body), noon, cloudControl...); err == nil || id != (auth.Identity{}) {
			t.Errorf("accepted with %s", what)
		}
	}
	flips(good.Method, func(s string) {
		refused("method "+s, jsonBody, func(r *http.Request) { r.Method = s })
	})
	flips(good.Host, func(s string) {
		refused("host "+s, jsonBody, func(r *http.Request) { r.Host = s })
	})
	flips(good.URL.Path, func(s string) {
		refused("path "+s, jsonBody, func(r *http.Request) { r.URL = &url.URL{Path: s} })
	})
	flips(jsonBody, func(s string) {
		refused("body "+s, s, func(*http.Request) {})
	})
	for name := range good.Header {
		if name == "User-Agent" { // clients do not sign it
			continue
		}
		flips(good.Header.Get(name), func(s string) {
			// The case of signed header names carries no meaning.
			if name == "Authorization" && foldList(s) == good.Header.Get(name) {
				return
			}
			refused(name+": "+s, jsonBody, func(r *http.Request) { r.Header.Set(name, s) })
		})
		flips(name, func(s string) {
			if strings.EqualFold(s, name) {
				return
			}
			refused("header name "+s, jsonBody, func(r *http.Request) {
				// Content-Length cannot be absent from what net/http hands on, only from its header map.
				if name == "Content-Length" {
					r.Header[name] = []string{"0"}
					return
				}
				r.Header[http.CanonicalHeaderKey(s)] = r.Header[name]
				delete(r.Header, name)
			})
		})
	}
	if tried < 4000 {
		t.Errorf("only %d changes tried", tried)
	}
}

// foldList makes the SignedHeaders list of the header lower case.
func foldList(authorization string) string {
	_, list, _ := strings.Cut(authorization, "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	return strings.Replace(authorization, list, strings.ToLower(list), 1)
}
