package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.org/groundcontrol/internal/control"
)

// all is an input with a member of every kind, so that one fuzz test covers them all.
type all struct {
	list   control.ListResourcesInput
	filter *control.RequestStatusFilter
	fail   control.FailRequestInput
}

func allMembers(s *scanner, in *all) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.list.TypeName = s.text()
		case "MaxResults":
			in.list.MaxResults = s.integer()
		case "ResourceRequestStatusFilter":
			in.filter = filterMember(s)
		case "RequestToken":
			in.fail.RequestToken = s.text()
		case "Reason":
			in.fail.Reason = s.text()
		default:
			s.skip()
		}
	})
}

var decodeSeeds = []string{
	`{}`, ` { } `, `[]`, `null`, `{"TypeName":"a"}`, `{"TypeName":"a","TypeName":null}`, `{"TypeName":"a","TypeName":"b"}`,
	`{"T\u0079peName":"\u00e9\ud83d\ude00\u0000\"\\\/\b\f\n\r\t"}`, `{"TypeName":"\ud83d"}`, `{"TypeName":"\ude00\ud83d"}`,
	`{"TypeName":"\ufffd` + "\uFFFD" + `"}`, `{"\ud83d":1}`, "{\"TypeName\":\"\xff\"}", "{\"x\xff\":1}", "{\"TypeName\":\"\x00\"}", "{}\x00",
	`{"MaxResults":1}`, `{"MaxResults":-0}`, `{"MaxResults":01}`, `{"MaxResults":1.}`, `{"MaxResults":1e2}`, `{"MaxResults":1.5}`, `{"MaxResults":1e999}`,
	`{"MaxResults":-1e999}`, `{"MaxResults":99999999999999999999}`, `{"MaxResults":9223372036854775807}`, `{"MaxResults":9223372036854775808.0}`,
	`{"MaxResults":-9223372036854775808}`, `{"MaxResults":--1}`, `{"MaxResults":"1"}`, `{"MaxResults":truE}`, `{"MaxResults":+1}`,
	`{"ResourceRequestStatusFilter":{"Operations":["a",null,"b"],"OperationStatuses":[]}}`, `{"ResourceRequestStatusFilter":{"Operations":["a"]},"ResourceRequestStatusFilter":{}}`,
	`{"ResourceRequestStatusFilter":[{}]}`, `{"ResourceRequestStatusFilter":{"Operations":[["a"]]}}`, `{"X":[1,2,{"y":[true,false,null]}],"Y":{"":""}}`,
	`{"X":[1,]}`, `{"X":[,1]}`, `{"X":1 "Y":2}`, `{"X"}`, `{"X":}`, `{,}`, `{"X":1}}`, `{"X":1}]`, `{"X":nul}`, `{"TypeName":"\u12"}`, `{"TypeName":"\x"}`, `{"TypeName":"`,
	`{"RequestToken":"t","Reason":"it \u0068angs"}`, `{"Reason":null,"RequestToken":7}`, `{"Reason":["x"]}`, `{"Reason":"\ud83d"}`,
	`{"X":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, `{"X":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
}

func FuzzDecode(f *testing.F) {
	for _, s := range decodeSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s scanner
		var got all
		kinds, err := decode(&s, body, allMembers, &got)
		valid := json.Valid(body) && utf8.Valid(body) && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
		if valid && depth(body) > maxDepth {
			if err != errTooDeep {
				t.Fatalf("%q is too deep, got %v", body, err)
			}
			return
		}
		if (err == nil) != valid {
			t.Fatalf("%q: got %v, encoding/json says it is valid: %v", body, err, valid)
		}
		if err != nil {
			return
		}
		want, wantKinds := oracle(t, body)
		if (kinds == nil) != (wantKinds == nil) {
			t.Fatalf("%q: got %v, want %v", body, kinds, wantKinds)
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(all{})); kinds == nil && d != "" {
			t.Fatalf("%q (-want +got):\n%s", body, d)
		}
	})
}

// depth is how deep a valid text is nested.
func depth(body []byte) (deepest int) {
	now, d := 0, json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			now++
		case json.Delim('}'), json.Delim(']'):
			now--
		}
		deepest = max(deepest, now)
	}
}

var errKind = errors.New("wrong kind")

// oracle reads a valid body with encoding/json, member by member.
func oracle(t *testing.T, body []byte) (in all, err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	each(t, body, func(name string, value json.RawMessage) {
		var e error
		switch name {
		case "TypeName":
			in.list.TypeName, e = oracleText(value)
		case "MaxResults":
			in.list.MaxResults, e = oracleInteger(value)
		case "RequestToken":
			in.fail.RequestToken, e = oracleText(value)
		case "Reason":
			in.fail.Reason, e = oracleText(value)
		case "ResourceRequestStatusFilter":
			in.filter = nil
			switch {
			case value[0] == '{':
				in.filter = &control.RequestStatusFilter{}
				each(t, value, func(name string, value json.RawMessage) {
					var e error
					switch name {
					case "Operations":
						in.filter.Operations, e = oracleTexts(value)
					case "OperationStatuses":
						in.filter.OperationStatuses, e = oracleTexts(value)
					}
					note(e)
				})
			case string(value) != "null":
				e = errKind
			}
		}
		note(e)
	})
	return in, err
}

