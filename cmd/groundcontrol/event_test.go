package main_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

const (
	countdown = "GroundControl::Demo::Countdown"
	bucket    = "AWS::S3::Bucket"
	logGroup  = "AWS::Logs::LogGroup"
)

// wantMembers checks which of the members that may be absent an event has.
func wantMembers(t *testing.T, e *types.ProgressEvent, want string) {
	t.Helper()
	var got []string
	for _, m := range []struct {
		name string
		set  bool
	}{
		{"ErrorCode", e.ErrorCode != ""},
		{"HooksRequestToken", e.HooksRequestToken != nil},
		{"Identifier", e.Identifier != nil},
		{"ResourceModel", e.ResourceModel != nil},
		{"RetryAfter", e.RetryAfter != nil},
		{"StatusMessage", e.StatusMessage != nil},
	} {
		if m.set {
			got = append(got, m.name)
		}
	}
	if g := strings.Join(got, " "); g != want {
		t.Errorf("%s has %q, want %q: %s", e.OperationStatus, g, want, describe(e))
	}
	if e.TypeName == nil || e.RequestToken == nil || e.EventTime == nil || e.Operation == "" || e.OperationStatus == "" {
		t.Errorf("an event lacks what all have: %s", describe(e))
	}
}

func TestACountdownTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	c := start(t, "--status-hold", "0s").client(t)
	e := c.create(countdown, `{"Name":"apollo","Seconds":600}`)
	wantMembers(t, e, "Identifier")
	for _, left := range []int{600, 599} { // a slow machine sees fewer, later ones
		e = c.until(*e.RequestToken, "it counts", func(e *types.ProgressEvent) bool {
			return e.RetryAfter != nil && remaining(e) > 0 && remaining(e) <= left
		})
		wantMembers(t, e, "Identifier RetryAfter StatusMessage")
		if wait := e.RetryAfter.Sub(*e.EventTime); wait <= 0 || wait > time.Second || e.OperationStatus != types.OperationStatusInProgress {
			t.Errorf("RetryAfter is %v after the event, want a second at most (no client is to come late): %s", wait, describe(e))
		}
	}
	e = c.ended(c.create(countdown, `{"Name":"gemini","Seconds":1}`))
	wantMembers(t, e, "Identifier ResourceModel StatusMessage")
	if *e.StatusMessage != "Liftoff" || decoded(t, e.ResourceModel)["LaunchedAt"] == nil {
		t.Errorf("the end is %s", describe(e))
	}
	wantDiff(t, "the end, asked for again", describe(c.status(*e.RequestToken)), describe(e))
}

// Who polls without a pause gets an answer for each step, and it tells what is new: the
// message of the step and when the next one is due. That a node has begun the next call is
// no news to a client.
func TestHeldAnswersTellEachStepAndWhenTheNextIsDue(t *testing.T) {
	t.Parallel()
	c := start(t, "--status-hold", "5s").client(t)
	e := c.create(countdown, `{"Name":"apollo","Seconds":3}`)
	var seen []string
	for range 40 {
		if e = c.status(*e.RequestToken); e.OperationStatus != types.OperationStatusInProgress {
			break
		}
		if e.StatusMessage == nil {
			continue
		}
		seen = append(seen, *e.StatusMessage)
		if e.RetryAfter == nil {
			t.Errorf("%q comes without RetryAfter: %s", *e.StatusMessage, describe(e))
		}
	}
	if e.OperationStatus != types.OperationStatusSuccess {
		t.Fatalf("the end is %s", describe(e))
	}
	for i := 1; i < len(seen); i++ {
		if seen[i] == seen[i-1] {
			t.Errorf("%q is told twice, though the answer was held for news: %q", seen[i], seen)
		}
	}
}

func TestFailuresComeAsEventsWithIdentifierCodeAndMessage(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	c.waited(c.create(bucket, `{"BucketName":"taken"}`))
	secret := *c.waited(c.create("AWS::SecretsManager::Secret", `{"Name":"db"}`)).Identifier
	c.waited(c.create(countdown, `{"Name":"taken","Seconds":0}`))
	for name, of := range map[string]struct {
		accepted *types.ProgressEvent
		code     types.HandlerErrorCode
		message  string
	}{
		"a create of what exists": {
			c.create(bucket, `{"BucketName":"taken"}`), "AlreadyExists",
			"Resource of type 'AWS::S3::Bucket' with identifier 'taken' already exists.",
		},
		"a countdown to what exists fails before it counts": {
			c.create(countdown, `{"Name":"taken","Seconds":3600}`), "AlreadyExists",
			"Resource of type 'GroundControl::Demo::Countdown' with identifier 'taken' already exists.",
		},
		"a delete of what does not exist": {
			c.delete(bucket, "never-there"), "NotFound",
			"Resource of type 'AWS::S3::Bucket' with identifier 'never-there' was not found.",
		},
		"a delete of another secret": {
			c.delete("AWS::SecretsManager::Secret", secret+"x"), "NotFound",
			"Resource of type 'AWS::SecretsManager::Secret' with identifier '" + secret + "x' was not found.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if of.accepted.OperationStatus != types.OperationStatusInProgress {
				t.Errorf("accepted as %s", of.accepted.OperationStatus)
			}
			e := c.ended(of.accepted)
			wantMembers(t, e, "ErrorCode Identifier StatusMessage")
			if e.OperationStatus != types.OperationStatusFailed || e.ErrorCode != of.code || *e.StatusMessage != of.message {
				t.Errorf("got  %s\nwant %s: %s", describe(e), of.code, of.message)
			}
		})
	}
}

func TestACancelledRequestEndsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", bucket+"=*:1h", "--status-hold", "0s")
	c := s.client(t)
	e := c.idle(c.create(bucket, `{"BucketName":"halted"}`))
	token := *e.RequestToken
	if want := "Creating halted; this takes 1h0m0s."; *e.StatusMessage != want {
		t.Errorf("message %q, want %q", *e.StatusMessage, want)
	}

	cancelled := c.cancel(token)
	wantMembers(t, cancelled, "Identifier StatusMessage")
	if cancelled.OperationStatus != types.OperationStatusCancelComplete {
		t.Fatalf("no call was in flight, and still: %s", describe(cancelled))
	}
	wantDiff(t, "a second cancel", describe(c.cancel(token)), describe(cancelled))
	wantDiff(t, "the status after the cancel", describe(c.status(token)), describe(cancelled))
	c.missing(bucket, "halted")

	w := cloudcontrol.NewResourceRequestSuccessWaiter(c.Client)
	err := w.Wait(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: &token}, patience)
	if err == nil || !strings.Contains(err.Error(), "waiter state transitioned to Failure") {
		t.Errorf("the SDK's waiter says %v", err)
	}

	next := c.create(bucket, `{"BucketName":"halted"}`)
	if *next.RequestToken == token {
		t.Error("the name is not free after the cancel")
	}
	c.cancel(*next.RequestToken)
}

func TestACountdownCanBeCancelledAtAnyTime(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for name, wait := range map[string]bool{"at-once": false, "later": true} {
		e := c.create(countdown, `{"Name":"`+name+`","Seconds":3600}`)
		if wait {
			e = c.idle(e)
		}
		// It may be that a call is in flight: then the cancel has to wait for it.
		switch got := c.cancel(*e.RequestToken).OperationStatus; got {
		case types.OperationStatusCancelInProgress, types.OperationStatusCancelComplete:
		default:
			t.Errorf("%s: the cancel answers %s", name, got)
		}
		e = c.ended(e)
		wantMembers(t, e, "Identifier StatusMessage")
		if e.OperationStatus != types.OperationStatusCancelComplete {
			t.Errorf("%s: the end is %s", name, describe(e))
		}
		c.missing(countdown, name)
	}
}

func TestWhatHasEndedCannotBeCancelled(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	good := c.waited(c.create(bucket, `{"BucketName":"done"}`))
	bad := c.ended(c.delete(bucket, "never-there"))
	for _, e := range []*types.ProgressEvent{good, bad} {
		err := discard(c.CancelResourceRequest(t.Context(), &cloudcontrol.CancelResourceRequestInput{RequestToken: e.RequestToken}))
		wantInvalid(t, err, "Request "+*e.RequestToken+" is already in status "+string(e.OperationStatus))
		wantDiff(t, "the status after the refusal", describe(c.status(*e.RequestToken)), describe(e))
	}
	for _, token := range []string{"DOESNOTEXIST", "0199f3c2-7a01-7000-8000-000000000001", strings.ToUpper(*good.RequestToken)} {
		err := discard(c.CancelResourceRequest(t.Context(), &cloudcontrol.CancelResourceRequestInput{RequestToken: &token}))
		wantException[*types.RequestTokenNotFoundException](t, err, "Request with token "+token+" was not found")
		err = discard(c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: &token}))
		wantException[*types.RequestTokenNotFoundException](t, err, "Request with token "+token+" was not found")
	}
}

