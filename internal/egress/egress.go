// Package egress is a loopback proxy through which handlers reach what they are
// allowed to, and nothing else. A handler is told of it by environment variables
// ([Proxy.Admit]); its calls then go where the routes send their host: to an
// endpoint of the operator's, to the host itself, or nowhere, which is the default.
//
// Handlers have their hosts fixed in code, and sign for them, so the proxy ends TLS
// itself, with certificates of a private [Authority] that the handler is told to trust,
// and forwards each request with its path and Host header as they were.
//
// The package knows hosts, not services: it reads no body and verifies no signature. It is
// no sandbox either: a process that ignores the variables is not held back.
package egress

import (
	"crypto/x509"
	"log/slog"
	"time"
)

// Config is what a Proxy is made of. Only CA is required.
type Config struct {
	// Routes say where a host's calls go; order does not matter (see Route).
	Routes []Route
	// Default is for hosts without a route: Deny, which is also what "" means, or Direct.
	Default string
	// CA issues the certificates that children see.
	CA *Authority
	// ExtraRoots are trusted beside the system's roots where the proxy is the client: on
	// direct calls and to https targets.
	ExtraRoots []*x509.Certificate
	// Log gets one line for each call; nil is silence.
	Log *slog.Logger
	// Observe gets each call once it is over, on the goroutine that served it: it must be
	// safe for concurrent use and return soon. Nil is allowed.
	Observe func(Call)
}

// Call is one outward call, for a request's timeline: no bodies, no headers, no path, no
// query.
type Call struct {
	Owner string
	// Host is lower case and has no port.
	Host string
	// Method is that of the request; it is CONNECT where a connection was refused or never
	// became TLS, so that no request was seen.
	Method string
	// Status is what the handler was answered, by the target or by the proxy; 0 is no answer:
	// the handler went away, or does not trust the CA.
	Status int
	// Took lasts until the end of the response's body.
	Took time.Duration
	// Routed is "direct", "denied", or the host and port of the route's target.
	Routed string
}

// limits bound what one proxy holds and how long it waits.
type limits struct {
	connections int           // open at a time, idle ones included; more wait to be accepted
	headerBytes int           // of a request or a response
	header      time.Duration // to send a request's header
	handshake   time.Duration // to connect, or to make TLS, on either side
	idle        time.Duration // a child's connection between requests
	stall       time.Duration // a request of which no byte moves in either direction
	grace       time.Duration // for requests under way when Serve is told to stop
}

// targetIdle is shorter than any server we know keeps an idle connection (Node: 5 s): a
// POST sent on one that is just being closed could not be repeated.
const targetIdle = 3 * time.Second

func defaultLimits() limits {
	return limits{
		connections: 1024,
		headerBytes: 64 << 10,
		header:      30 * time.Second,
		handshake:   10 * time.Second,
		idle:        90 * time.Second,
		stall:       5 * time.Minute,
		grace:       5 * time.Second,
	}
}
