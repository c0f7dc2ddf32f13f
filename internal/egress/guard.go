package egress

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// localError says that a host is at an address that only an exact route may reach.
type localError struct{ addr netip.Addr }

func (e *localError) Error() string {
	return fmt.Sprintf("%s is an address of this machine, its link or its metadata service", e.addr)
}

// refuseLocal is a net.Dialer's Control. It sees the address that is about to be dialled,
// so no name, spelling or change of DNS gets past it.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if isLocal(ap.Addr()) {
		return &localError{ap.Addr()}
	}
	return nil
}

// Metadata services outside the link-local ranges: EC2 over IPv6, Azure, Alibaba Cloud.
var metadataAddrs = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("100.100.100.200"),
}

// nat64 is the prefix under which an IPv6 network reaches IPv4 addresses (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// isLocal tells loopback, link-local, multicast and metadata addresses and those of this
// machine's interfaces. Other private networks are not local: what an operator opens with
// "direct" is often there.
func isLocal(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.IsLoopback() || addr.IsUnspecified() || addr.IsMulticast() || addr.IsLinkLocalUnicast() {
		return true
	}
	for _, m := range metadataAddrs {
		if addr == m {
			return true
		}
	}
	return isOwn(addr)
}

// isOwn asks each time, as interfaces come and go. Where they cannot be read, all
// addresses are taken for our own.
func isOwn(addr netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}
