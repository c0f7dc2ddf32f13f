package egress

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// grant lets one child use the proxy.
type grant struct {
	owner    string
	released atomic.Bool
}

// grants are found by the hash of user and password, so that the time a look-up takes
// tells nothing of them.
type grants struct {
	mu   sync.RWMutex
	live map[[sha256.Size]byte]*grant
}

// add makes a grant; remove may be called more than once.
func (g *grants) add(owner, user string) (password string, remove func()) {
	password = rand.Text()
	made := &grant{owner: owner}
	key := sha256.Sum256([]byte(user + ":" + password))
	g.mu.Lock()
	g.live[key] = made
	g.mu.Unlock()
	return password, func() {
		made.released.Store(true)
		g.mu.Lock()
		delete(g.live, key)
		g.mu.Unlock()
	}
}

// of returns the grant that a request's Proxy-Authorization proves, or nil.
func (g *grants) of(h http.Header) *grant {
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

// Variables are what a child's environment needs so that its calls come through the
// proxy, and are known to be owner's. They hold a password that is valid until release,
// which may be called more than once; a caller without a valid one is answered 407. Two
// calls with the same owner give two passwords.
//
// The CA variables name a file that holds our CA only, not the system's roots beside it:
// children see no other CA through the proxy.
func (p *Proxy) Variables(owner string) (vars map[string]string, release func()) {
	user := userOf(owner)
	password, release := p.grants.add(owner, user)
	proxy := (&url.URL{Scheme: "http", User: url.UserPassword(user, password), Host: p.Addr().String()}).String()
	ca := p.ca.certPath()
	return map[string]string{
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
	}, release
}

// nodeQuoted is s as one word in NODE_OPTIONS.
func nodeQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
