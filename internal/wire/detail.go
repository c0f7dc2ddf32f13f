package wire

import (
	"strconv"
	"time"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
)

// The functions below append what operators see of requests: a ProgressEvent and more,
// in the same manner.

func appendDetailList(b []byte, l control.DetailList) []byte {
	b = append(b, `{"Requests":[`...)
	for i, d := range l.Requests {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendDetail(b, d), '}')
	}
	b = append(b, ']')
	b = appendMember(b, `,"NextToken":`, l.NextToken)
	return append(b, '}')
}

func appendDescribed(b []byte, d control.Detail) []byte {
	b = append(b, `{"Request":`...)
	b = appendDetail(b, d)
	b = appendMember(b, `,"TypeVersionId":`, d.TypeVersion)
	b = appendMember(b, `,"RoleArn":`, d.RoleArn)
	b = appendMember(b, `,"ClientToken":`, d.ClientToken)
	b = append(b, `,"Timeline":[`...)
	for i, e := range d.Timeline.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEntry(b, e)
	}
	b = append(b, ']')
	b = appendCount(b, `,"TimelineDropped":`, d.Timeline.Dropped)
	return append(b, '}', '}')
}

func appendResumed(b []byte, d control.Detail) []byte {
	b = append(b, `{"Request":`...)
	return append(appendDetail(b, d), '}', '}')
}

func appendAborted(b []byte, a control.Aborted) []byte {
	b = append(b, `{"Request":`...)
	b = append(appendDetail(b, a.Detail), '}')
	b = appendMember(b, `,"Warning":`, a.Warning)
	return append(b, '}')
}

// appendDetail leaves the object open.
func appendDetail(b []byte, d control.Detail) []byte {
	b = appendEvent(b, d.Request)
	b = b[:len(b)-1] // there is more
	b = append(b, `,"AcceptedAt":`...)
	b = appendTime(b, d.Accepted)
	b = append(b, `,"Deadline":`...)
	b = appendTime(b, d.Deadline)
	b = appendMember(b, `,"Caller":`, d.Caller)
	b = append(b, `,"Attempts":`...)
	b = strconv.AppendInt(b, int64(d.Attempt), 10)
	b = append(b, `,"Retries":`...)
	b = strconv.AppendInt(b, int64(d.Retries), 10)
	b = append(b, `,"Lost":`...)
	b = strconv.AppendInt(b, int64(d.Lost), 10)
	b = appendMember(b, `,"WaitsFor":`, string(d.WaitsFor))
	switch {
	case d.Status.Ended():
	case d.Node != "":
		b = appendMember(b, `,"Node":`, d.Node)
		b = append(b, `,"LeaseUntil":`...)
		b = appendTime(b, d.LeaseUntil)
	default:
		b = append(b, `,"DueAt":`...)
		b = appendTime(b, d.DueAt)
	}
	return b
}

func appendEntry(b []byte, e operation.Entry) []byte {
	b = append(b, `{"Time":`...)
	b = appendTime(b, e.At)
	b = appendMember(b, `,"What":`, e.What)
	b = appendMember(b, `,"By":`, e.By)
	b = appendMember(b, `,"Node":`, e.Node)
	b = appendCount(b, `,"Attempt":`, e.Attempt)
	b = appendSeconds(b, `,"Took":`, e.Took)
	b = appendMember(b, `,"Outcome":`, e.Outcome)
	b = appendMember(b, `,"ErrorCode":`, e.Code)
	b = appendMember(b, `,"Message":`, e.Message)
	b = appendSeconds(b, `,"Delay":`, e.Delay)
	b = appendMember(b, `,"Output":`, e.Output)
	if len(e.Outward) > 0 {
		b = append(b, `,"Outward":`...)
		b = appendJSON(b, outwardOf(e.Outward))
	}
	return append(b, '}')
}

// outward is a call that a handler made to others.
type outward struct {
	Host   string
	Method string
	Status int     `json:",omitempty"` // absent for no answer
	Took   float64 // seconds
	Routed string  `json:",omitempty"`
}

func outwardOf(calls []operation.Outward) []outward {
	all := make([]outward, len(calls))
	for i, c := range calls {
		all[i] = outward{c.Host, c.Method, c.Status, c.Took.Round(time.Microsecond).Seconds(), c.Routed}
	}
	return all
}

// appendCount appends a number, or nothing where it is 0.
func appendCount(b []byte, head string, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, head...), int64(n), 10)
}

// appendSeconds appends a duration in seconds to the microsecond, or nothing where it
// is 0.
func appendSeconds(b []byte, head string, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return strconv.AppendFloat(append(b, head...), d.Round(time.Microsecond).Seconds(), 'f', -1, 64)
}
