package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/registry"
)

// functionName is a shape of the Lambda API: a name or an ARN, with a qualifier or not.
var functionName = shape{min: 1, max: 256, pattern: `[A-Za-z0-9:_-]+`, match: only(":_-")}

// registerElsewhere is RegisterType for handlers that run behind an endpoint.
func (c *Control) registerElsewhere(ctx context.Context, who Caller, in RegisterTypeInput) (registry.Imported, error) {
	if in.Schema == nil || in.Endpoint == nil || in.Function == nil {
		return registry.Imported{}, refuse(validation, "Schema, Endpoint and Function must be given")
	}
	if in.Digest != nil || in.Parts != nil || in.Runtime != nil || in.Handler != nil || len(in.Command) > 0 {
		return registry.Imported{}, refuse(validation, "A type has an Endpoint and a Function, or code of its own, not both")
	}
	var bad constraints
	name := bad.required("function", in.Function, functionName)
	if err := bad.err(); err != nil {
		return registry.Imported{}, err
	}
	endpoint, problem := endpointOf(*in.Endpoint)
	if problem != "" {
		return registry.Imported{}, refuse(validation, "Endpoint %s: want a URL such as http://127.0.0.1:3001", problem)
	}
	return c.Types.Register(ctx, who.Account, who.Region, asRegistration(in, registry.Code{Endpoint: endpoint, Function: name}))
}

// endpointOf is the base URL that a text names, or what is wrong with it. The text may hold a
// password and is not repeated.
func endpointOf(text string) (endpoint, problem string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > 2048:
		return "", "is no URL"
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "", "is no http or https URL with a host"
	case u.User != nil:
		return "", "names a user: calls are signed where they go to AWS, and carry no password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "has a query or a fragment"
	}
	return strings.TrimRight(u.String(), "/"), ""
}

// rawLimit is the time limit of a raw call: that of a create, update or delete.
const rawLimit = time.Minute

// The exceptions of the Lambda API that are not Cloud Control's.
const (
	noFunction    = "ResourceNotFoundException"
	badParameter  = "InvalidParameterValueException"
	tooManyCalls  = "TooManyRequestsException"
	badFunction   = "ServiceException"
	defaultEntry  = "TypeFunction" // what the cfn CLI calls the function of the project at hand
	latestVersion = "$LATEST"
)

// InvokeInput is the input of Invoke, an operation of AWS Lambda's API.
type InvokeInput struct {
	// Function is the name of a type (with "-" in place of "::" if need be), or TypeFunction
	// for the only registered one; the ARN of such a function; each with ":" and a version or not.
	Function  string
	Qualifier string // a version; "" and $LATEST are the default version
	Payload   []byte `json:"-"`
	DryRun    bool   // look only whether there is such a function
	Forwarded bool   // the call comes from another server's Invoke runtime
}

// Invoked is what came of Invoke.
type Invoked struct {
	Answer []byte // as the function gave it; where Failed its report of the error
	Failed bool
	Output string // what was printed
}

