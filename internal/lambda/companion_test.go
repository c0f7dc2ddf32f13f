package lambda_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"example.org/groundcontrol/internal/lambda"
)

// companion counts what it is asked.
type companion struct{ reports, closed atomic.Int64 }

func (c *companion) Env() map[string]string { return map[string]string{"WITH": "a companion"} }
func (c *companion) Report() any            { return c.reports.Add(1) }
func (c *companion) Close()                 { c.closed.Add(1) }

func TestEachChildHasACompanion(t *testing.T) {
	var all []*companion
	p := lambda.NewPool(lambda.Config{Attend: func(lambda.Function) (lambda.Companion, error) {
		all = append(all, new(companion))
		return all[len(all)-1], nil
	}})
	defer p.Close()
	f := child(t, "serve")
	for n := range int64(3) {
		r := must(t, p, f, order{Do: "environment"})
		if !strings.Contains(string(r.Body), "WITH=a companion") || r.Report != n+1 {
			t.Errorf("call %d: report %v, environment %s", n, r.Report, r.Body)
		}
	}
	r, err := invoke(t, p, f, order{Do: "crash"})
	if err == nil || r.Report != int64(4) {
		t.Errorf("the call that ended the child: report %v, %v", r.Report, err)
	}
	if r := must(t, p, f, order{Do: "environment"}); r.Report != int64(1) || len(all) != 2 {
		t.Errorf("another child: report %v of %d companions", r.Report, len(all))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if n := c.closed.Load(); n != 1 {
			t.Errorf("companion %d was closed %d times", i, n)
		}
	}
}

func TestChildWithoutItsCompanionIsNotStarted(t *testing.T) {
	no := errors.New("no way out")
	p := lambda.NewPool(lambda.Config{Temp: t.TempDir(), Attend: func(lambda.Function) (lambda.Companion, error) { return nil, no }})
	defer p.Close()
	if r, err := invoke(t, p, child(t, "serve"), order{Do: "pid"}); !errors.Is(err, no) || r.Delivered {
		t.Errorf("%+v, %v", r, err)
	}
}
