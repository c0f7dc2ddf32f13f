package simulate

import (
	"strings"
)

// fitted makes a name out of a stem and n characters, such as bucket-k3jq5xwz2abc, in
// the first form that fits the property.
func (m *maker) fitted(p *property, s *source, stem string, n int, ending string) (any, bool) {
	tail := s.text(n, letters)
	stem = strings.ToLower(stem)
	most := p.longest(256) - len(ending)
	if most < 1 {
		return nil, false
	}
	for _, form := range [][3]string{ // stem, what joins, tail
		{stem, "-", tail},
		{stem, "", tail},
		{stem, "_", tail},
		{capital(stem), "", tail},
		{"", "", tail},
		{strings.ToUpper(stem), "", strings.ToUpper(tail)},
		{"", "", strings.ToUpper(tail)},
		{"", "", s.text(n, digits)},
		{"", "/", tail},
	} {
		text := long(shortened(form, most), p.shortest()-len(ending), s) + ending
		if p.accepts(text) {
			return text, true
		}
	}
	if p.Pattern == "" {
		return nil, false
	}
	built, ok := m.fromPattern(p, s)
	return built, ok
}

// shortened joins the parts of a name; where there is too little room the stem gives
// way first, since the tail tells names apart.
func shortened(form [3]string, most int) string {
	stem, join, tail := form[0], form[1], form[2]
	if len(tail) > most {
		return tail[:most]
	}
	if room := most - len(tail) - len(join); len(stem) > max(room, 0) {
		stem = stem[:max(room, 0)]
	}
	if len(stem)+len(join)+len(tail) > most {
		return tail
	}
	return stem + join + tail
}

// long fills a name up to its least length.
func long(text string, least int, s *source) string {
	if short := least - len(text); short > 0 && short <= maxText {
		alphabet := digits
		if strings.ToUpper(text) != text {
			alphabet = lower
		}
		return text + s.text(short, alphabet)
	}
	return text
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// prefixes are those of EC2's ids, by the resource's name in lower case.
var prefixes = map[string]string{
	"vpc": "vpc", "subnet": "subnet", "securitygroup": "sg", "group": "sg", "instance": "i", "internetgateway": "igw",
	"egressonlyinternetgateway": "eigw", "routetable": "rtb", "networkinterface": "eni", "volume": "vol",
	"natgateway": "nat", "networkacl": "acl", "dhcpoptions": "dopt", "flowlog": "fl", "vpcendpoint": "vpce",
	"vpcendpointservice": "vpce-svc", "service": "vpce-svc", "vpcpeeringconnection": "pcx", "vpngateway": "vgw",
	"customergateway": "cgw", "vpnconnection": "vpn", "transitgateway": "tgw", "transitgatewayattachment": "tgw-attach",
	"transitgatewayroutetable": "tgw-rtb", "launchtemplate": "lt", "keypair": "key", "prefixlist": "pl",
	"allocation": "eipalloc", "eip": "eipalloc", "association": "assoc", "subnetroutetableassociation": "rtbassoc",
	"ec2fleet": "fleet", "spotfleet": "sfr", "capacityreservation": "cr", "host": "h", "ipam": "ipam",
	"ipampool": "ipam-pool", "ipamscope": "ipam-scope", "snapshot": "snap", "image": "ami", "placementgroup": "pg",
	"securitygrouprule": "sgr", "carriergateway": "cagw", "localgatewayroutetable": "lgw-rtb",
	"networkinterfaceattachment": "eni-attach", "attachment": "eni-attach",
}

// ids are forms of an id, the likeliest first.
func (m *maker) ids(p *property, s *source) []string {
	uuid := s.uuid()
	var forms []string
	if m.service == "EC2" {
		kind := strings.ToLower(strings.TrimSuffix(p.leaf, "Id"))
		prefix := prefixes[kind]
		if prefix == "" {
			kind = strings.ToLower(m.resource)
			prefix = prefixes[kind]
		}
		if prefix == "" {
			prefix = kind
		}
		forms = append(forms, prefix+"-"+s.text(17, hex))
	}
	if m.service == "KMS" || endsIn(p.leaf, "UUID", "Uuid") {
		forms = append(forms, uuid)
	}
	for _, n := range []int{20, 10, 12, 14, 16, 26, 8, 6} {
		forms = append(forms, s.text(n, lower))
	}
	for _, n := range []int{10, 13, 14, 20, 26, 8} {
		forms = append(forms, s.text(n, upper))
	}
	return append(forms, uuid, s.text(32, hex), s.text(12, digits), s.text(10, digits))
}
