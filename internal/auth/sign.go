package auth

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign signs r, an outgoing request with the given body, as k: it sets X-Amz-Date and Authorization. Like
// the aws CLI it signs Content-Type, Host and each X-Amz-* header, so set those before and leave them,
// and the URL, after. The server refuses a query string that cannot be parsed, however it is signed.
func Sign(r *http.Request, body []byte, k Key, region, service string, now time.Time) {
	timestamp := now.UTC().Format(isoBasic)
	sc := scope{timestamp[:8], region, service}
	r.Header.Set("X-Amz-Date", timestamp)
	names := []string{"host"}
	for name := range r.Header {
		if name == "Content-Type" || hasAmzPrefix(name) {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)

	s := scratches.Get().(*scratch)
	defer s.release()
	s.names = append(s.names[:0], names...)
	payload := sha256.Sum256(body)
	_ = s.canonicalRequest(r, body, &payload)
	s.stringToSign(timestamp, sc)
	deriveSigningKey(k.SecretAccessKey, sc).sign(s)
	r.Header.Set("Authorization", algorithm+" Credential="+k.AccessKeyID+"/"+sc.date+"/"+region+"/"+service+"/"+terminator+
		", SignedHeaders="+strings.Join(names, ";")+", Signature="+string(s.hex[:]))
}
