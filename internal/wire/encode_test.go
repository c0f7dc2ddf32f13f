package wire

import (
	"encoding/json"
	"testing"
	"time"

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
