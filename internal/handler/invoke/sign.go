package invoke

import (
	"net/http"
	"strings"
	"time"

	"example.org/groundcontrol/internal/auth"
	"example.org/groundcontrol/internal/handler/provider"
)

// sign signs a call to AWS, where there is a key to do it with. Nobody else gets a signature.
func (r *Runtime) sign(request *http.Request, payload []byte, region string) {
	host := request.URL.Hostname()
	if r.key == (provider.Credentials{}) || !isAWS(host) {
		return
	}
	if r.key.SessionToken != "" {
		request.Header.Set("X-Amz-Security-Token", r.key.SessionToken)
	}
	key := auth.Key{AccessKeyID: r.key.AccessKeyID, SecretAccessKey: r.key.SecretAccessKey}
	auth.Sign(request, payload, key, regionOf(host, region), "lambda", time.Now())
}

func isAWS(host string) bool {
	host = strings.ToLower(host)
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}

// regionOf is the region that a host of AWS's is in, which may not be the one of the request.
func regionOf(host, region string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	for i, label := range labels[:len(labels)-1] {
		if label == "lambda" || label == "lambda-fips" {
			return labels[i+1]
		}
	}
	return region
}
