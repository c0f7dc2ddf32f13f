package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/handler/witness"
	"example.org/groundcontrol/internal/testsdk"
)

const region = "us-east-1"

// patience is how long a client waits for an answer; it is longer than answers are held.
const patience = 2500 * time.Millisecond

// access is how one node is called.
type access struct {
	node     string
	endpoint string
	key      auth.Key
	sdk      *cloudcontrol.Client
	http     *http.Client
	clock    clock
}

func newAccess(n *node, key auth.Key, c clock) *access {
	client := testsdk.Client(patience, 64)
	endpoint := n.endpoint()
	return &access{node: n.name, endpoint: endpoint, key: key, http: client, clock: c, sdk: cloudcontrol.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &endpoint, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} }, // we do it ourselves and take it down
	})}
}

// do makes the call that o describes and fills in what came of it.
func (a *access) do(ctx context.Context, o Op) Op {
	o.Node, o.Error = a.node, ""
	o.Call = a.clock.now()
	switch o.Kind {
	case "create", "update", "delete":
		e, err := a.mutate(ctx, o)
		o.told(Accepted, err, a.events(e)...)
	case "status":
		out, err := a.sdk.GetResourceRequestStatus(ctx, &cloudcontrol.GetResourceRequestStatusInput{RequestToken: &o.Token})
		if out == nil {
			out = &cloudcontrol.GetResourceRequestStatusOutput{}
		}
		o.told(Seen, err, a.events(out.ProgressEvent)...)
	case "cancel":
		out, err := a.sdk.CancelResourceRequest(ctx, &cloudcontrol.CancelResourceRequestInput{RequestToken: &o.Token})
		if out == nil {
			out = &cloudcontrol.CancelResourceRequestOutput{}
		}
		o.told(Seen, err, a.events(out.ProgressEvent)...)
	case "get":
		var err error
		o.Model, err = a.get(ctx, o.Identifier)
		o.told(Found, err)
		if o.Code == "ResourceNotFoundException" {
			o.Outcome = Missing
		}
	case "list":
		_, _, err := a.resources(ctx, nil)
		o.told(Listed, err)
	case "requests":
		events, _, err := a.requests(ctx, nil)
		o.told(Seen, err, events...)
	}
	o.Return = a.clock.now()
	return o
}

// holder finds the request that is in the way in the text of the exception.
var holder = regexp.MustCompile(`RequestToken ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`)

// told takes an answer down.
func (o *Op) told(good Outcome, err error, events ...Event) {
	o.Outcome, o.Events = good, events
	if err == nil {
		return
	}
	o.Outcome, o.Events, o.Error = Unheard, nil, err.Error()
	if errors.Is(err, syscall.ECONNREFUSED) {
		o.Outcome = Nobody
		return
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return
	}
	o.Code = refusal.ErrorCode()
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.HTTPStatusCode() >= 500 {
		return
	}
	o.Outcome, o.Error = Refused, ""
	if o.Code == "ConcurrentOperationException" {
		if found := holder.FindStringSubmatch(refusal.ErrorMessage()); found != nil {
			o.Outcome, o.Token = Busy, found[1]
		}
	}
}

func (a *access) mutate(ctx context.Context, o Op) (*types.ProgressEvent, error) {
	name := aws.String(witness.TypeName)
	switch o.Kind {
	case "create":
		out, err := a.sdk.CreateResource(ctx, &cloudcontrol.CreateResourceInput{TypeName: name, DesiredState: &o.Input, ClientToken: &o.ClientToken})
		if err != nil {
			return nil, err
		}
		return out.ProgressEvent, nil
	case "update":
		out, err := a.sdk.UpdateResource(ctx, &cloudcontrol.UpdateResourceInput{
			TypeName: name, Identifier: &o.Identifier, PatchDocument: &o.Input, ClientToken: &o.ClientToken,
		})
		if err != nil {
			return nil, err
		}
		return out.ProgressEvent, nil
	}
	out, err := a.sdk.DeleteResource(ctx, &cloudcontrol.DeleteResourceInput{TypeName: name, Identifier: &o.Identifier, ClientToken: &o.ClientToken})
	if err != nil {
		return nil, err
	}
	return out.ProgressEvent, nil
}

