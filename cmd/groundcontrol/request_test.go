package main_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"example.org/groundcontrol/internal/auth"
)

const (
	topic = "AWS::SNS::Topic"
	root  = "arn:aws:iam::000000000000:root"
)

// operator runs `groundcontrol request …` on the server of the data directory.
func (s *server) operator(args ...string) result {
	s.t.Helper()
	return groundcontrol(s.t, append([]string{"request", "--data", s.data}, args...)...)
}

// steered runs a command that must succeed without a notice, and returns what it prints.
func (s *server) steered(args ...string) string {
	s.t.Helper()
	r := s.operator(args...)
	if r.code != 0 || r.stderr != "" {
		s.t.Fatalf("request %q: %+v", args, r)
	}
	return r.stdout
}

// member is what a path of members leads to in a JSON text.
func member(t *testing.T, text string, path ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

// wantLines checks that a text has a line for each pattern, in this order.
func wantLines(t *testing.T, text string, patterns ...string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, p := range patterns {
		at := -1
		for i, line := range lines {
			if regexp.MustCompile("^" + p + "$").MatchString(line) {
				at = i
				break
			}
		}
		if at < 0 {
			t.Errorf("no line %q, or not in this order:\n%s", p, text)
			return
		}
		lines = lines[at+1:]
	}
}

func TestRequestListShowsTheNewestFirstAndWhatEachWaitsFor(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	c := s.client(t)
	done := c.waited(c.create(bucket, `{"BucketName":"one"}`))
	failed := c.ended(c.create(bucket, `{"BucketName":"one"}`))
	waits := c.idle(c.create(topic, `{"TopicName":"slow"}`))

	wantLines(t, s.steered("list"),
		`TOKEN +OPERATION +TYPE +IDENTIFIER +STATUS +AGE +ATTEMPTS +WAITS FOR`,
		*waits.RequestToken+` +CREATE +AWS::SNS::Topic +arn:aws:sns:us-east-1:000000000000:slow +IN_PROGRESS +\S+ +1 +its callback in 59m\d\ds`,
		*failed.RequestToken+` +CREATE +AWS::S3::Bucket +one +FAILED +\S+ +1 +-`,
		*done.RequestToken+` +CREATE +AWS::S3::Bucket +one +SUCCESS +\S+ +1 +-`,
	)
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"by status":    {[]string{"--status", "failed,cancel-complete"}, []string{*failed.RequestToken}},
		"by operation": {[]string{"--operation", "DELETE,UPDATE"}, nil},
		"by both":      {[]string{"--operation", "CREATE", "--status", "SUCCESS", "--status", "IN_PROGRESS"}, []string{*waits.RequestToken, *done.RequestToken}},
		"by region":    {[]string{"--region", "eu-west-1"}, nil},
		"limited":      {[]string{"--limit", "1"}, []string{*waits.RequestToken}},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.operator(append([]string{"list"}, c.args...)...)
			var tokens []string
			for line := range strings.Lines(got.stdout) {
				if token := strings.Fields(line)[0]; token != "TOKEN" {
					tokens = append(tokens, token)
				}
			}
			wantDiff(t, "tokens", tokens, c.want)
			notice := ""
			switch {
			case name == "limited":
				notice = "groundcontrol: there are more requests: --limit 2 shows them\n"
			case name == "by region":
				notice = "groundcontrol: no request of region eu-west-1 matches\n"
			case c.want == nil:
				notice = "groundcontrol: no request of region us-east-1 matches\n"
			}
			if got.code != 0 || got.stderr != notice {
				t.Errorf("exit %d, notices %q, want %q", got.code, got.stderr, notice)
			}
		})
	}
}

