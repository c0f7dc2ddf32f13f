package main_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

func filter(ops []types.Operation, statuses []types.OperationStatus) *types.ResourceRequestStatusFilter {
	return &types.ResourceRequestStatusFilter{Operations: ops, OperationStatuses: statuses}
}

// tokensOf lists requests page by page. It fails where a page is longer than its size, or
// there is no end.
func (c client) tokensOf(f *types.ResourceRequestStatusFilter, size int32) []string {
	c.t.Helper()
	tokens := []string{}
	in := &cloudcontrol.ListResourceRequestsInput{ResourceRequestStatusFilter: f, MaxResults: &size}
	for range 100 {
		out, err := c.ListResourceRequests(c.t.Context(), in)
		if err != nil {
			c.t.Fatal(err)
		}
		if len(out.ResourceRequestStatusSummaries) > int(size) {
			c.t.Errorf("a page of %d, want %d at most", len(out.ResourceRequestStatusSummaries), size)
		}
		for _, e := range out.ResourceRequestStatusSummaries {
			tokens = append(tokens, *e.RequestToken)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return tokens
		}
	}
	c.t.Fatal("the list has no end")
	return nil
}

func TestRequestsAreListedNewestFirstByOperationAndStatus(t *testing.T) {
	t.Parallel()
	s := start(t, "--simulate", "AWS::SNS::Topic=create:1h")
	c := s.client(t)
	var all []*types.ProgressEvent // as they ended, oldest first
	keep := func(e *types.ProgressEvent) { all = append(all, e) }
	keep(c.waited(c.create(bucket, `{"BucketName":"one"}`)))
	keep(c.waited(c.create(logGroup, `{"LogGroupName":"g"}`)))
	keep(c.ended(c.create(bucket, `{"BucketName":"one"}`)))
	keep(c.waited(c.update(bucket, "one", `[{"op":"add","path":"/Tags","value":[]}]`)))
	keep(c.waited(c.update(bucket, "one", `[]`)))
	keep(c.ended(c.delete(bucket, "never-there")))
	keep(c.idle(c.create("AWS::SNS::Topic", `{"TopicName":"slow"}`)))
	keep(c.cancel(*c.idle(c.create("AWS::SNS::Topic", `{"TopicName":"halted"}`)).RequestToken))
	keep(c.waited(c.delete(bucket, "one")))

	type ops = []types.Operation
	type statuses = []types.OperationStatus
	for name, f := range map[string]*types.ResourceRequestStatusFilter{
		"no filter":            nil,
		"an empty filter":      filter(nil, nil),
		"empty lists":          filter(ops{}, statuses{}),
		"creates":              filter(ops{"CREATE"}, nil),
		"updates":              filter(ops{"UPDATE"}, nil),
		"creates and deletes":  filter(ops{"DELETE", "CREATE"}, nil),
		"every operation":      filter(ops{"CREATE", "UPDATE", "DELETE"}, nil),
		"what runs":            filter(nil, statuses{"IN_PROGRESS", "PENDING"}),
		"what failed":          filter(nil, statuses{"FAILED"}),
		"what was cancelled":   filter(nil, statuses{"CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"}),
		"failed deletes":       filter(ops{"DELETE"}, statuses{"FAILED"}),
		"what ended of two":    filter(ops{"CREATE", "UPDATE"}, statuses{"SUCCESS", "FAILED"}),
		"a value twice":        filter(ops{"UPDATE", "UPDATE"}, statuses{"SUCCESS", "SUCCESS"}),
		"what nothing matches": filter(ops{"UPDATE"}, statuses{"FAILED"}),
		"each status":          filter(nil, types.OperationStatus("").Values()),
	} {
		t.Run(name, func(t *testing.T) {
			want := []string{}
			for _, e := range slices.Backward(all) {
				if f == nil || (len(f.Operations) == 0 || slices.Contains(f.Operations, e.Operation)) &&
					(len(f.OperationStatuses) == 0 || slices.Contains(f.OperationStatuses, e.OperationStatus)) {
					want = append(want, *e.RequestToken)
				}
			}
			for _, size := range []int32{1, 2, 100} {
				wantDiff(t, "pages of "+strconv.Itoa(int(size)), c.tokensOf(f, size), want)
			}
		})
	}
	listed := c.requests()
	slices.Reverse(listed)
	for i, e := range all {
		wantDiff(t, "the row in the list, and the status", describe(&listed[i]), describe(e))
	}
}

