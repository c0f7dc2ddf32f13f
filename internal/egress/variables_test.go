package egress

import (
	"bytes"
	"context"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	p, _ := start(t, Config{})
	g := p.Admit("AWS::S3::Bucket/ä@x")
	defer g.Release()
	vars := g.Variables()
	want := []string{
		"AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS",
		"NODE_USE_ENV_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy",
	}
	if got := slices.Sorted(maps.Keys(vars)); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	u, err := url.Parse(vars["HTTPS_PROXY"])
	if err != nil || u.Host != p.Addr().String() || u.User.Username() != "AWS--S3--Bucket---x" {
		t.Errorf("proxy %v (%v)", u, err)
	}
	for _, name := range []string{"https_proxy", "HTTP_PROXY", "http_proxy"} {
		if vars[name] != vars["HTTPS_PROXY"] {
			t.Errorf("%s = %s", name, vars[name])
		}
	}
	for _, name := range []string{"AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"} {
		data, err := os.ReadFile(vars[name])
		if err != nil || !filepath.IsAbs(vars[name]) || !bytes.Equal(data, p.ca.pem) {
			t.Errorf("%s = %s (%v)", name, vars[name], err)
		}
	}
	other := p.Admit("AWS::S3::Bucket/ä@x")
	defer other.Release()
	if other.Variables()["HTTPS_PROXY"] == vars["HTTPS_PROXY"] {
		t.Error("two children have the same password")
	}
}

func TestUserNames(t *testing.T) {
	for owner, want := range map[string]string{
		"":                        "-",
		"a:b":                     "a-b",
		"A_b-9":                   "A_b-9",
		"日本":                      "--",
		strings.Repeat("x", 1000): strings.Repeat("x", 64),
	} {
		if got := userOf(owner); got != want {
			t.Errorf("userOf(%q) = %q", owner, got)
		}
	}
}

const pythonScript = `
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], data=b"body", timeout=60).read().decode())
`

const requestsScript = `
import sys, requests
print(requests.post(sys.argv[1], data=b"body", timeout=60).text)
`

const boto3Script = `
import sys, boto3
c = boto3.client("sts", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
c.meta.events.register("before-parse.sts", lambda response_dict, **kw: print(response_dict["body"].decode()))
try:
    c.get_caller_identity()
except Exception as e:
    print(e)
`

const nodeScript = `
const https = require('https');
const req = https.request(process.argv[1], { method: 'POST', agent: new https.Agent({ keepAlive: false }) }, (res) => {
  res.on('data', (d) => process.stdout.write(d));
});
req.on('error', (e) => console.log('error ' + e.message));
req.end('body');
`

const fetchScript = `
fetch(process.argv[1], { method: 'POST', body: 'body' }).then((r) => r.text()).then(console.log,
  (e) => console.log('error ' + e.message + ' ' + (e.cause && e.cause.message)));
`

// The programs get the variables and nothing else, and reach a host that does not exist.
func TestProgramsReachRoutedHostsThroughTheVariables(t *testing.T) {
	server := target(t, echo)
	dir := filepath.Join(t.TempDir(), `with "quotes" and spaces`)
	ca, err := LoadOrCreateAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		schemes []string
		needs   []string // a command that succeeds where the test can be run
		command []string // the URL is added
	}{
		{"curl", []string{"http", "https"}, []string{"curl", "--version"}, []string{"curl", "-sS", "--max-time", "60", "-d", "body"}},
		{"python3", []string{"http", "https"}, []string{"python3", "--version"}, []string{"python3", "-c", pythonScript}},
		{"requests", []string{"http", "https"}, []string{"python3", "-c", "import requests"}, []string{"python3", "-c", requestsScript}},
		{"boto3", []string{"http", "https"}, []string{"python3", "-c", "import boto3"}, []string{"python3", "-c", boto3Script}},
		{"node", []string{"https"}, []string{"node", "--version"}, []string{"node", "-e", nodeScript}},
		{"fetch", []string{"https"}, []string{"node", "-e", "if (!globalThis.fetch) process.exit(1)"}, []string{"node", "-e", fetchScript}},
	} {
		missing := exec.Command(c.needs[0], c.needs[1:]...).Run()
		for _, scheme := range c.schemes {
			t.Run(c.name+" "+scheme, func(t *testing.T) {
				skipWithout(t, c.needs, missing)
				seen := newCalls()
				p, _ := start(t, Config{CA: ca, Routes: []Route{{"*.made-up.test", server.URL}}, Observe: seen.add})
				noDial(t, p)
				g := p.Admit("child:1")
				defer g.Release()

				out := run(t, g.Variables(), append(c.command, scheme+"://api.made-up.test/x"))
				if !strings.Contains(out, "POST api.made-up.test /x") || !strings.Contains(out, "body") && c.name != "boto3" {
					t.Errorf("routed: %s", out)
				}
				call := seen.wait(t, 1)[0]
				call.Took = 0
				if want := (Call{Owner: "child:1", Host: "api.made-up.test", Method: "POST", Status: 202, Routed: server.Listener.Addr().String()}); call != want {
					t.Errorf("observed %+v", call)
				}
				if calls := g.Calls(patience); len(calls) != 1 || calls[0].Host != call.Host || calls[0].Took <= 0 {
					t.Errorf("the grant knows of %+v", calls)
				}
			})
		}
		if c.name == "boto3" || c.name == "requests" { // they retry, or need minutes
			continue
		}
		t.Run(c.name+" denied", func(t *testing.T) {
			skipWithout(t, c.needs, missing)
			p, _ := start(t, Config{CA: ca})
			noDial(t, p)
			g := p.Admit("child:1")
			defer g.Release()
			if out := run(t, g.Variables(), append(c.command, "https://other.test/x")); !strings.Contains(out, "502") {
				t.Errorf("denied: %s", out)
			}
		})
	}
}

func program(t *testing.T, check []string) {
	t.Helper()
	skipWithout(t, check, exec.Command(check[0], check[1:]...).Run())
}

// skipWithout skips a test whose program does not run, as the outcome of its check says.
func skipWithout(t *testing.T, check []string, err error) {
	t.Helper()
	if err != nil {
		t.Skipf("%s does not run here (%v): install it to run this test", strings.Join(check, " "), err)
	}
}

// run returns all that a program prints, whether it fails or not.
func run(t *testing.T, vars map[string]string, command []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	for name, value := range vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s did not end: %v", command[0], err)
	}
	return string(out)
}

// A program that checks strictly wants what x509 in Go does not ask for.
func TestOpenSSLAcceptsTheChainStrictly(t *testing.T) {
	program(t, []string{"openssl", "version"})
	a := newAuthority(t)
	leaf, err := a.leaf("api.test", a.cert.NotBefore.Add(2*clockSkew))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "leaf.pem")
	if err := os.WriteFile(path, certPEM(leaf.Certificate[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, nil, []string{"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "api.test", "-CAfile", a.certPath(), path})
	if !strings.Contains(out, ": OK") {
		t.Error(out)
	}
}
