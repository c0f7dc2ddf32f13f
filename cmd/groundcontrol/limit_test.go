package main_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/smithy-go"
)

func TestCallsBeyondTheRateAreThrottled(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{"throttle": {"GetResource": "1/h:3"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "--config", config).client(t)
	c.waited(c.create(bucket, `{"BucketName":"bucket"}`))
	name, id := bucket, "bucket"
	for i := range 5 {
		_, err := c.GetResource(t.Context(), &cloudcontrol.GetResourceInput{TypeName: &name, Identifier: &id})
		if i < 3 && err != nil {
			t.Errorf("call %d: %v", i, err)
		}
		refusal, throttled := errors.AsType[*types.ThrottlingException](err)
		if i >= 3 && (!throttled || refusal.ErrorMessage() != "Rate exceeded" || refusal.ErrorFault() != smithy.FaultClient) {
			t.Errorf("call %d: %v, want ThrottlingException", i, err)
		}
	}
	c.waited(c.create(bucket, `{"BucketName":"other"}`)) // other operations have buckets of their own
}

func TestLimitsOfTypesAndAccountsLetAllRequestsEnd(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--type-limit=AWS::SQS::Queue=1", "--type-limit=*=1", "--account-limit=*=1", "--account-limit=000000000000=1"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			c := start(t, flag).client(t)
			events := parallel(t, 40, func(int) *types.ProgressEvent { return c.create("AWS::SQS::Queue", `{}`) })
			for _, e := range events {
				if e.OperationStatus == types.OperationStatusPending && (!waitsForSlot.MatchString(*e.StatusMessage) || e.RetryAfter == nil) {
					t.Errorf("a pending request says %s", describe(e))
				}
				c.waited(e)
			}
		})
	}
}

func TestReadinessEndsBeforeServiceDoes(t *testing.T) {
	t.Parallel()
	s := start(t, "--drain", "15s")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "/readyz tells of the end", func() bool {
		status, body := s.page(t, "/readyz")
		return status == http.StatusServiceUnavailable && body == "shutting down\n"
	})
	c := s.client(t)
	c.waited(c.create(bucket, `{"BucketName":"late"}`)) // who has not looked away yet is served
	if code := s.wait(patience); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestBadLimitsAreRefused(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--throttle GetResources=1/s": "--throttle GetResources: no such operation; known are *, CreateResource, ",
		"--throttle GetResource=1":    `--throttle GetResource: "1": want a rate such as 5/s, 300/m or 5/s:20`,
		"--type-limit A::B::C=0":      "--type-limit A::B::C=0: want 1 or more",
		"--account-limit *=-1":        "--account-limit *=-1: want 1 or more",
		"--account-weight *=0":        "--account-weight *=0: want 1 or more",
		"--account-weight x":          "account-weight",
		"--lease 10ms":                "--lease 10ms: want 1s or more",
		"--drain 1h":                  "--drain 1h0m0s: want 0s to 10m0s",
		"--drain=-1s":                 "--drain -1s: want 0s to 10m0s",
	} {
		r := groundcontrol(t, append([]string{"serve", "--data", filepath.Join(t.TempDir(), "none")}, strings.Fields(args)...)...)
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d, %s", args, r.code, r.stderr)
		}
	}
}
