package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.org/groundcontrol/internal/auth"
)

// Notices is where a command writes what is not its result.
type Notices struct{ io.Writer }

// say writes one line of ours.
func (n Notices) say(format string, args ...any) {
	_, _ = fmt.Fprintf(n, "groundcontrol: "+format+"\n", args...)
}

// Server is how our own commands find a server. What is named first counts: --data or
// GROUNDCONTROL_DATA; --endpoint, or the endpoint and the access key that AWS's clients
// take from the environment; the data directory in the current one.
type Server struct {
	Data     string   `type:"path" env:"GROUNDCONTROL_DATA" placeholder:"DIR" help:"Data directory of the server, for its address and access key. Default: what the AWS_ variables name, else ./${data}"`
	Endpoint endpoint `placeholder:"URL" help:"Address of the server. The access key is then AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or that of --data."`
	Region   string   `default:"us-east-1" env:"AWS_REGION,AWS_DEFAULT_REGION" help:"Region to work in: each has its own requests and resources."`
	Output   string   `short:"o" enum:"text,json" default:"text" help:"text, or json: what the server answered."`
}

// endpoint is the URL of a server.
type endpoint string

// UnmarshalText refuses what is no URL of a server.
func (e *endpoint) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no URL of a server: write it like http://127.0.0.1:4321", text)
	}
	*e = endpoint(strings.TrimRight(string(text), "/"))
	return nil
}

// client makes signed calls.
type client struct {
	endpoint endpoint
	key      auth.Key
	region   string
	http     http.Client
}

// client finds the server.
func (s *Server) client() (*client, error) {
	c := &client{endpoint: s.Endpoint, region: cmp.Or(s.Region, "us-east-1"), http: http.Client{Timeout: time.Minute}}
	if c.endpoint == "" && s.Data == "" {
		if named := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_CLOUDCONTROL"), os.Getenv("AWS_ENDPOINT_URL")); named != "" {
			if err := c.endpoint.UnmarshalText([]byte(named)); err != nil {
				return nil, fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
			}
		}
	}
	if c.endpoint != "" && s.Data == "" {
		c.key = auth.Key{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}
		if c.key.AccessKeyID == "" || c.key.SecretAccessKey == "" {
			return nil, fmt.Errorf("there is no access key for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the server's data directory with --data", c.endpoint)
		}
		return c, nil
	}
	at, key, err := serverOf(cmp.Or(s.Data, DefaultData))
	if err != nil {
		return nil, err
	}
	c.key, c.endpoint = key, cmp.Or(c.endpoint, endpoint(at))
	return c, nil
}

// ask makes one call and reads its answer into a value, too.
func (s *Server) ask(target string, in, into any) (json.RawMessage, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	answer, err := c.call(target, in)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return nil, fmt.Errorf("the answer of %s is none of Ground Control's: %w", c.endpoint, err)
	}
	return answer, nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// call makes one call and returns the answer's body, which is JSON.
func (c *client) call(target string, in any) (json.RawMessage, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, string(c.endpoint)+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("User-Agent", "groundcontrol")
	auth.Sign(r, body, c.key, c.region, "cloudcontrolapi", time.Now())
	answer, err := c.http.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, fmt.Errorf("no server answers at %s (%w): start one with `groundcontrol serve`, or name another with --data or --endpoint", c.endpoint, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s broke off: %w", c.endpoint, err)
	}
	if answer.StatusCode == http.StatusOK && json.Valid(text) {
		return text, nil
	}
	return nil, c.refused(answer.Status, text)
}

// refused is the error for an answer that is no success, with what to do about it where
// that can be said.
func (c *client) refused(status string, body []byte) error {
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // either case
	}
	if json.Unmarshal(body, &e) != nil || e.Type == "" {
		return fmt.Errorf("%s answers %s and no Ground Control answer: is it another server? name the right one with --data or --endpoint", c.endpoint, status)
	}
	_, name, _ := strings.Cut(e.Type, "#")
	text := inSentence(cmp.Or(e.Message, name))
	switch name {
	case "RequestTokenNotFoundException":
		text += fmt.Sprintf(" in region %s: `groundcontrol request list` shows which there are, --region looks in another", c.region)
	case "UnrecognizedClientException", "InvalidSignatureException":
		text = fmt.Sprintf("%s refuses access key %s (%s): name the server's data directory with --data, or correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
			c.endpoint, printable(c.key.AccessKeyID), name)
	case "ThrottlingException":
		text += ": try again in a moment"
	case "UnknownOperationException":
		text += fmt.Sprintf(": %s is no Ground Control server of this version", c.endpoint)
	}
	return errors.New(text)
}

// inSentence gives a text of the server the form of our own: it begins with a small
// letter and ends without a full stop.
func inSentence(text string) string {
	text = strings.TrimSuffix(printable(text), ".")
	first, n := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[n:])
	word, _, _ := strings.Cut(text, " ")
	if unicode.IsUpper(first) && unicode.IsLower(second) && !strings.Contains(word, "Exception") && !strings.Contains(word, "::") {
		return string(unicode.ToLower(first)) + text[n:]
	}
	return text
}

// printable is a text from elsewhere as a terminal may show it: on one line, and
// without anything that could steer the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// indented writes an answer as it is, indented.
func indented(out io.Writer, answer json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, answer, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(out)
	return err
}
