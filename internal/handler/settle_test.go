package handler_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
)

const thing = `{
	"typeName": "Test::Settle::Thing", "description": "A thing.", "additionalProperties": false,
	"properties": {"Name": {"type": "string"}, "Secret": {"type": "string"}},
	"primaryIdentifier": ["/properties/Name"], "writeOnlyProperties": ["/properties/Secret"]
}`

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func object(pairs ...string) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestSettle(t *testing.T) {
	s, _, err := schema.Parse([]byte(thing))
	if err != nil {
		t.Fatal(err)
	}
	seen := int64(4)
	request := func(op operation.Operation, id string) operation.Request {
		return operation.Request{
			Token: "t", Account: "1", Region: "r", TypeName: s.TypeName, Operation: op, Identifier: id, Node: "n", Attempt: 3,
			Input: operation.Input{Desired: []byte(`{"Name":"a","Secret":"s"}`)},
		}
	}
	create := request(operation.Create, "")
	for _, c := range []struct {
		name    string
		r       operation.Request
		o       handler.Outcome
		kind    operation.Kind
		code    string
		message string
		change  string // "" for none
	}{
		{
			"success", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Success, Model: object("Name", "a", "Secret", "s"), Message: "done"}},
			operation.Succeed, "", "done", `put a {"Name":"a"} {"Secret":"s"} expect -1`,
		},
		{
			"success of a runtime that lives on the ledger", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Success, Model: object("Name", "a"), Ledger: &seen}},
			operation.Succeed, "", "", `put a {"Name":"a"} {"Secret":"s"} expect 4`,
		},
		{
			"success of a delete", request(operation.Delete, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Success}},
			operation.Succeed, "", "", `drop a expect -1`,
		},
		{
			"progress", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.InProgress, Model: object("Name", "a"), Message: "half", Delay: time.Second, Callback: []byte(`1`)}},
			operation.Progress, "", "half", `begin a {"Name":"a"} {"Secret":"s"}`,
		},
		{
			"a negative delay is none", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.InProgress, Delay: -time.Second}},
			operation.Progress, "", "", "",
		},
		{
			"terminal failure", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.AlreadyExists, Message: "there"}},
			operation.Fail, "AlreadyExists", "there", "",
		},
		{
			"retriable failure", create,
			handler.Outcome{Backoff: 7 * time.Second, Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.Throttling, Message: "slow"}},
			operation.Retry, "Throttling", "slow", "",
		},
		{
			"no time left", create,
			handler.Outcome{Limit: time.Minute, Backoff: 7 * time.Second, Err: fmt.Errorf("x: %w", context.DeadlineExceeded)},
			operation.Retry, "InternalFailure", "The handler did not answer within its limit of 1m0s", "",
		},
		{
			"a handler that cannot be reached", create,
			handler.Outcome{Backoff: 7 * time.Second, Err: fmt.Errorf("http://h:1: %w", handler.ErrUnreachable)},
			operation.Retry, "NetworkFailure", "The handler could not be reached: http://h:1: handler: unreachable", "",
		},
		{
			"an answer that was lost", request(operation.Delete, "a"),
			handler.Outcome{Backoff: 7 * time.Second, Err: fmt.Errorf("http://h:1: %w", handler.ErrLostOutcome)},
			operation.Retry, "NetworkFailure", "The handler's answer was lost: http://h:1: handler: outcome lost", "",
		},
		{
			"crash", create,
			handler.Outcome{Err: errors.New("exit status 2")},
			operation.Fail, "InternalFailure", "The handler could not be called: exit status 2", "",
		},
		{
			"another identifier", request(operation.Update, "b"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Success, Model: object("Name", "a")}},
			operation.Fail, "InternalFailure", "The handler's answer is not valid: it changes the primary identifier", "",
		},
		{
			"another identifier in progress", request(operation.Update, "b"),
			handler.Outcome{Answer: handler.Answer{Status: handler.InProgress, Model: object("Name", "a")}},
			operation.Fail, "InternalFailure", "The handler's answer is not valid: it changes the primary identifier", "",
		},
		{
			"terminal failure that leaves a remnant", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Message: "no", Model: object("Name", "a", "Secret", "s"), Ledger: &seen}},
			operation.Fail, "NotStabilized", "no", `put a {"Name":"a"} {"Secret":"s"} expect 4`,
		},
		{
			"a remnant whose identifier is known", request(operation.Create, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.HandlerInternalFailure, Model: object("Name", "a"), Ledger: new(int64)}},
			operation.Fail, "InternalFailure", "", `put a {"Name":"a"} {"Secret":"s"} expect 0`,
		},
		{
			"a failure that is tried again leaves nothing", create,
			handler.Outcome{Backoff: time.Second, Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.Throttling, Model: object("Name", "a"), Ledger: &seen}},
			operation.Retry, "Throttling", "", "",
		},
		{
			"a failed create that tells what it has named leaves an orphan", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a", "Secret", "s")}},
			operation.Fail, "NotStabilized", "", `begin a {"Name":"a"} {"Secret":"s"}`,
		},
		{
			"what was there before is no orphan", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.AlreadyExists, Model: object("Name", "a")}},
			operation.Fail, "AlreadyExists", "", "",
		},
		{
			"a failed create of what the client named leaves nothing", request(operation.Create, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a")}},
			operation.Fail, "NotStabilized", "", "",
		},
		{
			"progress of a runtime on the ledger makes nothing", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.InProgress, Model: object("Name", "a"), Ledger: new(int64)}},
			operation.Progress, "", "", "",
		},
		{
			"progress of an update begins nothing", request(operation.Update, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.InProgress, Model: object("Name", "a")}},
			operation.Progress, "", "", "",
		},
		{
			"a delete that finds nothing", request(operation.Delete, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotFound}},
			operation.Fail, "NotFound", "", "give up a",
		},
		{
			"a remnant without a model", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Ledger: &seen}},
			operation.Fail, "NotStabilized", "", "",
		},
		{
			"a remnant that is not identified", create,
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Secret", "s"), Ledger: &seen}},
			operation.Fail, "NotStabilized", "", "",
		},
		{
			"a remnant of another name", request(operation.Create, "b"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a"), Ledger: &seen}},
			operation.Fail, "InternalFailure", "The handler's answer is not valid: it changes the primary identifier", "",
		},
		{
			"a failed update leaves the resource as it is", request(operation.Update, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a"), Ledger: &seen}},
			operation.Fail, "NotStabilized", "", "",
		},
		{
			"a failed delete leaves the resource as it is", request(operation.Delete, "a"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a"), Ledger: &seen}},
			operation.Fail, "NotStabilized", "", "",
		},
		{
			"what another runtime's failure says of the identifier", request(operation.Create, "b"),
			handler.Outcome{Answer: handler.Answer{Status: handler.Failed, ErrorCode: handler.NotStabilized, Model: object("Name", "a")}},
			operation.Fail, "NotStabilized", "", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.At, c.o.Took = at, time.Millisecond
			ev, change := handler.Settle(s, c.r, c.o)
			if ev.Kind != c.kind || ev.ErrorCode != c.code || ev.Message != c.message {
				t.Errorf("%s %s %q", ev.Kind, ev.ErrorCode, ev.Message)
			}
			if ev.Node != "n" || ev.Attempt != 3 || !ev.At.Equal(at) || ev.Took != time.Millisecond || ev.Delay < 0 {
				t.Errorf("the event speaks for another call: %+v", ev)
			}
			if ev.Kind == operation.Retry && ev.Delay != c.o.Backoff {
				t.Errorf("the next try comes after %v, want %v", ev.Delay, c.o.Backoff)
			}
			if got := describe(change); got != c.change {
				t.Errorf("ledger: %s\nwant    %s", got, c.change)
			}
			if change != nil && !change.Gone && (ev.Identifier != change.Identifier || change.Request != "t" || !change.Updated.Equal(at)) {
				t.Errorf("%q in the event, and in the ledger %+v", ev.Identifier, change)
			}
			if ev.Kind == operation.Fail && ev.Model != nil {
				t.Errorf("a failed request shows a model: %s", ev.Model)
			}
		})
	}
}

func describe(c *resource.Change) string {
	switch {
	case c == nil:
		return ""
	case c.Gone && c.Unfinished:
		return "give up " + c.Identifier
	case c.Unfinished:
		return fmt.Sprintf("begin %s %s %s", c.Identifier, c.Model, c.WriteOnly)
	case c.Gone:
		return fmt.Sprintf("drop %s expect %d", c.Identifier, c.Expect)
	}
	return fmt.Sprintf("put %s %s %s expect %d", c.Identifier, c.Model, c.WriteOnly, c.Expect)
}

func TestEveryCodeHasAPublicOne(t *testing.T) {
	public := map[handler.Code]string{
		handler.InvalidTypeConfiguration: "InvalidRequest", handler.HandlerInternalFailure: "InternalFailure", "NonCompliant": "GeneralServiceException",
		handler.NotStabilized: "NotStabilized", handler.Throttling: "Throttling",
	}
	for code, want := range public {
		if got := code.Public(); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}
