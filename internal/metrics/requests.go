package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/groundcontrol/internal/operation"
)

// requests counts the work behind the API. What each request meets is looked up when it is
// first needed and stays in arrays by operation; only failures look their counter up.
type requests struct {
	ended *prometheus.CounterVec
	took  *prometheus.HistogramVec
	calls *prometheus.HistogramVec

	succeeded [operations]func() prometheus.Counter
	spans     [operations]func() prometheus.Observer
	called    [operations][kinds]func() prometheus.Observer
}

const (
	operations = 4 // the three and unknown
	kinds      = 6 // what a handler call can end with, and unknown
)

// The positions in the arrays. What is none of these is unknown, the last.
var (
	operationNames = [operations]string{string(operation.Create), string(operation.Update), string(operation.Delete), unknown}
	kindNames      = [kinds]string{
		string(operation.Succeed), string(operation.Progress), string(operation.Retry),
		string(operation.Fail), string(operation.Release), unknown,
	}
)

func operationIndex(op operation.Operation) int { return index(operationNames[:], string(op)) }

func kindIndex(k operation.Kind) int { return index(kindNames[:], string(k)) }

func index(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names) - 1
}

// spanBuckets reach from a simulated type's milliseconds to the longest deadline of a type.
var spanBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 7200, 43200, 129600}

func newRequests() requests {
	r := requests{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "groundcontrol_requests_ended_total",
			Help: "Resource operation requests that ended on this node.",
		}, []string{"operation", "status", "error_code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "groundcontrol_request_duration_seconds",
			Help:    "Time from the acceptance of a request to its end.",
			Buckets: spanBuckets,
		}, []string{"operation"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "groundcontrol_handler_call_duration_seconds",
			Help:    "Duration of handler calls, by what came of them.",
			Buckets: []float64{.00025, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"operation", "outcome"}),
	}
	for i, op := range operationNames {
		r.succeeded[i] = sync.OnceValue(func() prometheus.Counter {
			return r.ended.WithLabelValues(op, string(operation.Success), "")
		})
		r.spans[i] = sync.OnceValue(func() prometheus.Observer { return r.took.WithLabelValues(op) })
		for j, kind := range kindNames {
			r.called[i][j] = sync.OnceValue(func() prometheus.Observer { return r.calls.WithLabelValues(op, kind) })
		}
	}
	return r
}

func (r *requests) end(op operation.Operation, status operation.Status, errorCode string, after time.Duration) {
	i := operationIndex(op)
	r.spans[i]().Observe(after.Seconds())
	if status == operation.Success {
		r.succeeded[i]().Inc()
		return
	}
	if !slices.Contains(operation.Statuses, status) {
		status = unknown
	}
	if !slices.Contains(errorCodes, errorCode) {
		errorCode = unknown
	}
	r.ended.WithLabelValues(operationNames[i], string(status), errorCode).Inc()
}

// errorCodes are those of AWS's model, and none.
var errorCodes = []string{
	"", "NotUpdatable", "InvalidRequest", "AccessDenied", "UnauthorizedTaggingOperation", "InvalidCredentials",
	"AlreadyExists", "NotFound", "ResourceConflict", "Throttling", "ServiceLimitExceeded", "NotStabilized",
	"GeneralServiceException", "ServiceInternalError", operation.ServiceTimeout, "NetworkFailure", "InternalFailure",
}
