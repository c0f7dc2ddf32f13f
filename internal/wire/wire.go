// Package wire speaks the protocols of AWS's clients: awsJson 1.0 for Cloud Control, the
// query protocol for STS and CloudFormation, and Lambda's Invoke, all on one port. It turns
// bytes into inputs of package control and what comes back into bytes, and it holds the one
// table of what each error looks like to a client.
//
// It checks no member beyond its JSON kind, knows no store and no engine, and its shapes
// go no deeper than control.
package wire

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/control"
	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
)

// Control is what Cloud Control's eight operations do, and those of ours. An error that clients may see is a
// [control.Error]; any other is a fault of ours, and its text goes to the log only.
type Control interface {
	CreateResource(context.Context, control.Caller, control.CreateResourceInput) (operation.Request, error)
	UpdateResource(context.Context, control.Caller, control.UpdateResourceInput) (operation.Request, error)
	DeleteResource(context.Context, control.Caller, control.DeleteResourceInput) (operation.Request, error)
	GetResource(context.Context, control.Caller, control.GetResourceInput) (typeName string, d control.Description, err error)
	ListResources(context.Context, control.Caller, control.ListResourcesInput) (control.ResourceList, error)
	GetResourceRequestStatus(context.Context, control.Caller, control.GetResourceRequestStatusInput) (operation.Request, error)
	CancelResourceRequest(context.Context, control.Caller, control.CancelResourceRequestInput) (operation.Request, error)
	ListResourceRequests(context.Context, control.Caller, control.ListResourceRequestsInput) (control.RequestList, error)

	ListRequests(context.Context, control.Caller, control.ListResourceRequestsInput) (control.DetailList, error)
	DescribeRequest(context.Context, control.Caller, control.DescribeRequestInput) (control.Detail, error)
	ResumeRequest(context.Context, control.Caller, control.ResumeRequestInput) (control.Detail, error)
	FailRequest(context.Context, control.Caller, control.FailRequestInput) (control.Aborted, error)

	ListOrphans(context.Context, control.Caller, control.ListOrphansInput) (control.OrphanList, error)
	AdoptResource(context.Context, control.Caller, control.OrphanInput) (operation.Request, error)
	ReapResource(context.Context, control.Caller, control.OrphanInput) (operation.Request, error)

	ListTypeCalls(context.Context, control.Caller, control.ListTypeCallsInput) (control.TypeCalls, error)
	ImportTypes(context.Context, control.Caller, control.ImportTypesInput) ([]registry.Imported, error)
	PutCode(context.Context, control.Caller, control.PutCodeInput) (struct{}, error)
	RegisterType(context.Context, control.Caller, control.RegisterTypeInput) (registry.Imported, error)
	SetDefaultTypeVersion(context.Context, control.Caller, control.TypeVersionInput) (control.TypeDetail, error)
	DeregisterType(context.Context, control.Caller, control.TypeVersionInput) (struct{}, error)
	ListTypes(context.Context, control.Caller, control.ListTypesInput) ([]registry.Summary, error)
	DescribeType(context.Context, control.Caller, control.DescribeTypeInput) (control.TypeDetail, error)
	ConfigureType(context.Context, control.Caller, control.ConfigureTypeInput) (struct{}, error)
	SimulateType(context.Context, control.Caller, control.SimulateTypeInput) (control.TypeDetail, error)

	Invoke(context.Context, control.Caller, control.InvokeInput) (control.Invoked, error)
}

// Authenticate tells who sent r with the given body, already read. The credential must be
// scoped to one of the services. A refusal is an [auth.Error]; any other error is a fault
// of ours. It must not keep the body.
type Authenticate func(r *http.Request, body []byte, services ...string) (auth.Identity, error)

// Config is what a Handler works with. All fields are required but where they say otherwise.
type Config struct {
	Control      Control
	Authenticate Authenticate
	// CloudFormation is the type registry; nil for none.
	CloudFormation CloudFormation

	Log *slog.Logger // told of our own faults, one line each
	// Allow says whether the account may make one more call of the operation now; nil
	// allows all. Who may not gets a ThrottlingException, on which SDKs wait and try again.
	Allow func(account, operation string) bool
	// Unsigned is who calls Invoke without a signature, or with one by a key that is not known;
	// nil refuses such calls.
	Unsigned func(r *http.Request) auth.Identity
}

// Call is what is known of one exchange when it is over, for the access log and for
// metrics. It holds nothing of a body or a credential.
type Call struct {
	RequestID string // a UUID, in the answer too
	Operation string // such as "CreateResource"; "" when no operation of ours was asked for
	Error     string // the name of the exception; "" on success
	Status    int    // of the answer; 0 while none was given
	Account   string // "" when the caller was not authenticated
	Region    string
	In, Out   int // bytes of the bodies
}

// Handler answers API calls. It is safe for concurrent use.
type Handler struct {
	authenticate Authenticate
	log          *slog.Logger
	allow        func(account, operation string) bool
	unsigned     func(r *http.Request) auth.Identity
	control      Control
	targets      map[string]endpoint // by X-Amz-Target
	actions      map[string]action   // of CloudFormation
}

