package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request looks at requests and steers them.
type Request struct {
	Server
	List   requestList   `cmd:"" help:"List requests, newest first."`
	Show   requestShow   `cmd:"" help:"Show one request and its timeline."`
	Cancel requestCancel `cmd:"" help:"Cancel a request: it ends when its handler call in flight returns, or at once."`
	Resume requestResume `cmd:"" help:"Make the next call of a request that waits, for a callback or after a failure, now."`
	Fail   requestFail   `cmd:"" help:"End a request by force. What its handler has done until now stays, and nobody looks after it."`
}

// one names the request that a command is about.
type one struct {
	Token string `arg:"" help:"RequestToken of the request."`
}

type (
	requestList struct {
		Status    []status    `placeholder:"STATUS,..." help:"Only requests with one of these statuses: ${statuses}."`
		Operation []operation `placeholder:"OPERATION,..." help:"Only requests of these operations: ${operations}."`
		Limit     limit       `default:"20" placeholder:"N" help:"At most so many requests. Default: 20."`
	}
	requestShow   struct{ one }
	requestCancel struct{ one }
	requestResume struct{ one }
	requestFail   struct {
		one
		Reason string `required:"" placeholder:"TEXT" help:"Why, for the timeline and for the client that made the request."`
	}
)

type (
	status    string
	operation string
	limit     int
)

// The names that the filters of a list know.
var (
	statuses   = []string{"PENDING", "IN_PROGRESS", "CANCEL_IN_PROGRESS", "SUCCESS", "FAILED", "CANCEL_COMPLETE"}
	operations = []string{"CREATE", "UPDATE", "DELETE"}
)

// Vars are what the help of these commands refers to.
var Vars = map[string]string{
	"data": DefaultData, "statuses": strings.Join(statuses, ", "), "operations": strings.Join(operations, ", "),
	"actions": strings.Join(actions, ", "),
}

// UnmarshalText takes a status in either case.
func (s *status) UnmarshalText(text []byte) error {
	name, err := oneOf(statuses, string(text))
	*s = status(name)
	return err
}

// UnmarshalText takes an operation in either case.
func (o *operation) UnmarshalText(text []byte) error {
	name, err := oneOf(operations, string(text))
	*o = operation(name)
	return err
}

// UnmarshalText takes a number of requests.
func (l *limit) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return fmt.Errorf("%q is no number of requests: want 1 or more", text)
	}
	*l = limit(n)
	return nil
}

func oneOf(names []string, text string) (string, error) {
	name := strings.ToUpper(strings.ReplaceAll(text, "-", "_"))
	if !slices.Contains(names, name) {
		return "", fmt.Errorf("%q is none of %s", text, strings.Join(names, ", "))
	}
	return name, nil
}

// detail is a request as the server describes it.
type detail struct {
	RequestToken, Operation, TypeName, Identifier, OperationStatus string

	StatusMessage, ErrorCode, Caller, WaitsFor, Node, TypeVersionId, RoleArn, ClientToken string

	Attempts, Retries, Lost, TimelineDropped int

	EventTime, AcceptedAt, Deadline, DueAt, LeaseUntil seconds

	Timeline []entry
}

// entry is one line of a timeline.
type entry struct {
	Time                                        seconds
	What, By, Node, Outcome, ErrorCode, Message string
	Attempt                                     int
	Took, Delay                                 float64 // seconds
	Output                                      string
	Outward                                     []outward
}

// outward is a call that a handler made to others.
type outward struct {
	Host, Method, Routed string
	Status               int
	Took                 float64 // seconds
}

// seconds is a time since the epoch as the wire has it.
type seconds float64

func (s seconds) time() time.Time { return time.UnixMilli(int64(float64(s)*1000 + .5)) }

// mostPerPage is the longest page that the server gives.
const mostPerPage = 100

// Run prints the list.
func (c *requestList) Run(r *Request, out io.Writer, notes Notices) error {
	server, err := r.client()
	if err != nil {
		return err
	}
	type filter struct {
		Operations        []operation `json:",omitempty"`
		OperationStatuses []status    `json:",omitempty"`
	}
	in := struct {
		MaxResults                  int
		NextToken                   string `json:",omitempty"`
		ResourceRequestStatusFilter filter
	}{ResourceRequestStatusFilter: filter{c.Operation, c.Status}}
	// The pages become one answer.
	var all struct {
		Requests  []json.RawMessage
		NextToken string `json:",omitempty"`
	}
	for {
		in.MaxResults = min(int(c.Limit)-len(all.Requests), mostPerPage)
		answer, err := server.call("GroundControl.ListRequests", in)
		if err != nil {
			return err
		}
		page := all
		page.Requests, page.NextToken = nil, ""
		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}
		all.Requests, all.NextToken = append(all.Requests, page.Requests...), page.NextToken
		if in.NextToken = page.NextToken; in.NextToken == "" || len(all.Requests) >= int(c.Limit) {
			break
		}
	}
	switch {
	case len(all.Requests) == 0 && r.Output == "text":
		notes.say("no request of region %s matches", server.region)
	case all.NextToken != "":
		notes.say("there are more requests: --limit %d shows them", 2*c.Limit)
	}
	if r.Output == "json" {
		if all.Requests == nil {
			all.Requests = []json.RawMessage{}
		}
		return printJSON(out, all)
	}
	requests := make([]detail, len(all.Requests))
	for i, text := range all.Requests {
		if err := json.Unmarshal(text, &requests[i]); err != nil {
			return err
		}
	}
	return printList(out, requests, time.Now())
}

// printJSON writes v indented, and nothing in it escaped that need not be.
func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Run prints the request.
func (c *requestShow) Run(r *Request, out io.Writer) error {
	var got struct{ Request detail }
	answer, err := r.ask("GroundControl.DescribeRequest", c.one.input(), &got)
	switch {
	case err != nil:
		return err
	case r.Output == "json":
		return indented(out, answer)
	}
	return printDetail(out, got.Request, time.Now())
}

// Run cancels.
func (c *requestCancel) Run(r *Request, out io.Writer) error {
	var got struct{ ProgressEvent detail }
	answer, err := r.ask("CloudApiService.CancelResourceRequest", c.one.input(), &got)
	return r.done(out, answer, got.ProgressEvent, err)
}

// Run resumes.
func (c *requestResume) Run(r *Request, out io.Writer) error {
	var got struct{ Request detail }
	answer, err := r.ask("GroundControl.ResumeRequest", c.one.input(), &got)
	return r.done(out, answer, got.Request, err)
}

// Run fails the request, and warns of what that may leave behind.
func (c *requestFail) Run(r *Request, out io.Writer, notes Notices) error {
	var got struct {
		Request detail
		Warning string
	}
	in := c.one.input()
	in["Reason"] = c.Reason
	answer, err := r.ask("GroundControl.FailRequest", in, &got)
	if err == nil && got.Warning != "" {
		notes.say("warning: %s", printable(got.Warning))
	}
	return r.done(out, answer, got.Request, err)
}

func (o one) input() map[string]string { return map[string]string{"RequestToken": o.Token} }

// done prints what a request has become.
func (r *Request) done(out io.Writer, answer json.RawMessage, d detail, err error) error {
	switch {
	case err != nil:
		return err
	case r.Output == "json":
		return indented(out, answer)
	}
	line := d.RequestToken + " " + d.OperationStatus
	if d.StatusMessage != "" {
		line += ": " + d.StatusMessage
	}
	_, err = fmt.Fprintln(out, printable(line))
	return err
}
