package main_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// page gets a page without a signature.
func (s *server) page(t *testing.T, path string) (status int, body string) {
	t.Helper()
	answer, err := httpClient.Get(s.endpoint + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// metrics are the samples of a scrape by name with labels.
func (s *server) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	status, body := s.page(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	samples := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		line := lines.Text()
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			v, err := strconv.ParseFloat(line[i+1:], 64)
			if err != nil {
				t.Errorf("metric %q: %v", line, err)
			}
			samples[line[:i]] = v
		}
	}
	return samples
}

func TestHealthNeedsNoSignature(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.page(t, path); status != http.StatusOK || body != "ok\n" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	// Anything else is the API's, and no 404: a client of ours takes that for a deleted resource.
	for _, path := range []string{"/", "/nope", "/healthz/x"} {
		if status, body := s.page(t, path); status != http.StatusBadRequest || !strings.Contains(body, "UnknownOperationException") {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
}

func TestMetricsMove(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	before := s.metrics(t)
	c.waited(c.create(bucket, `{"BucketName":"one"}`))
	c.ended(c.create(bucket, `{"BucketName":"one"}`))
	live := c.create(countdown, `{"Name":"apollo","Seconds":3600}`)
	for _, err := range []error{
		discard(c.createWith("t", "AWS::No::Type", `{}`)), discard(c.createWith("t", bucket, `{"Nope":1}`)),
	} {
		if err == nil {
			t.Error("not refused")
		}
	}
	s.send(t, call{target: "NopeResource", body: `{}`})
	s.send(t, call{target: "CreateResource", body: `{}`, plain: true})
	c.idle(live)

	after := s.metrics(t)
	moved := func(name string) float64 { return after[name] - before[name] }
	for name, want := range map[string]float64{
		`groundcontrol_api_requests_total{operation="CreateResource",outcome="success"}`:                             3,
		`groundcontrol_api_requests_total{operation="CreateResource",outcome="TypeNotFoundException"}`:               1,
		`groundcontrol_api_requests_total{operation="CreateResource",outcome="ValidationException"}`:                 1,
		`groundcontrol_api_requests_total{operation="CreateResource",outcome="MissingAuthenticationTokenException"}`: 1,
		`groundcontrol_api_requests_total{operation="unknown",outcome="UnknownOperationException"}`:                  1,
		`groundcontrol_api_request_duration_seconds_count{operation="CreateResource"}`:                               6,
		`groundcontrol_requests_ended_total{error_code="",operation="CREATE",status="SUCCESS"}`:                      1,
		`groundcontrol_requests_ended_total{error_code="AlreadyExists",operation="CREATE",status="FAILED"}`:          1,
		`groundcontrol_request_duration_seconds_count{operation="CREATE"}`:                                           2,
		`groundcontrol_live_requests{status="IN_PROGRESS"}`:                                                          1,
		`groundcontrol_live_requests{status="PENDING"}`:                                                              0,
		`groundcontrol_live_requests{status="CANCEL_IN_PROGRESS"}`:                                                   0,
		`groundcontrol_queue_depth`: 0,
		`groundcontrol_handler_call_duration_seconds_count{operation="CREATE",outcome="fail"}`: 1,
	} {
		if _, ok := after[name]; !ok || moved(name) != want {
			t.Errorf("%s moved by %v, want %v", name, moved(name), want)
		}
	}
	for _, name := range []string{
		`groundcontrol_commit_batch_size_count`, `groundcontrol_commit_batch_size_sum`,
		`groundcontrol_handler_call_duration_seconds_count{operation="CREATE",outcome="succeed"}`,
		`groundcontrol_handler_call_duration_seconds_count{operation="CREATE",outcome="progress"}`,
		`groundcontrol_api_requests_total{operation="GetResourceRequestStatus",outcome="success"}`,
	} {
		if moved(name) < 1 {
			t.Errorf("%s moved by %v", name, moved(name))
		}
	}
	if after[`groundcontrol_build_info{version="v0.0.0-test"}`] != 1 {
		t.Error("the version is not among the metrics")
	}

	c.cancel(*live.RequestToken)
	c.ended(live)
	if n := s.metrics(t)[`groundcontrol_live_requests{status="IN_PROGRESS"}`]; n != 0 {
		t.Errorf("%v requests live after the cancel", n)
	}
}

func TestTheAccessLogNamesEachCallAndNothingOfItsContent(t *testing.T) {
	t.Parallel()
	s := start(t)
	secret := s.secret("not-for-the-log")
	got := s.send(t, call{target: "CreateResource", body: `{"TypeName":"AWS::SecretsManager::Secret","DesiredState":"{\"SecretString\":\"` + secret + `\"}"}`})
	bad := s.send(t, call{target: "DeleteResource", body: `{"TypeName":"` + secret + `","Identifier":"` + secret + `"}`, path: "/?" + secret})
	s.client(t).until(*s.client(t).requests()[0].RequestToken, "it has ended", func(e *types.ProgressEvent) bool { return e.ResourceModel != nil })
	if err := discard(s.client(t).GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: str(secretType), Identifier: str(secret)})); err == nil {
		t.Error("found")
	}
	s.stop()
	log := s.logged()
	for _, want := range [][]string{
		{"request_id=" + got.header.Get("X-Amzn-Requestid"), "operation=CreateResource", "status=200", "account=000000000000", "region=us-east-1", "took="},
		{"request_id=" + bad.header.Get("X-Amzn-Requestid"), "operation=DeleteResource", "status=400", "error=ValidationException"},
	} {
		found := false
		for line := range strings.Lines(log) {
			found = found || strings.Contains(line, want[0])
			if strings.Contains(line, want[0]) {
				for _, part := range want {
					if !strings.Contains(line, part) {
						t.Errorf("%q is not in the line %s", part, line)
					}
				}
			}
		}
		if !found {
			t.Errorf("no line has %s", want[0])
		}
	}
}
