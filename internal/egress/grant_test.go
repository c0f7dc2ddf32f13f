package egress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// A child's answer may be there before the proxy counts its call as over: whoever asks for
// the calls waits for it.
func TestGrantWaitsForCallsUnderWayAndTellsEachOnce(t *testing.T) {
	finish := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		_ = http.NewResponseController(w).Flush()
		<-finish
	}))
	defer server.Close()
	p, _ := start(t, Config{Routes: []Route{{"*", server.URL}}})
	g, other := p.Admit("a"), p.Admit("b")
	defer g.Release()
	defer other.Release()
	proxy, err := url.Parse(g.Variables()["HTTP_PROXY"])
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	defer transport.CloseIdleConnections()
	got, err := (&http.Client{Transport: transport, Timeout: patience}).Get("http://made-up.test/")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if calls := g.Calls(time.Millisecond); calls != nil {
		t.Errorf("a call that is not over is told: %+v", calls)
	}
	told := make(chan []Call, 1)
	go func() { told <- g.Calls(patience) }()
	close(finish)
	if _, err := io.ReadAll(got.Body); err != nil {
		t.Error(err)
	}
	if calls := <-told; len(calls) != 1 || calls[0].Host != "made-up.test" || calls[0].Status != 200 || calls[0].Owner != "a" {
		t.Errorf("%+v", calls)
	}
	if calls := append(g.Calls(0), other.Calls(0)...); len(calls) > 0 {
		t.Errorf("told again, or of another child: %+v", calls)
	}
}

func TestGrantRemembersSoManyCalls(t *testing.T) {
	var g Grant
	for i := range 2 * maxCalls {
		g.begin()
		g.note(Call{Status: i})
		g.end()
	}
	if calls := g.Calls(0); len(calls) != maxCalls || calls[maxCalls-1].Status != maxCalls-1 {
		t.Errorf("%d calls", len(calls))
	}
}
