package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

const (
	keyID  = "AKIATESTTESTTESTTEST"
	secret = "a secret"
)

// served answers calls that are signed with the key, and notes what was asked.
type served struct {
	*httptest.Server
	answer         string
	status         int
	target, region string
	body           string
}

func serve(t *testing.T, status int, answer string) *served {
	t.Helper()
	keys, err := auth.NewKeys(auth.Key{AccessKeyID: keyID, SecretAccessKey: secret, Account: auth.RootAccount})
	if err != nil {
		t.Fatal(err)
	}
	v := &auth.Verifier{Keys: keys}
	s := &served{status: status, answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		id, err := v.Verify(r, body, time.Now(), "cloudcontrolapi")
		if err != nil {
			t.Errorf("the signature does not verify: %v", err)
		}
		s.target, s.region, s.body = r.Header.Get("X-Amz-Target"), id.Region, string(body)
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// alone lets no variable of the outside reach the test.
func alone(t *testing.T) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "GROUNDCONTROL_") {
			t.Setenv(name, "")
		}
	}
}

func TestCallsAreSignedForTheRegion(t *testing.T) {
	alone(t)
	s := serve(t, http.StatusOK, `{"A": 1}`)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	at := Server{Endpoint: endpoint(s.URL), Region: "eu-north-1"}
	c, err := at.client()
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.call("GroundControl.ResumeRequest", one{"t"}.input())
	if err != nil || string(got) != `{"A": 1}` {
		t.Errorf("%s, %v", got, err)
	}
	if s.target != "GroundControl.ResumeRequest" || s.region != "eu-north-1" || s.body != `{"RequestToken":"t"}` {
		t.Errorf("asked %s in %s: %s", s.target, s.region, s.body)
	}
}

func TestWhereTheServerIsFound(t *testing.T) {
	data := t.TempDir()
	if _, err := auth.LoadOrCreate(filepath.Join(data, CredentialsFile)); err != nil {
		t.Fatal(err)
	}
	if err := WriteEndpoint(data, "http://0.0.0.0:4321"); err != nil {
		t.Fatal(err)
	}
	of := map[string]string{"AWS_ACCESS_KEY_ID": keyID, "AWS_SECRET_ACCESS_KEY": secret}
	both := map[string]string{
		"AWS_ACCESS_KEY_ID": keyID, "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_ENDPOINT_URL": "http://general:1", "AWS_ENDPOINT_URL_CLOUDCONTROL": "http://special:1/",
	}
	for _, c := range []struct {
		name     string
		at       Server
		env      map[string]string
		endpoint endpoint
		env1     bool // the key is the environment's
		err      string
	}{
		{"flag", Server{Endpoint: "http://flag:1"}, of, "http://flag:1", true, ""},
		{"flag over environment", Server{Endpoint: "http://flag:1"}, both, "http://flag:1", true, ""},
		{"environment", Server{}, both, "http://special:1", true, ""},
		{"directory", Server{Data: data}, nil, "http://127.0.0.1:4321", false, ""},
		{"directory over environment", Server{Data: data}, both, "http://127.0.0.1:4321", false, ""},
		{"flag with the directory's key", Server{Data: data, Endpoint: "http://flag:1"}, of, "http://flag:1", false, ""},
		{"no key", Server{Endpoint: "http://flag:1"}, nil, "", false, "there is no access key for http://flag:1"},
		{"no directory", Server{Data: filepath.Join(data, "none")}, both, "", false, "no server has used"},
		{"nothing", Server{}, of, "", false, "no server has used groundcontrol-data yet"},
		{"bad variable", Server{}, map[string]string{"AWS_ENDPOINT_URL": "nowhere"}, "", false, "AWS_ENDPOINT_URL: \"nowhere\" is no URL of a server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			alone(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			got, err := c.at.client()
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || got.endpoint != c.endpoint || (got.key.AccessKeyID == keyID) != c.env1 || got.region != "us-east-1" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestRefusalsNameTheNextStep(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	for _, c := range []struct {
		name, answer string
		status       int
		want         string // after the server's own address
	}{
		{
			"token", `{"__type":"com.amazon.cloudapiservice#RequestTokenNotFoundException","Message":"Request with token x was not found"}`, 400,
			"request with token x was not found in region us-east-1: `groundcontrol request list` shows which there are, --region looks in another",
		},
		{
			"key", `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}`, 400,
			" refuses access key " + keyID + " (UnrecognizedClientException): name the server's data directory with --data, or correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		},
		{
			"older server", `{"__type":"com.amazon.coral.service#UnknownOperationException"}`, 400,
			" is no Ground Control server of this version",
		},
		{
			"other refusal", `{"__type":"com.amazon.coral.validate#ValidationException","message":"Request x is already in status FAILED"}`, 400,
			"request x is already in status FAILED",
		},
		{
			"another server", `<html>`, 404,
			" answers 404 Not Found and no Ground Control answer: is it another server? name the right one with --data or --endpoint",
		},
		{
			"a page", `<html>`, 200,
			" answers 200 OK and no Ground Control answer: is it another server? name the right one with --data or --endpoint",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.status, c.answer)
			at := Server{Endpoint: endpoint(s.URL)}
			client, err := at.client()
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.call("GroundControl.DescribeRequest", one{"x"}.input())
			if err == nil || strings.TrimPrefix(strings.TrimPrefix(err.Error(), "UnknownOperationException: "), s.URL) != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAListGoesOnOverPagesAndStopsAtItsLimit(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	page := `{"Requests":[` + strings.TrimSuffix(strings.Repeat(`{"RequestToken":"t<&>"},`, 100), ",") + `],"NextToken":"N"}`
	s := serve(t, http.StatusOK, page)
	r := &Request{Server: Server{Endpoint: endpoint(s.URL), Output: "json"}}
	var out, notes strings.Builder
	list := requestList{Limit: 300, Status: []status{"FAILED"}, Operation: []operation{"CREATE", "DELETE"}}
	if err := list.Run(r, &out, Notices{&notes}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `"RequestToken": "t<&>"`); n != 300 || !strings.Contains(out.String(), `"NextToken": "N"`) {
		t.Errorf("%d requests: %.300s", n, out.String())
	}
	if want := `{"MaxResults":100,"NextToken":"N","ResourceRequestStatusFilter":{"Operations":["CREATE","DELETE"],"OperationStatuses":["FAILED"]}}`; s.body != want {
		t.Errorf("the last page was asked for with %s", s.body)
	}
	if notes.String() != "groundcontrol: there are more requests: --limit 600 shows them\n" {
		t.Errorf("notices: %s", &notes)
	}
}
