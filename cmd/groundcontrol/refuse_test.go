package main_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/auth"
)

var timestamp = regexp.MustCompile(`\d{8}T\d{6}Z`)

// refusal is a bad call and what it must get.
type refusal struct {
	name      string
	call      call
	exception string
	message   string
}

// hidden is in every document of these calls, and must be in no log and no answer.
const hidden = "hunter2-is-hidden"

func create(desired string) call {
	return call{target: "CreateResource", body: `{"TypeName":"AWS::Logs::LogGroup","DesiredState":` + quoted(desired) + `}`}
}

func update(patch string) call {
	return call{target: "UpdateResource", body: `{"TypeName":"AWS::Logs::LogGroup","Identifier":"there","PatchDocument":` + quoted(patch) + `}`}
}

func with(c call, change func(*call)) call {
	change(&c)
	return c
}

// wantRefused sends each call and checks its answer, and that nothing came of any.
func wantRefused(t *testing.T, refusals []refusal) {
	t.Helper()
	t.Parallel()
	s := start(t)
	s.secret(hidden)
	c := s.client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"there","RetentionInDays":1}`))
	world := func() string {
		return s.send(t, call{target: "ListResourceRequests", body: `{"MaxResults":100}`}).body +
			s.send(t, call{target: "ListResources", body: `{"TypeName":"AWS::Logs::LogGroup"}`}).body +
			s.send(t, call{target: "ListResources", body: `{"TypeName":"AWS::SecretsManager::Secret"}`}).body
	}
	before := world()
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			got := s.send(t, r.call)
			wantReply(t, got, r.exception, r.message)
			if strings.Contains(got.body, hidden) {
				t.Errorf("the answer repeats what may be secret: %.300s", got.body)
			}
			if got := world(); got != before {
				t.Errorf("something changed: %s", got)
				before = got
			}
		})
	}
}

func TestUnreadableCallsAreRefused(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	wantRefused(t, []refusal{
		{"unknown operation", call{target: "NopeResource", body: `{}`}, unknownTarget, ""},
		{"another service", call{target: "DynamoDB_20120810.ListTables", body: `{}`}, unknownTarget, ""},
		{"no dot", call{target: ".", body: `{}`}, unknownTarget, ""},
		{"GET", call{target: "ListResourceRequests", method: http.MethodGet, body: `{}`}, unknownTarget, ""},
		{
			"no target",
			call{body: `{}`},
			unknownTarget,
			"The request names no operation. It must be a POST to the path / with an X-Amz-Target header, or carry an Action.",
		},
		{
			"a path",
			call{target: "ListResourceRequests", path: "/v1", body: `{}`},
			unknownTarget,
			"The request names no operation. It must be a POST to the path / with an X-Amz-Target header, or carry an Action.",
		},
		{"cut short", call{target: "CreateResource", body: `{"TypeName":"` + hidden}, serialization, ""},
		{"nothing", call{target: "CreateResource"}, serialization, ""},
		{"an array", call{target: "CreateResource", body: `[]`}, serialization, ""},
		{"a text", call{target: "CreateResource", body: `"x"`}, serialization, ""},
		{"null", call{target: "CreateResource", body: `null`}, serialization, ""},
		{"more behind it", call{target: "CreateResource", body: `{} {}`}, serialization, ""},
		{"a trailing comma", call{target: "CreateResource", body: `{"TypeName":"x",}`}, serialization, ""},
		{"single quotes", call{target: "CreateResource", body: `{'TypeName':'x'}`}, serialization, ""},
		{"a form", call{target: "CreateResource", body: `TypeName=x`}, serialization, ""},
		{
			"a content type that is not JSON",
			with(call{target: "ListResourceRequests", body: `{}`}, func(c *call) { c.signed = map[string]string{"Content-Type": "text/plain"} }),
			unknownTarget, "The Content-Type is not that of a JSON call: send application/x-amz-json-1.0.",
		},
		{"a raw NUL", call{target: "CreateResource", body: "{\"TypeName\":\"\x00\"}"}, serialization, ""},
		{"no UTF-8", call{target: "CreateResource", body: "{\"TypeName\":\"\xff\"}"}, serialization, ""},
		{"an unknown target and no JSON", call{target: "NopeResource", body: `{`}, serialization, ""},
		{
			"half a surrogate pair",
			call{target: "CreateResource", body: `{"TypeName":"AWS::Logs::LogGroup","DesiredState":"\ud800"}`},
			serialization, "A string holds half of a surrogate pair.",
		},
		{"10,000 levels", call{target: "CreateResource", body: `{"X":` + deep + `}`}, serialization, "The request body is nested too deeply."},
		{"10,000 levels without an end", call{target: "CreateResource", body: `{"X":` + deep[:10_000]}, serialization, "The request body is nested too deeply."},
		{
			"a number for a text",
			call{target: "CreateResource", body: `{"TypeName":7,"DesiredState":"{}"}`},
			serialization, "class java.lang.Integer can not be converted to an String",
		},
		{
			"an object for a text",
			call{target: "CreateResource", body: `{"TypeName":"AWS::Logs::LogGroup","DesiredState":{}}`},
			serialization, "Start of structure or map found where not expected.",
		},
		{
			"a text for a number",
			call{target: "ListResourceRequests", body: `{"MaxResults":"7"}`},
			serialization, "class java.lang.String can not be converted to an Integer",
		},
		{
			"a text for a list",
			call{target: "ListResourceRequests", body: `{"ResourceRequestStatusFilter":{"Operations":"CREATE"}}`},
			serialization, "Expected list or null",
		},
	})
}

