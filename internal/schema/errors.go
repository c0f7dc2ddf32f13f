package schema

// Kind says which exception of the API an [Error] is.
type Kind int

const (
	// Invalid is ValidationException.
	Invalid Kind = iota
	// NotUpdatable is NotUpdatableException.
	NotUpdatable
	// InvalidRequest is InvalidRequestException.
	InvalidRequest
)

// Error is a refusal that goes to the caller as it stands: Text is AWS's text where AWS's is known. It names property
// names and sizes but no values, except in the texts of [Schema.ValidateList], which AWS does not scrub either, and the
// caller's own text in the errors of [Schema.ParseIdentifier].
type Error struct {
	Kind Kind
	Text string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

func invalid(text string) error { return &Error{Kind: Invalid, Text: text} }
