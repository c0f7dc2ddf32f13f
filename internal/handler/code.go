package handler

import "errors"

// ErrInvalidAnswer means that something answered that is no answer by the contract.
var ErrInvalidAnswer = errors.New("handler: invalid answer")

// Code is a HandlerErrorCode of the CloudFormation handler contract.
type Code string

// The codes that a resource handler may answer with.
const (
	NotUpdatable                 Code = "NotUpdatable"
	InvalidRequest               Code = "InvalidRequest"
	AccessDenied                 Code = "AccessDenied"
	UnauthorizedTaggingOperation Code = "UnauthorizedTaggingOperation"
	InvalidCredentials           Code = "InvalidCredentials"
	AlreadyExists                Code = "AlreadyExists"
	NotFound                     Code = "NotFound"
	ResourceConflict             Code = "ResourceConflict"
	Throttling                   Code = "Throttling"
	ServiceLimitExceeded         Code = "ServiceLimitExceeded"
	NotStabilized                Code = "NotStabilized"
	GeneralServiceException      Code = "GeneralServiceException"
	ServiceInternalError         Code = "ServiceInternalError"
	NetworkFailure               Code = "NetworkFailure"
	InternalFailure              Code = "InternalFailure"
	HandlerInternalFailure       Code = "HandlerInternalFailure"
	InvalidTypeConfiguration     Code = "InvalidTypeConfiguration"
)

// Retriable reports whether the contract calls the code worth another try.
func (c Code) Retriable() bool {
	switch c {
	case NetworkFailure, ResourceConflict, ServiceInternalError, Throttling:
		return true
	}
	return false
}

// Public returns the ErrorCode that clients see for c: Cloud Control's own list is
// shorter than the handlers'.
func (c Code) Public() string {
	switch c {
	case NotUpdatable, InvalidRequest, AccessDenied, UnauthorizedTaggingOperation, InvalidCredentials,
		AlreadyExists, NotFound, ResourceConflict, Throttling, ServiceLimitExceeded, NotStabilized,
		GeneralServiceException, ServiceInternalError, NetworkFailure, InternalFailure:
		return string(c)
	case InvalidTypeConfiguration:
		return string(InvalidRequest)
	case HandlerInternalFailure:
		return string(InternalFailure)
	}
	return string(GeneralServiceException)
}
