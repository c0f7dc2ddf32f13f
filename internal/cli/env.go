// Package cli is the client side of the command line: what points AWS's clients, and
// our own commands, at a server. It holds no logic of the API.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/durable"
)

// DefaultData is the data directory where none is named.
const DefaultData = "groundcontrol-data"

// Files of a data directory that clients read.
const (
	CredentialsFile = "credentials.json"
	endpointFile    = "endpoint"
)

// WriteEndpoint leaves the address of the running server in its data directory.
func WriteEndpoint(dir, endpoint string) error {
	if err := durable.WriteFile(filepath.Join(dir, endpointFile), []byte(endpoint+"\n"), 0o600); err != nil {
		return fmt.Errorf("endpoint file: %w", err)
	}
	return nil
}

// Env prints what points AWS's clients at the server of a data directory.
type Env struct {
	Data   string `default:"${data}" type:"path" env:"GROUNDCONTROL_DATA" placeholder:"DIR" help:"Data directory of the server. Default: ./${data}"`
	Region string `default:"us-east-1" env:"GROUNDCONTROL_REGION" help:"Region to work in: each has its own requests and resources."`
	Output string `short:"o" enum:"shell,json" default:"shell" help:"shell (to be evaluated) or json."`
}

// Run prints the variables.
func (e *Env) Run(out io.Writer) error {
	endpoint, key, err := serverOf(e.Data)
	if err != nil {
		return err
	}
	vars := [][2]string{
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_ACCESS_KEY_ID", key.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", key.SecretAccessKey},
		{"AWS_REGION", e.Region},
		{"AWS_DEFAULT_REGION", e.Region}, // what the aws CLI and boto3 read
	}
	if e.Output == "json" {
		values := map[string]string{}
		for _, v := range vars {
			values[v[0]] = v[1]
		}
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(values)
	}
	var b strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], Quote(v[1]))
	}
	b.WriteString("unset AWS_SESSION_TOKEN AWS_PROFILE\n") // they would override the keys above
	_, err = io.WriteString(out, b.String())
	return err
}

// serverOf returns where the server of a data directory is reached, and its first key.
func serverOf(dir string) (endpoint string, key auth.Key, err error) {
	path := filepath.Join(dir, CredentialsFile)
	text, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if _, kerr := os.Stat(path); errors.Is(err, os.ErrNotExist) || errors.Is(kerr, os.ErrNotExist) {
		return "", key, fmt.Errorf("no server has used %s yet: start one with `groundcontrol serve --data %s`", dir, Quote(dir))
	}
	if err != nil {
		return "", key, fmt.Errorf("endpoint file: %w", err)
	}
	keys, err := auth.LoadOrCreate(path)
	if err != nil {
		return "", key, err
	}
	return reachable(strings.TrimSpace(string(text))), keys.All()[0], nil
}

// reachable is an endpoint that clients on this machine can use: a server that
// listens on all addresses is reached by loopback.
func reachable(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.String()
}

// Quote makes s one word for a POSIX shell.
func Quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
