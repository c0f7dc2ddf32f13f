package handler_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

func messages(records []handler.Record) string {
	var all []string
	for _, r := range records {
		all = append(all, r.Message)
	}
	return strings.Join(all, " ")
}

func TestJournalTellsOfOneTypeInOrder(t *testing.T) {
	var j handler.Journal
	for _, r := range []handler.Record{
		{Account: "1", Region: "r", TypeName: "A", Message: "one"},
		{Account: "1", Region: "r", TypeName: "B", Message: "no"},
		{Account: "2", Region: "r", TypeName: "A", Message: "no"},
		{Account: "1", Region: "q", TypeName: "A", Message: "no"},
		{Account: "1", Region: "r", TypeName: "A", Message: "two"},
		{Account: "1", Region: "r", TypeName: "A", Message: "three"},
	} {
		j.Add(r)
	}
	all, next := j.Read("1", "r", "A", 0, 10)
	if messages(all) != "one two three" || next != 6 {
		t.Errorf("%q, next %d", messages(all), next)
	}
	if few, _ := j.Read("1", "r", "A", 0, 2); messages(few) != "two three" {
		t.Errorf("the last two are %q", messages(few))
	}
	if none, _ := j.Read("1", "r", "A", next, 10); none != nil {
		t.Errorf("nothing new is %q", messages(none))
	}
	j.Add(handler.Record{Account: "1", Region: "r", TypeName: "A", Message: "four"})
	if new, next := j.Read("1", "r", "A", next, 10); messages(new) != "four" || next != 7 {
		t.Errorf("what is new is %q, next %d", messages(new), next)
	}
}

func TestJournalForgetsTheOldest(t *testing.T) {
	var j handler.Journal
	output := strings.Repeat("x", 64<<10)
	const added = 1000
	for range added {
		j.Add(handler.Record{TypeName: "A", Output: output})
	}
	kept, next := j.Read("", "", "A", 0, 2*added)
	if len(kept) < 100 || len(kept) > 128 || next != added || kept[len(kept)-1].Sequence != added {
		t.Errorf("%d records of 64 KiB are kept, the next is %d", len(kept), next)
	}
}

type runtime func(handler.Call) (handler.Answer, error)

func (r runtime) Invoke(_ context.Context, c handler.Call) (handler.Answer, error) { return r(c) }

func (r runtime) InvokeRaw(context.Context, handler.Target, []byte) (handler.Raw, error) {
	a, err := r(handler.Call{})
	return handler.Raw{Output: a.Output}, err
}

func TestRecorderWritesEachCallDown(t *testing.T) {
	s, _, err := schema.Parse([]byte(`{"typeName":"Org::Test::Thing","description":"","properties":{"Id":{"type":"string"}},"primaryIdentifier":["/properties/Id"],"additionalProperties":false}`))
	if err != nil {
		t.Fatal(err)
	}
	var j handler.Journal
	answer, failure := handler.Answer{Status: handler.Success, Message: "done", Model: map[string]any{"Id": "x"}, Output: "printed"}, error(nil)
	r := handler.Recorder{Journal: &j, Runtime: runtime(func(handler.Call) (handler.Answer, error) { return answer, failure })}
	call := handler.Call{Action: schema.Create, Account: "1", Region: "r", TypeName: "Org::Test::Thing", Token: "t", Schema: s}
	if got, err := r.Invoke(t.Context(), call); got.Message != "done" || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	answer, failure = handler.Answer{Output: "last words"}, errors.New("it crashed")
	if _, err := r.Invoke(t.Context(), call); err == nil {
		t.Error("the error is lost")
	}
	if _, err := r.InvokeRaw(t.Context(), handler.Target{Account: "1", Region: "r", TypeName: "Org::Test::Thing"}, nil); err == nil {
		t.Error("the error of a raw call is lost")
	}
	got, _ := j.Read("1", "r", "Org::Test::Thing", 0, 10)
	if len(got) != 3 || got[2].Message != "raw call: it crashed" || got[2].Output != "" || got[0].Identifier != "x" || got[0].Output != "printed" || got[0].Status != handler.Success ||
		got[1].Status != "" || got[1].Message != "it crashed" || got[1].Output != "last words" || got[1].Token != "t" {
		t.Errorf("%+v", got)
	}
}
