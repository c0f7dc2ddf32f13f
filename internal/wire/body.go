package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
)

// MaxBody is the longest request body in bytes. The longest document a client may send has
// 262,144 characters, which can arrive fully escaped inside a string.
const MaxBody = 4 << 20

// errAborted means that the client left before its answer. Nobody reads the answer.
var errAborted = errors.New("wire: the client closed the connection")

// readBody reads the whole body into x.body. Memory grows with what arrives, not with what
// was announced.
func (x *exchange) readBody(w http.ResponseWriter) error {
	r := x.r
	if r.ContentLength > MaxBody {
		w.Header()["Connection"] = []string{"close"} // do not read the rest
		return errTooLarge
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	err := x.readAll(http.MaxBytesReader(w, r.Body, MaxBody))
	x.call.In = len(x.body)
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	}
	return errAborted
}

func (x *exchange) readAll(body io.Reader) error {
	for {
		if len(x.body) == cap(x.body) {
			x.body = slices.Grow(x.body, max(512, cap(x.body)))
		}
		n, err := body.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
