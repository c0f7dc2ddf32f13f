package main_test

import (
	"regexp"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
)

// parallel calls do n times at once and returns what each gave.
func parallel[T any](t *testing.T, n int, do func(i int) T) []T {
	t.Helper()
	all := make([]T, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i] = do(i) })
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// createWith is a create with a client token.
func (c client) createWith(token, typeName, desired string) (*types.ProgressEvent, error) {
	out, err := c.CreateResource(c.t.Context(), &cloudcontrol.CreateResourceInput{TypeName: &typeName, DesiredState: &desired, ClientToken: &token})
	if err != nil {
		return nil, err
	}
	return out.ProgressEvent, nil
}

func TestTheSameClientTokenAndInputGiveTheSameRequest(t *testing.T) {
	t.Parallel()
	c := start(t, "--simulate", bucket+"=create:1h").client(t)
	replayed := func(token, typeName, desired string, want *types.ProgressEvent) {
		t.Helper()
		got, err := c.createWith(token, typeName, desired)
		if err != nil {
			t.Error(err)
			return
		}
		wantDiff(t, "replay", describe(got), describe(want))
	}
	live, err := c.createWith("live", bucket, `{"BucketName":"slow","Tags":[]}`)
	if err != nil {
		t.Fatal(err)
	}
	live = c.idle(live)
	replayed("live", bucket, `{"BucketName":"slow","Tags":[]}`, live)
	replayed("live", bucket, ` { "Tags" : [ ], "BucketName" : "\u0073low" } `, live) // the same document
	cancelled := c.cancel(*live.RequestToken)
	replayed("live", bucket, `{"BucketName":"slow","Tags":[]}`, cancelled)

	done, err := c.createWith("done", logGroup, `{"LogGroupName":"one"}`)
	if err != nil {
		t.Fatal(err)
	}
	done = c.waited(done)
	replayed("done", logGroup, `{"LogGroupName":"one"}`, done)
	c.waited(c.delete(logGroup, "one"))
	replayed("done", logGroup, `{"LogGroupName":"one"}`, done) // though it is gone now

	failed, err := c.createWith("failed", logGroup, `{"LogGroupName":"two"}`)
	if err != nil {
		t.Fatal(err)
	}
	c.waited(failed)
	failed, err = c.createWith("failed-2", logGroup, `{"LogGroupName":"two"}`)
	if err != nil {
		t.Fatal(err)
	}
	failed = c.ended(failed)
	if failed.ErrorCode != types.HandlerErrorCodeAlreadyExists {
		t.Fatalf("not failed: %s", describe(failed))
	}
	replayed("failed-2", logGroup, `{"LogGroupName":"two"}`, failed)
}

func TestUpdateAndDeleteReplayWhenTheWorldHasChanged(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	c.waited(c.create(logGroup, `{"LogGroupName":"g","RetentionInDays":1}`))
	update := func(token, patch string) (*types.ProgressEvent, error) {
		out, err := c.UpdateResource(t.Context(), &cloudcontrol.UpdateResourceInput{
			TypeName: str(logGroup), Identifier: str("g"), PatchDocument: &patch, ClientToken: &token,
		})
		if err != nil {
			return nil, err
		}
		return out.ProgressEvent, nil
	}
	remove := func() (*types.ProgressEvent, error) {
		out, err := c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(logGroup), Identifier: str("g"), ClientToken: str("delete")})
		if err != nil {
			return nil, err
		}
		return out.ProgressEvent, nil
	}
	const tested = `[{"op":"test","path":"/RetentionInDays","value":1},{"op":"replace","path":"/RetentionInDays","value":3}]`
	first, err := update("update", tested)
	if err != nil {
		t.Fatal(err)
	}
	updated := c.waited(first)
	wantReplay := func(what string, want *types.ProgressEvent) func(*types.ProgressEvent, error) {
		return func(got *types.ProgressEvent, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			wantDiff(t, what, describe(got), describe(want))
		}
	}
	wantReplay("an update whose test would fail now", updated)(update("update", tested))
	c.waited(c.update(logGroup, "g", `[{"op":"replace","path":"/RetentionInDays","value":1}]`))
	wantReplay("an update that could be made again", updated)(update("update", tested))
	if got := c.get(logGroup, "g")["RetentionInDays"]; got != 1.0 {
		t.Errorf("the replay changed the resource: %v", got)
	}

	first, err = remove()
	if err != nil {
		t.Fatal(err)
	}
	deleted := c.waited(first)
	wantReplay("a delete of what is gone", deleted)(remove())
	wantReplay("an update of what is gone", updated)(update("update", tested))
}

