// Package metrics counts and times what the server does, for Prometheus.
//
// Every label has a bounded set of values: a name that was not announced counts under
// "unknown". It knows nothing of how what it counts works.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.org/groundcontrol/internal/operation"
)

// unknown stands for every label value that is not in the set of its label.
const unknown = "unknown"

// Config is what Metrics works with. Log is required.
type Config struct {
	Version    string                                                  // of this build
	Operations []string                                                // of the API, as Answered is told them
	Exceptions []string                                                // every exception Answered is told of
	Live       func(context.Context) (map[operation.Status]int, error) // live requests by status, asked at each scrape; nil: not shown
	Log        *slog.Logger
}

// Metrics holds the collectors in a registry of its own. Its methods are safe for
// concurrent use and do not block.
type Metrics struct {
	registry *prometheus.Registry
	log      *slog.Logger
	api      api
	requests requests
	batches  prometheus.Histogram
	queue    queue
}

// New returns metrics that count from zero.
func New(c Config) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		log:      c.Log,
		api:      newAPI(c.Operations, c.Exceptions),
		requests: newRequests(),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "groundcontrol_commit_batch_size",
			Help:    "Store verbs written in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
	}
	m.queue = newQueue()
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "groundcontrol_build_info",
		Help: "Always 1; the label tells the version.",
	}, []string{"version"})
	build.WithLabelValues(c.Version).Set(1)
	m.registry.MustRegister(
		m.api.answered, m.api.took, m.requests.ended, m.requests.took, m.requests.calls, m.batches,
		m.queue.waiting, m.queue.oldest, m.queue.overdue,
		build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if c.Live != nil {
		m.registry.MustRegister(newLive(c.Live))
	}
	return m
}

// Handler answers a scrape. Where one collector fails the others are shown, and the failure
// goes to the log.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(m.log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4, // each one asks the store
	})
}

// Answered counts one API call: its operation, the exception it ended with ("" for none),
// and how long it took.
func (m *Metrics) Answered(operation, exception string, took time.Duration) {
	m.api.count(operation, exception, took)
}

// Called counts one handler call.
func (m *Metrics) Called(op operation.Operation, outcome operation.Kind, took time.Duration) {
	m.requests.called[operationIndex(op)][kindIndex(outcome)]().Observe(took.Seconds())
}

// Ended counts one request that reached its end, with its error code where it failed, and
// the time since it was accepted.
func (m *Metrics) Ended(op operation.Operation, status operation.Status, errorCode string, after time.Duration) {
	m.requests.end(op, status, errorCode, after)
}

// Watched notes what the engine's watchdog saw: how many due requests wait for a slot,
// how long the first of them has, and how many no node took for longer than a lease.
func (m *Metrics) Watched(queued int, oldest time.Duration, overdue int) {
	m.queue.waiting.Set(float64(queued))
	m.queue.oldest.Set(oldest.Seconds())
	m.queue.overdue.Set(float64(overdue))
}

// Committed counts one transaction of the store with the given number of verbs.
func (m *Metrics) Committed(verbs int) { m.batches.Observe(float64(verbs)) }
