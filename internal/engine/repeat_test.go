package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.org/groundcontrol/internal/engine"
	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// A create whose first call ran out of time may have made the resource. What the second one
// says of that is not told to the client before the resource was looked at.
func TestARepeatedCreateOwnsWhatItMade(t *testing.T) {
	for name, c := range map[string]struct {
		first handler.Answer // "" is no answer in time
		there any            // that a read finds, nil for nothing
		want  operation.Status
	}{
		"as it is wanted":              {handler.Answer{}, map[string]any{"Name": "a", "Id": "7"}, operation.Success},
		"another one":                  {handler.Answer{}, map[string]any{"Name": "b"}, operation.Failed},
		"nothing":                      {handler.Answer{}, nil, operation.Failed},
		"after a failure of a service": {failure(handler.ServiceInternalError, "later"), map[string]any{"Name": "a"}, operation.Success},
		"after it was turned away":     {failure(handler.Throttling, "slow down"), map[string]any{"Name": "a"}, operation.Failed},
		"at the first call":            {failure(handler.AlreadyExists, "there"), map[string]any{"Name": "a"}, operation.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			reads := 0
			h := func(ctx context.Context, call handler.Call) (handler.Answer, error) {
				switch {
				case call.Action == schema.Read:
					if reads++; call.Identifier != "a" || string(call.Desired) != `{"Name":"a"}` || call.Token == "" {
						t.Errorf("the read is %+v", call)
					}
					if c.there == nil {
						return failure(handler.NotFound, "no"), nil
					}
					return handler.Answer{Status: handler.Success, Model: c.there}, nil
				case call.Retries > 0:
					return failure(handler.AlreadyExists, "there"), nil
				case c.first.Status != "":
					return c.first, nil
				}
				<-ctx.Done()
				return handler.Answer{}, ctx.Err()
			}
			world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
				r := submit(t, e, request("a"))
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				r = get(t, s, r.Token)
				if r.Status != c.want || c.want == operation.Failed && (r.ErrorCode != "AlreadyExists" || r.Message != "there") {
					t.Errorf("%s %s %q", r.Status, r.ErrorCode, r.Message)
				}
				turnedAway := c.first.ErrorCode == handler.Throttling || c.first.ErrorCode == handler.AlreadyExists
				if (reads == 0) != turnedAway || reads > 1 {
					t.Errorf("%d reads after %d calls", reads, r.Attempt)
				}
				is, err := s.Resource(t.Context(), resource.Key{Account: account, Region: region, TypeName: r.TypeName, Identifier: "a"})
				if (err == nil && string(is.WriteOnly) == `{"Secret":"s"}`) != (c.want == operation.Success) {
					t.Errorf("the ledger has %+v, %v", is, err)
				}
			})
		})
	}
}

func TestWhatACreateBeganStaysUntilItIsAdoptedOrGone(t *testing.T) {
	var end handler.Answer
	h := func(_ context.Context, c handler.Call) (handler.Answer, error) {
		switch {
		case c.Action == schema.Create && len(c.Callback) == 0:
			return handler.Answer{Status: handler.InProgress, Model: map[string]any{"Name": "a"}, Callback: []byte(`1`), Delay: time.Second}, nil
		case c.Action == schema.Create:
			return failure(handler.NotStabilized, "no"), nil
		}
		return end, nil
	}
	world(t, h, nil, func(t *testing.T, s store.Store, e *engine.Engine) {
		entry := func() (resource.Resource, error) {
			return s.Resource(t.Context(), resource.Key{Account: account, Region: region, TypeName: "Test::Engine::Thing", Identifier: "a"})
		}
		ended := func(r operation.Request, want operation.Status) operation.Request {
			t.Helper()
			r = submit(t, e, r)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if r = get(t, s, r.Token); r.Status != want {
				t.Fatalf("%s %s %q, want %s", r.Status, r.ErrorCode, r.Message, want)
			}
			return r
		}
		r := ended(request("a"), operation.Failed)
		is, err := entry()
		if err != nil || !is.Unfinished || is.Request != r.Token || string(is.WriteOnly) != `{"Secret":"s"}` {
			t.Fatalf("%+v, %v", is, err)
		}
		// An update without a change takes it in, with what is remembered.
		adopt := request("a")
		adopt.Operation, adopt.BaseRevision = operation.Update, is.Revision
		adopt.Input = operation.Input{Previous: []byte(`{"Name":"a"}`), Model: []byte(`{"Name":"a","Secret":"s"}`)}
		ended(adopt, operation.Success)
		if is, err = entry(); err != nil || is.Unfinished || string(is.Model) != `{"Name":"a"}` || string(is.WriteOnly) != `{"Secret":"s"}` {
			t.Errorf("adopted: %+v, %v", is, err)
		}
		// A delete that finds nothing forgets what was begun, and nothing else.
		remove := request("a")
		remove.Operation, remove.Input = operation.Delete, operation.Input{Desired: []byte(`{"Name":"a"}`)}
		end = failure(handler.NotFound, "gone")
		ended(remove, operation.Failed)
		if is, err = entry(); err != nil || is.Unfinished {
			t.Errorf("a resource that the handler does not find: %+v, %v", is, err)
		}
		end = handler.Answer{Status: handler.Success}
		ended(remove, operation.Success)
		ended(request("a"), operation.Failed)
		if is, err = entry(); err != nil || !is.Unfinished {
			t.Errorf("begun again: %+v, %v", is, err)
		}
		end = failure(handler.NotFound, "gone")
		ended(remove, operation.Failed)
		if is, err = entry(); err == nil {
			t.Errorf("reaped: %+v", is)
		}
	})
}