func TestAClientTokenStandsForOneInputOnly(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	first, err := c.createWith("token-1", countdown, `{"Name":"apollo","Seconds":1}`)
	if err != nil {
		t.Fatal(err)
	}
	conflicts := func(when string) {
		t.Run(when, func(t *testing.T) {
			want := "ClientToken token-1 is already associated with an existing operation with RequestToken " + *first.RequestToken
			token := str("token-1")
			for name, err := range map[string]error{
				"another desired state": discard(c.createWith("token-1", countdown, `{"Name":"apollo","Seconds":2}`)),
				"another type":          discard(c.createWith("token-1", logGroup, `{"LogGroupName":"g"}`)),
				"a wrong model":         discard(c.createWith("token-1", countdown, `{}`)),
				"an unknown type":       discard(c.createWith("token-1", "AWS::No::Type", `{}`)),
				"another operation": discard(c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{
					TypeName: str(countdown), Identifier: str("apollo"), ClientToken: token,
				})),
				"another role": discard(c.CreateResource(t.Context(), &cloudcontrol.CreateResourceInput{
					TypeName: str(countdown), DesiredState: str(`{"Name":"apollo","Seconds":1}`), ClientToken: token,
					RoleArn: str("arn:aws:iam::000000000000:role/deploy"),
				})),
			} {
				t.Run(name, func(t *testing.T) { wantException[*types.ClientTokenConflictException](t, err, want) })
			}
		})
	}
	conflicts("while the request runs")
	c.waited(first)
	conflicts("after its end")
}

func TestARefusedCallDoesNotUseTheClientTokenUp(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	if _, err := c.createWith("token-1", logGroup, `{"LogGroupName":7}`); err == nil {
		t.Fatal("a wrong model is accepted")
	}
	e, err := c.createWith("token-1", logGroup, `{"LogGroupName":"g"}`)
	if err != nil {
		t.Fatal(err)
	}
	c.waited(e)
}

func TestSimultaneousSubmitsWithOneTokenMakeOneRequest(t *testing.T) {
	t.Parallel()
	c := start(t).client(t)
	tokens := parallel(t, 24, func(int) string {
		e, err := c.createWith("one", "AWS::SQS::Queue", `{}`)
		if err != nil {
			t.Error(err)
			return ""
		}
		return *e.RequestToken
	})
	for _, token := range tokens {
		if token != tokens[0] {
			t.Errorf("two requests: %s and %s", tokens[0], token)
		}
	}
	if n := len(c.requests()); n != 1 {
		t.Errorf("%d requests are listed", n)
	}
}

func TestASecondOperationOnAResourceIsRefusedWhileOneRuns(t *testing.T) {
	t.Parallel()
	c := start(t, "--simulate", bucket+"=update:1h").client(t)
	running := c.create(countdown, `{"Name":"apollo","Seconds":3600}`)
	refused := func(name, typeName, id, token string, err error) {
		t.Run(name, func(t *testing.T) {
			text := "Another operation on resource '" + id + "' of type '" + typeName + "' is in progress with RequestToken " + token
			wantException[*types.ConcurrentOperationException](t, err, text)
			// A client that we know parses the text in this way.
			if m := regexp.MustCompile(`RequestToken\s+([a-fA-F0-9-]+)`).FindStringSubmatch(err.Error()); m == nil || m[1] != token {
				t.Errorf("the token cannot be found in %v", err)
			}
		})
	}
	token := *running.RequestToken
	refused("a create of the same name", countdown, "apollo", token,
		discard(c.createWith("a", countdown, `{"Name":"apollo","Seconds":1}`)))
	refused("a delete of what is being made", countdown, "apollo", token,
		discard(c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(countdown), Identifier: str("apollo")})))
	refused("a delete by an identifier in JSON", countdown, "apollo", token,
		discard(c.DeleteResource(t.Context(), &cloudcontrol.DeleteResourceInput{TypeName: str(countdown), Identifier: str(`{"Name":"apollo"}`)})))
	c.waited(c.create(countdown, `{"Name":"gemini","Seconds":0}`))

	c.waited(c.create(bucket, `{"BucketName":"busy"}`))
	updating := c.update(bucket, "busy", `[{"op":"add","path":"/Tags","value":[]}]`)
	refused("a second update", bucket, "busy", *updating.RequestToken,
		discard(c.UpdateResource(t.Context(), &cloudcontrol.UpdateResourceInput{
			TypeName: str(bucket), Identifier: str("busy"), PatchDocument: str(`[{"op":"add","path":"/ObjectLockEnabled","value":true}]`),
		})))
	c.cancel(token)
	c.cancel(*updating.RequestToken)
	c.waited(c.create(countdown, `{"Name":"apollo","Seconds":0}`))
	c.waited(c.delete(bucket, "busy"))
}
