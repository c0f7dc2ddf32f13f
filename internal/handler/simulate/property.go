package simulate

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"example.org/groundcontrol/internal/schema"
	"example.org/groundcontrol/internal/schema/sample"
)

// kind tells which rule makes the values of a property.
type kind int

// The kinds in the order in which values are made: later ones are built from earlier
// ones.
const (
	enumKind kind = iota
	constKind
	accountKind
	regionKind
	idKind
	nameKind // of an identifier
	arnKind
	hostKind
	urlKind
	addressKind
	digitsKind
	timeKind
	versionKind
	stateKind
	numberKind
	boolKind
	arrayKind
	objectKind
	textKind
	complaintKind // says what is wrong; nothing is
)

// property is a property of a schema, and how to make its values.
type property struct {
	schema.Property
	leaf    string // its own name
	json    string // the JSON type of its values
	kind    kind
	grammar func() *sample.Grammar
}

func newProperty(p schema.Property, leaf string) *property {
	q := &property{Property: p, leaf: leaf, json: jsonType(p)}
	q.kind = kindOf(q)
	q.grammar = sync.OnceValue(func() *sample.Grammar {
		if p.Pattern == "" {
			return nil
		}
		return sample.NewGrammar(p.Pattern)
	})
	return q
}

// jsonType picks the one type that values get: text where the schema leaves a choice.
func jsonType(p schema.Property) string {
	for _, t := range []string{"string", "integer", "number", "boolean", "array", "object"} {
		if slices.Contains(p.Types, t) {
			return t
		}
	}
	if _, ok := p.Item(); ok {
		return "array"
	}
	if len(p.Children()) > 0 {
		return "object"
	}
	return "string"
}

// kindOf finds the rule by the name and type: the first that fits.
func kindOf(p *property) kind {
	switch {
	case len(p.Enum) > 0:
		return enumKind
	case p.Const != nil || p.HasDefault:
		return constKind
	}
	switch p.json {
	case "boolean":
		return boolKind
	case "array":
		return arrayKind
	case "object":
		return objectKind
	}
	number := p.json != "string"
	name := p.leaf
	switch {
	case isTime(name, p.Format):
		return timeKind
	case endsIn(name, "Version", "VersionNumber", "Revision", "RevisionNumber"):
		return versionKind
	case number:
		return numberKind
	case endsIn(name, "Arn", "ARN") || strings.HasPrefix(strings.TrimLeft(p.Pattern, "^("), "arn:"):
		return arnKind
	case endsIn(name, "AccountId", "AccountID", "OwnerId", "RegistryId"):
		return accountKind
	case endsIn(name, "Id", "ID", "Identifier", "Uid", "UUID", "Uuid"):
		return idKind
	case endsIn(name, "Url", "URL", "Uri", "URI"):
		return urlKind
	case endsIn(name, "Ip", "IP", "IpAddress"):
		return addressKind
	case name == "Address" || endsIn(name, "Endpoint", "DomainName", "DNSName", "DnsName", "HostName", "Hostname"):
		return hostKind
	case name == "Region" || endsIn(name, "AwsRegion", "RegionName"):
		return regionKind
	case endsIn(name, "Status", "State"):
		return stateKind
	case endsIn(name, "Port", "Count"):
		return digitsKind
	case endsIn(name, "Message", "Reason", "Reasons", "Error"):
		return complaintKind
	}
	return textKind
}

func isTime(name, format string) bool {
	return format == "date-time" || format == "timestamp" ||
		endsIn(name, "At", "Time", "Date", "Timestamp", "TimeStamp", "DateTime")
}

// isUpdateTime reports whether a time tells of the last change.
func isUpdateTime(name string) bool {
	return strings.Contains(name, "Update") || strings.Contains(name, "Modif") || strings.Contains(name, "LastChange")
}

func endsIn(name string, endings ...string) bool {
	for _, e := range endings {
		if strings.HasSuffix(name, e) {
			return true
		}
	}
	return false
}

// accepts reports whether the text satisfies the property's schema.
func (p *property) accepts(text string) bool {
	if p.MinLength != nil || p.MaxLength != nil {
		n := utf8.RuneCountInString(text)
		if p.MinLength != nil && n < *p.MinLength || p.MaxLength != nil && n > *p.MaxLength {
			return false
		}
	}
	return p.Pattern == "" || p.MatchesPattern(text)
}

// longest is the longest text that the property takes, at most n characters.
func (p *property) longest(n int) int {
	if p.MaxLength != nil && *p.MaxLength < n {
		return *p.MaxLength
	}
	return n
}

// shortest is the shortest text that the property takes.
func (p *property) shortest() int {
	if p.MinLength != nil {
		return *p.MinLength
	}
	return 0
}
