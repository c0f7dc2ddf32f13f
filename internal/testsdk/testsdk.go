// Package testsdk is the HTTP client that tests give to AWS's SDK for Go.
//
// The SDK closes the body of its request as soon as the answer's header is there, and
// the transport of net/http, where it is still looking whether the body has more, takes
// that for a broken request and cuts the connection. A server that answers within
// microseconds meets this now and then: the rest of an answer of more than 4 KiB is then
// lost ("use of closed network connection"). The SDK's own retries cover it; tests that
// retry nothing would fail by it.
package testsdk

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// Client returns a client that sends the SDK's requests whole, so that nothing of one is
// left to read when the answer comes. It keeps at most idle connections to each host.
func Client(timeout time.Duration, idle int) *http.Client {
	return &http.Client{Timeout: timeout, Transport: whole{&http.Transport{MaxIdleConnsPerHost: idle}}}
}

// whole is a transport that has read a request's body before it sends the request.
type whole struct{ *http.Transport }

// RoundTrip sends a copy of r whose body is one that net/http knows to be in memory.
func (t whole) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.Transport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if cerr := r.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	sent := r.Clone(r.Context())
	sent.Body = io.NopCloser(bytes.NewReader(body))
	sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return t.Transport.RoundTrip(sent)
}
