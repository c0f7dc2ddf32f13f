package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// success is the outcome of an API call without an exception.
const success = "success"

// api counts API calls. Successes, the hot path, go to counters found once per operation;
// failures look theirs up.
type api struct {
	answered   *prometheus.CounterVec
	took       *prometheus.HistogramVec
	operations map[string]apiOperation // by name
	exceptions map[string]bool
}

type apiOperation struct {
	name    string
	success prometheus.Counter
	took    prometheus.Observer
}

func newAPI(operations, exceptions []string) api {
	a := api{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "groundcontrol_api_requests_total",
			Help: "API calls by operation and outcome: success or the name of the exception.",
		}, []string{"operation", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "groundcontrol_api_request_duration_seconds",
			Help:    "Time from the headers of an API call to its answer. A status call may be held on purpose.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"operation"}),
		operations: map[string]apiOperation{},
		exceptions: map[string]bool{},
	}
	for _, name := range append([]string{unknown}, operations...) {
		a.operations[name] = apiOperation{name, a.answered.WithLabelValues(name, success), a.took.WithLabelValues(name)}
	}
	for _, name := range exceptions {
		a.exceptions[name] = true
	}
	return a
}

func (a *api) count(operation, exception string, took time.Duration) {
	o, ok := a.operations[operation]
	if !ok {
		o = a.operations[unknown]
	}
	o.took.Observe(took.Seconds())
	switch {
	case exception == "":
		o.success.Inc()
	case a.exceptions[exception]:
		a.answered.WithLabelValues(o.name, exception).Inc()
	default:
		a.answered.WithLabelValues(o.name, unknown).Inc()
	}
}
