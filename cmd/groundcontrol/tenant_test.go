package main_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.org/groundcontrol/internal/auth"
)

var otherKey = auth.Key{AccessKeyID: "AKIAOTHEROTHEROTHER1", SecretAccessKey: "the-other-accounts-secret", Account: "111122223333"}

// withKey adds a key to the data directory and starts the server again.
func (s *server) withKey(k auth.Key) {
	s.t.Helper()
	s.stop()
	path := filepath.Join(s.data, "credentials.json")
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	var file struct {
		Keys []auth.Key `json:"keys"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		s.t.Fatal(err)
	}
	file.Keys = append(file.Keys, k)
	if text, err = json.Marshal(file); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.secret(k.SecretAccessKey)
	s.restart()
}

func TestNothingIsSeenAcrossAccountsAndRegions(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withKey(otherKey)
	mine := s.client(t)
	done, err := mine.createWith("token-1", bucket, `{"BucketName":"mine"}`)
	if err != nil {
		t.Fatal(err)
	}
	mine.waited(done)
	live := mine.create(countdown, `{"Name":"apollo","Seconds":3600}`)
	before := len(mine.requests())
	for name, c := range map[string]client{
		"another account": s.clientOf(t, otherKey, region),
		"another region":  s.clientOf(t, s.key, "eu-central-1"),
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			for _, e := range []*types.ProgressEvent{done, live} {
				want := "Request with token " + *e.RequestToken + " was not found"
				wantException[*types.RequestTokenNotFoundException](t,
					discard(c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: e.RequestToken})), want)
				wantException[*types.RequestTokenNotFoundException](t,
					discard(c.CancelResourceRequest(t.Context(), &cloudcontrol.CancelResourceRequestInput{RequestToken: e.RequestToken})), want)
			}
			c.missing(bucket, "mine")
			if listed := c.requests(); len(listed) != 0 {
				t.Errorf("requests are listed: %v", listed)
			}
			out, err := c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(bucket)})
			if err != nil || len(out.ResourceDescriptions) != 0 {
				t.Errorf("resources are listed: %v, %v", out, err)
			}
			// The same names, tokens and locks are free here.
			own, err := c.createWith("token-1", countdown, `{"Name":"apollo","Seconds":0}`)
			if err != nil {
				t.Fatal(err)
			}
			c.waited(own)
			c.waited(c.create(bucket, `{"BucketName":"mine"}`))
			c.waited(c.delete(bucket, "mine"))
			if deleted := c.ended(c.delete(bucket, "mine")); deleted.ErrorCode != types.HandlerErrorCodeNotFound {
				t.Errorf("a second delete: %s", describe(deleted))
			}
		})
	}
	if n := len(mine.requests()); n != before {
		t.Errorf("%d requests, there were %d", n, before)
	}
	mine.get(bucket, "mine")
	if e := mine.status(*live.RequestToken); e.OperationStatus != types.OperationStatusInProgress {
		t.Errorf("the live request is %s", describe(e))
	}
}

func TestAResourceIsOfItsAccountAndRegion(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withKey(otherKey)
	c := s.clientOf(t, otherKey, "eu-west-1")
	done := c.waited(c.create("AWS::SQS::Queue", `{"QueueName":"q"}`))
	if want := "https://sqs.eu-west-1.amazonaws.com/111122223333/q"; *done.Identifier != want {
		t.Errorf("identifier %s, want %s", *done.Identifier, want)
	}
}

func TestSTSTellsWhoCalls(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withKey(otherKey)
	for _, k := range []auth.Key{s.key, otherKey} {
		who, err := sts.NewFromConfig(config(s, k, "eu-west-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if *who.Account != k.Account || *who.Arn != "arn:aws:iam::"+k.Account+":root" || *who.UserId != k.Account {
			t.Errorf("%s is %s, %s, %s", k, *who.Account, *who.Arn, *who.UserId)
		}
	}
	wrong := s.key
	wrong.SecretAccessKey = "wrong"
	for code, k := range map[string]auth.Key{
		"SignatureDoesNotMatch": wrong,
		"InvalidClientTokenId":  {AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: "x"},
	} {
		_, err := sts.NewFromConfig(config(s, k, region)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != code {
			t.Errorf("got %v, want %s", err, code)
		}
		if e, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || e.HTTPStatusCode() != http.StatusForbidden {
			t.Errorf("not a 403: %v", err)
		}
	}
	_, err := sts.NewFromConfig(config(s, s.key, region)).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InvalidAction" || !strings.Contains(e.ErrorMessage(), "no sessions") {
		t.Errorf("another action: %v", err)
	}
}
