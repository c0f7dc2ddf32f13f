package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestABodyIsReadIntoMemoryThatGrowsWithIt(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 4096, 4097, 70_000} {
		body := strings.Repeat("x", size)
		x := exchange{r: httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), call: new(Call)}
		if err := x.readBody(httptest.NewRecorder(), MaxBody); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(body, string(x.body)); d != "" || x.call.In != size {
			t.Errorf("%d bytes: got %d, %s", size, x.call.In, d)
		}
	}
}

func TestWhyABodyDoesNotArrive(t *testing.T) {
	for _, c := range []struct {
		err, want error
	}{
		{os.ErrDeadlineExceeded, errTooSlow},
		{io.ErrUnexpectedEOF, errAborted},
		{&http.MaxBytesError{Limit: MaxBody}, errTooLarge},
		{errors.New("malformed chunked encoding"), errNotJSON},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), iotest.ErrReader(c.err)))
		x := exchange{r: r, call: new(Call)}
		if err := x.readBody(httptest.NewRecorder(), MaxBody); err != c.want || x.call.In != 1 {
			t.Errorf("%v: got %v after %d bytes, want %v", c.err, err, x.call.In, c.want)
		}
	}
}
