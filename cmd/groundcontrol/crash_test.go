package main_test

import (
	"fmt"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// remaining is the number in the message of a countdown, or -1.
func remaining(e *types.ProgressEvent) int {
	var n int
	if e.StatusMessage == nil {
		return -1
	}
	if _, err := fmt.Sscanf(*e.StatusMessage, "T minus %d second", &n); err != nil {
		return -1
	}
	return n
}

// goesOn follows a countdown to its end and checks that it never counts up, and that
// what was told of it before stays true.
func goesOn(c client, before *types.ProgressEvent) {
	c.t.Helper()
	last := before
	done := c.until(*before.RequestToken, "the countdown has ended", func(e *types.ProgressEvent) bool {
		if n := remaining(e); n > remaining(before) || n > 0 && n > remaining(last) {
			c.t.Errorf("it counts up: %s after %s", describe(e), describe(last))
		}
		if e.EventTime.Before(*last.EventTime) || *e.Identifier != *before.Identifier || e.Operation != before.Operation {
			c.t.Errorf("%s does not follow %s", describe(e), describe(last))
		}
		last = e
		return e.OperationStatus != types.OperationStatusInProgress
	})
	if done.OperationStatus != types.OperationStatusSuccess {
		c.t.Errorf("the end is %s", describe(done))
	}
	if got := c.get(countdown, *done.Identifier); got["LaunchedAt"] == nil {
		c.t.Errorf("launched: %v", got)
	}
}

func TestACountdownGoesOnAfterKill9(t *testing.T) {
	t.Parallel()
	s := start(t)
	e := s.client(t).create(countdown, `{"Name":"apollo","Seconds":8}`)
	e = s.client(t).until(*e.RequestToken, "it has counted", func(e *types.ProgressEvent) bool { n := remaining(e); return n > 0 && n < 8 })
	began := time.Now()
	s.kill9()
	s.restart()
	goesOn(s.client(t), e)
	if took := time.Since(began); took > 28*time.Second { // the dead server's lease is for 30 s
		t.Errorf("it took %v", took)
	}
}

func TestACountdownGoesOnAfterManyCrashes(t *testing.T) {
	t.Parallel()
	s := start(t, "--status-hold", "0s")
	e := s.client(t).create(countdown, `{"Name":"apollo","Seconds":3}`)
	for range 4 { // wherever it is just then
		s.kill9()
		s.restart()
	}
	e = s.client(t).status(*e.RequestToken)
	goesOn(s.client(t), e)
}

func TestACountdownOutlivesACleanStop(t *testing.T) {
	t.Parallel()
	s := start(t)
	e := s.client(t).create(countdown, `{"Name":"apollo","Seconds":8}`)
	e = s.client(t).until(*e.RequestToken, "it counts", func(e *types.ProgressEvent) bool { return remaining(e) > 0 })
	s.stop()
	s.restart()
	if now := s.client(t).status(*e.RequestToken); now.OperationStatus != types.OperationStatusInProgress {
		t.Errorf("the stop waited for it: %s", describe(now))
	}
	goesOn(s.client(t), e)
}

// A client that hears nothing from a server that dies asks again with the same token, as
// the SDKs do. Whatever was done by then, each resource is made once.
func TestCreatesInFlightAtACrashAreDoneOnce(t *testing.T) {
	t.Parallel()
	const clients, each = 8, 40
	s := start(t)
	c := s.client(t)
	var accepted atomic.Int64
	submit := func(c client, worker, i int) (*types.ProgressEvent, error) {
		name := fmt.Sprintf("%d-%d", worker, i)
		return c.createWith("token-"+name, logGroup, `{"LogGroupName":"group-`+name+`"}`)
	}
	heard := [clients][each]*types.ProgressEvent{}
	var submitted sync.WaitGroup
	for worker := range clients {
		submitted.Go(func() {
			for i := range each {
				e, err := submit(c, worker, i)
				if err != nil {
					return // the server is gone
				}
				heard[worker][i] = e
				accepted.Add(1)
			}
		})
	}
	eventually(t, "some are accepted", func() bool { return accepted.Load() > clients*each/4 })
	s.kill9()
	submitted.Wait()
	t.Logf("%d of %d were accepted before the crash", accepted.Load(), clients*each)

	s.restart()
	c = s.client(t)
	parallel(t, clients, func(worker int) error {
		for i := range each {
			again, err := submit(c, worker, i)
			if err != nil {
				t.Errorf("again: %v", err)
				return err
			}
			if first := heard[worker][i]; first != nil && *first.RequestToken != *again.RequestToken {
				t.Errorf("the token that was given, %s, is forgotten: %s", *first.RequestToken, describe(again))
			}
			if e := c.ended(again); e.OperationStatus != types.OperationStatusSuccess {
				t.Errorf("the end is %s", describe(e))
			}
		}
		return nil
	})
	names := map[string]bool{}
	in := &cloudcontrol.ListResourcesInput{TypeName: str(logGroup)}
	for pages := cloudcontrol.NewListResourcesPaginator(c.Client, in); pages.HasMorePages() && len(names) <= clients*each; {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.ResourceDescriptions {
			names[*d.Identifier] = true
		}
	}
	if len(names) != clients*each {
		t.Errorf("%d resources, want %d", len(names), clients*each)
	}
}

func TestACancelOutlivesACrash(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", bucket+"=create:1h")
	c := s.client(t)
	slow := c.idle(c.create(bucket, `{"BucketName":"slow"}`))
	halted := c.cancel(*c.idle(c.create(bucket, `{"BucketName":"halted"}`)).RequestToken)
	s.kill9()
	s.restart()
	c = s.client(t)
	wantDiff(t, "the cancelled request", describe(c.status(*halted.RequestToken)), describe(halted))
	c.cancel(*slow.RequestToken)
	if e := c.ended(slow); e.OperationStatus != types.OperationStatusCancelComplete {
		t.Errorf("cancelled after the crash: %s", describe(e))
	}
}

// Who waits for an answer that is held gets it when the server stops, and does not hold
// the server up.
func TestAHeldAnswerDoesNotHoldUpAStop(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", bucket+"=create:1h", "--status-hold", "20s")
	c := s.client(t)
	e := c.idle(c.create(bucket, `{"BucketName":"slow"}`))
	// The server asks for the body when it is at work on the call: from then on it is in flight.
	begun := make(chan struct{})
	trace := &httptrace.ClientTrace{Got100Continue: func() { close(begun) }}
	r := s.request(t, call{target: "GetResourceRequestStatus", body: `{"RequestToken":"` + *e.RequestToken + `"}`})
	r.Header.Set("Expect", "100-continue")
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	type answer struct {
		reply
		err error
	}
	held := make(chan answer, 1)
	go func() {
		got, err := ask(r)
		held <- answer{got, err}
	}()
	select {
	case <-begun:
	case a := <-held:
		t.Fatalf("not held: %+v", a)
	}
	s.stop()
	if a := <-held; a.err != nil || !strings.Contains(a.body, `"OperationStatus":"IN_PROGRESS"`) {
		t.Errorf("the held answer: %+v", a)
	}
}

func TestSIGINTStopsAsWell(t *testing.T) {
	t.Parallel()
	s := start(t)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := s.wait(5 * time.Second); code != 0 {
		t.Errorf("exit %d", code)
	}
}
