package egress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// What a route's To can be beside a URL.
const (
	Direct = "direct" // to the host itself
	Deny   = "deny"   // nowhere
)

// Route sends hosts to an endpoint. Of the routes that match a host the most specific one
// counts: the exact host, then the longest suffix, then *.
type Route struct {
	// Host is a host name or IP address, "*.suffix" for all names below suffix but not
	// suffix itself, or "*".
	Host string
	// To is Direct, Deny, or the http or https URL of an endpoint, without a path.
	To string
}

// ParseRoutes reads routes from texts, each of them either "pattern=target" or a JSON
// object of patterns and targets. It returns them in their order and in normal form
// (lower case, no dot at the end). An error names the entry and says what to write.
func ParseRoutes(texts ...string) ([]Route, error) {
	var routes []Route
	for _, text := range texts {
		read := readPair
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			read = readObject
		}
		more, err := read(text)
		if err != nil {
			return nil, err
		}
		routes = append(routes, more...)
	}
	if _, err := newTable(routes, Deny); err != nil {
		return nil, err
	}
	for i, r := range routes {
		rule, _ := newRule(r)
		routes[i] = rule.Route
	}
	return routes, nil
}

func readPair(text string) ([]Route, error) {
	host, to, ok := strings.Cut(text, "=")
	if !ok {
		return nil, fmt.Errorf("egress: route %q: no = between pattern and target; write for example *.example.com=direct", text)
	}
	return []Route{{Host: strings.TrimSpace(host), To: strings.TrimSpace(to)}}, nil
}

const objectHint = `write for example {"*.example.com": "http://127.0.0.1:5555"}`

// readObject reads token by token, because a map would lose repeated patterns.
func readObject(text string) ([]Route, error) {
	d := json.NewDecoder(strings.NewReader(text))
	_, _ = d.Token() // the brace, seen by the caller
	var routes []Route
	for d.More() {
		var r Route
		key, err := d.Token()
		if err == nil {
			r.Host, _ = key.(string) // keys are strings, or d.Token failed
			if err = d.Decode(&r.To); err != nil {
				return nil, fmt.Errorf("egress: route %q: the target is not a JSON string; %s", r.Host, objectHint)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("egress: routes as JSON: %w; %s", err, objectHint)
		}
		routes = append(routes, r)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("egress: routes as JSON: %w; %s", err, objectHint)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("egress: routes as JSON: there is more text after the object; remove it")
	}
	return routes, nil
}

// rule is a Route ready for use. Where it neither denies nor has a URL, it is direct.
type rule struct {
	Route
	exact bool
	deny  bool
	to    *url.URL
}

// routed is what a Call says of it.
func (r rule) routed() string {
	switch {
	case r.deny:
		return "denied"
	case r.to != nil:
		return r.to.Host
	default:
		return Direct
	}
}

// denial is what the handler is told of a denied host.
func (r rule) denial(host string) string {
	if r.Host != "" {
		return fmt.Sprintf("groundcontrol: calls to %s are denied by the route %s=deny; change it, or add the route %s=direct", host, r.Host, host)
	}
	return fmt.Sprintf("groundcontrol: no route for %s; add the route %s=direct, or =URL of an endpoint", host, host)
}

func newRule(r Route) (rule, error) {
	fail := func(format string, args ...any) (rule, error) {
		return rule{}, fmt.Errorf("egress: route %q: %s", r.Host+"="+r.To, fmt.Sprintf(format, args...))
	}
	made := rule{Route: r}
	switch suffix, wild := strings.CutPrefix(r.Host, "*."); {
	case r.Host == "*":
	case wild:
		name, ip, ok := canonicalHost(suffix)
		if !ok || ip {
			return fail("%q is not the suffix of host names; write for example *.example.com", suffix)
		}
		made.Host = "*." + name
	default:
		name, _, ok := canonicalHost(r.Host)
		if !ok {
			return fail("%q is not a host name or IP address (no port, no scheme, * only in front); write for example api.example.com, *.example.com or *", r.Host)
		}
		made.Host, made.exact = name, true
	}
	switch r.To {
	case Direct:
	case Deny:
		made.deny = true
	default:
		to, ok := parseTarget(r.To)
		if !ok {
			return fail("the target is not direct, deny or an http(s) URL of scheme, host and port only; write for example %s=http://127.0.0.1:5555", made.Host)
		}
		made.to, made.To = to, to.String()
	}
	return made, nil
}

func parseTarget(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#") {
		return nil, false
	}
	name, _, ok := canonicalHost(u.Hostname())
	if !ok {
		return nil, false
	}
	host := bracketed(name)
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, false
		}
		host += ":" + port
	}
	return &url.URL{Scheme: u.Scheme, Host: host}, true
}

// bracketed is host as it stands in a URL.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// canonicalHost is the one form of a host name or IP address, without port or brackets,
// and whether it is an address. Names are lower case and have no dot at the end.
func canonicalHost(text string) (host string, ip, ok bool) {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Unmap().String(), true, addr.Zone() == ""
	}
	host = strings.TrimSuffix(strings.ToLower(text), ".")
	if len(host) > 253 {
		return "", false, false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !isLabel(label) {
			return "", false, false
		}
	}
	return host, false, true
}

func isLabel(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 63
}

// table finds the rule of a host.
type table struct {
	exact  map[string]rule
	suffix map[string]rule // without "*."
	rest   rule            // of * or the default
}

func newTable(routes []Route, fallback string) (*table, error) {
	t := &table{exact: map[string]rule{}, suffix: map[string]rule{}}
	switch fallback {
	case "", Deny:
		t.rest.deny = true
	case Direct:
	default:
		return nil, fmt.Errorf("egress: default %q: write direct or deny", fallback)
	}
	seen := map[string]bool{}
	for _, route := range routes {
		r, err := newRule(route)
		if err != nil {
			return nil, err
		}
		if seen[r.Host] {
			return nil, fmt.Errorf("egress: route %q: %s has a route already; remove one of them", route.Host+"="+route.To, r.Host)
		}
		seen[r.Host] = true
		t.add(r)
	}
	return t, nil
}

func (t *table) add(r rule) {
	switch suffix, wild := strings.CutPrefix(r.Host, "*."); {
	case r.exact:
		t.exact[r.Host] = r
	case wild:
		t.suffix[suffix] = r
	default:
		t.rest = r
	}
}

// find returns the rule of a canonical host. An IP address has no suffixes.
func (t *table) find(host string) rule {
	if r, ok := t.exact[host]; ok {
		return r
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return t.rest
	}
	for _, suffix, ok := strings.Cut(host, "."); ok; _, suffix, ok = strings.Cut(suffix, ".") {
		if r, found := t.suffix[suffix]; found {
			return r
		}
	}
	return t.rest
}