func TestCallsThatAreNotSignedWellAreRefused(t *testing.T) {
	good := create(`{"LogGroupName":"` + hidden + `"}`)
	signed := func(change func(*call)) call { return with(good, change) }
	wrongKey := auth.Key{AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: hidden}
	tamper := func(old, now string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, now, 1))
		}
	}
	const signature = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	wantRefused(t, []refusal{
		{"unsigned", signed(func(c *call) { c.plain = true }), service + "MissingAuthenticationTokenException", "Request is missing Authentication Token"},
		{"unsigned and not JSON", signed(func(c *call) { c.plain, c.body = true, `{` }), serialization, ""},
		{"unsigned and unknown", call{target: "NopeResource", plain: true, body: `{}`}, unknownTarget, ""},
		{"unknown key", signed(func(c *call) { c.key = &wrongKey }), service + "UnrecognizedClientException", "The security token included in the request is invalid."},
		{
			"a session token", signed(func(c *call) { c.signed = map[string]string{"X-Amz-Security-Token": "x"} }),
			service + "UnrecognizedClientException", "The security token included in the request is invalid.",
		},
		{"wrong signature", signed(func(c *call) { c.after = tamper("Signature=", "Signature=0") }), service + "InvalidSignatureException", signature},
		{"another region than signed", signed(func(c *call) { c.after = tamper("us-east-1", "us-east-2") }), service + "InvalidSignatureException", signature},
		{"another body than signed", signed(func(c *call) { c.after = otherBody }), service + "InvalidSignatureException", signature},
		{
			"another target than signed", signed(func(c *call) { c.header = map[string]string{"X-Amz-Target": "CloudApiService.ListResourceRequests"} }),
			service + "InvalidSignatureException", signature,
		},
		{
			"a header that is not signed", signed(func(c *call) { c.header = map[string]string{"X-Amz-Meta": "x"} }),
			service + "InvalidSignatureException", "The header 'x-amz-meta' must be one of the SignedHeaders.",
		},
		{
			"a hash of another body", signed(func(c *call) { c.signed = map[string]string{"X-Amz-Content-Sha256": strings.Repeat("0", 64)} }),
			service + "InvalidSignatureException", "The 'x-amz-content-sha256' header does not match the SHA-256 of the body.",
		},
		{
			"a clock that is slow", signed(func(c *call) { c.at = -16 * time.Minute }), service + "InvalidSignatureException",
			"Signature expired: <time> is now earlier than <time> (<time> - 15 min.)",
		},
		{
			"a clock that is fast", signed(func(c *call) { c.at = 16 * time.Minute }), service + "InvalidSignatureException",
			"Signature not yet current: <time> is still later than <time> (<time> + 15 min.)",
		},
		{
			"another service", signed(func(c *call) { c.service = "s3" }), service + "InvalidSignatureException",
			"Credential should be scoped to correct service: 'cloudcontrolapi'. ",
		},
		{
			"STS's scope", signed(func(c *call) { c.service = "sts" }), service + "InvalidSignatureException",
			"Credential should be scoped to correct service: 'cloudcontrolapi'. ",
		},
		{
			"no signature", signed(func(c *call) { c.after = tamper("Signature=", "Other=") }), service + "IncompleteSignatureException",
			"Authorization header requires 'Signature' parameter.",
		},
		{
			"no credential", signed(func(c *call) { c.after = tamper("Credential=", "Other=") }), service + "IncompleteSignatureException",
			"Authorization header requires 'Credential' parameter.",
		},
		{
			"no date", signed(func(c *call) { c.header = map[string]string{"X-Amz-Date": ""} }), service + "IncompleteSignatureException",
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
		},
		{
			"a password", signed(func(c *call) { c.header = map[string]string{"Authorization": "Basic " + hidden} }), service + "IncompleteSignatureException",
			"The Authorization header must start with 'AWS4-HMAC-SHA256'; other ways to sign are not supported.",
		},
	})
}

