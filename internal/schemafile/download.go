package schemafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	redirects = 5
	idle      = 30 * time.Second // without a byte
	patience  = 15 * time.Minute // for all of it
)

// download asks for u and has use read the answer, if it is good and claims at most limit bytes. How much use reads is
// its own affair.
func download(ctx context.Context, u *url.URL, c *http.Client, limit int64, use func(body io.Reader) error) error {
	ctx, stop := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the download takes more than %v: get it another way and give the path", patience))
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(idle, func() { cancel(fmt.Errorf("the server sends nothing for %v: try again", idle)) })
	defer watch.Stop()

	answer, err := get(ctx, u, c)
	if err != nil {
		return whyStopped(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return status(answer.StatusCode)
	}
	if answer.ContentLength > limit {
		return tooLarge(limit)
	}
	body := &watched{ctx: ctx, r: answer.Body, watch: watch}
	err = use(body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the answer is cut short: try again")
	}
	return err
}

// get makes the request.
func get(ctx context.Context, u *url.URL, c *http.Client) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Close = true // one request is all, and no idle connection stays behind
	r.Header.Set("Accept", "application/zip, application/json, */*;q=0.5")
	r.Header.Set("Accept-Encoding", "identity") // so that the length is that of the file
	r.Header.Set("User-Agent", "groundcontrol")
	answer, err := client(c).Do(r)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return nil, e.Err // the outer text has the query of the address
	}
	return answer, err
}

// client returns a copy of c that follows our rules for redirects.
func client(c *http.Client) *http.Client {
	var own http.Client
	if c != nil {
		own = *c
	} else {
		own.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	}
	own.CheckRedirect = checkRedirect
	return &own
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	r.Header.Del("Referer") // the query of an address may be a key to it
	switch {
	case len(via) > redirects:
		return fmt.Errorf("it redirects more than %d times", redirects)
	case !web(r.URL):
		return fmt.Errorf("it redirects to an address with %q, and only http and https are followed", r.URL.Scheme)
	case r.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https":
		return errors.New("it redirects from https to http, which is not followed")
	}
	return nil
}

func web(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// status says what an answer other than 200 means for the user. The server's own words are left out: they are not ours.
func status(code int) error {
	hint := "check the address"
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		hint = "check the address, or download the file where you are signed in and give the path"
	case code >= 500 || code == http.StatusTooManyRequests:
		hint = "try again later"
	}
	text := http.StatusText(code)
	if text != "" {
		text = " " + text
	}
	return fmt.Errorf("the server answers %d%s: %s", code, text, hint)
}

// watched puts off the watch with each byte that comes.
type watched struct {
	ctx   context.Context // of the one download that this lives for
	r     io.Reader
	watch *time.Timer
}

// Read implements [io.Reader].
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.watch.Reset(idle)
	}
	if err != nil && err != io.EOF {
		err = whyStopped(w.ctx, err)
	}
	return n, err
}

// whyStopped is err, or why the context is done if it is.
func whyStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
