package schemafile

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// serve runs a server until the test ends.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	quiet(t)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func send(data string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, data) }
}

func TestAURLIsReadLikeAFile(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/x/CloudformationSchema.zip", send(string(pack(t, member{name: "x.json", text: "{}"}))))
	mux.Handle("/one.json", send(`{"a":1}`))
	mux.Handle("/many.json", send(`[{},{}]`))
	mux.Handle("/odd%1b.json", send(`{}`))
	mux.Handle("/page", send("\n<html>"))
	mux.Handle("/nothing", send(""))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "{}") })
	s := serve(t, mux.ServeHTTP)
	want(t, listing(t, s.URL+"/x/CloudformationSchema.zip?signature=secret", Options{}), "x.json={}")
	want(t, listing(t, s.URL+"/one.json", Options{Client: s.Client()}), `one.json={"a":1}`)
	want(t, listing(t, s.URL+"/many.json", Options{}), "many.json[0]={}", "many.json[1]={}")
	want(t, listing(t, s.URL+"/odd%1b.json", Options{}), `odd\x1b.json={}`)
	want(t, listing(t, strings.Replace(s.URL, "http", "HTTP", 1), Options{}), strings.TrimPrefix(s.URL, "http://")+"={}")
	wantError(t, listing(t, s.URL+"/page?signature=secret", Options{}), s.URL+"/page cannot be read: it is a web page or XML, not a schema: give the address")
	want(t, listing(t, s.URL+"/nothing", Options{}), "!"+s.URL+"/nothing cannot be read: it is empty")
}

func TestOnly200IsGood(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(code)
		if code >= 300 && code != 304 {
			_, _ = io.WriteString(w, "{}")
		}
	})
	for code, says := range map[int]string{
		204: "the server answers 204 No Content: check the address",
		300: "the server answers 300 Multiple Choices: check the address",
		304: "the server answers 304 Not Modified: check the address",
		401: "the server answers 401 Unauthorized: check the address, or download the file where you are signed in and give the path",
		403: "the server answers 403 Forbidden: check the address, or download the file where you are signed in and give the path",
		404: "the server answers 404 Not Found: check the address",
		429: "the server answers 429 Too Many Requests: try again later",
		503: "the server answers 503 Service Unavailable: try again later",
		599: "the server answers 599: try again later",
	} {
		src := fmt.Sprintf("%s/%d", s.URL, code)
		want(t, listing(t, src, Options{}), "!"+src+" cannot be read: "+says)
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		if n == 0 {
			if ref := r.Header.Get("Referer"); ref != "" {
				t.Errorf("the address came along: %s", ref)
			}
			_, _ = io.WriteString(w, "{}")
			return
		}
		http.Redirect(w, r, "/"+strconv.Itoa(n-1)+"?key=secret", http.StatusFound)
	})
	want(t, listing(t, s.URL+"/5", Options{}), "5={}")
	want(t, listing(t, s.URL+"/6", Options{}), "!"+s.URL+"/6 cannot be read: it redirects more than 5 times")
	lax := &http.Client{Transport: s.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	want(t, listing(t, s.URL+"/6", Options{Client: lax}), "!"+s.URL+"/6 cannot be read: it redirects more than 5 times")
}

func TestRedirectsStayOnTheSafeSide(t *testing.T) {
	plain := serve(t, send("{}"))
	to := ""
	safe := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			_, _ = io.WriteString(w, "{}")
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(safe.Close)
	for location, says := range map[string]string{
		plain.URL + "/?key=secret": "it redirects from https to http, which is not followed",
		"file:///etc/passwd":       `it redirects to an address with "file", and only http and https are followed`,
		"gopher://h/":              `it redirects to an address with "gopher", and only http and https are followed`,
	} {
		to = location
		want(t, listing(t, safe.URL, Options{Client: safe.Client()}), "!"+safe.URL+" cannot be read: "+says)
	}
	to = "/end"
	want(t, listing(t, safe.URL+"/x.json", Options{Client: safe.Client()}), "x.json={}")
	up := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, safe.URL+"/end", http.StatusFound) })
	want(t, listing(t, up.URL+"/x.json", Options{Client: safe.Client()}), "x.json={}")
}

