package control

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// An orphan is what a create began that did not succeed: it may be there, whole or in part, and
// belongs to nobody until it is adopted or reaped.

// OrphanList is one page of ListOrphans.
type OrphanList struct {
	Orphans   []Orphan
	NextToken string // "" after the last page
}

// Orphan is one of them.
type Orphan struct {
	TypeName    string
	TypeVersion string
	Identifier  string
	Since       time.Time
	Request     string // token of the create
	Status      operation.Status
	Message     string // how the create ended; Status and this are "" once it has expired
}

// ListOrphansInput is the input of ListOrphans.
type ListOrphansInput struct {
	TypeName   *string // absent for all types
	MaxResults *int
	NextToken  *string
}

// OrphanInput is the input of AdoptResource and ReapResource.
type OrphanInput struct {
	TypeName   *string
	Identifier *string
	RoleArn    *string
}

// ListOrphans lists the orphans of the caller's account and region, by type and identifier. A
// create that has not ended is none.
func (c *Control) ListOrphans(ctx context.Context, who Caller, in ListOrphansInput) (OrphanList, error) {
	var bad constraints
	name := bad.optional("typeName", in.TypeName, typeName)
	limit := bad.maxResults(in.MaxResults, 100)
	page := bad.optional("nextToken", in.NextToken, orphanToken)
	if err := bad.err(); err != nil {
		return OrphanList{}, err
	}
	after := resource.Key{TypeName: name}
	if in.NextToken != nil {
		var ok bool
		if after, ok = fromOrphanToken(page); !ok {
			return OrphanList{}, &Error{Name: validation, Text: "Invalid NextToken"}
		}
	}
	entries, err := c.Store.Unfinished(ctx, who.Account, who.Region, after, limit)
	if err != nil {
		return OrphanList{}, fmt.Errorf("control: list orphans: %w", err)
	}
	list := OrphanList{Orphans: []Orphan{}}
	for _, e := range entries {
		if name != "" && e.TypeName != name {
			return list, nil
		}
		o := Orphan{TypeName: e.TypeName, TypeVersion: e.TypeVersion, Identifier: e.Identifier, Since: e.Created, Request: e.Request}
		switch r, err := c.Store.Request(ctx, who.Account, who.Region, e.Request); {
		case errors.Is(err, store.ErrNotFound): // it has expired
		case err != nil:
			return OrphanList{}, fmt.Errorf("control: list orphans: %w", err)
		case !r.Status.Ended():
			continue
		default:
			o.Status, o.Message = r.Status, r.Message
		}
		list.Orphans = append(list.Orphans, o)
	}
	if len(entries) == limit {
		list.NextToken = toOrphanToken(entries[limit-1].Key)
	}
	return list, nil
}

func toOrphanToken(k resource.Key) string {
	return base64.StdEncoding.EncodeToString([]byte(k.TypeName + "\x00" + k.Identifier))
}

func fromOrphanToken(s string) (k resource.Key, ok bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return k, false
	}
	k.TypeName, k.Identifier, ok = strings.Cut(string(b), "\x00")
	return k, ok
}

// AdoptResource takes an orphan that is there into the ledger as a resource: an update that
// changes nothing. Errors: those of UpdateResource, and a ValidationException for what is no
// orphan.
func (c *Control) AdoptResource(ctx context.Context, who Caller, in OrphanInput) (operation.Request, error) {
	if err := c.orphan(ctx, who, in); err != nil {
		return operation.Request{}, err
	}
	patch := "[]"
	return c.update(ctx, who, UpdateResourceInput{
		TypeName: in.TypeName, Identifier: in.Identifier, RoleArn: in.RoleArn, PatchDocument: &patch,
	}, schema.Read)
}

// ReapResource deletes an orphan by its handler. It is forgotten where the handler says that
// there is no such resource, though the request then fails as any delete does. Errors: those of
// DeleteResource, and a ValidationException for what is no orphan.
func (c *Control) ReapResource(ctx context.Context, who Caller, in OrphanInput) (operation.Request, error) {
	if err := c.orphan(ctx, who, in); err != nil {
		return operation.Request{}, err
	}
	return c.DeleteResource(ctx, who, DeleteResourceInput{TypeName: in.TypeName, Identifier: in.Identifier, RoleArn: in.RoleArn})
}

// orphan returns nil where the input names one.
func (c *Control) orphan(ctx context.Context, who Caller, in OrphanInput) error {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	id := bad.required("identifier", in.Identifier, identifier)
	if err := bad.err(); err != nil {
		return err
	}
	k, err := c.find(ctx, who, name, "")
	if err != nil {
		return err
	}
	target, err := k.Schema.ParseIdentifier(id)
	if err != nil {
		return asRefusal(err)
	}
	known, err := c.Store.Resource(ctx, resource.Key{Account: who.Account, Region: who.Region, TypeName: k.Name, Identifier: target.Primary})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("control: orphan: %w", err)
	}
	if !known.Unfinished {
		return refuse(validation, "'%s' of type %s is no orphan: ListOrphans tells which there are", shorten(id), name)
	}
	return nil
}