func TestRequestShowPrintsTheTimeline(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	e := c.waited(c.create(countdown, `{"Name":"apollo","Seconds":2}`))
	shown := s.steered("show", *e.RequestToken)
	wantLines(t, shown,
		`Token +`+*e.RequestToken, `Operation +CREATE`, `Type +GroundControl::Demo::Countdown 00000001`, `Identifier +apollo`,
		`Status +SUCCESS since 20\S+Z \(\S+ ago\)`, `Message +Liftoff`, `Attempts +3`, `Accepted +20\S+Z \(\S+ ago\) from `+root,
		``, `Timeline`,
		`  \+0ms +accepted +`+root,
		`  \+\d+ms +call 1 +\S+ +progress after \S+, next in \S+: T minus 2 seconds`,
		`  \+[1-9]\S*s +call 2 +\S+ +progress after \S+, next in \S+: T minus 1 second`,
		`  \+[1-9]\S*s +call 3 +\S+ +succeed after \S+: Liftoff`,
		`  \+[1-9]\S*s +end +- +SUCCESS`,
	)
	if strings.Contains(shown, "\x1b") || strings.Contains(shown, "Deadline") {
		t.Errorf("it is coloured, or tells the deadline of what has ended: %q", shown)
	}
}

func TestRequestShowTellsNothingOfTheInput(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", "*=*:1h")
	c := s.client(t)
	hidden := s.secret("a-value-to-hide")
	e := c.idle(c.create("AWS::SecretsManager::Secret", `{"Name":"db","SecretString":"`+hidden+`"}`))
	for _, args := range [][]string{{"show", *e.RequestToken}, {"show", *e.RequestToken, "-o", "json"}, {"list", "-o", "json"}} {
		if out := s.steered(args...); strings.Contains(out, hidden) || strings.Contains(out, "SecretString") {
			t.Errorf("%q: %s", args, out)
		}
	}
}