func TestADownloadIsBounded(t *testing.T) {
	var sent int
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/says" {
			w.Header().Set("Content-Length", "1000000000")
			w.WriteHeader(http.StatusOK)
			return
		}
		for range 1000 {
			n, err := io.CopyN(w, endless{}, 64<<10)
			if sent += int(n); err != nil {
				return
			}
		}
	})
	o := Options{Limits: Limits{Archive: 256 << 10}}
	for _, path := range []string{"/says", "/does"} {
		want(t, listing(t, s.URL+path, o), "!"+s.URL+path+" cannot be read: it is larger than 256 KiB, which is the most that is read")
	}
	s.Close()
	if sent > 32<<20 {
		t.Errorf("%d bytes were sent", sent)
	}
}

func TestADownloadIsNotUnpackedOnTheWay(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding: %s", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "{}")
		_ = z.Close()
	})
	want(t, listing(t, s.URL, Options{}), "!"+s.URL+" cannot be read: it is a gzip file: unpack it and give the directory or the file in it")
}

func TestADownloadThatIsCutShortIsAnError(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "[{},")
	})
	want(t, listing(t, s.URL, Options{}), "!"+s.URL+" cannot be read: the answer is cut short: try again")
}

func TestAServerThatIsNotThere(t *testing.T) {
	s := serve(t, send(""))
	s.Close()
	got := listing(t, s.URL+"/x?key=secret", Options{})
	wantError(t, got, s.URL+"/x cannot be read: dial tcp ")
	if strings.Contains(got[0], "secret") {
		t.Error("the query is shown")
	}
}

func TestTheContextStopsADownload(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "[")
		_ = http.NewResponseController(w).Flush()
		cancel(errors.New("the user left"))
		<-r.Context().Done()
	})
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	if _, err := Open(ctx, s.URL, Options{}); err == nil || err.Error() != s.URL+" cannot be read: the user left" {
		t.Errorf("got %v", err)
	}
	empty(t, tmp)
}

// transport answers without a network, so that it can be tested with a clock of our own.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), ContentLength: -1}
}

// silent never answers.
func silent(r *http.Request) error {
	<-r.Context().Done()
	return r.Context().Err()
}

func TestAServerThatFallsSilentIsLeft(t *testing.T) {
	const says = "http://example.org cannot be read: the server sends nothing for 30s: try again"
	for name, f := range map[string]transport{
		"at once": func(r *http.Request) (*http.Response, error) { return nil, silent(r) },
		"later": func(r *http.Request) (*http.Response, error) {
			rest := readerFunc(func([]byte) (int, error) { return 0, silent(r) })
			return answer(io.MultiReader(strings.NewReader("[{}"), rest)), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := Open(t.Context(), "http://example.org", Options{Client: &http.Client{Transport: f}})
				if err == nil || err.Error() != says || time.Since(start) != idle {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestAServerThatTricklesIsLeftInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := func(r *http.Request) (*http.Response, error) {
			return answer(readerFunc(func(p []byte) (int, error) {
				select {
				case <-time.After(idle - time.Second):
					return endless{}.Read(p[:1])
				case <-r.Context().Done():
					return 0, r.Context().Err()
				}
			})), nil
		}
		_, err := Open(t.Context(), "http://example.org", Options{Client: &http.Client{Transport: transport(f)}})
		if err == nil || err.Error() != "http://example.org cannot be read: the download takes more than 15m0s: get it another way and give the path" || time.Since(start) != patience {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestASlowServerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(*http.Request) (*http.Response, error) {
			slow := readerFunc(func([]byte) (int, error) { time.Sleep(idle - time.Second); return 0, io.EOF })
			return answer(io.MultiReader(slow, strings.NewReader("{"), slow, iotest.OneByteReader(strings.NewReader("}")), slow)), nil
		}
		s, err := Open(t.Context(), "http://example.org/x.json", Options{Client: &http.Client{Transport: transport(f)}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		want(t, lines(t, s), "x.json={}")
	})
}

func TestTheClientOfTheCallerIsNotChanged(t *testing.T) {
	c := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, os.ErrPermission })}
	if _, err := Open(t.Context(), "https://example.org", Options{Client: c}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if c.CheckRedirect != nil {
		t.Error("CheckRedirect was set")
	}
}