// Invoke passes a payload to the handlers of a registered type, and hands back what they
// answer, both as they are: nothing is checked, coerced or written down.
func (c *Control) Invoke(ctx context.Context, who Caller, in InvokeInput) (Invoked, error) {
	t, err := c.functionOf(ctx, who, in)
	if err != nil {
		return Invoked{}, err
	}
	raw, ok := c.Runtimes[t.Runtime].(handler.RawInvoker)
	switch {
	case !ok || t.Code == nil:
		return Invoked{}, notFound(who, in, "type %s is served by runtime %s and has no function", t.Name, t.Runtime)
	case in.Forwarded && t.Runtime == registry.Invoke:
		return Invoked{}, refuse(badParameter, "The handlers of %s run at %s: a call is passed on once only, so send it there", t.Name, t.Code.Endpoint)
	case in.DryRun:
		return Invoked{}, nil
	}
	limited, cancel := context.WithTimeout(ctx, rawLimit)
	defer cancel()
	got, err := raw.InvokeRaw(limited, handler.Target{Account: who.Account, Region: who.Region, TypeName: t.Name, TypeVersion: t.Version}, in.Payload)
	switch {
	case err == nil:
		return Invoked{Answer: got.Body, Failed: got.Failed, Output: got.Output}, nil
	case ctx.Err() != nil:
		return Invoked{}, ctx.Err() // the client is gone
	case errors.Is(limited.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		text := fmt.Sprintf("Task timed out after %.2f seconds", rawLimit.Seconds())
		return Invoked{Answer: report("Sandbox.Timedout", text), Failed: true, Output: got.Output}, nil
	case errors.Is(err, handler.ErrThrottled):
		return Invoked{}, refuse(tooManyCalls, "%v", err)
	case errors.Is(err, handler.ErrNoFunction):
		return Invoked{}, notFound(who, in, "%v", err)
	}
	return Invoked{}, refuse(badFunction, "The function could not be called: %v", err)
}

// report is a function's report of an error.
func report(kind, message string) []byte {
	text, _ := json.Marshal(struct { // strings can always be encoded
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	return text
}

// functionOf finds the type whose handlers a function is.
func (c *Control) functionOf(ctx context.Context, who Caller, in InvokeInput) (registry.Type, error) {
	name, version, ok := splitFunction(who, in)
	if !ok {
		return registry.Type{}, notFound(who, in, "it is another account's or region's, or another version than its Qualifier says")
	}
	if name == defaultEntry {
		return c.onlyFunction(ctx, who, in, version)
	}
	name = strings.ReplaceAll(name, "-", "::")
	t, err := c.Types.Lookup(ctx, who.Account, who.Region, name, version)
	if errors.Is(err, registry.ErrTypeNotFound) {
		return t, notFound(who, in, "%s", c.functions(who))
	}
	return t, err
}

// splitFunction takes apart what a function may be named by.
func splitFunction(who Caller, in InvokeInput) (name, version string, ok bool) {
	name = in.Function
	if prefix, rest, found := strings.Cut(name, "function:"); found {
		of := strings.Split(strings.TrimSuffix(prefix, ":"), ":") // arn:aws:lambda:region:account, or account
		account, region := of[len(of)-1], who.Region
		if len(of) == 5 {
			region = of[3]
		}
		if account != "" && account != who.Account || region != who.Region {
			return "", "", false
		}
		name = rest
	}
	version = in.Qualifier
	if i := strings.LastIndexByte(name, ':'); i > 0 && name[i-1] != ':' { // not that of "::"
		if version != "" && version != name[i+1:] {
			return "", "", false
		}
		name, version = name[:i], name[i+1:]
	}
	if version == latestVersion {
		version = ""
	}
	return name, version, true
}

// onlyFunction is the type that has handlers where there is just one.
func (c *Control) onlyFunction(ctx context.Context, who Caller, in InvokeInput, version string) (registry.Type, error) {
	names := c.withHandlers(who)
	if len(names) != 1 {
		return registry.Type{}, notFound(who, in, "%s stands for the only registered type, and %s", defaultEntry, c.functions(who))
	}
	t, err := c.Types.Lookup(ctx, who.Account, who.Region, names[0], version)
	if errors.Is(err, registry.ErrTypeNotFound) {
		return t, notFound(who, in, "type %s has no such version", names[0])
	}
	return t, err
}

// withHandlers are the names of the types that are registered where the caller is.
func (c *Control) withHandlers(who Caller) (names []string) {
	for _, s := range c.Types.Types(who.Account, who.Region) {
		for _, v := range s.Versions {
			if v.ID == s.Version && v.Code != nil {
				names = append(names, s.Name)
			}
		}
	}
	return names
}

// functions says which functions there are.
func (c *Control) functions(who Caller) string {
	const most = 10
	names := c.withHandlers(who)
	switch n := len(names); {
	case n == 0:
		return fmt.Sprintf("no type is registered in account %s, region %s: groundcontrol type register does that", who.Account, who.Region)
	case n > most:
		return fmt.Sprintf("there are %s, and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return "there is " + strings.Join(names, ", ")
}

// notFound is Lambda's refusal, and why.
func notFound(who Caller, in InvokeInput, format string, args ...any) *Error {
	arn := in.Function
	if !strings.HasPrefix(arn, "arn:") {
		arn = fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", who.Region, who.Account, strings.ReplaceAll(in.Function, "::", "-"))
	}
	if in.Qualifier != "" {
		arn += ":" + in.Qualifier
	}
	return refuse(noFunction, "Function not found: %s (%s)", shorten(arn), fmt.Sprintf(format, args...))
}
