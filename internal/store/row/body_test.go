package row

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/operation"
)

func fullRequest() operation.Request {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	return operation.Request{
		TypeVersion: "00000001", Caller: "arn", RoleArn: "role", InputHash: []byte{1, 2}, BaseRevision: 7,
		Input:     operation.Input{Desired: []byte(`{}`), Previous: []byte{}, Model: nil, Callback: []byte("[1]")},
		ErrorCode: "NotFound", Message: "gone \x00 é", Model: []byte(`{"a":1}`),
		Accepted: at, EventTime: at.Add(1), Deadline: at.Add(2), Attempt: 3, Retries: 4, Lost: 5,
		Timeline: operation.Timeline{Dropped: 6, Entries: []operation.Entry{
			{At: at, What: "accepted", By: "arn"},
			{At: at, What: "call", Node: "n", Attempt: 1, Took: 2, Outcome: "fail", Code: "c", Message: "m", Delay: -3},
			{At: at, What: "call", Output: "o\n", Outward: []operation.Outward{{Host: "h", Method: "GET", Status: 200, Took: 3, Routed: "direct"}, {}}},
		}},
	}
}

func TestBodyComesBackWhole(t *testing.T) {
	want := fullRequest()
	var got operation.Request
	if err := ReadBody(AppendBody(nil, want), &got, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := ReadBody(AppendBody(nil, want), &got, false); err != nil || got.Input.Desired != nil {
		t.Errorf("without the input: %s, %v", got.Input.Desired, err)
	}
}

func TestDamagedBodyIsAnError(t *testing.T) {
	b := AppendBody(nil, fullRequest())
	for i := range b {
		var r operation.Request
		if err := ReadBody(b[:i], &r, true); err == nil {
			t.Errorf("a body cut after %d of %d bytes is read", i, len(b))
		}
	}
	var r operation.Request
	if err := ReadBody(append(b, 0), &r, true); err == nil {
		t.Error("a body with more behind it is read")
	}
	b[0] = bodyVersion + 1
	if err := ReadBody(b, &r, true); err == nil {
		t.Error("a body of another version is read")
	}
}

func FuzzReadBody(f *testing.F) {
	f.Add(AppendBody(nil, fullRequest()))
	f.Add(AppendBody(nil, operation.Request{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r operation.Request
		if ReadBody(b, &r, true) != nil {
			return
		}
		var again operation.Request
		if err := ReadBody(AppendBody(nil, r), &again, true); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("(-read +again):\n%s", diff)
		}
	})
}