func TestAStatusAnswerIsHeldUntilSomethingHappens(t *testing.T) {
	t.Parallel()
	const heldLess = 18 * time.Second // than the 20 s of the longest hold, on the slowest machine
	t.Run("for the time of the hold at most", func(t *testing.T) {
		t.Parallel()
		c := start(t, "--simulate", bucket+"=create:1h", "--status-hold", "500ms").client(t)
		e := c.idle(c.create(bucket, `{"BucketName":"slow"}`))
		began := time.Now()
		held := c.status(*e.RequestToken)
		if took := time.Since(began); took < 450*time.Millisecond || took > heldLess {
			t.Errorf("held for %v", took)
		}
		wantDiff(t, "the held answer", describe(held), describe(e))
	})
	t.Run("and no longer than until the end", func(t *testing.T) {
		t.Parallel()
		c := start(t, "--simulate", bucket+"=create:1s", "--status-hold", "20s").client(t)
		e := c.create(bucket, `{"BucketName":"slow"}`)
		began, calls := time.Now(), 0
		for e.OperationStatus == types.OperationStatusInProgress && calls < 5 {
			e = c.status(*e.RequestToken)
			calls++
		}
		if took := time.Since(began); took > heldLess || e.OperationStatus != types.OperationStatusSuccess {
			t.Errorf("%s after %v and %d calls", e.OperationStatus, took, calls)
		}
		began = time.Now()
		c.status(*e.RequestToken)
		if took := time.Since(began); took > heldLess {
			t.Errorf("the answer of an ended request took %v", took)
		}
	})
	t.Run("or a cancel", func(t *testing.T) {
		t.Parallel()
		c := start(t, "--simulate", bucket+"=create:1h", "--status-hold", "20s").client(t)
		e := c.idle(c.create(bucket, `{"BucketName":"slow"}`))
		began := time.Now()
		seen := make(chan *types.ProgressEvent, 1)
		go func() {
			out, err := c.GetResourceRequestStatus(t.Context(), &cloudcontrol.GetResourceRequestStatusInput{RequestToken: e.RequestToken})
			if err != nil {
				out = &cloudcontrol.GetResourceRequestStatusOutput{ProgressEvent: &types.ProgressEvent{}}
			}
			seen <- out.ProgressEvent
		}()
		c.cancel(*e.RequestToken)
		if got := (<-seen).OperationStatus; got != types.OperationStatusCancelComplete || time.Since(began) > heldLess {
			t.Errorf("%s after %v", got, time.Since(began))
		}
	})
	t.Run("not at all with a hold of nothing", func(t *testing.T) {
		t.Parallel()
		c := start(t, "--simulate", bucket+"=create:1h", "--status-hold", "0s").client(t)
		e := c.idle(c.create(bucket, `{"BucketName":"slow"}`))
		began := time.Now()
		for range 20 { // by default each would be held for a second
			c.status(*e.RequestToken)
		}
		if took := time.Since(began); took > heldLess {
			t.Errorf("20 answers took %v", took)
		}
	})
}

func TestSimulatedTimeKeepsARequestInProgress(t *testing.T) {
	t.Parallel()
	c := start(t, "--simulate", "*=create:1h", "--simulate", logGroup+"=create:0s", "--simulate", logGroup+"=delete:300ms",
		"--simulate", bucket+"=create:0s", "--simulate", bucket+"=delete:1h").client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"quick"}`))
	c.waited(c.create(bucket, `{"BucketName":"kept"}`))
	slow := c.idle(c.create("AWS::SQS::Queue", `{"QueueName":"slow"}`))
	if slow.Identifier == nil {
		t.Error("the identifier that the first call made known is not told")
	}
	if kept := c.idle(c.delete(bucket, "kept")); *kept.StatusMessage != "Deleting kept; this takes 1h0m0s." {
		t.Errorf("message %q", *kept.StatusMessage)
	}
	c.get(bucket, "kept")
	c.waited(c.delete(logGroup, "quick"))
	c.missing(logGroup, "quick")
}

// waitsForSlot is what a request says that is PENDING: why, and its place.
var waitsForSlot = regexp.MustCompile(`^Waiting for a free handler slot: (all 1 of this node are taken|earlier requests for this type go first` +
	`|1 calls for this type are in flight, as many as may be|1 calls of this account are in flight, as many as may be)` +
	`\. (It is the first in its queue|One request is ahead of it|\d+ requests are ahead of it)$`)

func TestRequestsBeyondTheConcurrencyArePendingAndAllEnd(t *testing.T) {
	t.Parallel()
	c := start(t, "--concurrency", "1").client(t)
	events := parallel(t, 60, func(int) *types.ProgressEvent { return c.create("AWS::SQS::Queue", `{}`) })
	pending := 0
	for _, e := range events {
		switch e.OperationStatus {
		case types.OperationStatusPending:
			pending++
			if e.StatusMessage == nil || !waitsForSlot.MatchString(*e.StatusMessage) || e.RetryAfter == nil {
				t.Errorf("a pending request says %s", describe(e))
			}
		case types.OperationStatusInProgress:
		default:
			t.Errorf("accepted as %s", e.OperationStatus)
		}
	}
	for _, e := range events {
		c.waited(e)
	}
	t.Logf("%d of %d were PENDING", pending, len(events))
}
