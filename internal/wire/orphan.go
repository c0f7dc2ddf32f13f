package wire

import (
	"time"

	"example.org/groundcontrol/internal/control"
)

func orphansMembers(s *scanner, in *control.ListOrphansInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "MaxResults":
			in.MaxResults = s.integer()
		case "NextToken":
			in.NextToken = s.text()
		default:
			s.skip()
		}
	})
}

func orphanMembers(s *scanner, in *control.OrphanInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "Identifier":
			in.Identifier = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		default:
			s.skip()
		}
	})
}

type orphan struct {
	TypeName        string
	TypeVersionId   string
	Identifier      string
	Since           string // RFC 3339
	RequestToken    string
	OperationStatus string `json:",omitempty"` // absent once the create has expired
	StatusMessage   string `json:",omitempty"`
}

func appendOrphans(b []byte, l control.OrphanList) []byte {
	all := make([]orphan, len(l.Orphans))
	for i, o := range l.Orphans {
		all[i] = orphan{o.TypeName, o.TypeVersion, o.Identifier, o.Since.UTC().Format(time.RFC3339), o.Request, string(o.Status), o.Message}
	}
	return appendJSON(b, struct {
		Orphans   []orphan
		NextToken string `json:",omitempty"`
	}{all, l.NextToken})
}

func typeCallsMembers(s *scanner, in *control.ListTypeCallsInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "After":
			in.After = s.integer()
		case "MaxResults":
			in.MaxResults = s.integer()
		default:
			s.skip()
		}
	})
}

type typeCall struct {
	Time          float64 // seconds since 1970
	Took          float64 // seconds
	TypeVersionId string
	Action        string    `json:",omitempty"` // absent for a raw call
	RequestToken  string    `json:",omitempty"`
	Identifier    string    `json:",omitempty"`
	Status        string    `json:",omitempty"` // absent where no answer came
	ErrorCode     string    `json:",omitempty"`
	Message       string    `json:",omitempty"`
	Output        string    `json:",omitempty"`
	Outward       []outward `json:",omitempty"`
}

func appendTypeCalls(b []byte, l control.TypeCalls) []byte {
	all := make([]typeCall, len(l.Calls))
	for i, c := range l.Calls {
		all[i] = typeCall{
			float64(c.At.UnixMilli()) / 1000, c.Took.Round(time.Microsecond).Seconds(), c.TypeVersion, string(c.Action), c.Token, c.Identifier,
			string(c.Status), string(c.ErrorCode), c.Message, c.Output, outwardOf(c.Outward),
		}
	}
	return appendJSON(b, struct {
		Calls []typeCall
		Next  int64
	}{all, l.Next})
}
