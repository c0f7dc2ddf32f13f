package control

import "time"

// The shapes below are of CloudFormation's model (2010-05-15), as far as its type registry
// goes. A nil member was not given; of outputs what is empty is left out.

// CFNRegisterTypeInput is the input of RegisterType. LoggingConfig and ExecutionRoleArn are
// checked and not used: what handlers print stays on this server, and they get credentials
// of its own choice.
type CFNRegisterTypeInput struct {
	Type                 *string
	TypeName             *string
	SchemaHandlerPackage *string // where the package is: file:// or https://
	ExecutionRoleArn     *string
	ClientRequestToken   *string
	LoggingConfig        *CFNLoggingConfig
}

// CFNLoggingConfig is where handlers of a type are to log.
type CFNLoggingConfig struct {
	LogRoleArn   *string
	LogGroupName *string
}

// CFNRegisterTypeOutput is the output of RegisterType.
type CFNRegisterTypeOutput struct{ RegistrationToken string }

// CFNDescribeTypeRegistrationInput is the input of DescribeTypeRegistration.
type CFNDescribeTypeRegistrationInput struct{ RegistrationToken *string }

// CFNDescribeTypeRegistrationOutput is the output of DescribeTypeRegistration.
type CFNDescribeTypeRegistrationOutput struct {
	ProgressStatus string // COMPLETE or FAILED
	Description    string
	TypeArn        string
	TypeVersionArn string // "" where it failed
}

// CFNListTypeRegistrationsInput is the input of ListTypeRegistrations.
type CFNListTypeRegistrationsInput struct {
	Type                     *string
	TypeName                 *string
	TypeArn                  *string
	RegistrationStatusFilter *string
	MaxResults               *int
	NextToken                *string
}

// CFNListTypeRegistrationsOutput is the output of ListTypeRegistrations.
type CFNListTypeRegistrationsOutput struct {
	RegistrationTokenList []string // newest first
	NextToken             string
}

// CFNDescribeTypeInput is the input of DescribeType.
type CFNDescribeTypeInput struct {
	Type                *string
	TypeName            *string
	Arn                 *string // of a type or of a version
	VersionId           *string
	PublisherId         *string
	PublicVersionNumber *string
}

// CFNDescribeTypeOutput is the output of DescribeType.
type CFNDescribeTypeOutput struct {
	Arn                 string
	Type                string
	TypeName            string
	DefaultVersionId    string
	IsDefaultVersion    bool
	Description         string
	Schema              string // JSON text
	ConfigurationSchema string // JSON text
	ProvisioningType    string
	DeprecatedStatus    string
	Visibility          string
	SourceUrl           string
	DocumentationUrl    string
	LastUpdated         time.Time
	TimeCreated         time.Time
	IsActivated         *bool // of third-party types that all see
}

// CFNListTypesInput is the input of ListTypes.
type CFNListTypesInput struct {
	Visibility       *string
	ProvisioningType *string
	DeprecatedStatus *string
	Type             *string
	Filters          *CFNTypeFilters
	MaxResults       *int
	NextToken        *string
}

// CFNTypeFilters says which types to list.
type CFNTypeFilters struct {
	Category       *string
	PublisherId    *string
	TypeNamePrefix *string
}

// CFNListTypesOutput is the output of ListTypes.
type CFNListTypesOutput struct {
	TypeSummaries []CFNTypeSummary
	NextToken     string
}

// CFNTypeSummary is a type in a list.
type CFNTypeSummary struct {
	Type             string
	TypeName         string
	DefaultVersionId string
	TypeArn          string
	LastUpdated      time.Time
	Description      string
	IsActivated      *bool
}

// CFNListTypeVersionsInput is the input of ListTypeVersions.
type CFNListTypeVersionsInput struct {
	Type             *string
	TypeName         *string
	Arn              *string
	DeprecatedStatus *string
	PublisherId      *string
	MaxResults       *int
	NextToken        *string
}

// CFNListTypeVersionsOutput is the output of ListTypeVersions.
type CFNListTypeVersionsOutput struct {
	TypeVersionSummaries []CFNTypeVersionSummary
	NextToken            string
}

// CFNTypeVersionSummary is a version in a list.
type CFNTypeVersionSummary struct {
	Type             string
	TypeName         string
	VersionId        string
	IsDefaultVersion bool
	Arn              string
	TimeCreated      time.Time
	Description      string
}

// CFNVersionInput is the input of SetTypeDefaultVersion and DeregisterType.
type CFNVersionInput struct {
	Arn       *string
	Type      *string
	TypeName  *string
	VersionId *string
}

// CFNSetTypeConfigurationInput is the input of SetTypeConfiguration.
type CFNSetTypeConfigurationInput struct {
	TypeArn            *string
	Configuration      *string // JSON text; secret
	ConfigurationAlias *string
	TypeName           *string
	Type               *string
}

// CFNSetTypeConfigurationOutput is the output of SetTypeConfiguration.
type CFNSetTypeConfigurationOutput struct{ ConfigurationArn string }

// CFNBatchDescribeTypeConfigurationsInput is the input of BatchDescribeTypeConfigurations.
type CFNBatchDescribeTypeConfigurationsInput struct {
	TypeConfigurationIdentifiers []CFNTypeConfigurationIdentifier
}

// CFNTypeConfigurationIdentifier names a configuration by its arn, or by its type.
type CFNTypeConfigurationIdentifier struct {
	TypeArn                *string
	TypeConfigurationAlias *string
	TypeConfigurationArn   *string
	Type                   *string
	TypeName               *string
}

// CFNBatchDescribeTypeConfigurationsOutput is the output of BatchDescribeTypeConfigurations.
type CFNBatchDescribeTypeConfigurationsOutput struct {
	Errors                        []CFNTypeConfigurationError
	UnprocessedTypeConfigurations []CFNTypeConfigurationIdentifier // always none
	TypeConfigurations            []CFNTypeConfiguration
}

// CFNTypeConfigurationError says why a configuration cannot be described.
type CFNTypeConfigurationError struct {
	ErrorCode                   string
	ErrorMessage                string
	TypeConfigurationIdentifier CFNTypeConfigurationIdentifier
}

// CFNTypeConfiguration is a configuration. Configuration is secret, and for the account
// that set it only.
type CFNTypeConfiguration struct {
	Arn                    string
	Alias                  string
	Configuration          string // JSON text
	LastUpdated            time.Time
	TypeArn                string
	TypeName               string
	IsDefaultConfiguration bool
}

// CFNActivateTypeInput is the input of ActivateType and DeactivateType, as far as it is read.
type CFNActivateTypeInput struct{ TypeName *string }
