package control

import (
	"context"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// GetResource reads one resource through its handler.
func (c *Control) GetResource(ctx context.Context, who Caller, in GetResourceInput) (string, Description, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	id := bad.required("identifier", in.Identifier, identifier)
	version := bad.optional("typeVersionId", in.TypeVersionId, typeVersionID)
	role := bad.optional("roleArn", in.RoleArn, roleArn)
	if err := bad.err(); err != nil {
		return "", Description{}, err
	}
	k, err := c.find(ctx, who, name, version, schema.Read)
	if err != nil {
		return "", Description{}, err
	}
	k.role = role
	target, err := k.Schema.ParseIdentifier(id)
	if err != nil {
		return "", Description{}, asRefusal(err)
	}
	model, err := c.readResource(ctx, who, k, target)
	if err != nil {
		return "", Description{}, err
	}
	d, err := describe(k, model)
	return k.Name, d, err
}

// ListResources lists the resources of a type through its handler. NextToken is the
// handler's own.
func (c *Control) ListResources(ctx context.Context, who Caller, in ListResourcesInput) (ResourceList, error) {
	var bad constraints
	name := bad.required("typeName", in.TypeName, typeName)
	version := bad.optional("typeVersionId", in.TypeVersionId, typeVersionID)
	role := bad.optional("roleArn", in.RoleArn, roleArn)
	call := handler.Call{
		Action:     schema.List,
		NextToken:  bad.optional("nextToken", in.NextToken, handlerToken),
		MaxResults: bad.maxResults(in.MaxResults, 0),
	}
	text := bad.optional("resourceModel", in.ResourceModel, document)
	if err := bad.err(); err != nil {
		return ResourceList{}, err
	}
	k, err := c.find(ctx, who, name, version, schema.List)
	if err != nil {
		return ResourceList{}, err
	}
	k.role = role
	var model any
	if in.ResourceModel != nil {
		if model, err = parseObject("ResourceModel", text); err != nil {
			return ResourceList{}, err
		}
		call.Desired = schema.Encode(model)
	}
	if err := k.Schema.ValidateList(model); err != nil {
		return ResourceList{}, asRefusal(err)
	}
	a, err := c.read(ctx, who, k, call)
	if err != nil {
		return ResourceList{}, err
	}
	list := ResourceList{TypeName: k.Name, NextToken: a.NextToken, Descriptions: make([]Description, 0, len(a.Models))}
	for _, m := range a.Models {
		d, err := describe(k, m)
		if err != nil {
			return ResourceList{}, err
		}
		list.Descriptions = append(list.Descriptions, d)
	}
	return list, nil
}

// readResource reads the model of the resource that target names, without write-only
// properties.
func (c *Control) readResource(ctx context.Context, who Caller, k kind, target schema.Identifier) (any, error) {
	a, err := c.read(ctx, who, k, handler.Call{
		Action: schema.Read, Identifier: target.Primary, Desired: schema.Encode(target.Model),
	})
	if err != nil {
		return nil, err
	}
	if _, ok := k.Schema.Identifier(a.Model); !ok {
		return nil, refuse("PrivateTypeException", "%s Handler gave an invalid answer: its model lacks the primary identifier", k.Name)
	}
	return k.Schema.WithoutWriteOnly(a.Model), nil
}

// primary resolves an additional identifier to the primary one, by reading.
func (c *Control) primary(ctx context.Context, who Caller, k kind, target schema.Identifier) (schema.Identifier, error) {
	if target.Primary != "" {
		return target, nil
	}
	model, err := c.readResource(ctx, who, k, target)
	if err != nil {
		return target, err
	}
	id, _ := k.Schema.Identifier(model)
	found, err := k.Schema.ParseIdentifier(id)
	if err != nil {
		return target, asRefusal(err)
	}
	return found, nil
}

func describe(k kind, model any) (Description, error) {
	id, ok := k.Schema.Identifier(model)
	if !ok {
		return Description{}, refuse("PrivateTypeException", "%s Handler gave an invalid answer: a model lacks the primary identifier", k.Name)
	}
	return Description{Identifier: id, Properties: string(schema.Encode(k.Schema.WithoutWriteOnly(model)))}, nil
}
