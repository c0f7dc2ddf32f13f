package wire_test

import (
	"net/http"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/wire"
)

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// BenchmarkServe is one CreateResource without a network, with and without the check of its
// signature.
func BenchmarkServe(b *testing.B) {
	request, _ := ended(operation.InProgress, operation.Create)
	c := fake(func(string, control.Caller, any) (any, error) { return request, nil })
	body := `{"ClientToken":"terraform-20261123160107261700000001","TypeName":"AWS::Logs::LogGroup","DesiredState":"{` +
		strings.Repeat(`\"Key\":\"Value\",`, 26) + `\"Last\":1}"}`
	for name, authenticate := range map[string]wire.Authenticate{"anyone": anyone, "verified": verified(b)} {
		b.Run(name, func(b *testing.B) {
			h := wire.New(wire.Config{Control: c, Authenticate: authenticate, Log: quiet})
			r := signed{body: body}.request(b, "/")
			w := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				r.Body = readCloser{strings.NewReader(body)}
				var call wire.Call
				h.Serve(w, r, &call)
				if call.Status != http.StatusOK {
					b.Fatal(call)
				}
			}
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
