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

// readBody reads the whole body, most bytes or fewer, into x.body. Memory grows with what arrives, not with what
// was announced.
func (x *exchange) readBody(w http.ResponseWriter, most int64) error {
	r := x.r
	if r.ContentLength > most {
		w.Header()["Connection"] = []string{"close"} // do not read the rest
		return errTooLarge
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body := r.Body
	if r.ContentLength < 0 {
		body = http.MaxBytesReader(w, body, most)
	}
	err := x.readAll(body)
	x.call.In = len(x.body)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	case errors.Is(err, io.ErrUnexpectedEOF), r.Context().Err() != nil:
		return errAborted
	}
	return errNotJSON // chunks that are none
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
