package main_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

func TestSimultaneousCreatesOfOneNameMakeOneResource(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	ends := parallel(t, 24, func(int) *types.ProgressEvent {
		out, err := c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: str(bucket), DesiredState: str(`{"BucketName":"one"}`)})
		if _, busy := errors.AsType[*types.ConcurrentOperationException](err); busy {
			return nil
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		return c.ended(out.ProgressEvent)
	})
	made := 0
	for _, e := range ends {
		switch {
		case e == nil:
		case e.OperationStatus == types.OperationStatusSuccess:
			made++
		case e.ErrorCode != types.HandlerErrorCodeAlreadyExists:
			t.Errorf("the end is %s", describe(e))
		}
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

// The identifier of a queue is known only when its first call has answered: until then
// nothing can be locked.
func TestTwoCreatesThatTurnOutToBeOfOneResourceMakeOne(t *testing.T) {
	t.Parallel()
	const queue, url = "AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/000000000000/jobs"
	s := start(t, "--simulate", queue+"=create:1h")
	c := s.client(t)
	first := c.idle(c.create(queue, `{"QueueName":"jobs"}`))
	if *first.Identifier != url {
		t.Errorf("identifier %s", describe(first))
	}
	second := c.ended(c.create(queue, `{"QueueName":"jobs"}`))
	if second.OperationStatus != types.OperationStatusFailed || second.ErrorCode != types.HandlerErrorCodeAlreadyExists || second.StatusMessage == nil {
		t.Errorf("the second ends as %s", describe(second))
	}
	s.steered("resume", *first.RequestToken)
	c.waited(first)
	c.waited(c.delete(queue, url))
}

func TestCreatesAndDeletesOfOneNameInTurnsLeaveAClearEnd(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	parallel(t, 8, func(worker int) error {
		for range 8 {
			var err error
			if worker%2 == 0 {
				err = discard(c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{TypeName: str(bucket), DesiredState: str(`{"BucketName":"one"}`)}))
			} else {
				err = discard(c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(bucket), Identifier: str("one")}))
			}
			if _, busy := errors.AsType[*types.ConcurrentOperationException](err); err != nil && !busy {
				t.Error(err)
			}
		}
		return nil
	})
	eventually(t, "all is over", func() bool {
		return len(c.requests(types.OperationStatusInProgress, types.OperationStatusPending)) == 0
	})
	// As often as it was made it was deleted, but for the last time: creates and deletes take turns.
	there, last := false, types.Operation("")
	all := c.requests(types.OperationStatusSuccess)
	for i := range all {
		e := all[len(all)-1-i]
		if e.Operation == last {
			t.Errorf("two times in a row: %s", describe(&e))
		}
		last, there = e.Operation, e.Operation == types.OperationCreate
	}
	if there {
		c.get(bucket, "one")
	} else {
		c.missing(bucket, "one")
	}
}
