package egress

import (
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMostSpecificRouteWins(t *testing.T) {
	table, err := newTable([]Route{
		{"*", "http://any:1"},
		{"*.aws.test", "http://aws:1"},
		{"*.eu.aws.test", "http://eu:1"},
		{"sqs.eu.aws.test", "http://sqs:1"},
		{"*.closed.eu.aws.test", Deny},
		{"open.closed.eu.aws.test", Direct},
		{"*.0.1", "http://notip:1"},
		{"10.0.0.1", "http://ip:1"},
		{"[2001:DB8:0::1]", "http://six:1"},
	}, Deny)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"sqs.eu.aws.test":         "sqs:1",
		"a.sqs.eu.aws.test":       "eu:1", // an exact route says nothing of what is below
		"s3.eu.aws.test":          "eu:1",
		"eu.aws.test":             "aws:1", // a suffix does not match itself
		"aws.test":                "any:1",
		"notaws.test":             "any:1", // only whole labels
		"xaws.test":               "any:1",
		"closed.eu.aws.test":      "eu:1",
		"a.closed.eu.aws.test":    "denied",
		"open.closed.eu.aws.test": "direct",
		"test":                    "any:1",
		"10.0.0.1":                "ip:1",
		"11.0.0.1":                "any:1", // an address has no suffixes
		"a.0.1":                   "notip:1",
		"2001:db8::1":             "six:1",
	} {
		if got := table.find(host).routed(); got != want {
			t.Errorf("%s goes to %s, want %s", host, got, want)
		}
	}
}

func TestParseRoutes(t *testing.T) {
	got, err := ParseRoutes(
		"*.Example.com. = direct",
		`{"api.example.com": "HTTP://LOCALHOST:5555/", "*": "deny", "::1": "https://[::1]:8443"}`,
	)
	want := []Route{
		{"*.example.com", "direct"},
		{"api.example.com", "http://localhost:5555"},
		{"*", "deny"},
		{"::1", "https://[::1]:8443"},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if got, err := ParseRoutes(); err != nil || len(got) > 0 {
		t.Errorf("no texts: %v %v", got, err)
	}
}

func TestParseRoutesErrorsNameEntryAndNextStep(t *testing.T) {
	for text, want := range map[string][]string{
		"example.com":                       {`"example.com"`, "no =", "write for example"},
		"example.com=":                      {`"example.com="`, "write for example example.com=http://"},
		"=direct":                           {`"=direct"`, "host name", "write for example"},
		"a.*.com=direct":                    {`"a.*.com=direct"`, "host name"},
		"*.*=direct":                        {`"*.*=direct"`, "suffix", "*.example.com"},
		"*.=direct":                         {"suffix"},
		"*.10.0.0.1=direct":                 {"suffix"},
		"https://a.com=direct":              {"no scheme"},
		"a.com:443=direct":                  {"no port"},
		"bücher.example=direct":             {"host name"},
		"fe80::1%eth0=direct":               {"host name"},
		"a=ftp://b":                         {`"a=ftp://b"`, "http(s) URL", "a=http://127.0.0.1:5555"},
		"a=http://b/path":                   {"scheme, host and port only"},
		"a=http://b?":                       {"scheme, host and port only"},
		"a=http://b#":                       {"scheme, host and port only"},
		"a=http://user:x@b":                 {"scheme, host and port only"},
		"a=http://b:99999":                  {"scheme, host and port only"},
		"a=http://":                         {"scheme, host and port only"},
		"a=Direct":                          {"direct, deny"},
		`{"a": 1}`:                          {`"a"`, "not a JSON string", "write for example {"},
		`{"a": "direct"`:                    {"JSON", "write for example {"},
		`{"a": "direct",}`:                  {"JSON", "write for example {"},
		`{1: "direct"}`:                     {"JSON", "write for example {"},
		`{"a": "direct"} {}`:                {"more text", "remove"},
		`{"a": "direct", "A.": "deny"}`:     {`"A.=deny"`, "a has a route already", "remove one"},
		strings.Repeat("a", 64) + "=direct": {"host name"},
	} {
		routes, err := ParseRoutes(text)
		if err == nil {
			t.Errorf("%s: no error, but %v", text, routes)
			continue
		}
		for _, part := range append(want, "egress: ") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", text, err, part)
			}
		}
	}
	if _, err := ParseRoutes("a=deny", "b=deny", "A=direct"); err == nil || !strings.Contains(err.Error(), "a has a route already") {
		t.Errorf("repeated over texts: %v", err)
	}
}

func TestLocalAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1":          true,
		"127.255.0.9":        true,
		"::1":                true,
		"::ffff:127.0.0.1":   true,
		"0.0.0.0":            true,
		"::":                 true,
		"169.254.169.254":    true,
		"169.254.170.2":      true,
		"fe80::1%eth0":       true,
		"224.0.0.1":          true,
		"fd00:ec2::254":      true,
		"168.63.129.16":      true,
		"64:ff9b::7f00:1":    true,
		"64:ff9b::a9fe:a9fe": true,
		"64:ff9b::101:101":   false,
		"1.1.1.1":            false,
		"192.0.2.7":          false,
		"2001:db8::1":        false,
		"::ffff:192.0.2.7":   false,
	} {
		if got := isLocal(netip.MustParseAddr(addr)); got != want {
			t.Errorf("isLocal(%s) = %v", addr, got)
		}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		if addr := a.(*net.IPNet).IP.String(); !isLocal(netip.MustParseAddr(addr)) {
			t.Errorf("isLocal(%s) = false, for an address of this machine", addr)
		}
	}
}

func FuzzParseRoutes(f *testing.F) {
	for _, s := range []string{
		"a.test=direct", "*.a.test=http://127.0.0.1:1", "*=deny", `{"a": "direct", "*": "deny"}`,
		`{"a": {"b": []}}`, "::1=https://[::1]:1", "x=http://a:b@c", "*.=x", `{"a": "direct"} x`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		routes, err := ParseRoutes(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "egress: ") || routes != nil {
				t.Fatalf("%v %v", routes, err)
			}
			return
		}
		object := map[string]string{}
		for _, r := range routes {
			object[r.Host] = r.To
			again, err := ParseRoutes(r.Host + "=" + r.To)
			if err != nil || len(again) != 1 || again[0] != r {
				t.Fatalf("%+v reads back as %v (%v)", r, again, err)
			}
		}
		data, _ := json.Marshal(object)
		if again, err := ParseRoutes(string(data)); err != nil || len(again) != len(routes) {
			t.Fatalf("%s reads back as %v (%v)", data, again, err)
		}
		table, err := newTable(routes, Deny)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range routes {
			host := strings.Replace(r.Host, "*", "below", 1)
			if _, _, ok := canonicalHost(host); ok && table.find(host).Host != r.Host && table.find(host).Host != host {
				t.Fatalf("%s finds %+v, not %+v", host, table.find(host), r)
			}
		}
	})
}
