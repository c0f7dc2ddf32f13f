// Package provider is the wire form of the CloudFormation handler contract: the payloads that resource providers are
// called with, and what they answer. It is pure, and does not know how a provider is run or reached.
package provider

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"example.org/groundcontrol/internal/handler"
	"example.org/groundcontrol/internal/schema"
)

// MaxSize is how many bytes a payload or an answer may have: 6 MiB, as with AWS Lambda.
const MaxSize = 6 << 20

// Credentials are what a provider calls its service with.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Extra is what a payload holds besides the call.
type Extra struct {
	// Credentials are fresh ones for each invocation. The zero value sends placeholders that no service takes.
	Credentials Credentials
	// Configuration is the type configuration, a JSON object; nil for a type that declares none, whose provider may refuse
	// to be sent one.
	Configuration json.RawMessage
}

// event is the payload, its members in the order of the contract.
type event struct {
	Action      schema.Action   `json:"action"`
	Account     string          `json:"awsAccountId"`
	Token       string          `json:"bearerToken"`
	Region      string          `json:"region"`
	Type        string          `json:"resourceType"`
	TypeVersion string          `json:"resourceTypeVersion"` // a string: providers in Go do not decode a number
	Context     struct{}        `json:"requestContext"`
	Callback    json.RawMessage `json:"callbackContext,omitempty"`
	NextToken   string          `json:"nextToken,omitempty"`
	MaxResults  int             `json:"maxResults,omitempty"`
	Data        data            `json:"requestData"`
}

type data struct {
	Credentials        keys            `json:"callerCredentials"`
	LogicalID          string          `json:"logicalResourceId"`
	Properties         json.RawMessage `json:"resourceProperties"`
	Previous           json.RawMessage `json:"previousResourceProperties,omitempty"`
	Configuration      json.RawMessage `json:"typeConfiguration,omitempty"`
	SystemTags         struct{}        `json:"systemTags"`
	StackTags          struct{}        `json:"stackTags"`
	PreviousSystemTags *struct{}       `json:"previousSystemTags,omitempty"` // update
	PreviousStackTags  *struct{}       `json:"previousStackTags,omitempty"`
}

// keys are all there, if empty: providers in Python refuse credentials without one of them.
type keys struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
}

// keys are the credentials to send, placeholders where none are configured: providers in Python get no session without
// any, and some then answer SUCCESS having done nothing.
func (c Credentials) keys() keys {
	if c == (Credentials{}) {
		return keys{"GROUNDCONTROLNOTAKEY", "groundcontrol-has-no-credentials-to-give", "groundcontrol"}
	}
	return keys(c)
}