func TestTheListOfRequestsHasPagesOfTwentyAndAHundredAtMost(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	events := parallel(t, 130, func(int) *types.ProgressEvent { return c.create("AWS::SQS::Queue", `{}`) })
	page := func(size *int32, token *string) *cloudcontrol.ListResourceRequestsOutput {
		t.Helper()
		out, err := c.ListResourceRequests(t.Context(), &cloudcontrol.ListResourceRequestsInput{MaxResults: size, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	seen := map[string]bool{}
	count := func(out *cloudcontrol.ListResourceRequestsOutput, want int) {
		t.Helper()
		if len(out.ResourceRequestStatusSummaries) != want {
			t.Errorf("a page of %d, want %d", len(out.ResourceRequestStatusSummaries), want)
		}
		for _, e := range out.ResourceRequestStatusSummaries {
			if seen[*e.RequestToken] {
				t.Errorf("%s is listed twice", *e.RequestToken)
			}
			seen[*e.RequestToken] = true
		}
	}
	first := page(nil, nil)
	count(first, 20)
	c.waited(c.create(bucket, `{"BucketName":"in-between"}`)) // newer than the page: must not move it
	hundred := int32(100)
	second := page(&hundred, first.NextToken)
	count(second, 100)
	last := page(nil, second.NextToken)
	count(last, 10)
	if last.NextToken != nil {
		t.Error("the last page has a next token")
	}
	for _, e := range events {
		if !seen[*e.RequestToken] {
			t.Errorf("%s is on no page", *e.RequestToken)
		}
	}
}

func TestANextTokenFitsOnlyTheListItIsOf(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client(t)
	for range 3 {
		c.waited(c.create("AWS::SQS::Queue", `{}`))
	}
	one := int32(1)
	f := filter([]types.Operation{"CREATE", "DELETE"}, []types.OperationStatus{"SUCCESS"})
	out, err := c.ListResourceRequests(t.Context(), &cloudcontrol.ListResourceRequestsInput{MaxResults: &one, ResourceRequestStatusFilter: f})
	if err != nil || out.NextToken == nil {
		t.Fatal("there is no second page", err)
	}
	token := out.NextToken
	list := func(c client, token *string, f *types.ResourceRequestStatusFilter) error {
		return discard(c.ListResourceRequests(t.Context(), &cloudcontrol.ListResourceRequestsInput{NextToken: token, ResourceRequestStatusFilter: f}))
	}
	if err := list(c, token, filter([]types.Operation{"DELETE", "CREATE", "CREATE"}, []types.OperationStatus{"SUCCESS"})); err != nil {
		t.Errorf("the same filter in another order is refused: %v", err)
	}
	flipped := []byte(*token)
	flipped[len(flipped)/2] ^= 1
	for name, err := range map[string]error{
		"without the filter":   list(c, token, nil),
		"with another filter":  list(c, token, filter([]types.Operation{"CREATE"}, []types.OperationStatus{"SUCCESS"})),
		"in another region":    list(s.clientOf(t, s.key, "eu-west-1"), token, f),
		"cut short":            list(c, str((*token)[:8]), f),
		"with more behind it":  list(c, str(*token+"AAAA"), f),
		"that is no base64":    list(c, str("AAAAA"), f),
		"of a list of another": list(c, str("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"), f),
	} {
		t.Run(name, func(t *testing.T) { wantInvalid(t, err, "Invalid NextToken") })
	}
	wantInvalid(t, list(c, str("no_base64!"), f),
		"1 validation error detected: Value 'no_base64!' at 'nextToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [-A-Za-z0-9+/=]+")
	wantInvalid(t, list(c, str(strings.Repeat("A", 2049)), f),
		"1 validation error detected: Value '"+strings.Repeat("A", 256)+"...' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 2048")
}

func TestAPageOfResourcesGoesOnWhereTheLastEnded(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	for _, name := range []string{"b", "d", "f"} {
		c.waited(c.create(logGroup, `{"LogGroupName":"`+name+`"}`))
	}
	one := int32(1)
	in := &cloudcontrol.ListResourcesInput{TypeName: str(logGroup), MaxResults: &one}
	out, err := c.ListResources(t.Context(), in)
	if err != nil || len(out.ResourceDescriptions) != 1 || out.NextToken == nil {
		t.Fatalf("first page: %v, %v", out, err)
	}
	c.waited(c.delete(logGroup, "b")) // what was shown goes, and something new comes
	c.waited(c.create(logGroup, `{"LogGroupName":"e"}`))
	var rest []string
	for in.NextToken = out.NextToken; in.NextToken != nil && len(rest) < 10; in.NextToken = out.NextToken {
		if out, err = c.ListResources(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		for _, d := range out.ResourceDescriptions {
			rest = append(rest, *d.Identifier)
		}
	}
	wantDiff(t, "the other pages", rest, []string{"d", "e", "f"})

	_, err = c.ListResources(t.Context(), &cloudcontrol.ListResourcesInput{TypeName: str(logGroup), NextToken: str("!")})
	wantException[*types.InvalidRequestException](t, err, logGroup+" Handler returned status FAILED: Invalid request provided: "+
		"NextToken is not one that this list gave (HandlerErrorCode: InvalidRequest, RequestToken: <uuid>)")
}