func otherBody(r *http.Request) {
	const body = `{"TypeName":"AWS::Logs::LogGroup","DesiredState":"{}"}`
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

func TestBothScopesOfCloudControlAndJSONContentTypesAreTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	list := call{target: "ListResourceRequests", body: `{"Unknown":[1,{"a":null}],"MaxResults":null}`}
	for name, c := range map[string]call{
		"cloudcontrolapi":                 list,
		"cloudapiservice":                 with(list, func(c *call) { c.service = "cloudapiservice" }),
		"application/x-amz-json-1.1":      with(list, func(c *call) { c.signed = map[string]string{"Content-Type": "application/x-amz-json-1.1"} }),
		"application/json; charset=utf-8": with(list, func(c *call) { c.signed = map[string]string{"Content-Type": "application/json; charset=utf-8"} }),
		"no content type":                 with(list, func(c *call) { c.signed = map[string]string{"Content-Type": ""} }),
		"a query string":                  with(list, func(c *call) { c.path = "/?Action=CreateResource" }),
		"a clock 14 minutes off":          with(list, func(c *call) { c.at = -14 * time.Minute }),
	} {
		t.Run(name, func(t *testing.T) {
			got := s.send(t, c)
			if got.status != http.StatusOK || got.body != `{"ResourceRequestStatusSummaries":[]}` {
				t.Errorf("%d %s", got.status, got.body)
			}
			if h := got.header; h.Get("Content-Type") != "application/x-amz-json-1.0" || !uuid.MatchString(h.Get("X-Amzn-Requestid")) ||
				h.Get("Content-Length") != fmt.Sprint(len(got.body)) || h.Get("Date") == "" {
				t.Errorf("header %v", h)
			}
		})
	}
}

func TestABodyThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, chunked := range map[string]bool{"announced": false, "not announced": true} {
		t.Run(name, func(t *testing.T) {
			got := s.send(t, call{target: "CreateResource", body: `{"X":"` + strings.Repeat("x", 5<<20) + `"}`, after: func(r *http.Request) {
				if chunked {
					r.ContentLength = -1
				}
			}})
			if got.exception != service+"RequestEntityTooLargeException" || got.status != http.StatusBadRequest {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}