// each goes through the members of an object in order, duplicates too.
func each(t *testing.T, object []byte, member func(string, json.RawMessage)) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err = errors.Join(err, d.Decode(&value)); err != nil {
			t.Fatal(err)
		}
		member(name.(string), value)
	}
}

var escapes = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|.)`)

func oracleText(value json.RawMessage) (*string, error) {
	var s *string
	if json.Unmarshal(value, &s) != nil {
		return nil, errKind
	}
	if s == nil {
		return nil, nil
	}
	// encoding/json puts U+FFFD for half of a pair: are there more than were sent?
	sent := bytes.Count(value, []byte("\uFFFD"))
	for _, e := range escapes.FindAllString(string(value), -1) {
		if strings.EqualFold(e, `\ufffd`) {
			sent++
		}
	}
	if strings.Count(*s, "\uFFFD") != sent {
		return nil, errKind
	}
	return s, nil
}

func oracleTexts(value json.RawMessage) ([]string, error) {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return nil, errKind
	}
	if elements == nil {
		return nil, nil
	}
	list := []string{}
	for _, e := range elements {
		s, err := oracleText(e)
		if err != nil {
			return nil, err
		}
		if s != nil {
			list = append(list, *s)
		}
	}
	return list, nil
}

func oracleInteger(value json.RawMessage) (*int, error) {
	var n *int
	if json.Unmarshal(value, &n) == nil {
		return n, nil
	}
	var number json.Number
	if value[0] == '"' || json.Unmarshal(value, &number) != nil {
		return nil, errKind
	}
	f, _ := number.Float64()
	if f != math.Floor(f) {
		return nil, errKind
	}
	near := math.MaxInt
	if f < -1<<63 {
		near = math.MinInt
	} else if f < 1<<63 {
		near = int(f)
	}
	return &near, nil
}

func TestDecodeDoesNotKeepTheBody(t *testing.T) {
	body := []byte(`{"TypeName":"AWS::Logs::LogGroup","DesiredState":"{\"A\":1}"}`)
	var s scanner
	var in control.CreateResourceInput
	if _, err := decode(&s, body, createMembers, &in); err != nil {
		t.Fatal(err)
	}
	clear(body)
	clear(s.scratch[:cap(s.scratch)])
	if *in.TypeName != "AWS::Logs::LogGroup" || *in.DesiredState != `{"A":1}` {
		t.Errorf("got %q %q", *in.TypeName, *in.DesiredState)
	}
}

// What FuzzDecode says of a member of a kind holds for each input that has it: the
// members of ours are read under these names.
func TestMembersOfOurOwnOperations(t *testing.T) {
	body := []byte(`{"RequestToken":"t","Reason":"r","MaxResults":1,"Other":{}}`)
	var s scanner
	var d control.DescribeRequestInput
	var r control.ResumeRequestInput
	var f control.FailRequestInput
	_, err1 := decode(&s, body, describeMembers, &d)
	_, err2 := decode(&s, body, resumeMembers, &r)
	_, err3 := decode(&s, body, failMembers, &f)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if *d.RequestToken != "t" || *r.RequestToken != "t" || *f.RequestToken != "t" || *f.Reason != "r" {
		t.Errorf("%v %v %v %v", *d.RequestToken, *r.RequestToken, *f.RequestToken, *f.Reason)
	}
}

func BenchmarkDecodeCreate(b *testing.B) {
	body := createBody(600)
	var s scanner
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var in control.CreateResourceInput
		if kinds, err := decode(&s, body, createMembers, &in); err != nil || kinds != nil || in.DesiredState == nil {
			b.Fatal(kinds, err)
		}
	}
}

// What the scanner is measured against.
func BenchmarkDecodeCreateByEncodingJSON(b *testing.B) {
	body := createBody(600)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var in control.CreateResourceInput
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&in); err != nil && err != io.EOF {
			b.Fatal(err)
		}
	}
}

// createBody is a CreateResource body as Terraform sends it, of about n bytes.
func createBody(n int) []byte {
	state := `{"LogGroupClass":"STANDARD","LogGroupName":"/tf/one","RetentionInDays":7,"Tags":[`
	for i := 0; len(state) < n-250; i++ {
		state += `{"Key":"env","Value":"test"},`
	}
	state = strings.TrimSuffix(state, ",") + "]}"
	text, _ := json.Marshal(state)
	return []byte(`{"ClientToken":"terraform-20261123160107261700000001","DesiredState":` + string(text) + `,"TypeName":"AWS::Logs::LogGroup"}`)
}
