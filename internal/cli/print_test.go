package cli

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestSpansHaveTwoUnitsAtMost(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{-time.Second, "0ms"},
		{0, "0ms"},
		{300 * time.Microsecond, "300µs"},
		{12345 * time.Microsecond, "12ms"},
		{999 * time.Millisecond, "999ms"},
		{time.Second, "1s"},
		{3199 * time.Millisecond, "3.1s"},
		{59900 * time.Millisecond, "59s"},
		{time.Minute, "1m00s"},
		{time.Hour - 1, "59m59s"},
		{25 * time.Hour, "25h00m"},
		{48 * time.Hour, "2d00h"},
		{7*24*time.Hour - 1, "6d23h"},
	} {
		if got := span(c.d); got != c.want {
			t.Errorf("%v: %s, want %s", c.d, got, c.want)
		}
	}
}

func TestEachThingThatARequestCanWaitForHasItsWords(t *testing.T) {
	now := time.Unix(1795449335, 0)
	r := detail{Node: "n1", DueAt: seconds(now.Unix() + 90)}
	for wait, want := range map[string]string{
		"":         "",
		"SLOT":     "a free handler slot",
		"CALL":     "the call on n1",
		"NODE":     "a node in place of n1",
		"CALLBACK": "its callback in 1m30s",
		"RETRY":    "its retry in 1m30s",
		"SOMEHOW":  "somehow",
	} {
		r.WaitsFor = wait
		if got := r.waits(now); got != want {
			t.Errorf("%s: %q, want %q", wait, got, want)
		}
	}
}

func TestTimelineHasOneLineForEachEntry(t *testing.T) {
	at := func(ms int64) seconds { return seconds(float64(1795449335084+ms) / 1000) }
	r := detail{AcceptedAt: at(0), TimelineDropped: 7, Timeline: []entry{
		{Time: at(0), What: "accepted", By: "arn:me"},
		{Time: at(2), What: "call", Node: "n1", Attempt: 1, Took: .0015, Outcome: "retry", ErrorCode: "Throttling", Message: "slow\ndown\x1b[2J", Delay: .25},
		{Time: at(252), What: "lost", Node: "n1", Attempt: 2},
		{Time: at(1100), What: "call", Node: "n2", Attempt: 3, Took: 1.5, Outcome: "progress", Delay: 60, Output: "one\x1b[2J\n\n two  \r\n", Outward: []outward{
			{Host: "sqs.us-east-1.amazonaws.com", Method: "POST", Status: 200, Took: .0123, Routed: "127.0.0.1:5555"},
			{Host: "example.com", Method: "CONNECT", Status: 502, Took: .0001, Routed: "denied"},
			{Host: "example.org", Method: "GET", Took: 30, Routed: "direct"},
		}},
		{Time: at(2500), What: "resume", By: "arn:op"},
		{Time: at(63_000), What: "cancel", By: "arn:me"},
		{Time: at(64_000), What: "abort", By: "arn:op", Node: "n2", Attempt: 12, Message: "it hangs"},
		{Time: at(64_000), What: "end", Outcome: "FAILED", ErrorCode: "GeneralServiceException"},
	}}
	var b strings.Builder
	if err := printTimeline(&b, r); err != nil {
		t.Fatal(err)
	}
	const want = `  +0ms    accepted  arn:me
  +2ms    call 1    n1                           retry after 1ms (Throttling), next in 250ms: slow down [2J
  +252ms  lost 2    n1                           no answer came
  +1.1s   call 3    n2                           progress after 1.5s, next in 1m00s
          called    sqs.us-east-1.amazonaws.com  POST, 200 after 12ms by 127.0.0.1:5555
          called    example.com                  CONNECT, 502 after 100µs, denied
          called    example.org                  GET, no answer after 30s
  …       7 more    -
  +2.5s   resume    arn:op
  +1m03s  cancel    arn:me
  +1m04s  abort     arn:op                       call 12 on n2 cut off: it hangs
  +1m04s  end       -                            FAILED (GeneralServiceException)

Output of call 3
  one [2J

   two
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestListIsAligned(t *testing.T) {
	now := time.Unix(1795449335, 0)
	var b strings.Builder
	err := printList(&b, []detail{
		{RequestToken: "t1", Operation: "CREATE", TypeName: "A::B::C", OperationStatus: "PENDING", AcceptedAt: seconds(now.Unix() - 5), WaitsFor: "SLOT"},
		{RequestToken: "t2", Operation: "DELETE", TypeName: "A::B::Longer", Identifier: strings.Repeat("é", 60) + "\t", OperationStatus: "SUCCESS", AcceptedAt: seconds(now.Unix() - 500), Attempts: 12},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := "TOKEN  OPERATION  TYPE          IDENTIFIER" + strings.Repeat(" ", 40) + "STATUS   AGE    ATTEMPTS  WAITS FOR\n" +
		"t1     CREATE     A::B::C       -" + strings.Repeat(" ", 49) + "PENDING  5s     0         a free handler slot\n" +
		"t2     DELETE     A::B::Longer  " + strings.Repeat("é", 47) + "…  SUCCESS  8m20s  12        -\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestTextsOfTheServerTakeOurForm(t *testing.T) {
	for text, want := range map[string]string{
		"Request with token x was not found":  "request with token x was not found",
		"The type 'A::B::C' cannot be found.": "the type 'A::B::C' cannot be found",
		"1 validation error detected: x":      "1 validation error detected: x",
		"AWS said no":                         "AWS said no",
		"A\x1b]0;title\x07":                   "A ]0;title ",
		"SerializationException":              "SerializationException",
		"Own::Test::Note Handler said no":     "Own::Test::Note Handler said no",
		"":                                    "",
	} {
		if got := inSentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("plain é💡")
	f.Add("\x1b[2J\n\t\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range printable(s) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q becomes %q", s, printable(s))
			}
		}
	})
}
