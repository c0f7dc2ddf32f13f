package auth

import (
	"net/http"
	"strings"
)

// Anonymous is the identity of a caller while authentication is off: root of [RootAccount]. Region and
// Service are what the credential scope of r claims, where it has one; nothing is checked. Without a scope,
// or with a region that cannot be one, Region is defaultRegion.
func Anonymous(r *http.Request, defaultRegion string) Identity {
	id := Identity{Account: RootAccount, Region: defaultRegion, Arn: rootArn(RootAccount), UserID: RootAccount}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var a authorization
	credential, err := a.readParts(list)
	if err != nil {
		return id
	}
	if _, s, last := splitCredential(credential); last == terminator && isRegion(s.region) {
		id.Region, id.Service = strings.Clone(s.region), strings.Clone(s.service)
	}
	return id
}
