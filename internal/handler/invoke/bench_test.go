package invoke

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/provider"
	"example.org/groundcontrol/internal/schema"
)

// BenchmarkInvoke is what the way to a function on this machine and back costs, beside the function.
func BenchmarkInvoke(b *testing.B) {
	s, _, err := schema.Parse([]byte(`{"typeName":"Own::Test::Thing","description":"x","additionalProperties":false,
		"properties":{"A":{"type":"string"}},"primaryIdentifier":["/properties/A"]}`))
	if err != nil {
		b.Fatal(err)
	}
	f := httptest.NewServer(says(200, `{"status":"SUCCESS","resourceModel":{"A":"a"}}`))
	defer f.Close()
	r := New(typesAt(f.URL), nil, provider.Credentials{}, slog.New(slog.DiscardHandler))
	defer r.Close()
	call := handler.Call{Action: schema.Create, Token: "t", Account: "1", Region: "r", TypeName: s.TypeName, Schema: s, Desired: []byte(`{"A":"a"}`)}
	for b.Loop() {
		if a, err := r.Invoke(b.Context(), call); err != nil || a.Status != handler.Success {
			b.Fatalf("%+v, %v", a, err)
		}
	}
}