func (a *access) get(ctx context.Context, id string) (model string, err error) {
	out, err := a.sdk.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: aws.String(witness.TypeName), Identifier: &id})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ResourceDescription.Properties), nil
}

// resources is a page of the ledger.
func (a *access) resources(ctx context.Context, next *string) ([]Description, *string, error) {
	out, err := a.sdk.ListResources(ctx, &cloudcontrol.ListResourcesInput{TypeName: aws.String(witness.TypeName), NextToken: next, MaxResults: aws.Int32(20)})
	if err != nil {
		return nil, nil, err
	}
	var all []Description
	for _, d := range out.ResourceDescriptions {
		all = append(all, Description{aws.ToString(d.Identifier), aws.ToString(d.Properties)})
	}
	return all, out.NextToken, nil
}

// requests is a page of requests, newest first; live are those that have not ended.
func (a *access) requests(ctx context.Context, next *string, live ...types.OperationStatus) ([]Event, *string, error) {
	out, err := a.sdk.ListResourceRequests(ctx, &cloudcontrol.ListResourceRequestsInput{
		NextToken: next, MaxResults: aws.Int32(100), ResourceRequestStatusFilter: &types.ResourceRequestStatusFilter{OperationStatuses: live},
	})
	if err != nil {
		return nil, nil, err
	}
	var all []Event
	for _, e := range out.ResourceRequestStatusSummaries {
		all = append(all, a.event(e))
	}
	return all, out.NextToken, nil
}

func (a *access) events(e *types.ProgressEvent) []Event {
	if e == nil {
		return nil
	}
	return []Event{a.event(*e)}
}

func (a *access) event(e types.ProgressEvent) Event {
	return Event{
		Token: aws.ToString(e.RequestToken), Operation: string(e.Operation), Status: string(e.OperationStatus), Identifier: aws.ToString(e.Identifier),
		At: a.clock.of(aws.ToTime(e.EventTime)), Code: string(e.ErrorCode), Message: aws.ToString(e.StatusMessage), Model: aws.ToString(e.ResourceModel),
	}
}

// describe asks for a request as an operator sees it.
func (a *access) describe(ctx context.Context, token string) (Detail, error) {
	var out struct {
		Request struct {
			RequestToken, Operation, OperationStatus, Identifier string
			EventTime, AcceptedAt                                float64
			ErrorCode, StatusMessage, ResourceModel, ClientToken string
			Attempts, Lost                                       int
			Timeline                                             []struct {
				Time                float64
				What, Node, Outcome string
				Attempt             int
			}
		}
	}
	body, err := json.Marshal(map[string]string{"RequestToken": token})
	if err != nil {
		return Detail{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return Detail{}, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "GroundControl.DescribeRequest")
	auth.Sign(r, body, a.key, region, "cloudcontrolapi", time.Now())
	answer, err := a.http.Do(r)
	if err != nil {
		return Detail{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return Detail{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return Detail{}, fmt.Errorf("describe %s: %s: %s", token, answer.Status, text)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return Detail{}, fmt.Errorf("describe %s: %w", token, err)
	}
	q := out.Request
	d := Detail{
		Event: Event{
			Token: q.RequestToken, Operation: q.Operation, Status: q.OperationStatus, Identifier: q.Identifier, At: a.seconds(q.EventTime),
			Code: q.ErrorCode, Message: q.StatusMessage, Model: q.ResourceModel,
		},
		Accepted: a.seconds(q.AcceptedAt), ClientToken: q.ClientToken, Attempts: q.Attempts, Lost: q.Lost,
	}
	for _, l := range q.Timeline {
		d.Lines = append(d.Lines, Line{At: a.seconds(l.Time), What: l.What, Node: l.Node, Outcome: l.Outcome, Attempt: l.Attempt})
	}
	return d, nil
}

// seconds is the moment of a time on the wire, which is good to the millisecond.
func (a *access) seconds(s float64) time.Duration {
	return a.clock.of(time.UnixMilli(int64(math.Round(s * 1000))))
}
