package simulate

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

const (
	maxPage = 100 // resources in one answer, and in one page asked of the ledger
	maxScan = 20  // pages of the ledger that one list call looks through for matches
)

func (r *Runtime) read(ctx context.Context, c handler.Call) (handler.Answer, error) {
	desired, err := object(c.Desired)
	if err != nil {
		return badDesired(err), nil
	}
	identifier := identifierOf(c, desired)
	if identifier == "" && len(desired) > 0 {
		return r.readBy(ctx, c, desired)
	}
	there, err := r.entry(ctx, c, identifier)
	if err != nil {
		return handler.Answer{}, err
	}
	if !there.found() {
		return failure(handler.NotFound, c, identifier), nil
	}
	return handler.Answer{Status: handler.Success, Model: there.model}, nil
}

// readBy finds the resource that an additional identifier names. The ledger has no
// index for these, so all resources of the type are looked through.
func (r *Runtime) readBy(ctx context.Context, c handler.Call, wanted map[string]any) (handler.Answer, error) {
	for after := ""; ; {
		page, err := r.page(ctx, c, after, maxPage)
		if err != nil {
			return handler.Answer{}, err
		}
		for _, e := range page.entries {
			if holds(e.model, wanted) {
				return handler.Answer{Status: handler.Success, Model: e.model}, nil
			}
		}
		if page.next == "" {
			return failure(handler.NotFound, c, string(schema.Encode(wanted))), nil
		}
		after = page.next
	}
}

// holds reports whether v has everything that wanted has.
func holds(v, wanted any) bool {
	w, ok := wanted.(map[string]any)
	if !ok {
		return schema.Equal(v, wanted)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return false
	}
	for key, value := range w {
		if member, ok := o[key]; !ok || !holds(member, value) {
			return false
		}
	}
	return true
}

// list answers a page of the resources that have what the call asks for. A page may
// be short, even empty, and still have a NextToken: one call looks through a bounded
// part of the ledger only.
func (r *Runtime) list(ctx context.Context, c handler.Call) (handler.Answer, error) {
	desired, err := object(c.Desired)
	if err != nil {
		return badDesired(err), nil
	}
	after, ok := parseToken(c.NextToken)
	if !ok {
		return failed(handler.InvalidRequest, "Invalid request provided: NextToken is not one that this list gave"), nil
	}
	max := c.MaxResults
	if max < 1 || max > maxPage {
		max = maxPage
	}
	filter := filterOf(c.Schema, desired)
	answer := handler.Answer{Status: handler.Success, Models: []any{}}
	for range maxScan {
		limit := max - len(answer.Models)
		if len(filter) > 0 {
			limit = maxPage // most of what is read may not match
		}
		page, err := r.page(ctx, c, after, limit)
		if err != nil {
			return handler.Answer{}, err
		}
		for i, e := range page.entries {
			if !matches(e.model, filter) {
				continue
			}
			answer.Models = append(answer.Models, e.model)
			if len(answer.Models) == max && (page.next != "" || i+1 < len(page.entries)) {
				answer.NextToken = formatToken(e.Identifier)
				return answer, nil
			}
		}
		if page.next == "" {
			return answer, nil
		}
		after = page.next
	}
	answer.NextToken = formatToken(after)
	return answer, nil
}

type page struct {
	entries []entry
	next    string // identifier to go on after, "" at the end
}

func (r *Runtime) page(ctx context.Context, c handler.Call, after string, limit int) (page, error) {
	q := store.ResourceQuery{Account: c.Account, Region: c.Region, TypeName: c.TypeName, After: after, Limit: limit}
	found, err := r.Ledger.Resources(ctx, q)
	if err != nil {
		return page{}, fmt.Errorf("simulate: ledger: %w", err)
	}
	var p page
	for _, e := range found.Resources {
		model, err := object(e.Model)
		if err != nil {
			return page{}, fmt.Errorf("simulate: ledger: model of %s %s: %w", c.TypeName, e.Identifier, err)
		}
		p.entries = append(p.entries, entry{e, model})
	}
	if n := len(found.Resources); found.More && n > 0 {
		p.next = found.Resources[n-1].Identifier
	}
	return p, nil
}

// filterOf keeps what of a list model can be compared with models: a type's list may
// ask for properties that its resources do not have, or do not show.
func filterOf(s *schema.Schema, desired map[string]any) map[string]any {
	filter := map[string]any{}
	for name, v := range desired {
		hidden := slices.ContainsFunc(s.WriteOnly, func(p schema.Pointer) bool { return len(p) == 1 && p[0] == name })
		if _, ok := s.Property(schema.Pointer{name}); ok && !hidden && v != nil {
			filter[name] = v
		}
	}
	return filter
}

// matches reports whether the model has every property of the filter, as it is there.
func matches(model, filter map[string]any) bool {
	for name, v := range filter {
		if have, ok := model[name]; !ok || !schema.Equal(have, v) {
			return false
		}
	}
	return true
}

// A token is the identifier of the last resource looked at, so pages stay right while
// resources come and go.

func formatToken(identifier string) string {
	return base64.StdEncoding.EncodeToString([]byte(identifier))
}

func parseToken(token string) (identifier string, ok bool) {
	text, err := base64.StdEncoding.Strict().DecodeString(token)
	// base64 reads past line breaks; a token has none.
	return string(text), err == nil && utf8.Valid(text) && !strings.ContainsAny(token, "\r\n")
}
