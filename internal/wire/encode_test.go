package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
)

func FuzzEncodeString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t", "\x00\x01\x1f\x7f", "é\u2028💡\uFFFD", "\xff", "a\xc3", "\xed\xa0\xbd", "\xf4\x90\x80\x80", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := appendString([]byte("x"), s)[1:]
		if fromBytes := appendString(nil, []byte(s)); string(fromBytes) != string(got) {
			t.Fatalf("%q: %s from bytes, %s from a string", s, fromBytes, got)
		}
		theirs, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back, want string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q gave %s: %v", s, got, err)
		}
		if err := json.Unmarshal(theirs, &want); err != nil {
			t.Fatal(err)
		}
		if back != want {
			t.Fatalf("%q came back as %q, want %q", s, back, want)
		}
	})
}

// FuzzEncodeDetail checks that whatever a request holds comes out as JSON that means the
// same, and that nothing of its input does.
func FuzzEncodeDetail(f *testing.F) {
	f.Add("plain", int64(0), 0, int64(0), uint8(0))
	f.Add("q\"\\\n\x00\xff\u2028💡", int64(1795449335084), 7, int64(1500300), uint8(1))
	f.Add("", int64(-1), -1, int64(-1), uint8(2))
	f.Fuzz(func(t *testing.T, text string, ms int64, n int, took int64, status uint8) {
		ms %= 1 << 50
		at := time.UnixMilli(ms)
		d := control.Detail{WaitsFor: operation.ForCall, Request: operation.Request{
			Token: text, TypeName: text, Identifier: text, Message: text, Caller: text, Node: text, RoleArn: text, ClientToken: text,
			Status: operation.Statuses[int(status)%len(operation.Statuses)], Attempt: n, Retries: n, Lost: n,
			Accepted: at, EventTime: at, Deadline: at, DueAt: at, LeaseUntil: at,
			Input: operation.Input{Desired: []byte("TheSecret"), Callback: []byte("TheSecret")},
			Timeline: operation.Timeline{Dropped: n, Entries: []operation.Entry{
				{
					At: at, What: text, By: text, Node: text, Attempt: n, Took: time.Duration(took), Outcome: text, Code: text, Message: text, Delay: time.Duration(took),
					Output: text, Outward: []operation.Outward{{Host: text, Method: text, Status: n, Took: time.Duration(took), Routed: text}},
				},
			}},
		}}
		for _, out := range [][]byte{
			appendDescribed(nil, d), appendResumed(nil, d), appendAborted(nil, control.Aborted{Detail: d, Warning: text}),
			appendDetailList(nil, control.DetailList{Requests: []control.Detail{d, d}, NextToken: text}),
		} {
			if !json.Valid(out) {
				t.Fatalf("not JSON: %s", out)
			}
			if !strings.Contains(text, "TheSecret") && bytes.Contains(out, []byte("TheSecret")) {
				t.Fatalf("it tells of the input: %s", out)
			}
		}
		var got struct {
			Request struct {
				Caller   string
				Attempts int
				Timeline []struct {
					What, Message string
					Time, Took    float64
				}
			}
		}
		if err := json.Unmarshal(appendDescribed(nil, d), &got); err != nil {
			t.Fatal(err)
		}
		want := strings.ToValidUTF8(text, "")
		e := got.Request.Timeline[0]
		if strings.ToValidUTF8(strings.ReplaceAll(got.Request.Caller, "\uFFFD", ""), "") != strings.ReplaceAll(want, "\uFFFD", "") ||
			e.What != got.Request.Caller || e.Message != got.Request.Caller || got.Request.Attempts != n {
			t.Fatalf("%q came back as %+v", text, got)
		}
		if math.Abs(e.Time-float64(ms)/1000) > .001 || math.Abs(e.Took-time.Duration(took).Seconds()) > 1e-6*max(1, math.Abs(e.Took)) {
			t.Fatalf("%d ms and %d ns came back as %v and %v", ms, took, e.Time, e.Took)
		}
	})
}

func TestTimesAreEpochSecondsCutToMilliseconds(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Unix(1795449335, 84_000_000), "1795449335.084"},
		{time.Unix(1632950268, 481_999_999), "1632950268.481"},
		{time.Unix(1632950268, 999_999), "1632950268"},
		{time.Unix(1632950268, 100_000_000), "1632950268.1"},
		{time.Unix(1632950268, 120_000_000), "1632950268.12"},
		{time.Unix(0, 0), "0"},
		{time.Unix(-2, 500_000_000), "-1.5"},
	} {
		if got := string(appendTime(nil, c.at)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.at, got, c.want)
		}
	}
}

func BenchmarkEncodeProgress(b *testing.B) {
	r := operation.Request{
		Token: "0199f3c2-7a01-7000-8000-000000000001", Operation: operation.Create, TypeName: "AWS::Logs::LogGroup",
		Identifier: "/tf/one", Status: operation.Success, EventTime: time.Unix(1795449335, 84_000_000),
		Model: []byte(`{"LogGroupClass":"STANDARD","LogGroupName":"/tf/one","RetentionInDays":7,"Tags":[{"Key":"env","Value":"test"}]}`),
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = appendProgress(out[:0], r)
	}
	b.SetBytes(int64(len(out)))
}