// New returns a handler of all that this package speaks.
func New(c Config) *Handler {
	targets := cloudControl(c.Control)
	maps.Copy(targets, groundControl(c.Control))
	if c.Allow == nil {
		c.Allow = func(string, string) bool { return true }
	}
	return &Handler{
		authenticate: c.Authenticate, log: c.Log, allow: c.Allow, unsigned: c.Unsigned, control: c.Control,
		targets: targets, actions: cloudFormation(c.CloudFormation),
	}
}

// ServeHTTP answers r where nobody asks how it went.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.Serve(w, r, new(Call)) }

// Serve answers r and fills in call as it goes, so that after a panic the caller of Serve
// finds in it what was known by then (see [Fault]). A RequestID that is already set is used.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, call *Call) {
	if call.RequestID == "" {
		call.RequestID = newRequestID()
	}
	x := exchanges.Get().(*exchange)
	x.h, x.r, x.call = h, r, call
	x.serve(w)
	x.release() // not after a panic: what it holds is then unknown
}

// exchange is one request on its way through this package, and the memory it works in.
type exchange struct {
	h    *Handler
	r    *http.Request
	call *Call
	body []byte
	out  []byte
	scan scanner
}

var exchanges = sync.Pool{New: func() any {
	return &exchange{body: make([]byte, 0, 4<<10), out: make([]byte, 0, 4<<10)}
}}

// release gives the memory back, unless one large request has made it large.
func (x *exchange) release() {
	const most = 64 << 10
	if cap(x.body) > most || cap(x.out) > most || cap(x.scan.scratch) > most {
		return
	}
	*x = exchange{body: x.body[:0], out: x.out[:0], scan: scanner{scratch: x.scan.scratch[:0]}}
	exchanges.Put(x)
}

// serve tells the protocols apart: a path of Lambda's means Invoke, X-Amz-Target means JSON,
// an Action means query.
func (x *exchange) serve(w http.ResponseWriter) {
	if function, ok := functionOf(x.r); ok {
		x.serveInvoke(w, function)
		return
	}
	if err := x.readBody(w, MaxBody); err != nil {
		x.answerJSON(w, err)
		return
	}
	if targets := x.r.Header["X-Amz-Target"]; len(targets) > 0 && x.atRoot() {
		if !isJSON(x.r.Header.Get("Content-Type")) {
			x.answerJSON(w, errContentType)
			return
		}
		x.answerJSON(w, x.serveJSON(targets[0]))
		return
	}
	if q := x.readQuery(); q.action != "" && x.atRoot() {
		x.serveQuery(w, q)
		return
	}
	if isBrowser(x.r) && x.atRoot() {
		x.write(w, http.StatusOK, "text/plain; charset=utf-8", append(x.out,
			"This is Ground Control, a server of AWS's Cloud Control API: point an AWS client's endpoint URL here.\n"...))
		return
	}
	x.answerJSON(w, errNoOperation)
}

// atRoot refuses paths. The answer is then 400, not 404, which Pulumi takes for "the
// resource is gone".
func (x *exchange) atRoot() bool { return x.r.URL.Path == "/" || x.r.URL.Path == "" }

// isJSON takes AWS's own content type, its relatives, plain JSON, and none at all.
func isJSON(contentType string) bool {
	if contentType == jsonType || contentType == "" {
		return true
	}
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	return kind == "application/json" || strings.HasPrefix(kind, "application/x-amz-json-")
}

func isBrowser(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// caller authenticates, notes who it is, and returns it as control knows it.
func (x *exchange) caller(services []string) (control.Caller, auth.Identity, error) {
	id, err := x.h.authenticate(x.r, x.body, services...)
	if err != nil {
		return control.Caller{}, id, err
	}
	x.call.Account, x.call.Region = id.Account, id.Region
	return control.Caller{Account: id.Account, Region: id.Region, Arn: id.Arn}, id, nil
}

// fault logs an error that is not for the client's eyes and returns the text that is.
func (x *exchange) fault(err error) string {
	x.h.log.LogAttrs(x.r.Context(), slog.LevelError, "request failed",
		slog.String("request_id", x.call.RequestID), slog.String("operation", x.call.Operation), slog.Any("error", err))
	return faultText(x.call.RequestID)
}

func faultText(requestID string) string {
	return "The server failed to handle the request. The cause is in its log under request id " + requestID
}

// write sends the answer in one piece and notes its size.
func (x *exchange) write(w http.ResponseWriter, status int, contentType string, body []byte) {
	x.out = body
	write(w, x.call, status, contentType, body)
}

func write(w http.ResponseWriter, call *Call, status int, contentType string, body []byte) {
	call.Status, call.Out = status, len(body)
	h := w.Header()
	values := [...]string{contentType, strconv.Itoa(len(body)), call.RequestID}
	h["Content-Type"], h["Content-Length"] = values[0:1:1], values[1:2:2]
	h["x-amzn-RequestId"] = values[2:] // spelt as AWS does
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left has nobody to tell
}

// newRequestID makes a random UUID. It need not be hard to guess.
func newRequestID() string {
	var u [16]byte
	for i, hi, lo := 0, rand.Uint64(), rand.Uint64(); i < 8; i++ {
		u[i], u[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return operation.FormatToken(u)
}
