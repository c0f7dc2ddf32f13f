package wire

import (
	"strconv"
	"time"
	"unicode/utf8"

	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
)

// The functions below append one JSON value each. Absent members are left out, for AWS
// sends neither null nor empty strings in their place.

// gotten is what GetResource answers.
type gotten struct {
	typeName string
	resource control.Description
}

func appendProgress(b []byte, r operation.Request) []byte {
	b = append(b, `{"ProgressEvent":`...)
	b = appendEvent(b, r)
	return append(b, '}')
}

func appendEvent(b []byte, r operation.Request) []byte {
	b = append(b, `{"TypeName":`...)
	b = appendString(b, r.TypeName)
	b = appendMember(b, `,"RequestToken":`, r.Token)
	b = appendMember(b, `,"Operation":`, string(r.Operation))
	b = appendMember(b, `,"OperationStatus":`, string(r.Status))
	b = append(b, `,"EventTime":`...)
	b = appendTime(b, r.EventTime)
	b = appendMember(b, `,"Identifier":`, r.Identifier)
	if r.Status == operation.Success && r.Operation != operation.Delete {
		b = appendMember(b, `,"ResourceModel":`, r.Model)
	}
	b = appendMember(b, `,"StatusMessage":`, r.Message)
	if r.Status == operation.Failed {
		b = appendMember(b, `,"ErrorCode":`, r.ErrorCode)
	}
	if t, ok := r.RetryAfter(); ok {
		b = append(b, `,"RetryAfter":`...)
		b = appendTime(b, t)
	}
	return append(b, '}')
}

func appendGotten(b []byte, g gotten) []byte {
	b = append(b, `{"TypeName":`...)
	b = appendString(b, g.typeName)
	b = append(b, `,"ResourceDescription":`...)
	b = appendDescription(b, g.resource)
	return append(b, '}')
}

func appendResourceList(b []byte, l control.ResourceList) []byte {
	b = append(b, `{"TypeName":`...)
	b = appendString(b, l.TypeName)
	b = append(b, `,"ResourceDescriptions":[`...)
	for i, d := range l.Descriptions {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendDescription(b, d)
	}
	b = append(b, ']')
	b = appendMember(b, `,"NextToken":`, l.NextToken)
	return append(b, '}')
}

func appendRequestList(b []byte, l control.RequestList) []byte {
	b = append(b, `{"ResourceRequestStatusSummaries":[`...)
	for i, r := range l.Requests {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEvent(b, r)
	}
	b = append(b, ']')
	b = appendMember(b, `,"NextToken":`, l.NextToken)
	return append(b, '}')
}

func appendDescription(b []byte, d control.Description) []byte {
	b = append(b, `{"Identifier":`...)
	b = appendString(b, d.Identifier)
	b = appendMember(b, `,"Properties":`, d.Properties)
	return append(b, '}')
}

// appendMember appends a string member, or nothing where the string is empty. The head is
// the comma, the name and the colon.
func appendMember[T ~string | ~[]byte](b []byte, head string, value T) []byte {
	if len(value) == 0 {
		return b
	}
	b = append(b, head...)
	return appendString(b, value)
}

// appendTime appends t as epoch seconds, cut to milliseconds: cutting is what keeps
// RetryAfter from being late.
func appendTime(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if ms %= 1000; ms != 0 {
		b = append(b, '.', byte('0'+ms/100))
		if ms %= 100; ms != 0 {
			b = append(b, byte('0'+ms/10))
			if ms %= 10; ms != 0 {
				b = append(b, byte('0'+ms))
			}
		}
	}
	return b
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(b, '"')
	start := 0 // of what was not appended yet
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))])) // does not allocate
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if escape[c] == 0 {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		b = append(b, '\\', escape[c])
		if escape[c] == 'u' {
			const digits = "0123456789abcdef"
			b = append(b, '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// escape maps a byte to the letter after the backslash, 0 where it needs none.
var escape = func() (t [utf8.RuneSelf]byte) {
	for c := range ' ' {
		t[c] = 'u'
	}
	for letter, c := range plain {
		if c != 0 && c != '/' {
			t[c] = byte(letter)
		}
	}
	return t
}()