func TestRequestCancelEndsWhatWaits(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	c := s.client(t)
	token := *c.idle(c.create(topic, `{"TopicName":"slow"}`)).RequestToken
	want := token + " CANCEL_COMPLETE: Cancelled while no handler call was in flight\n"
	for range 2 { // it changes nothing the second time
		if got := s.steered("cancel", token); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	wantLines(t, s.steered("show", token), `  \S+ +cancel +`+root, `  \S+ +end +- +CANCEL_COMPLETE`)
}

func TestRequestResumeMakesTheNextCallNow(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	c := s.client(t)
	e := c.idle(c.create(topic, `{"TopicName":"slow"}`))
	token := *e.RequestToken
	wantLines(t, s.steered("show", token), `Waits for +its callback in 59m\d\ds`, `Deadline +20\S+Z \(in \S+\)`)
	if got := s.steered("resume", token); !strings.HasPrefix(got, token+" IN_PROGRESS: ") {
		t.Errorf("got %q", got)
	}
	if e = c.ended(e); e.OperationStatus != types.OperationStatusSuccess {
		t.Errorf("the end is %s", describe(e))
	}
	c.get(topic, "arn:aws:sns:us-east-1:000000000000:slow")
	wantLines(t, s.steered("show", token), `  \S+ +resume +`+root, `  \S+ +call 2 .* succeed .*`, `  \S+ +end +- +SUCCESS`)
	want := result{1, "", "groundcontrol: request " + token + " is already in status SUCCESS\n"}
	if got := s.operator("resume", token); got != want {
		t.Errorf("a second time: %+v", got)
	}
}

func TestRequestFailEndsTheRequestAndTellsWhoAndWhy(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	c := s.client(t)
	e := c.idle(c.create(topic, `{"TopicName":"slow"}`))
	token := *e.RequestToken
	const (
		arn  = "arn:aws:sns:us-east-1:000000000000:slow"
		left = "resource '" + arn + "' may exist, whole or in part, and is no resource of the ledger"
		said = "Ended by an operator: Ticket 42: it hangs (" + left + ")"
	)
	want := result{0, token + " FAILED: " + said + "\n", "groundcontrol: warning: " + left + "\n"}
	if got := s.operator("fail", token, "--reason", "Ticket 42: it hangs"); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	e = c.status(token)
	if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != types.HandlerErrorCodeGeneralServiceException || *e.StatusMessage != said {
		t.Errorf("the client sees %s", describe(e))
	}
	wantMembers(t, e, "ErrorCode Identifier StatusMessage")
	wantLines(t, s.steered("show", token),
		`Status +FAILED \(GeneralServiceException\) since .*`,
		`  \S+ +abort +`+root+` +Ticket 42: it hangs`, `  \S+ +end +- +FAILED \(GeneralServiceException\)`)
	c.missing(topic, arn)
	c.idle(c.create(topic, `{"TopicName":"slow"}`)) // the resource is free

	want = result{1, "", "groundcontrol: request " + token + " is already in status FAILED\n"}
	for _, command := range [][]string{{"fail", token, "--reason", "again"}, {"cancel", token}, {"resume", token}} {
		if got := s.operator(command...); got != want {
			t.Errorf("%q: %+v", command, got)
		}
	}
	s.kill9()
	s.restart()
	if again := c.s(s).status(token); describe(again) != describe(e) {
		t.Errorf("after a crash: %s", describe(again))
	}
}

// s is the same client for a server that has another port now.
func (c client) s(s *server) client { return s.client(c.t) }

func TestEachRequestCommandPrintsTheAnswerOfTheServer(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	c := s.client(t)
	token := func(name string) string { return *c.idle(c.create(topic, `{"TopicName":"`+name+`"}`)).RequestToken }
	cancelled, resumed, failed := token("a"), token("b"), token("c")
	shown := s.steered("show", cancelled, "-o", "json")
	for name, want := range map[string]any{
		"RequestToken": cancelled, "OperationStatus": "IN_PROGRESS", "Attempts": 1., "Retries": 0., "Lost": 0., "WaitsFor": "CALLBACK", "Caller": root,
	} {
		if got := member(t, shown, "Request", name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	entries, _ := member(t, shown, "Request", "Timeline").([]any)
	if len(entries) != 2 || !strings.HasPrefix(shown, "{\n  \"Request\": {\n    \"TypeName\":") {
		t.Errorf("shown: %s", shown)
	}
	if got := member(t, s.steered("cancel", cancelled, "-o", "json"), "ProgressEvent", "OperationStatus"); got != "CANCEL_COMPLETE" {
		t.Errorf("cancel: %v", got)
	}
	if got := member(t, s.steered("resume", resumed, "-o", "json"), "Request", "WaitsFor"); got != "SLOT" {
		t.Errorf("resume: %v", got)
	}
	r := s.operator("fail", failed, "--reason", "r", "--output", "json")
	if got := member(t, r.stdout, "Warning"); r.code != 0 || "groundcontrol: warning: "+got.(string)+"\n" != r.stderr {
		t.Errorf("fail: %+v", r)
	}
	list, _ := member(t, s.steered("list", "-o", "json"), "Requests").([]any)
	if len(list) != 3 {
		t.Errorf("list: %v", list)
	}
	none := s.operator("list", "-o", "json", "--region", "eu-west-1")
	if none != (result{0, "{\n  \"Requests\": []\n}\n", ""}) {
		t.Errorf("an empty list: %+v", none)
	}
}

func TestRequestCommandsReachNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", topic+"=create:1h")
	s.withKey(otherKey)
	c := s.client(t)
	e := c.idle(c.create(topic, `{"TopicName":"mine"}`))
	token := *e.RequestToken
	as := func(k auth.Key, region string) []string {
		return clean("AWS_ENDPOINT_URL="+s.endpoint, "AWS_ACCESS_KEY_ID="+k.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+k.SecretAccessKey, "AWS_REGION="+region)
	}
	for name, env := range map[string][]string{"another account": as(otherKey, region), "another region": as(s.key, "eu-west-1")} {
		t.Run(name, func(t *testing.T) {
			for _, command := range [][]string{{"show", token}, {"cancel", token}, {"resume", token}, {"fail", token, "--reason", "r"}} {
				got := execute(t, env, binary, append([]string{"request"}, command...)...)
				if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "request with token "+token+" was not found in region ") {
					t.Errorf("%q: %+v", command, got)
				}
			}
			if got := execute(t, env, binary, "request", "list"); got.code != 0 || got.stdout != "" {
				t.Errorf("list: %+v", got)
			}
		})
	}
	wantDiff(t, "the request", describe(c.status(token)), describe(e))
	// What `groundcontrol env` prints is enough for its owner.
	if got := execute(t, as(s.key, region), binary, "request", "list"); got.code != 0 || !strings.Contains(got.stdout, token) {
		t.Errorf("list of the owner: %+v", got)
	}
}

func TestRequestCommandsWorkWithoutAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t, "--auth", "off")
	c := s.client(t)
	e := c.waited(c.create(bucket, `{"BucketName":"one"}`))
	if got := s.steered("list"); !strings.Contains(got, *e.RequestToken) {
		t.Errorf("list: %s", got)
	}
}

