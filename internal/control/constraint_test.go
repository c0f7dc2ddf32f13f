package control

import (
	"strings"
	"testing"
	"time"

	"example.org/groundcontrol/internal/operation"
	"example.org/groundcontrol/internal/store"
)

func TestConstraintTexts(t *testing.T) {
	long := strings.Repeat("ü", 1025)
	for _, c := range []struct {
		name  string
		check func(*constraints)
		want  string
	}{
		{"good", func(c *constraints) {
			name, role, n := "AWS::S3::Bucket", "arn:aws:iam::123456789012:role/a/b", 100
			c.required("typeName", &name, typeName)
			c.optional("roleArn", &role, roleArn)
			c.optional("clientToken", nil, clientToken)
			c.maxResults(&n, 20)
			c.filter(&RequestStatusFilter{Operations: []string{"CREATE"}, OperationStatuses: []string{"SUCCESS", "FAILED"}})
		}, ""},
		{"missing", func(c *constraints) { c.required("requestToken", nil, requestToken) }, "1 validation error detected: Value null at 'requestToken' failed to satisfy constraint: Member must not be null"},
		{"pattern", func(c *constraints) { v := "AWS::S3::Bucket::X"; c.required("typeName", &v, typeName) }, "1 validation error detected: Value 'AWS::S3::Bucket::X' at 'typeName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}"},
		{"empty", func(c *constraints) { v := ""; c.required("clientToken", &v, clientToken) }, "2 validation errors detected: Value '' at 'clientToken' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [-A-Za-z0-9+/=]+"},
		{"code points count", func(c *constraints) { v := strings.Repeat("ü", 1024); c.required("identifier", &v, identifier) }, ""},
		{"too long", func(c *constraints) { c.required("identifier", &long, identifier) }, "1 validation error detected: Value '" + strings.Repeat("ü", 128) + "...' at 'identifier' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"secret", func(c *constraints) {
			v := strings.Repeat("s", 262145)
			c.required("desiredState", &v, document)
		}, "1 validation error detected: Value at 'desiredState' failed to satisfy constraint: Member must have length less than or equal to 262144"},
		{"role", func(c *constraints) { v := "arn:aws:iam::1234:role/abcdef"; c.optional("roleArn", &v, roleArn) }, "1 validation error detected: Value 'arn:aws:iam::1234:role/abcdef' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:.+:iam::[0-9]{12}:role/.+"},
		{"reason", func(c *constraints) { v := "ticket 42: hängt"; c.required("reason", &v, reason) }, ""},
		{"blank reason", func(c *constraints) { v := " "; c.required("reason", &v, reason) }, "1 validation error detected: Value ' ' at 'reason' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\p{Cc}]*\\S[^\\p{Cc}]*"},
		{"reason that steers a terminal", func(c *constraints) { v := "a\x1b[2J"; c.required("reason", &v, reason) }, "1 validation error detected: Value 'a\x1b[2J' at 'reason' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\p{Cc}]*\\S[^\\p{Cc}]*"},
		{"long reason", func(c *constraints) { c.required("reason", &long, reason) }, "1 validation error detected: Value '" + strings.Repeat("ü", 128) + "...' at 'reason' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"no results", func(c *constraints) { n := 0; c.maxResults(&n, 20) }, "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"many results", func(c *constraints) { n := 101; c.maxResults(&n, 20) }, "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"enum", func(c *constraints) { c.filter(&RequestStatusFilter{Operations: []string{"CREATE", "NOPE"}}) }, "1 validation error detected: Value '[CREATE, NOPE]' at 'resourceRequestStatusFilter.operations' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [CREATE, DELETE, UPDATE]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var bad constraints
			c.check(&bad)
			got := ""
			if err := bad.err(); err != nil {
				got = err.(*Error).Text
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestNextTokenFitsItsListOnly(t *testing.T) {
	q := store.RequestQuery{Account: "1", Region: "r", Operations: []operation.Operation{operation.Create, operation.Delete}}
	last := operation.NewToken(acceptedAt, [8]byte{1})
	token := toNextToken(q, last)
	if !nextToken.match(token) {
		t.Errorf("%s breaks the model's pattern", token)
	}
	same := q
	same.Operations = []operation.Operation{operation.Delete, operation.Create}
	same.Limit = 7
	for _, ok := range []store.RequestQuery{q, same} {
		if got, fits := fromNextToken(ok, token); !fits || got != last {
			t.Errorf("%+v: %s, %v", ok, got, fits)
		}
	}
	for _, edit := range []func(*store.RequestQuery){
		func(q *store.RequestQuery) { q.Account = "2" },
		func(q *store.RequestQuery) { q.Region = "s" },
		func(q *store.RequestQuery) { q.Operations = nil },
		func(q *store.RequestQuery) { q.Statuses = []operation.Status{operation.Success} },
	} {
		other := q
		edit(&other)
		if _, fits := fromNextToken(other, token); fits {
			t.Errorf("the token of another list fits %+v", other)
		}
	}
}

func FuzzNextToken(f *testing.F) {
	f.Add("")
	f.Add("AZt8RYyIcACBAAAAAAAAAPxMj2WRW\r\r\r\r\r\r\r\r9wv")
	f.Add(toNextToken(store.RequestQuery{}, operation.NewToken(acceptedAt, [8]byte{1})))
	f.Fuzz(func(t *testing.T, s string) {
		if after, ok := fromNextToken(store.RequestQuery{}, s); ok && toNextToken(store.RequestQuery{}, after) != s {
			t.Errorf("%q stands for %s, whose token is another", s, after)
		}
	})
}

func TestInputHash(t *testing.T) {
	base := input{operation.Create, "A::B::C", "", "", "id", `{"a":1,"b":[2]}`}
	same := base
	same.documentText = " {\"b\": [2], \"a\": 1}\n"
	if string(base.hashText()) != string(same.hashText()) {
		t.Error("spacing and the order of keys make a difference")
	}
	for what, edit := range map[string]func(*input){
		"operation": func(in *input) { in.operation = operation.Update },
		"type":      func(in *input) { in.typeName = "A::B::D" },
		"version":   func(in *input) { in.version = "1" },
		"role":      func(in *input) { in.role = "r" },
		"shifted":   func(in *input) { in.role, in.id = "i", "d" },
		"id":        func(in *input) { in.id = "ie" },
		"document":  func(in *input) { in.documentText = `{"a":1,"b":[3]}` },
		"no JSON":   func(in *input) { in.documentText = `{` },
	} {
		other := base
		edit(&other)
		if string(base.hashText()) == string(other.hashText()) {
			t.Errorf("%s makes no difference", what)
		}
	}
}

var acceptedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
