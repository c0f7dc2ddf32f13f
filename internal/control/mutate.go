package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/resource"
	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/store"
)

// planned is a request that has passed all checks and waits for acceptance.
type planned struct {
	request operation.Request
	timeout time.Duration
}

// CreateResource accepts a create. The request has its Identifier already where the
// desired state alone decides it.
func (c *Control) CreateResource(ctx context.Context, who Caller, in CreateResourceInput) (operation.Request, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	text := bad.required("desiredState", in.DesiredState, document)
	r := begin(&bad, who, operation.Create, in.TypeVersionId, in.RoleArn, in.ClientToken)
	if err := bad.err(); err != nil {
		return r, err
	}
	asked := input{operation.Create, name, r.TypeVersion, r.RoleArn, "", text}
	return c.submit(ctx, r, asked, func() (planned, error) {
		k, err := c.find(ctx, who, name, r.TypeVersion, schema.Create)
		if err != nil {
			return planned{}, err
		}
		desired, err := parseObject("DesiredState", text)
		if err != nil {
			return planned{}, err
		}
		if err := k.Schema.Validate(desired); err != nil {
			return planned{}, asRefusal(err)
		}
		canonical := schema.Encode(desired)
		r.InputHash = asked.sum(canonical)
		model := k.Schema.WithoutReadOnly(desired)
		r.TypeName, r.TypeVersion = k.Name, k.Version
		r.Identifier, _ = k.Schema.IdentifierAtSubmit(model)
		if r.Identifier != "" {
			var bad constraints
			bad.required("identifier", &r.Identifier, nameable)
			if err := bad.err(); err != nil {
				return planned{}, err
			}
		}
		r.Input.Desired = schema.Encode(model)
		return planned{r, k.Schema.Timeout(schema.Create)}, nil
	})
}

// UpdateResource reads the resource, patches what it read and accepts the update.
// Where the resource changes between its reading and the acceptance, both are done
// again, so that no concurrent update is lost.
func (c *Control) UpdateResource(ctx context.Context, who Caller, in UpdateResourceInput) (operation.Request, error) {
	return c.update(ctx, who, in, schema.Update, schema.Read)
}

// update is UpdateResource for a type that has to support the actions.
func (c *Control) update(ctx context.Context, who Caller, in UpdateResourceInput, actions ...schema.Action) (operation.Request, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	id := bad.required("identifier", in.Identifier, identifier)
	patch := bad.required("patchDocument", in.PatchDocument, document)
	r := begin(&bad, who, operation.Update, in.TypeVersionId, in.RoleArn, in.ClientToken)
	if err := bad.err(); err != nil {
		return r, err
	}
	asked := input{operation.Update, name, r.TypeVersion, r.RoleArn, id, patch}
	return c.submit(ctx, r, asked, func() (planned, error) {
		k, err := c.find(ctx, who, name, r.TypeVersion, actions...)
		if err != nil {
			return planned{}, err
		}
		k.role = r.RoleArn
		target, err := k.Schema.ParseIdentifier(id)
		if err != nil {
			return planned{}, asRefusal(err)
		}
		ops, err := parse("PatchDocument", patch)
		if err != nil {
			return planned{}, err
		}
		if target, err = c.primary(ctx, who, k, target); err != nil {
			return planned{}, err
		}
		// The ledger's revision is taken before the reading: a change in between is
		// seen at acceptance.
		known, err := c.Store.Resource(ctx, resource.Key{Account: who.Account, Region: who.Region, TypeName: k.Name, Identifier: target.Primary})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return planned{}, err
		}
		current, err := c.readResource(ctx, who, k, target)
		if err != nil {
			return planned{}, err
		}
		var remembered any
		if known.WriteOnly != nil {
			if remembered, err = schema.Decode(known.WriteOnly); err != nil {
				return planned{}, fmt.Errorf("control: remembered values of %s: %w", target.Primary, err)
			}
		}
		updated, err := k.Schema.Update(current, remembered, []byte(patch))
		if err != nil {
			return planned{}, asRefusal(err)
		}
		r.InputHash = asked.hash(ops)
		r.TypeName, r.TypeVersion = k.Name, k.Version
		r.Identifier, r.BaseRevision = target.Primary, known.Revision
		r.Input = operation.Input{Previous: schema.Encode(current)}
		switch {
		case updated.Changed:
			r.Input.Desired = schema.Encode(updated.Desired)
		case known.Unfinished:
			r.Input.Model = schema.Encode(updated.Desired) // it is whole after all: the ledger takes it in
		}
		return planned{r, k.Schema.Timeout(schema.Update)}, nil
	})
}