// Payload is the event of one invocation. Null members of models are left out; the callback context goes as the provider
// gave it. c.Schema must be set. The same arguments give the same bytes.
//
// The error says what the call lacks, or that it is longer than [MaxSize]; it holds no values. What providers may rely on
// (a valid model, unchanged create-only properties) is not checked here.
func Payload(c handler.Call, e Extra) ([]byte, error) {
	out, err := eventOf(c)
	if err != nil {
		return nil, fmt.Errorf("provider: payload: %w", err)
	}
	out.Data.Credentials = e.Credentials.keys()
	if out.Data.Configuration, err = configuration(e.Configuration); err != nil {
		return nil, fmt.Errorf("provider: payload: %w", err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return nil, fmt.Errorf("provider: payload: %w", err)
	}
	if text.Len() > MaxSize+1 { // the encoder ends its text with a new line
		return nil, fmt.Errorf("provider: payload: longer than %d bytes", MaxSize)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// eventOf is the event without what Extra adds.
func eventOf(c handler.Call) (event, error) {
	switch {
	case c.Token == "":
		return event{}, errors.New("the call has no token") // providers in Go refuse it
	case c.Region == "":
		return event{}, errors.New("the call has no region")
	}
	version, err := typeVersion(c.TypeVersion)
	if err != nil {
		return event{}, err
	}
	out := event{Action: c.Action, Account: c.Account, Token: c.Token, Region: c.Region, Type: c.TypeName, TypeVersion: version}
	if c.Action != schema.Read && c.Action != schema.List { // those are never called again
		out.Callback = present(c.Callback)
	}
	out.Data.LogicalID = logicalID(c)
	desired, err := properties(c)
	if err != nil {
		return event{}, err
	}
	out.Data.Properties = schema.Encode(desired)
	switch c.Action {
	case schema.Update:
		previous, err := object("the previous state", c.Previous)
		if err != nil {
			return event{}, err
		}
		out.Data.Previous = schema.Encode(previous)
		out.Data.PreviousSystemTags, out.Data.PreviousStackTags = &struct{}{}, &struct{}{}
	case schema.List:
		out.NextToken, out.MaxResults = c.NextToken, max(c.MaxResults, 0)
	}
	return out, nil
}

// properties are the resourceProperties.
func properties(c handler.Call) (map[string]any, error) {
	switch c.Action {
	case schema.Create, schema.Update:
		return object("the desired state", c.Desired)
	case schema.List:
		if len(c.Desired) == 0 {
			return map[string]any{}, nil
		}
		return object("the list model", c.Desired)
	case schema.Read, schema.Delete:
		return identifying(c)
	}
	return nil, errors.New("the call has no action of the contract")
}

// identifying are the properties of the resource's identifier, the primary one or else an additional one.
func identifying(c handler.Call) (map[string]any, error) {
	if len(c.Desired) == 0 {
		id, err := c.Schema.ParseIdentifier(c.Identifier)
		if err != nil {
			return nil, errors.New("the call names no resource")
		}
		return id.Model, nil
	}
	model, err := object("the identifier", c.Desired)
	if err != nil {
		return nil, err
	}
	if c.Action == schema.Delete && present(c.Callback) != nil {
		return model, nil // what the provider's last answer said: it may need more than the identifier to go on
	}
	for _, identifier := range append([][]schema.Pointer{c.Schema.PrimaryIdentifier}, c.Schema.AdditionalIdentifiers...) {
		if only, ok := pick(model, identifier); ok {
			return only, nil
		}
	}
	return nil, errors.New("the call names no resource")
}

// pick is the part of a model that the pointers name, ok if all of it is there.
func pick(model map[string]any, pointers []schema.Pointer) (part map[string]any, ok bool) {
	part = map[string]any{}
	for _, p := range pointers {
		from, to, last := model, part, len(p)-1
		for _, segment := range p[:last] {
			if from, ok = from[segment].(map[string]any); !ok {
				return nil, false
			}
			next, ok := to[segment].(map[string]any)
			if !ok {
				next = map[string]any{}
				to[segment] = next
			}
			to = next
		}
		v, ok := from[p[last]]
		if !ok {
			return nil, false
		}
		to[p[last]] = v
	}
	return part, true
}

// object decodes a model and leaves its nulls out.
func object(name string, text json.RawMessage) (map[string]any, error) {
	if len(text) == 0 {
		return nil, fmt.Errorf("the call lacks %s", name)
	}
	v, err := schema.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m, ok := withoutNulls(v).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no JSON object", name)
	}
	return m, nil
}

// withoutNulls leaves out members that are null, in place. Elements of arrays stay: the schema may ask for them.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
			} else {
				withoutNulls(member)
			}
		}
	case []any:
		for _, e := range v {
			withoutNulls(e)
		}
	}
	return v
}

// present is text, nil where there is nothing in it.
func present(text json.RawMessage) json.RawMessage {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	return text
}

// configuration is the typeConfiguration; nil where there is none to send.
func configuration(text json.RawMessage) (json.RawMessage, error) {
	if present(text) == nil {
		return nil, nil
	}
	m, err := object("the type configuration", text)
	if err != nil {
		return nil, err
	}
	return schema.Encode(m), nil
}

// typeVersion is the resourceTypeVersion: providers read digits in it.
func typeVersion(version string) (string, error) {
	if version == "" {
		return "00000001", nil
	}
	if strings.Trim(version, "0123456789") != "" {
		return "", errors.New("the type's version is not made of digits")
	}
	return version, nil
}

// logicalID is a name as a template has for a resource, the same in every call of a request: providers make names of
// new resources from it.
func logicalID(c handler.Call) string {
	sum := sha256.Sum256([]byte(c.Token))
	name := c.TypeName[strings.LastIndex(c.TypeName, ":")+1:]
	return name + strings.ToUpper(hex.EncodeToString(sum[:4]))
}
