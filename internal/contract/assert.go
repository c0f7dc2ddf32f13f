package contract

import (
	"fmt"
	"slices"
	"strings"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// codes are what a resource handler may fail with.
var codes = []handler.Code{
	handler.NotUpdatable, handler.InvalidRequest, handler.AccessDenied, handler.UnauthorizedTaggingOperation, handler.InvalidCredentials,
	handler.AlreadyExists, handler.NotFound, handler.ResourceConflict, handler.Throttling, handler.ServiceLimitExceeded,
	handler.NotStabilized, handler.GeneralServiceException, handler.ServiceInternalError, handler.NetworkFailure,
	handler.InternalFailure, handler.HandlerInternalFailure, handler.InvalidTypeConfiguration,
}

// assert holds one answer against the rules for every call.
func (r *run) assert(c handler.Call, e event) {
	switch e.status {
	case handler.InProgress:
		r.assertProgress(c, e)
	case handler.Success:
		r.assertSuccess(c, e)
	case handler.Failed:
		if !slices.Contains(codes, e.code) {
			r.fail(failureCode, "one of the contract's codes, such as %s, and not %q", own(handler.GeneralServiceException), e.code)
		}
		if strings.TrimSpace(e.message) == "" {
			r.fail(failureMessage, "a message that says what went wrong")
		}
		if e.hasModels {
			r.fail(failurePlain, "no resourceModels")
		}
		if e.delay != 0 {
			r.fail(failurePlain, "no callbackDelaySeconds")
		}
	}
}

func (r *run) assertProgress(c handler.Call, e event) {
	if c.Action == schema.Read || c.Action == schema.List {
		r.fail(synchronous, "SUCCESS or FAILED")
		return
	}
	if e.code != "" {
		r.fail(progressPlain, "no errorCode")
	}
	if e.hasModels {
		r.fail(progressPlain, "no resourceModels")
	}
	switch {
	case e.identifier != "":
	case c.Action == schema.Delete && e.model == nil: // a server goes on with what it has
		r.warn("a DELETE is IN_PROGRESS without a model: the contract asks for one with the primary identifier")
	default:
		r.fail(progressIdentity, "a resourceModel with %s", own(pointers(r.Schema.PrimaryIdentifier)))
	}
	r.assertModel(e.raw, "")
}

func (r *run) assertSuccess(c handler.Call, e event) {
	if e.code != "" {
		r.fail(successPlain, "no errorCode")
	}
	if e.delay != 0 {
		r.fail(successPlain, "no callbackDelaySeconds")
	}
	switch c.Action {
	case schema.Delete:
		if e.raw != nil {
			r.fail(deleteWithoutBody, "no resourceModel")
		}
	case schema.List:
		r.assertList(e)
	default:
		if e.identifier == "" {
			r.fail(successIdentity, "a resourceModel with %s", own(pointers(r.Schema.PrimaryIdentifier)))
		}
		if c.Action == schema.Read {
			if at := nulls(nil, map[string]any(e.raw)); len(at) > 0 && e.raw != nil {
				r.fail(readNoNulls, "no null at %s", own(some(at)))
			}
		}
		r.assertModel(e.raw, "")
		r.assertHidden(e.model, "")
	}
}

func (r *run) assertList(e event) {
	if !e.hasModels {
		r.fail(listModels, "an array of models")
	}
	for i, m := range e.models {
		o, _ := m.(map[string]any)
		where := fmt.Sprintf("resourceModels/%d", i)
		model := coerced(r.Schema, o)
		if _, ok := r.Schema.Identifier(model); !ok {
			r.fail(listIdentifiers, "%s in %s", own(pointers(r.Schema.PrimaryIdentifier)), own(where))
		}
		r.assertModel(o, where)
		r.assertHidden(model, where)
	}
}

// assertModel holds a model as it came against the schema.
func (r *run) assertModel(raw map[string]any, where string) {
	if raw == nil {
		return
	}
	model := coerced(r.Schema, raw)
	if at := recast(nil, raw, model); len(at) > 0 {
		r.warnAt(at, "strings where the schema wants another kind were read as that kind: some plug-ins write all scalars as strings")
	}
	if err := r.relaxed.Validate(model); err != nil {
		r.fail(conforms, "%sa model that the schema accepts; it says: %s", own(within(where)), own(cut(r.secrets.text(strings.ReplaceAll(err.Error(), "\n", "; ")), 600)))
	}
}

// assertHidden looks for write-only values in a final model.
func (r *run) assertHidden(model map[string]any, where string) {
	var at []string
	for _, p := range r.Schema.WriteOnly {
		values(model, p, func(any) {
			if text := path(p); !slices.Contains(at, text) {
				at = append(at, text)
			}
		})
	}
	if len(at) > 0 {
		r.fail(writeOnlyHidden, "%sno value for %s", own(within(where)), own(some(at)))
	}
}

func within(where string) string {
	if where == "" {
		return ""
	}
	return "in " + where + " "
}

// some are the first few of a list.
func some(list []string) string {
	const few = 5
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

func pointers(list []schema.Pointer) string {
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = path(p)
	}
	return strings.Join(all, ", ")
}
