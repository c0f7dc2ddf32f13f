package egress

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Grant lets one child use the proxy, and remembers whom it called. It is safe for
// concurrent use.
type Grant struct {
	owner    string
	vars     map[string]string
	remove   func()
	released atomic.Bool

	mu    sync.Mutex
	open  int           // calls under way
	still chan struct{} // closed when none is any more; nil while none is
	calls []Call
}

// maxCalls is how many calls a grant remembers; those beyond it are in the log only.
const maxCalls = 32

// Variables are what the environment of the child needs so that its calls come through
// the proxy, and are known to be its own. They hold a password that is valid until
// Release; a caller without a valid one is answered 407. The map is the caller's own.
//
// The CA variables name a file that holds our CA only, not the system's roots beside it:
// children see no other CA through the proxy.
func (g *Grant) Variables() map[string]string { return maps.Clone(g.vars) }

// Release ends the grant. It may be called more than once.
func (g *Grant) Release() {
	g.released.Store(true)
	g.remove()
}

// Calls returns the first 32 calls since Calls was asked last, in the order in which they
// ended, and forgets them. A child can have its answer a moment before the proxy counts the
// call as over, so Calls waits for those under way, as long as wait.
func (g *Grant) Calls(wait time.Duration) []Call {
	g.mu.Lock()
	still := g.still
	g.mu.Unlock()
	if still != nil {
		patience := time.NewTimer(wait)
		defer patience.Stop()
		select {
		case <-still:
		case <-patience.C:
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	calls := g.calls
	g.calls = nil
	return calls
}

func (g *Grant) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == 0 {
		g.still = make(chan struct{})
	}
	g.open++
}

func (g *Grant) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open--; g.open == 0 {
		close(g.still)
		g.still = nil
	}
}

func (g *Grant) note(c Call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.calls) < maxCalls {
		g.calls = append(g.calls, c)
	}
}

// grants are found by the hash of user and password, so that the time a look-up takes
// tells nothing of them.
type grants struct {
	mu   sync.RWMutex
	live map[[sha256.Size]byte]*Grant
}

// add makes a grant for who has the user name and the password.
func (g *grants) add(owner, user string) (_ *Grant, password string) {
	password = rand.Text()
	key := sha256.Sum256([]byte(user + ":" + password))
	made := &Grant{owner: owner, remove: func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.live, key)
	}}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live[key] = made
	return made, password
}

// of returns the grant that a request's Proxy-Authorization proves, or nil.
func (g *grants) of(h http.Header) *Grant {
	scheme, text, _ := strings.Cut(h.Get("Proxy-Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.live[sha256.Sum256(pair)]
}

// userOf is owner as a user name that no client's URL parser stumbles over: a colon would
// end it, and not every client decodes a percent sign.
func userOf(owner string) string {
	user := strings.Map(func(r rune) rune {
		if r < 0x80 && isLabel(strings.ToLower(string(r))) {
			return r
		}
		return '-'
	}, owner)
	if user == "" {
		return "-"
	}
	return user[:min(len(user), 64)]
}

//go:embed preload.js
var preload []byte

const preloadFile = "preload.js"

// loopback is what children reach without the proxy: their Runtime API is there.
const loopback = "localhost,127.0.0.1,::1"

// Admit lets one more child use the proxy; owner says in calls and logs which it is. Two
// grants with the same owner have two passwords.
func (p *Proxy) Admit(owner string) *Grant {
	user := userOf(owner)
	g, password := p.grants.add(owner, user)
	proxy := (&url.URL{Scheme: "http", User: url.UserPassword(user, password), Host: p.Addr().String()}).String()
	ca := p.ca.certPath()
	g.vars = map[string]string{
		"HTTPS_PROXY": proxy, "https_proxy": proxy,
		"HTTP_PROXY": proxy, "http_proxy": proxy,
		"NO_PROXY": loopback, "no_proxy": loopback,
		"AWS_CA_BUNDLE":       ca, // AWS SDKs and CLI
		"SSL_CERT_FILE":       ca, // Go, OpenSSL, Python's ssl
		"REQUESTS_CA_BUNDLE":  ca, // Python's requests
		"CURL_CA_BUNDLE":      ca,
		"NODE_EXTRA_CA_CERTS": ca,
		// Node from 22.21 and 24.5 minds the proxy variables if told to; the preload is for
		// those before, and does nothing in these.
		"NODE_USE_ENV_PROXY": "1",
		"NODE_OPTIONS":       "--require " + nodeQuoted(filepath.Join(p.ca.dir, preloadFile)),
	}
	return g
}

// nodeQuoted is s as one word in NODE_OPTIONS.
func nodeQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
