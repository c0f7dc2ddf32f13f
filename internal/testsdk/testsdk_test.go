package testsdk_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"example.org/groundcontrol/internal/testsdk"
)

// closing is a body as the SDK's: it can be read to its end only until it is closed.
type closing struct {
	mu     sync.Mutex
	r      *bytes.Reader
	closed bool
}

func (c *closing) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, io.ErrUnexpectedEOF
	}
	return c.r.Read(p)
}

func (c *closing) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

// Each answer is longer than what the transport reads beside its header, and the body is
// closed when that header is there, as the SDK does it.
func TestAnswersAreWholeThoughTheBodyIsClosed(t *testing.T) {
	answer := bytes.Repeat([]byte("x"), 64<<10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	client := testsdk.Client(time.Minute, 4)
	defer client.CloseIdleConnections()
	for range 500 {
		body := &closing{r: bytes.NewReader([]byte(`{"TypeName":"A::B::C"}`))}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = body.r.Size()
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = body.Close()
		read, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err != nil || !bytes.Equal(read, answer) {
			t.Fatalf("%d bytes of %d: %v", len(read), len(answer), err)
		}
	}
}
