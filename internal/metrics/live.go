package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/groundcontrol/internal/operation"
)

// liveLimit is how long a scrape waits for the store.
const liveLimit = 5 * time.Second

// live asks for the live requests at each scrape, so that every node shows the same numbers
// and none of them can drift from the store.
type live struct {
	ask      func(context.Context) (map[operation.Status]int, error)
	requests *prometheus.Desc
	depth    *prometheus.Desc
}

func newLive(ask func(context.Context) (map[operation.Status]int, error)) *live {
	return &live{
		ask: ask,
		requests: prometheus.NewDesc("groundcontrol_live_requests",
			"Requests that have not ended, of all nodes on the store.", []string{"status"}, nil),
		depth: prometheus.NewDesc("groundcontrol_queue_depth",
			"Requests that wait for their first handler call (PENDING), of all nodes on the store.", nil, nil),
	}
}

// Describe sends the two descriptions.
func (l *live) Describe(to chan<- *prometheus.Desc) {
	to <- l.requests
	to <- l.depth
}

// Collect sends a number for each live status, zeros too, or the error of the store.
func (l *live) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), liveLimit)
	defer cancel()
	count, err := l.ask(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(l.requests, err)
		return
	}
	for _, s := range operation.Statuses {
		if !s.Ended() {
			to <- prometheus.MustNewConstMetric(l.requests, prometheus.GaugeValue, float64(count[s]), string(s))
		}
	}
	to <- prometheus.MustNewConstMetric(l.depth, prometheus.GaugeValue, float64(count[operation.Pending]))
}