// DeleteResource accepts a delete. A resource that does not exist is accepted too:
// its request fails with NotFound, as on AWS.
func (c *Control) DeleteResource(ctx context.Context, who Caller, in DeleteResourceInput) (operation.Request, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	id := bad.required("identifier", in.Identifier, identifier)
	r := begin(&bad, who, operation.Delete, in.TypeVersionId, in.RoleArn, in.ClientToken)
	if err := bad.err(); err != nil {
		return r, err
	}
	asked := input{operation.Delete, name, r.TypeVersion, r.RoleArn, id, ""}
	return c.submit(ctx, r, asked, func() (planned, error) {
		k, err := c.find(ctx, who, name, r.TypeVersion, schema.Delete)
		if err != nil {
			return planned{}, err
		}
		k.role = r.RoleArn
		target, err := k.Schema.ParseIdentifier(id)
		if err != nil {
			return planned{}, asRefusal(err)
		}
		if target, err = c.primary(ctx, who, k, target); err != nil {
			return planned{}, err
		}
		r.InputHash = asked.hash(nil)
		r.TypeName, r.TypeVersion, r.Identifier = k.Name, k.Version, target.Primary
		r.Input.Desired = schema.Encode(target.Model)
		return planned{r, k.Schema.Timeout(schema.Delete)}, nil
	})
}

// begin is a request with what every mutating operation says of it.
func begin(bad *constraints, who Caller, op operation.Operation, version, role, token *string) operation.Request {
	return operation.Request{
		Account: who.Account, Region: who.Region, Caller: who.Arn, Operation: op,
		TypeVersion: bad.optional("typeVersionId", version, typeVersionID),
		RoleArn:     bad.optional("roleArn", role, roleArn),
		ClientToken: bad.optional("clientToken", token, clientToken),
	}
}

// moves is how often an update is worked out again because the resource changed
// under it, before the caller is told.
const moves = 20

// submit plans a request and has the engine accept it. A known client token answers
// before any check of the plan: the world may have changed since.
func (c *Control) submit(ctx context.Context, r operation.Request, in input, plan func() (planned, error)) (operation.Request, error) {
	for range moves {
		p, err := plan()
		if err != nil {
			if old, rerr := c.replay(ctx, r, in); rerr != nil || old.Token != "" {
				return old, rerr
			}
			return r, err
		}
		got, err := c.Engine.Submit(ctx, p.request, p.timeout)
		switch {
		case errors.Is(err, store.ErrMoved):
			continue
		case errors.Is(err, store.ErrBusy):
			return got, refuse("ConcurrentOperationException",
				"Another operation on resource '%s' of type '%s' is in progress with RequestToken %s", got.Identifier, got.TypeName, got.Token)
		case errors.Is(err, store.ErrTokenConflict):
			return got, conflict(got)
		}
		return got, err
	}
	return r, refuse("ResourceConflictException", "The resource is changed by other operations again and again; try the update again")
}

// replay returns the request that r's client token stands for, or the zero request.
func (c *Control) replay(ctx context.Context, r operation.Request, in input) (operation.Request, error) {
	if r.ClientToken == "" {
		return operation.Request{}, nil
	}
	old, err := c.Store.Replay(ctx, r.Account, r.Region, r.ClientToken, c.Store.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return operation.Request{}, nil
	case err == nil && !bytes.Equal(old.InputHash, in.hashText()):
		return old, conflict(old)
	}
	return old, err
}

func conflict(old operation.Request) *Error {
	return refuse("ClientTokenConflictException",
		"ClientToken %s is already associated with an existing operation with RequestToken %s", old.ClientToken, old.Token)
}

// input is what a mutating operation was asked for, to tell a replay from another
// request with the same client token.
type input struct {
	operation                                 operation.Operation
	typeName, version, role, id, documentText string
}

// hash identifies the input; document is its JSON document decoded, nil for none.
// Spacing and the order of keys make no difference.
func (in input) hash(document any) []byte {
	if document == nil {
		return in.sum(nil)
	}
	return in.sum(schema.Encode(document))
}

// hashText is hash where the document was not decoded, and perhaps cannot be.
func (in input) hashText() []byte {
	text := []byte(in.documentText)
	if v, err := schema.Decode(text); err == nil {
		return in.hash(v)
	}
	return in.sum(text)
}

func (in input) sum(document []byte) []byte {
	var few [1024]byte // most inputs are small
	all := few[:0]
	for _, part := range []string{string(in.operation), in.typeName, in.version, in.role, in.id} {
		all = binary.AppendUvarint(all, uint64(len(part)))
		all = append(all, part...)
	}
	sum := sha256.Sum256(append(all, document...))
	return sum[:]
}

// asRefusal gives an error of package schema its exception; others stay as they are.
func asRefusal(err error) error {
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return fromSchema(e)
	}
	return err
}
