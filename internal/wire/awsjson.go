package wire

import (
	"context"
	"slices"
	"unicode/utf8"

	"example.org/groundcontrol/internal/control"
)

const jsonType = "application/x-amz-json-1.0"

// jsonServices are the scopes a JSON call may be signed for. Pulumi signs for the second
// where its endpoint comes from a map.
var jsonServices = []string{"cloudcontrolapi", "cloudapiservice"}

// endpoint is one operation of the JSON protocol.
type endpoint struct {
	name string
	// serve decodes x.body, authenticates, runs the operation and leaves its answer in x.out.
	serve func(x *exchange) error
}

// cloudControl is AWS's part of the table of targets.
func cloudControl(c Control) map[string]endpoint {
	get := func(ctx context.Context, caller control.Caller, in control.GetResourceInput) (gotten, error) {
		name, d, err := c.GetResource(ctx, caller, in)
		return gotten{name, d}, err
	}
	return targets(
		"CloudApiService.",
		route("CreateResource", createMembers, c.CreateResource, appendProgress),
		route("UpdateResource", updateMembers, c.UpdateResource, appendProgress),
		route("DeleteResource", deleteMembers, c.DeleteResource, appendProgress),
		route("GetResource", getMembers, get, appendGotten),
		route("ListResources", listMembers, c.ListResources, appendResourceList),
		route("GetResourceRequestStatus", statusMembers, c.GetResourceRequestStatus, appendProgress),
		route("CancelResourceRequest", cancelMembers, c.CancelResourceRequest, appendProgress),
		route("ListResourceRequests", requestsMembers, c.ListResourceRequests, appendRequestList),
	)
}

// groundControl is the part of the operations that AWS does not have.
func groundControl(c Control) map[string]endpoint {
	return targets(
		"GroundControl.",
		route("ListRequests", requestsMembers, c.ListRequests, appendDetailList),
		route("DescribeRequest", describeMembers, c.DescribeRequest, appendDescribed),
		route("ResumeRequest", resumeMembers, c.ResumeRequest, appendResumed),
		route("FailRequest", failMembers, c.FailRequest, appendAborted),
		route("ListOrphans", orphansMembers, c.ListOrphans, appendOrphans),
		route("AdoptResource", orphanMembers, c.AdoptResource, appendProgress),
		route("ReapResource", orphanMembers, c.ReapResource, appendProgress),
		route("ListTypeCalls", typeCallsMembers, c.ListTypeCalls, appendTypeCalls),
		route("ImportTypes", importMembers, c.ImportTypes, appendImported),
		route("PutCode", putCodeMembers, c.PutCode, appendNothing),
		route("RegisterType", registerMembers, c.RegisterType, appendRegistered),
		route("SetDefaultTypeVersion", typeVersionMembers, c.SetDefaultTypeVersion, appendTypeDetail),
		route("DeregisterType", typeVersionMembers, c.DeregisterType, appendNothing),
		route("ListTypes", listTypesMembers, c.ListTypes, appendTypes),
		route("DescribeType", describeTypeMembers, c.DescribeType, appendTypeDetail),
		route("ConfigureType", configureMembers, c.ConfigureType, appendNothing),
		route("SimulateType", simulateMembers, c.SimulateType, appendTypeDetail),
	)
}

func targets(prefix string, endpoints ...endpoint) map[string]endpoint {
	table := make(map[string]endpoint, len(endpoints))
	for _, e := range endpoints {
		table[prefix+e.name] = e
	}
	return table
}

// Operations lists every name that [Call].Operation can hold.
func Operations() []string {
	names := []string{
		"CreateResource", "UpdateResource", "DeleteResource", "GetResource", "ListResources",
		"GetResourceRequestStatus", "CancelResourceRequest", "ListResourceRequests",
		"ListRequests", "DescribeRequest", "ResumeRequest", "FailRequest",
		"ListOrphans", "AdoptResource", "ReapResource", "ListTypeCalls",
		"ImportTypes", "PutCode", "RegisterType", "SetDefaultTypeVersion", "DeregisterType", "ListTypes", "DescribeType", "ConfigureType", "SimulateType",
		getCallerIdentity, getSessionToken, invoke,
	}
	for _, name := range registryActions() {
		if !slices.Contains(names, name) { // some are called as ours are
			names = append(names, name)
		}
	}
	return names
}

// route makes an endpoint of its four parts. The order in which it looks for faults is
// AWS's: the body is JSON (the target is known by now), the caller is who they say and not
// throttled, each member has its kind. What members may hold is control's to check.
func route[In, Out any](
	name string,
	members func(*scanner, *In),
	run func(context.Context, control.Caller, In) (Out, error),
	encode func([]byte, Out) []byte,
) endpoint {
	return endpoint{name, func(x *exchange) error {
		in := new(In)
		kinds, err := decode(&x.scan, x.body, members, in)
		if err != nil {
			return err
		}
		caller, _, err := x.caller(jsonServices)
		if err != nil {
			return err
		}
		if !x.h.allow(caller.Account, name) {
			return errThrottled
		}
		if kinds != nil {
			return kinds
		}
		out, err := run(x.r.Context(), caller, *in)
		if err != nil {
			return err
		}
		x.out = encode(x.out, out)
		return nil
	}}
}

func (x *exchange) serveJSON(target string) error {
	e, ok := x.h.targets[target]
	if !ok || x.r.Method != "POST" {
		if _, err := decode(&x.scan, x.body, noMembers, nil); err != nil {
			return err
		}
		return errUnknownTarget
	}
	x.call.Operation = e.name
	return e.serve(x)
}

// decode reads body, one JSON object, into in. It returns err where body is not that, and
// in kinds, apart because clients hear of it later, the first member that has the wrong
// JSON kind or holds a string that is no text.
func decode[In any](s *scanner, body []byte, members func(*scanner, *In), in *In) (kinds, err error) {
	s.reset(body)
	if !utf8.Valid(body) || s.next() != '{' {
		return nil, errNotJSON
	}
	members(s, in)
	if s.next(); s.i < len(s.b) {
		s.fail()
	}
	switch {
	case s.deep:
		return nil, errTooDeep
	case s.broken:
		return nil, errNotJSON
	case s.kinds != "":
		return &control.Error{Name: "SerializationException", Text: s.kinds}, nil
	}
	return nil, nil
}
