package control

import (
	"encoding/json"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/registry"
)

// Caller is who makes a call. Account and Region scope everything: no operation
// shows or changes what belongs to another account or region.
type Caller struct {
	Account string // 12 digits
	Region  string
	Arn     string
}

// The inputs are the shapes of AWS's model (cloudcontrol, 2021-09-30). A nil member
// was not given. Members of type string that hold JSON hold it as text.

// CreateResourceInput is the input of CreateResource.
type CreateResourceInput struct {
	TypeName      *string
	TypeVersionId *string
	RoleArn       *string
	ClientToken   *string
	DesiredState  *string
}

// UpdateResourceInput is the input of UpdateResource.
type UpdateResourceInput struct {
	TypeName      *string
	TypeVersionId *string
	RoleArn       *string
	ClientToken   *string
	Identifier    *string
	PatchDocument *string
}

// DeleteResourceInput is the input of DeleteResource.
type DeleteResourceInput struct {
	TypeName      *string
	TypeVersionId *string
	RoleArn       *string
	ClientToken   *string
	Identifier    *string
}

// GetResourceInput is the input of GetResource.
type GetResourceInput struct {
	TypeName      *string
	TypeVersionId *string
	RoleArn       *string
	Identifier    *string
}

// ListResourcesInput is the input of ListResources.
type ListResourcesInput struct {
	TypeName      *string
	TypeVersionId *string
	RoleArn       *string
	NextToken     *string
	MaxResults    *int
	ResourceModel *string
}

// GetResourceRequestStatusInput is the input of GetResourceRequestStatus.
type GetResourceRequestStatusInput struct {
	RequestToken *string
}

// CancelResourceRequestInput is the input of CancelResourceRequest.
type CancelResourceRequestInput struct {
	RequestToken *string
}

// ListResourceRequestsInput is the input of ListResourceRequests.
type ListResourceRequestsInput struct {
	MaxResults                  *int
	NextToken                   *string
	ResourceRequestStatusFilter *RequestStatusFilter
}

// RequestStatusFilter lets a request through whose operation is one of Operations
// and whose status is one of OperationStatuses; an empty list lets all through.
type RequestStatusFilter struct {
	Operations        []string
	OperationStatuses []string
}

// Description is one resource as GetResource and ListResources give it.
type Description struct {
	Identifier string // primary, parts joined by "|"
	Properties string // JSON text of the model, without write-only properties
}

// ResourceList is one page of ListResources.
type ResourceList struct {
	TypeName     string
	Descriptions []Description
	NextToken    string // "" after the last page
}

// RequestList is one page of ListResourceRequests.
type RequestList struct {
	Requests  []operation.Request
	NextToken string // "" after the last page
}

// The shapes below are of operations that AWS does not have.

// DescribeRequestInput is the input of DescribeRequest.
type DescribeRequestInput struct {
	RequestToken *string
}

// ResumeRequestInput is the input of ResumeRequest.
type ResumeRequestInput struct {
	RequestToken *string
}

// FailRequestInput is the input of FailRequest.
type FailRequestInput struct {
	RequestToken *string
	Reason       *string
}

// Detail is a request as an operator sees it. Its Input is never shown.
type Detail struct {
	operation.Request
	WaitsFor operation.Wait // "" where it has ended
}

// DetailList is one page of ListRequests.
type DetailList struct {
	Requests  []Detail
	NextToken string // "" after the last page
}

// Aborted is what FailRequest answers.
type Aborted struct {
	Detail
	Warning string // what may have been left behind; "" for nothing
}

// ImportTypesInput is the input of ImportTypes.
type ImportTypesInput struct {
	Schemas []string // schema documents, JSON texts
}

// PutCodeInput is the input of PutCode.
type PutCodeInput struct {
	Digest *string // SHA-256 of the whole zip, in hex
	Part   *int    // 0 for the first
	Data   *string // base64
}

// RegisterTypeInput is the input of RegisterType.
type RegisterTypeInput struct {
	Schema  *string // JSON text
	Digest  *string // of the code
	Parts   *int    // that the code was stored in
	Runtime *string // Lambda's name of what runs the code
	Handler *string // where it begins
	Command []string

	// In place of all that is about code.
	Endpoint *string // URL of a Lambda Invoke API that has the handlers
	Function *string // their name there
	// ConfigurationSchema is the schema of the type's configuration, JSON text; absent for
	// what Schema itself declares.
	ConfigurationSchema *string
}

// ListTypesInput is the input of ListTypes.
type ListTypesInput struct{}

// DescribeTypeInput is the input of DescribeType.
type DescribeTypeInput struct {
	TypeName      *string
	TypeVersionId *string
}

// TypeVersionInput is the input of SetDefaultTypeVersion and DeregisterType.
type TypeVersionInput struct {
	TypeName      *string
	TypeVersionId *string
}

// ConfigureTypeInput is the input of ConfigureType.
type ConfigureTypeInput struct {
	TypeName      *string
	Configuration *string // JSON text; absent to remove what is set
}

// SimulateTypeInput is the input of SimulateType.
type SimulateTypeInput struct {
	TypeName  *string
	Behaviour *string // JSON text; absent for the default
}

// TypeDetail is a type as DescribeType gives it.
type TypeDetail struct {
	registry.Summary
	Described string          // the version that the rest is about
	Runtime   string          // what serves it, such as "simulate"
	Schema    string          // as it was imported
	Behaviour json.RawMessage // that was set for it, nil for none
	Endpoint  string          // where its handlers run; "" for here
	Function  string          // their name there
}
