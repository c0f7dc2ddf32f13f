package metrics

import "github.com/prometheus/client_golang/prometheus"

// queue is what the watchdog saw when it looked last, some seconds ago.
type queue struct{ waiting, oldest, overdue prometheus.Gauge }

func newQueue() queue {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return queue{
		waiting: gauge("groundcontrol_requests_queued", "Due requests that wait for a handler slot; of each queue at most 100 are counted."),
		oldest:  gauge("groundcontrol_requests_queued_oldest_seconds", "How long the first of these has waited."),
		overdue: gauge("groundcontrol_requests_overdue", "Requests that no node took for longer than a lease: alert on this."),
	}
}
