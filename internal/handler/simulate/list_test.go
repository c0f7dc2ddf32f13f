package simulate_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/handler/simulate"
	"example.org/groundcontrol/internal/schema"
)

func stages(t *testing.T, n int) *world {
	w := newWorld(t, builtin(t, "AWS::ApiGateway::Stage"))
	for i := range n {
		w.create(map[string]any{"RestApiId": fmt.Sprintf("api%d", i%2), "StageName": fmt.Sprintf("s%04d", i), "Description": "d"})
	}
	return w
}

func TestListPagesThroughEverythingOnce(t *testing.T) {
	for _, c := range []struct{ have, max, pages int }{
		{0, 0, 1}, {5, 0, 1}, {5, 2, 3}, {4, 2, 2}, {100, 0, 1}, {101, 0, 2}, {101, 100, 2}, {3, 1000, 1},
	} {
		t.Run(fmt.Sprintf("%d by %d", c.have, c.max), func(t *testing.T) {
			w := stages(t, c.have)
			models, pages := w.list(nil, c.max)
			seen := map[string]bool{}
			for _, m := range models {
				id, _ := w.schema.Identifier(m)
				seen[id] = true
			}
			if len(models) != c.have || len(seen) != c.have || pages != c.pages {
				t.Errorf("%d models, %d different, in %d pages", len(models), len(seen), pages)
			}
		})
	}
}

func TestListFilterMeansAnd(t *testing.T) {
	w := stages(t, 300)
	for filter, want := range map[string]int{
		`{}`:                                       300,
		`{"RestApiId":"api0"}`:                     150,
		`{"RestApiId":"api0","Description":"d"}`:   150,
		`{"RestApiId":"api0","Description":"x"}`:   0,
		`{"RestApiId":"api1","StageName":"s0001"}`: 1,
		`{"RestApiId":"api0","StageName":"s0001"}`: 0,
		`{"RestApiId":null}`:                       300,
		`{"NoSuchProperty":1,"RestApiId":"api1"}`:  150, // some list models hold more than the type does
		`{"ClientCertificateId":"c"}`:              0,
	} {
		for _, max := range []int{0, 7} {
			if models, _ := w.list(decode(t, filter), max); len(models) != want {
				t.Errorf("%s by %d: %d models, want %d", filter, max, len(models), want)
			}
		}
	}
}

func TestListLooksThroughABoundedPartOfTheLedger(t *testing.T) {
	w := stages(t, 4500)
	models, pages := w.list(decode(t, `{"StageName":"s4499"}`), 0)
	if len(models) != 1 || pages != 3 {
		t.Errorf("%d models in %d pages", len(models), pages)
	}
}

func TestListFilterOfAWriteOnlyPropertyIsLeftOut(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SSM::Parameter"))
	w.create(decode(t, `{"Name":"a","Type":"String","Value":"x","Tier":"Standard"}`))
	if models, _ := w.list(decode(t, `{"Tier":"Advanced"}`), 0); len(models) != 1 {
		t.Errorf("%d models", len(models))
	}
}

func TestListIsOfOneAccountRegionAndType(t *testing.T) {
	w := stages(t, 2)
	w.region = "us-east-1"
	if models, _ := w.list(nil, 0); len(models) != 0 {
		t.Errorf("another region shows: %v", models)
	}
}

func TestListRefusesATokenThatItDidNotGive(t *testing.T) {
	w := stages(t, 1)
	for _, token := range []string{"%", "abc", "YQ", "YR==", base64.StdEncoding.EncodeToString([]byte{0xff})} {
		c := w.call(schema.List, "", nil)
		c.NextToken = token
		w.wantCode(c, handler.InvalidRequest, "NextToken")
	}
}

func FuzzListToken(f *testing.F) {
	f.Add("")
	f.Add("YXBpMHxzMDAwMA==")
	f.Add("//8=")
	s := builtin(f, "AWS::ApiGateway::Stage")
	f.Fuzz(func(t *testing.T, token string) {
		w := newWorld(t, s)
		w.create(decode(t, `{"RestApiId":"a","StageName":"s"}`))
		c := w.call(schema.List, "", nil)
		c.NextToken = token
		if a := w.run(c); a.Status == handler.Success && len(a.Models) > 1 {
			t.Errorf("%d models", len(a.Models))
		}
	})
}

func TestReadFindsAResourceByAnAdditionalIdentifier(t *testing.T) {
	s := parse(t, `{"typeName":"Own::Test::Thing","description":"d","additionalProperties":false,
		"properties":{"Name":{"type":"string"},"Id":{"type":"string"},"Deep":{"type":"object","properties":{"Key":{"type":"string"}}}},
		"primaryIdentifier":["/properties/Name"],"additionalIdentifiers":[["/properties/Id"],["/properties/Deep/Key"]],
		"readOnlyProperties":["/properties/Id"],"createOnlyProperties":["/properties/Name"]}`)
	w := newWorld(t, s)
	var last map[string]any
	for i := range 150 {
		_, last = w.create(map[string]any{"Name": fmt.Sprintf("n%03d", i), "Deep": map[string]any{"Key": fmt.Sprint(i), "More": true}})
	}
	for _, desired := range []map[string]any{{"Id": last["Id"]}, {"Deep": map[string]any{"Key": "149"}}, {"Name": "n149"}} {
		a := w.run(w.call(schema.Read, "", desired))
		if a.Status != handler.Success || !schema.Equal(a.Model, last) {
			t.Errorf("%v: %+v", desired, a)
		}
	}
	w.wantCode(w.call(schema.Read, "", map[string]any{"Id": "x"}), handler.NotFound, `{"Id":"x"}`)
	w.wantCode(w.call(schema.Read, "", nil), handler.NotFound, "was not found")
}

func TestErrorsOfTheLedgerAreNoAnswer(t *testing.T) {
	down := errors.New("down")
	w := newWorld(t, builtin(t, "AWS::SQS::Queue"))
	w.runtime = &simulate.Runtime{Ledger: broken(func() error { return down })}
	for _, action := range []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List} {
		c := w.call(action, "x", map[string]any{})
		c.Moved = true // so that a create looks, too
		a, err := w.runtime.Invoke(t.Context(), c)
		if !errors.Is(err, down) || a.Status != "" {
			t.Errorf("%s: %+v, %v", action, a, err)
		}
	}
}

func TestDesiredStateThatIsNoObjectIsRefused(t *testing.T) {
	w := newWorld(t, builtin(t, "AWS::SQS::Queue"))
	for _, action := range []schema.Action{schema.Create, schema.Read, schema.Update, schema.Delete, schema.List} {
		c := w.call(action, "x", nil)
		for _, text := range []string{`[]`, `1`, `{`, `"{}"`} {
			c.Desired = []byte(text)
			w.wantCode(c, handler.InvalidRequest, "desired state")
		}
	}
	w.wantCode(w.call("NOPE", "x", nil), handler.InvalidRequest, "NOPE")
}
