package auth

// The codes an [Error] may carry.
const (
	CodeMissingToken        = "MissingAuthenticationTokenException" // no Authorization header
	CodeIncompleteSignature = "IncompleteSignatureException"        // the header, scope or date is malformed
	CodeUnrecognizedClient  = "UnrecognizedClientException"         // the key is unknown, or a session was claimed
	CodeInvalidSignature    = "InvalidSignatureException"           // signature, signed headers, payload hash, time or scope
)

// Error is a refusal as the caller should see it: the exception name and its text. The text never
// holds a secret or the signature that was expected.
type Error struct {
	Code string
	Text string
}

// Error returns the code and the text.
func (e *Error) Error() string { return e.Code + ": " + e.Text }

var (
	errMissingToken = &Error{CodeMissingToken, "Request is missing Authentication Token"}
	errUnknownKey   = &Error{CodeUnrecognizedClient, "The security token included in the request is invalid."}
	errSignature    = &Error{CodeInvalidSignature, "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
)

func incomplete(text string) *Error { return &Error{CodeIncompleteSignature, text} }

func invalid(text string) *Error { return &Error{CodeInvalidSignature, text} }
