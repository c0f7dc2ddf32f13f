package simulate

import (
	"regexp"
	"strings"
)

// services are the names of services in Arns where these are not the type's name in
// lower case.
var services = map[string]string{
	"ACMPCA": "acm-pca", "AmazonMQ": "mq", "ApplicationAutoScaling": "autoscaling", "CertificateManager": "acm",
	"Cognito": "cognito-idp", "DocDB": "rds", "EFS": "elasticfilesystem", "ElasticLoadBalancing": "elasticloadbalancing",
	"ElasticLoadBalancingV2": "elasticloadbalancing", "EMR": "elasticmapreduce", "EventSchemas": "schemas",
	"KinesisFirehose": "firehose", "MSK": "kafka", "Neptune": "rds", "OpenSearchServerless": "aoss",
	"OpenSearchService": "es", "ResourceGroups": "resource-groups", "StepFunctions": "states", "VpcLattice": "vpc-lattice",
	"WAFv2": "wafv2", "XRay": "xray",
}

func (m *maker) serviceName() string {
	if name := services[m.service]; name != "" {
		return name
	}
	return strings.ToLower(m.service)
}

// arnOf joins an Arn of the resource's own service.
func (m *maker) arnOf(service, tail string) string {
	region, account := m.region, m.account
	switch service {
	case "s3", "route53":
		region, account = "", ""
	case "iam", "cloudfront", "organizations":
		region = ""
	}
	return "arn:" + m.partition + ":" + service + ":" + region + ":" + account + ":" + tail
}

// arn makes the Arn of the resource, or of what the property's name says.
func (m *maker) arn(p *property, s *source) (any, bool) {
	called := m.called()
	kind := strings.ToLower(m.resource)
	if own := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(p.leaf, "Arn"), "ARN")); own != "" && own != "resource" {
		kind = own
	}
	for _, name := range called {
		for _, join := range []string{"/", ":"} {
			if text := m.arnOf(m.serviceName(), kind+join+name); p.accepts(text) {
				return text, true
			}
		}
	}
	if p.Pattern == "" {
		return nil, false
	}
	built, ok := m.fromPattern(p, s)
	if !ok {
		return nil, false
	}
	return m.mended(p, built, called), true
}

var lastPart = regexp.MustCompile(`[^:/]*$`)

// mended puts the right partition, service, region, account and name into an Arn that was built
// from a pattern, each where the pattern allows it.
func (m *maker) mended(p *property, arn string, called []string) string {
	parts := strings.SplitN(arn, ":", 6)
	last := len(parts) - 1
	if last < 4 || parts[0] != "arn" {
		return arn
	}
	try := func(i int, text string) bool {
		was := parts[i]
		parts[i] = text
		if !p.accepts(strings.Join(parts, ":")) {
			parts[i] = was
			return false
		}
		return true
	}
	try(1, m.partition)
	try(2, m.serviceName())
	if last == 5 {
		try(3, m.region)
		try(4, m.account)
	} else {
		try(3, m.region+":"+m.account) // the pattern has one class for both
	}
	for _, name := range called {
		if try(last, lastPart.ReplaceAllLiteralString(parts[last], name)) {
			break
		}
	}
	return strings.Join(parts, ":")
}

// hosts are forms of an address, the likeliest first.
func (m *maker) hosts(p *property) []string {
	label := strings.ReplaceAll(strings.ToLower(m.called()[0]), "/", "-")
	host := label + "." + m.serviceName() + "." + m.region + "." + m.suffix
	if p.kind == hostKind {
		return []string{host, "https://" + host}
	}
	return []string{"https://" + host, "https://" + host + "/", "s3://" + label, host}
}
