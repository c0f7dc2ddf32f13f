// Package auth tells who called: it holds the access keys of this server, checks Signature Version 4
// on requests, and signs requests for our own command line and load generator.
//
// It knows keys, headers and hashes. It must not know operations, permissions, stores or how an error
// is written to the wire: callers map [Error] to an answer.
package auth

// RootAccount is the account of the key made on first start, and of every caller while
// authentication is off.
const RootAccount = "000000000000"

// Identity is the caller of one request. Account and Region together select the tenant.
type Identity struct {
	Account     string // 12 digits
	Region      string // from the credential scope: lower-case letters, digits and dashes, 1 to 32
	Arn         string
	UserID      string
	AccessKeyID string // empty when the caller was not verified
	Service     string // from the credential scope, "cloudcontrolapi" for instance
}

func rootArn(account string) string { return "arn:aws:iam::" + account + ":root" }