func TestWrongUseOfRequestCommandsNamesTheNextStep(t *testing.T) {
	t.Parallel()
	s := start(t)
	const known = "01997d00-0000-7000-8000-000000000000"
	long := strings.Repeat("r", 1025)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no command":      {nil, 2, `expected one of "list", "show", "cancel", "resume", "fail"`},
		"no token":        {[]string{"show"}, 2, `expected "<token>"`},
		"no reason":       {[]string{"fail", known}, 2, "missing flags: --reason=TEXT"},
		"an empty reason": {[]string{"fail", known, "--reason", ""}, 1, "Value '' at 'reason' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"a long reason":   {[]string{"fail", known, "--reason", long}, 1, "at 'reason' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		"unknown status":  {[]string{"list", "--status", "DONE"}, 2, `--status: "DONE" is none of PENDING, IN_PROGRESS, CANCEL_IN_PROGRESS, SUCCESS, FAILED, CANCEL_COMPLETE`},
		"unknown op":      {[]string{"list", "--operation", "READ"}, 2, `--operation: "READ" is none of CREATE, UPDATE, DELETE`},
		"no limit":        {[]string{"list", "--limit", "0"}, 2, `--limit: "0" is no number of requests: want 1 or more`},
		"no URL":          {[]string{"list", "--endpoint", "localhost"}, 2, `--endpoint: "localhost" is no URL of a server: write it like http://127.0.0.1:4321`},
		"no server":       {[]string{"list", "--endpoint", "http://127.0.0.1:1"}, 1, "no server answers at http://127.0.0.1:1 ("},
		"bad token":       {[]string{"show", "a b"}, 1, "Value 'a b' at 'requestToken' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		"unknown token":   {[]string{"resume", known}, 1, "request with token " + known + " was not found in region us-east-1: `groundcontrol request list` shows which there are"},
		"unknown region":  {[]string{"list", "--region", "Not A Region"}, 1, "groundcontrol: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.operator(c.args...)
			if got.code != c.code || got.stdout != "" || !strings.HasPrefix(got.stderr, "groundcontrol: ") || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%+v, want exit %d and %q", got, c.code, c.want)
			}
			if strings.Count(got.stderr, "\n") != 1 || strings.HasSuffix(got.stderr, ".\n") {
				t.Errorf("it is not one line without a full stop: %q", got.stderr)
			}
		})
	}
}

// The operations of ours are part of what is measured, and have the target prefix of their own.
func TestOperationsOfOursAreNoOperationsOfAWS(t *testing.T) {
	t.Parallel()
	s := start(t)
	for target, want := range map[string]int{
		"GroundControl.ListRequests": http.StatusOK, "CloudApiService.ListRequests": http.StatusBadRequest,
		"GroundControl.ListResourceRequests": http.StatusBadRequest, "groundcontrol.ListRequests": http.StatusBadRequest,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.endpoint+"/", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.0")
		r.Header.Set("X-Amz-Target", target)
		auth.Sign(r, []byte("{}"), s.key, region, "cloudcontrolapi", time.Now())
		answer, err := httpClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close() //nolint:errcheck // only the status counts
		if answer.StatusCode != want {
			t.Errorf("%s: %s", target, answer.Status)
		}
	}
}
